"""Setting the tolerance: fields that explain themselves, beside them what proof costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Label

from llmops_tui.core.errors import LlmopsError
from llmops_tui.core.text import visible
from llmops_tui.core.tolerance import ROW, Tolerance
from llmops_tui.services import tolerances
from llmops_tui.services.planning import PriceOfProof, price_of_proof
from llmops_tui.services.tolerances import EVIDENCE, NO, YES, ToleranceView
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.form import ChoiceLine, Field
from llmops_tui.ui.screens.overview.proof import history_section, proof_section
from llmops_tui.ui.widgets.line_input import LineInput
from llmops_tui.ui.widgets.text_pane import TextPane
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer

QUIET_S = 0.12
"""The curve is worked out anew when nothing was typed for this long."""
EVIDENCE_ABOUT = {
    "any": "a scorer, a judge model or a person may call an answer wrong",
    "no judge": "a scorer or a person, no judge model",
    "people": "only a person",
    "scorers": "only a scorer",
    "judges and people": "a judge model or a person",
    "scorers and judges": "a scorer or a judge model",
    "judges": "only a judge model",
}


class TolerancePage(Page[ToleranceView]):
    """How wrong a project may be, and what it takes to show it."""

    SCOPE = "overview.tolerance_page"
    PURPOSE = (
        "How wrong the project may be: the number that everything else answers to. The fields say "
        "in words what they mean while you type, and below them (beside them where there is room) "
        "stands what it takes to prove it. The old tolerance stays in the history; runs that are "
        "over are judged by the new one."
    )
    FIGURES = (
        "really wrong: what share of all answers is wrong in truth, which nobody knows beforehand. "
        "rows: how many then show that the tolerance is kept, 4 times in 5; ✓ where there are that "
        "many. asking: what they cost. by hand: for labelling them at 30 seconds each."
    )
    EXPLAINS = ("price of proof", "verdict", "harmful limit", "design effect", "error budget")
    TOPICS = frozenset({"project", "dataset", "run", "model"})
    AUTO_FOCUS = "#field-max_wrong"
    DEFAULT_CSS = """
    TolerancePage #body { height: 1fr; layout: vertical; }
    TolerancePage #form { height: auto; padding: 0 1; }
    TolerancePage .field { height: 1; }
    TolerancePage .field > Label { width: 18; }
    TolerancePage .field:focus-within > Label { text-style: bold; }
    TolerancePage Input, TolerancePage Input:focus {
        border: none; height: 1; padding: 0; width: 1fr; background: $surface;
    }
    TolerancePage #words { padding: 0; text-style: bold; max-height: 4; }
    TolerancePage #words.-wrong { color: $bad; }
    TolerancePage #hint { padding: 0; color: $muted; height: 1; }
    TolerancePage #proof { height: 1fr; border-top: solid $border-blurred; }
    TolerancePage #proof:focus { border-top: solid $border; }
    TolerancePage.-wide #body { layout: horizontal; }
    TolerancePage.-wide #form { width: 5fr; height: 1fr; padding: 1 1; }
    TolerancePage.-wide #words { margin-top: 1; max-height: 12; }
    TolerancePage.-wide #hint { margin-top: 1; height: 3; }
    TolerancePage.-wide #proof {
        width: 6fr; border-top: none; border-left: vkey $border-blurred; padding: 1 1;
    }
    TolerancePage.-wide #proof:focus { border-left: vkey $border; }
    """

    def __init__(self, view: ToleranceView) -> None:
        super().__init__()
        self.model = view
        self._fields = _fields(view)
        self._began: dict[str, str] = {}
        self._price: PriceOfProof | None = None
        self._priced_for: Tolerance | None = None
        self._price_due = False
        self._quiet: Timer | None = None
        self._warned = False
        self._busy = False

    def compose_body(self) -> ComposeResult:
        """Fields, what they mean, what proof costs."""
        with Horizontal(id="body"):
            with Vertical(id="form"):
                for field in self._fields:
                    with Horizontal(classes="field"):
                        yield Label(visible(field.label, newlines=False), markup=False)
                        yield _control(field)
                yield Words(id="words")
                yield Words(id="hint")
            yield TextPane(id="proof")

    def on_mount(self) -> None:
        """Say what the tolerance is now."""
        self._began = self.values()
        self._typed()

    @property
    def is_behind(self) -> bool:
        """Also until the curve is that of what was typed."""
        return super().is_behind or self._price_due

    def load(self) -> ToleranceView:
        """The same again, as somebody may have changed it."""
        assert self.model is not None
        return tolerances.tolerance_view(self.workspace, self.model.project_id)

    def show(self, model: ToleranceView) -> None:
        """What was typed stays; history, data and prices are news."""
        self._draw_proof()

    def values(self) -> dict[str, str]:
        """What the fields hold."""
        return {field.name: self._control_of(field.name).value.strip() for field in self._fields}

    def on_input_changed(self, _: Input.Changed) -> None:
        """Explain it as one types."""
        self._typed()

    def on_choice_line_changed(self, message: ChoiceLine.Changed) -> None:
        """Explain it as one chooses."""
        message.stop()
        self._typed()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on."""
        event.stop()
        self.focus_next()

    def on_choice_line_entered(self, event: ChoiceLine.Entered) -> None:
        """Enter goes on."""
        event.stop()
        self.focus_next()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Say what belongs in the field."""
        hint = "↑ ↓ scroll · tab goes back to the fields"
        for field in self._fields:
            if event.widget is self._control_of(field.name):
                hint = field.help
        self.query_one("#hint", Words).put(hint)

    def on_resize(self, event: events.Resize) -> None:
        """The bars depend on the width."""
        super().on_resize(event)
        self.call_after_refresh(self._draw_proof)

    def do_save(self) -> None:
        """Put it into force, unless something can't be meant."""
        values = self.values()
        wrong = self._first_problem(values)
        if self._busy:
            return
        if wrong is not None:
            self._control_of(wrong[0]).focus()
            return
        assert self.model is not None
        project_id = self.model.project_id
        self._busy = True
        self.in_thread(
            lambda: tolerances.save(self.workspace, project_id, values),
            self._saved,
            group="save",
            failed=self._failed,
        )

    def do_back(self) -> None:
        """Leave; asks once where something was changed."""
        if self.values() != self._began and not self._warned:
            self._warned = True
            self.llmops.notify(
                "Not saved: ctrl+s saves, esc again throws it away.", severity="warning"
            )
            return
        self.dismiss()

    def do_leave(self) -> None:
        """The same."""
        self.do_back()

    def _saved(self, tolerance: Tolerance) -> None:
        self.llmops.notify(f"Tolerance: {tolerance.words()}.")
        self.dismiss()

    def _failed(self, error: Exception) -> None:
        self._busy = False
        if isinstance(error, LlmopsError):
            self._say(f"{error} {error.hint}".strip(), wrong=True)
        else:
            self.llmops.report(error)

    def _typed(self) -> None:
        self._warned = False
        values = self.values()
        wrong = self._first_problem(values)
        if wrong is not None:
            field = next(field for field in self._fields if field.name == wrong[0])
            self._say(f"{field.label}: {wrong[1]}", wrong=True)
            return
        tolerance = tolerances.read_tolerance(values)
        self._say(tolerances.words_of(tolerance, values["stops"] == YES), wrong=False)
        if tolerance == self._priced_for:
            return
        self._priced_for = tolerance
        self._price_due = True
        if self._quiet is not None:
            self._quiet.stop()
        self._quiet = self.set_timer(QUIET_S, self._work_out)

    def _work_out(self) -> None:
        tolerance = self._priced_for
        if tolerance is not None:
            # SciPy is loaded by the first of these, so not on the UI thread.
            self.in_thread(lambda: price_of_proof(tolerance), self._priced, group="price")

    def _priced(self, price: PriceOfProof) -> None:
        self._price, self._price_due = price, False
        self._draw_proof()

    def _draw_proof(self) -> None:
        if self.model is None or self._price is None:
            return
        pane = self.query_one("#proof", TextPane)
        width = pane.scrollable_content_region.width
        if not pane.show_vertical_scrollbar:  # it will be there once this is drawn
            width -= pane.styles.scrollbar_size_vertical
        if width > 0:
            sections = [proof_section(self._price, self.model, width), history_section(self.model)]
            pane.show_sections(sections, keep_place=True)

    def _say(self, words: str, *, wrong: bool) -> None:
        said = self.query_one("#words", Words)
        said.set_class(wrong, "-wrong")
        said.put(words)

    def _first_problem(self, values: dict[str, str]) -> tuple[str, str] | None:
        for field in self._fields:
            problem = tolerances.problem_with(field.name, values)
            if problem:
                return field.name, problem
        return None

    def _control_of(self, name: str) -> Input | ChoiceLine:
        control = self.query_one(f"#field-{name}")
        assert isinstance(control, Input | ChoiceLine)
        return control


def _control(field: Field) -> Input | ChoiceLine:
    name = f"field-{field.name}"
    if field.choices:
        return ChoiceLine(field.choices, field.value, id=name)
    control = LineInput(value=field.value, id=name, select_on_focus=False)
    control.cursor_blink = False
    return control


def _fields(view: ToleranceView) -> tuple[Field, ...]:
    tolerance = view.tolerance
    now = tolerances.values_of(tolerance, view.stops)
    known = (ROW, *view.columns)
    units = known if tolerance.unit in known else (*known, tolerance.unit)
    about = {unit: f"rows with the same {unit} count as one group" for unit in units}
    about[ROW] = "every row by itself"
    return (
        Field("max_wrong", "Wrong at most", now["max_wrong"], "2 %, 0.02 or 2 in 100."),
        Field(
            "confidence",
            "How sure",
            now["confidence"],
            "How often a verdict has to be right: 95 % or 19 in 20.",
        ),
        Field(
            "harmful",
            "Harmful at most",
            now["harmful"],
            "A limit of its own for harmful answers, such as 0.1 %; empty for none.",
        ),
        Field(
            "unit",
            "Counted by",
            now["unit"],
            "← →: turns of one conversation are no independent rows.",
            tuple((unit, about[unit]) for unit in units),
        ),
        Field("window", "Window in days", now["window"], "Over which the error budget runs."),
        Field(
            "evidence",
            "Evidence",
            now["evidence"],
            "← →: whose word counts when an answer is called wrong.",
            tuple((name, EVIDENCE_ABOUT[name]) for name in EVIDENCE),
        ),
        Field("owner", "Owner", now["owner"], "Who acts when it is exceeded: a team or a name."),
        Field(
            "on_breach",
            "When exceeded",
            now["on_breach"],
            "What is to happen then, such as: go back to the version before.",
        ),
        Field(
            "stops",
            "Runs stop early",
            now["stops"],
            "← →: whether new runs end once decided; each run can be told otherwise.",
            ((NO, "ask every row"), (YES, "once the verdict is certain; saves calls")),
        ),
    )
