"""Flag rules: which are on, how they are set, and what they would flag before they go live."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from llmops_tui.core.flags import SEVERITIES, FlagRule
from llmops_tui.services import flag_rules
from llmops_tui.services.flag_rules import RuleView, Trial
from llmops_tui.services.judge_flags import NAME as JUDGE
from llmops_tui.services.judge_flags import TRIED
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.form import Field, FormScreen, Values
from llmops_tui.ui.widgets.columns import Column
from llmops_tui.ui.widgets.text_pane import Section, TextPane
from llmops_tui.ui.widgets.virtual_table import RowChosen, RowMoved, VirtualTable

if TYPE_CHECKING:
    from textual.app import ComposeResult


TRY = "t tries it on the calls that are stored."
TRY_JUDGE = (
    f"t has the model read the newest {TRIED} answers, which costs as much as {TRIED} requests. "
    "While it is on, a gateway has it read a share of what comes; what it says is a flag, never a "
    "verdict."
)


class FlagRulesPage(Page[tuple[RuleView, ...]]):
    """A line for each rule; t says what it would have flagged, e sets it."""

    SCOPE = "monitor.rules"
    PURPOSE = (
        "Rules that flag calls for a look; a flag is a reason to look, never a verdict. t tries "
        "the rule under the cursor on the calls that are stored, before it goes live; gateways "
        "follow a change within ten seconds."
    )
    FIGURES = (
        "flagged: calls of the last 30 days that the rule flagged.\n"
        "would have flagged [bounds]: of the newest 10,000 stored calls, with 95 % bounds."
    )
    TOPICS = frozenset({"project"})
    DEFAULT_CSS = """
    FlagRulesPage VirtualTable { height: 2fr; }
    FlagRulesPage TextPane { height: 1fr; min-height: 6; border-top: solid $border-blurred; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._trials: dict[str, Trial | None] = {}
        """By rule; None while it is being tried."""

    def compose_body(self) -> ComposeResult:
        """The rules, and what is known of one."""
        yield VirtualTable(
            columns=(
                Column("", _sign, width=3),
                Column("rule", lambda view: view.name, width=18),
                Column("severity", lambda view: view.severity, width=9),
                Column("flagged", lambda view: f"{view.flagged:,}", width=8, align="right"),
                Column("set", lambda view: view.settings, flex=1, drop=1),
                Column("what it is for", lambda view: (view.kind.explanation, "muted"), flex=2),
            ),
            key=lambda view: view.name,
            empty="There is no rule.",
            id="rules",
        )
        yield TextPane(id="about")

    def load(self) -> tuple[RuleView, ...]:
        """All rules as the project has them."""
        return flag_rules.rule_views(self.workspace, self.project_id)

    def show(self, model: tuple[RuleView, ...]) -> None:
        """Show them."""
        self._table.show_rows(model)
        self._draw()

    def on_row_moved(self, message: RowMoved) -> None:
        """Tell of the rule under the cursor."""
        message.stop()
        self._draw()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Set it."""
        message.stop()
        self.do_edit()

    def do_turn(self) -> None:
        """On, or off."""
        view = self._table.cursor_row
        if view is not None:
            work = partial(flag_rules.turn, self.workspace, self.project_id, view)
            self.in_thread(work, lambda _: self.reload_now(), group="rule")

    def do_edit(self) -> None:
        """Set it in a form."""
        view = self._table.cursor_row
        if view is not None:
            self.app.push_screen(self._form(view), lambda done: self.reload_now() if done else None)

    def do_try_out(self) -> None:
        """Try it on what is stored."""
        view = self._table.cursor_row
        if view is None:
            return
        self._trials[view.name] = None
        self._draw()
        work = partial(flag_rules.try_rule, self.workspace, self.project_id, view.rule)
        self.in_thread(work, self._tried, group=f"try {view.name}")

    def _tried(self, trial: Trial) -> None:
        self._trials[trial.name] = trial
        self._draw()

    def _form(self, view: RuleView) -> FormScreen[FlagRule]:
        def submit(values: Values) -> FlagRule:
            rule = flag_rules.read(view, values)
            flag_rules.change(self.workspace, self.project_id, rule)
            return rule

        fields = [
            Field(
                "on",
                "flags calls",
                "yes" if view.rule.enabled else "no",
                view.kind.explanation,
                choices=(("yes", "from now on"), ("no", "not")),
            ),
            Field(
                "severity",
                "severity",
                view.severity,
                "Orders the queue, and what an alert makes of it.",
                choices=tuple((name, "") for name in SEVERITIES),
            ),
        ]
        fields += [
            Field(
                field.name,
                field.name.replace("_", " "),
                flag_rules.shown(field, view.rule),
                f"{field.explanation} ({field.kind}).",
            )
            for field in view.kind.fields()
        ]
        return FormScreen(f"The rule “{view.name}”", fields, submit)

    def _draw(self) -> None:
        view = self._table.cursor_row
        if view is None or not self.is_attached:
            return
        sections = [Section(view.name, view.kind.explanation)]
        if view.state:
            sections.append(Section("", view.state))
        if view.name in self._trials:
            trial = self._trials[view.name]
            said = "Trying it on the newest stored calls…"
            if trial is not None:
                said = "\n".join([trial.sentence(), *trial.examples])
            sections.insert(0, Section("Tried", said))
        else:
            sections.append(Section("", TRY_JUDGE if view.name == JUDGE else TRY, (), "muted"))
        self.query_one(TextPane).show_sections(sections)

    @property
    def _table(self) -> VirtualTable[RuleView]:
        return self.query_one("#rules", VirtualTable)


def _sign(view: RuleView) -> str:
    return "[x]" if view.rule.enabled else "[ ]"
