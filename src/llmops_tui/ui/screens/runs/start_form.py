"""Starting a run: everything has a default, so that enter and enter again is enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text
from textual import events
from textual.widget import Widget
from textual.widgets import Input, Static

from llmops_tui.core.errors import LlmopsError
from llmops_tui.core.text import visible
from llmops_tui.services import run_start, runs
from llmops_tui.services.run_start import ALL_SPLITS, PROJECT_SCORERS, Option, StartChoices
from llmops_tui.services.scorer_choice import scorer_choices
from llmops_tui.services.workspace import Workspace
from llmops_tui.ui.screens.form import ChoiceLine, Field, FormScreen, Values

if TYPE_CHECKING:
    from textual.app import ComposeResult

MARKED, NOT_MARKED = "[x]", "[ ]"


class OptionLine(ChoiceLine):
    """One of some things with an id: ← → step through them by their titles."""

    def __init__(self, options: Sequence[Option], *, id: str) -> None:
        self.options = list(options)
        super().__init__(
            tuple((str(option.id), option.about) for option in options), str(options[0].id), id=id
        )

    def render(self) -> Text:
        """The title between arrows, and what it is."""
        option = next(o for o in self.options if str(o.id) == self.value)
        return _line(f"‹ {option.title} ›  {option.about}")


class OptionsLine(OptionLine):
    """Any of some things: ← → step through them, space marks; the first is marked."""

    def __init__(self, options: Sequence[Option], *, id: str) -> None:
        super().__init__(options, id=id)
        self.at = 0

    @property
    def marked(self) -> list[Option]:
        """Those that are chosen, in their order."""
        chosen = self.value.split(",")
        return [option for option in self.options if str(option.id) in chosen]

    def render(self) -> Text:
        """The one stepped to, and how many are marked."""
        option, marked = self.options[self.at], self.marked
        sign = MARKED if option in marked else NOT_MARKED
        count = f"{len(marked)} marked" if len(self.options) > 1 else ""
        return _line(f"‹ {sign} {option.title} ›  {option.about}  {count}")

    def on_key(self, event: events.Key) -> None:
        """Step, mark, or go on."""
        event.prevent_default()  # else the base class would do its own as well
        step = {"right": 1, "left": -1}.get(event.key)
        if step is not None:
            event.stop()
            self.at = (self.at + step) % len(self.options)
            self.refresh()
        elif event.key == "space":
            event.stop()
            option = self.options[self.at]
            chosen = [o for o in self.options if (o in self.marked) != (o is option)]
            self.value = ",".join(str(o.id) for o in chosen)
        elif event.key == "enter":
            event.stop()
            self.post_message(self.Entered())


class StartForm(FormScreen[int]):
    """The first enter says what would be asked, the second starts it; tab goes on to change it."""

    DEFAULT_CSS = "StartForm #plan { color: $foreground; text-style: bold; min-height: 1; }"

    def __init__(self, workspace: Workspace, project_id: int, choices: StartChoices) -> None:
        self._choices = choices
        self._agreed: Values | None = None
        super().__init__(
            "Start a test run",
            _fields(choices),
            lambda values: _start(workspace, project_id, choices, values),
            intro="enter says what would be asked, enter again starts it · tab: next field",
        )

    def compose_box(self) -> ComposeResult:
        """The fields, and what they would ask."""
        yield from super().compose_box()
        yield Static("", id="plan", markup=False)

    def _go_on(self, control: Widget) -> None:
        values = self.values()
        if self._agreed == values:
            self.do_submit()
            return
        if not self._check(values):
            return
        try:
            words = run_start.plan_words(values, self._choices)
        except LlmopsError as error:
            self._say(f"{error} {error.hint}".strip())
            return
        self._say("")
        self._agreed = values
        self.query_one("#plan", Static).update(visible(f"{words} enter starts it."))

    def on_input_changed(self, _: Input.Changed) -> None:
        """What was agreed to is something else now."""
        if self._agreed is not None and self._agreed != self.values():
            self._agreed = None
            self.query_one("#plan", Static).update("")

    def _control(self, field: Field) -> Input | ChoiceLine:
        options = {
            "prompts": self._choices.prompts,
            "models": self._choices.models,
        }.get(field.name)
        if options is not None:
            return OptionsLine(options, id=f"field-{field.name}")
        if field.name == "dataset":
            return OptionLine(self._choices.datasets, id="field-dataset")
        return super()._control(field)


def start_form(workspace: Workspace, project_id: int, choices: StartChoices) -> StartForm:
    """The form for a project."""
    return StartForm(workspace, project_id, choices)


def _line(text: str) -> Text:
    return Text(visible(text, newlines=False), no_wrap=True, overflow="ellipsis", end="")


def _start(workspace: Workspace, project_id: int, choices: StartChoices, values: Values) -> int:
    request = run_start.read_request(values, choices)
    run_id = runs.plan_run(workspace, project_id, request)
    runs.start_worker(workspace, run_id)
    return run_id


def _fields(choices: StartChoices) -> list[Field]:
    return [*_what_to_ask(choices), *_how_to_ask(choices)]


def _what_to_ask(choices: StartChoices) -> list[Field]:
    splits = sorted({name for names in choices.splits.values() for name in names})
    return [
        Field(
            "prompts",
            "Prompt versions",
            help="← → look, space marks. Several are asked the same rows and compared.",
            check=lambda text: None if text else "Mark at least one prompt version with space.",
        ),
        Field(
            "models",
            "Models",
            help="← → look, space marks.",
            check=lambda text: None if text else "Mark at least one model with space.",
        ),
        Field("dataset", "Data set", help="← → choose."),
        Field(
            "split",
            "Split",
            ALL_SPLITS,
            "Which part of the data set.",
            choices=((ALL_SPLITS, "every row"), *((name, "") for name in splits)),
        ),
        Field(
            "limit",
            "Rows at most",
            help="A number of rows, drawn at random; empty for all.",
            check=run_start.check_limit,
        ),
    ]


def _how_to_ask(choices: StartChoices) -> list[Field]:
    scorers = scorer_choices()
    if choices.scorers:
        scorers = ((PROJECT_SCORERS, f"as the project says: {choices.scorers}"), *scorers)
    return [
        Field(
            "repeats",
            "Repeats",
            "1",
            "How often each row is asked: tells how much answers vary.",
            check=run_start.check_repeats,
        ),
        Field(
            "concurrency",
            "At once",
            help="Requests at the same time; empty for what the endpoint bears. + and - change it "
            "later.",
            check=run_start.check_concurrency,
        ),
        Field(
            "cost_cap",
            "Cost cap",
            help="In the model's currency, such as 2.50: the run stops before it is exceeded.",
            check=run_start.check_cost_cap,
        ),
        _stop_field(choices),
        Field(
            "cache",
            "Stored answers",
            "yes",
            "An answer to exactly the same question is stored; using it costs nothing.",
            choices=(
                ("yes", "use those there are"),
                ("no", "ask and pay again"),
            ),
        ),
        Field(
            "stream",
            "First token",
            "no",
            "Streaming tells when the first word came and how fast the others followed.",
            choices=(
                ("no", "answers come whole"),
                ("yes", "stream them, and time the first token"),
            ),
        ),
        Field(
            "scorer",
            "Judge by",
            scorers[0][0],
            "How answers are told right from wrong.",
            choices=scorers,
        ),
        Field("detail", "Scorer needs", help=NEEDED),
    ]


def _stop_field(choices: StartChoices) -> Field:
    if not choices.can_stop:
        return Field(
            "stop",
            "Stop when decided",
            "no",
            "Rows are counted in clusters, and none is complete before the end.",
            choices=(("no", "ask every row: the tolerance counts in clusters"),),
        )
    return Field(
        "stop",
        "Stop when decided",
        "yes" if choices.stops else "no",
        "Stopping is safe: the test that decides allows for being watched. The project's "
        "default is set with its tolerance.",
        choices=(
            ("no", "ask every row"),
            ("yes", "stop as soon as the verdict is certain"),
        ),
    )


NEEDED = (
    "What it can't do without (regex: the pattern; label: all labels), or parameter=value. "
    "More scorers: + not contains texts=sorry"
)
