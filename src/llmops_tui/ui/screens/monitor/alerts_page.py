"""Alerts: what is watched, who hears of it, what was told."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from llmops_tui.core.clock import ago, now_ms
from llmops_tui.services import alerts
from llmops_tui.services.alerts import AlertRule, AlertView
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.confirm import ConfirmScreen
from llmops_tui.ui.screens.form import Field, FormScreen, Values, required
from llmops_tui.ui.widgets.columns import Column
from llmops_tui.ui.widgets.text_pane import Section, TextPane
from llmops_tui.ui.widgets.virtual_table import RowMoved, VirtualTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

EMPTY = (
    "No alert yet.\n\n"
    "An alert watches the flag rate, errors, latency, cost, silence or, from the verdicts, the "
    "share of wrong answers, and tells whoever is on call: in the app, by webhook, command or "
    "mail. A gateway looks twice a minute.\n\nPress a to add one."
)


class AlertsPage(Page[AlertView]):
    """A line for each alert; below, what was told lately."""

    SCOPE = "monitor.alerts"
    PURPOSE = (
        "Alerts fire when what they watch is above its threshold, and end only below a lower one, "
        "so that they don't flicker. t tries an alert's channels."
    )
    FIGURES = (
        "wrong: the lower bound of the share of wrong answers: when it fires, it is certain.\n"
        "flagged, errors: shares of the window's calls; fewer than 20 calls say nothing."
    )
    TOPICS = frozenset({"alert"})
    DEFAULT_CSS = """
    AlertsPage VirtualTable { height: 1fr; }
    AlertsPage TextPane { height: 1fr; border-top: solid $border-blurred; }
    """

    def compose_body(self) -> ComposeResult:
        """The alerts, and what they told."""
        yield VirtualTable(
            columns=(
                Column("alert", lambda rule: rule.name, flex=2, least=14),
                Column("watches", lambda rule: rule.spec.signal.value, width=9),
                Column("above", _above, width=10, align="right"),
                Column("minutes", _minutes, width=8, align="right", drop=2),
                Column("state", _state, width=9),
                Column("now", _now, width=10, align="right"),
                Column("tells", _tells, flex=2, drop=1),
            ),
            key=lambda rule: rule.id,
            empty=EMPTY,
            opens=False,
            id="alerts",
        )
        yield TextPane(id="told")

    def load(self) -> AlertView:
        """Rules and events."""
        return alerts.view(self.workspace, self.project_id)

    def show(self, model: AlertView) -> None:
        """Show them."""
        self._table.show_rows(model.rules)
        now = now_ms()
        lines = [
            f"{ago(event.happened_at, now)}: {event.sentence}"
            + (f" {event.delivery}" if event.delivery else "")
            for event in model.events
        ]
        told = "\n".join(lines) or "Nothing yet."
        self.query_one(TextPane).show_sections([Section("Told lately", told)])

    def on_row_moved(self, message: RowMoved) -> None:
        """Other keys may be of use now."""
        message.stop()
        self.refresh_bindings()

    def why_not(self, command_id: str) -> str | None:
        """Most need an alert."""
        name = command_id.rpartition(".")[2]
        if name in ("remove", "try_out", "turn_off") and self._table.cursor_row is None:
            return "There is no alert yet: a adds one."
        return super().why_not(command_id)

    def do_add(self) -> None:
        """Ask what to watch."""
        form = add_form(partial(self._add, self.project_id))
        self.app.push_screen(form, lambda rule: self.reload_now() if rule else None)

    def do_remove(self) -> None:
        """Ask, then forget it."""
        rule = self._table.cursor_row
        if rule is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                work = partial(alerts.remove, self.workspace, rule.id)
                self.in_thread(work, lambda _: self.reload_now(), group="alert")

        question = ConfirmScreen("Forget this alert?", rule.name, "What it told is forgotten too.")
        self.app.push_screen(question, answered)

    def do_try_out(self) -> None:
        """Tell on its channels that this is a trial."""
        rule = self._table.cursor_row
        if rule is not None:
            work = partial(alerts.try_out, self.workspace, rule.id)
            self.in_thread(work, lambda said: self.llmops.notify(said), group="alert")

    def do_turn_off(self) -> None:
        """Stop watching, or watch again."""
        rule = self._table.cursor_row
        if rule is not None:
            work = partial(alerts.enable, self.workspace, rule.id, enabled=not rule.enabled)
            self.in_thread(work, lambda _: self.reload_now(), group="alert")

    def _add(self, project_id: int | None, values: Values) -> AlertRule:
        spec = alerts.read_spec(
            values["signal"], values["above"], values["window"], values["clear"], values["tell"]
        )
        return alerts.add(self.workspace, project_id, values["name"], spec)

    @property
    def _table(self) -> VirtualTable[AlertRule]:
        return self.query_one("#alerts", VirtualTable)


def add_form(submit: object) -> FormScreen[AlertRule]:
    """The form of a new alert."""
    assert callable(submit)
    return FormScreen(
        "Add an alert",
        [
            Field("name", "name", help="What you call it.", check=required("A name")),
            Field(
                "signal",
                "watches",
                alerts.SIGNALS[1][0].value,
                "← → choose.",
                choices=tuple((signal.value, what) for signal, what in alerts.SIGNALS),
            ),
            Field("above", "fires above", "5%", "A share such as 5%, or a number such as 2000."),
            Field("window", "minutes", "60", "Calls of so many minutes are looked at."),
            Field("clear", "ends below", "", "Empty for 80 % of the threshold."),
            Field(
                "tell",
                "tells",
                "app",
                "With blanks between: app webhook:URL email:ADDRESS command:PATH; webhook:env:NAME "
                "keeps a secret URL out of the file.",
            ),
        ],
        lambda values: submit(values),
    )


def _above(rule: AlertRule) -> str:
    return rule.spec.value_words(rule.spec.above)


def _minutes(rule: AlertRule) -> str:
    return f"{rule.spec.window_minutes:,}"


def _now(rule: AlertRule) -> str:
    return "" if rule.value is None else rule.spec.value_words(rule.value)


def _state(rule: AlertRule) -> tuple[str, str]:
    if not rule.enabled:
        return "off", "muted"
    if rule.firing:
        return "! FIRING", "bad"
    return ("quiet", "good") if rule.looked_at is not None else ("waiting", "muted")


def _tells(rule: AlertRule) -> str:
    return " ".join(channel.words() for channel in rule.spec.channels)
