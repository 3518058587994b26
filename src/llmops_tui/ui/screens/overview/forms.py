"""What one says about a project: its name, its tolerance, its owners, how answers are judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.widgets import Input

from llmops_tui.core.errors import LlmopsError
from llmops_tui.core.project import Project, Stage
from llmops_tui.core.tolerance import Tolerance, parse_confidence, parse_max_wrong, percent
from llmops_tui.services import projects
from llmops_tui.services.project_spec import set_spec, spec_values
from llmops_tui.services.scorer_choice import read_scorers, scorer_choices, set_scorers
from llmops_tui.services.tolerances import read_tolerance
from llmops_tui.services.workspace import Workspace
from llmops_tui.ui.screens.form import Field, FormScreen, Made, Values, required
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

DETAIL_HELP = (
    "regex: the pattern · json_field: where the field is · label: all labels, with commas · "
    "others: nothing."
)
DEPARTMENTS = "data science, development, operations, or a name; empty for nobody."


class ToleranceForm(FormScreen[Made]):
    """A form with a tolerance in it: what was typed is said in words, with what proof costs."""

    DEFAULT_CSS = "ToleranceForm #words { padding: 0; margin-top: 1; height: 4; }"

    def compose_box(self) -> ComposeResult:
        """The fields, and the tolerance in words."""
        yield from super().compose_box()
        yield Words(id="words")

    def on_mount(self) -> None:
        """Say what the tolerance is now."""
        self._say_tolerance()

    def on_input_changed(self, _: Input.Changed) -> None:
        """Say it as one types."""
        self._say_tolerance()

    def _say_tolerance(self) -> None:
        values = self.values()
        try:
            tolerance = read_tolerance(values)
        except LlmopsError:
            self._show_words("")
            return
        # SciPy is loaded by the first of these, so not on the UI thread.
        self.in_thread(
            lambda: proof_words(tolerance), self._show_words, group="words", failed=self._no_words
        )

    def _show_words(self, words: str) -> None:
        self.query_one("#words", Words).put(words)

    def _no_words(self, error: Exception) -> None:
        self._show_words("")
        self.llmops.report(error)


def proof_words(tolerance: Tolerance) -> str:
    """A tolerance in words, with the rows that proving it takes. Loads SciPy."""
    from llmops_tui.core.tolerance.planning import rows_for_power, rows_needed

    limit, sure = tolerance.max_wrong, tolerance.confidence
    clean = rows_needed(0, limit, sure)
    words = tolerance.words()
    lines = [f"{words[:1].upper()}{words[1:]}."]
    lines.append(f"To prove it takes {clean:,} rows if none is wrong")
    for part in (4, 2):
        rows = rows_for_power(limit / part, limit, sure)
        lines[-1] += f", {rows:,} if really {percent(limit / part)} are" if rows else ""
    lines[-1] += " (4 times in 5)."
    return "\n".join(lines)


def project_form(workspace: Workspace) -> ToleranceForm[Project]:
    """Make a project."""

    def submit(values: Values) -> Project:
        return projects.create_project(
            workspace,
            values["name"],
            description=values["description"],
            scorers=read_scorers(values["scorer"], values["detail"]),
            tolerance=read_tolerance(values),
        )

    return ToleranceForm(
        "A new project",
        [
            Field("name", "Name", help="Short, such as support-topic.", check=required("A name")),
            Field("description", "What it is for", help="What an LLM does for you, in a sentence."),
            *_tolerance_fields(projects.DEFAULT_TOLERANCE),
            *_scorer_fields(),
        ],
        submit,
        intro="One thing that an LLM does for you. enter goes on; ctrl+s makes it.",
    )


def scorer_form(workspace: Workspace, project_id: int) -> FormScreen[bool]:
    """Say how runs of a project tell right answers from wrong ones."""

    def submit(values: Values) -> bool:
        set_scorers(workspace, project_id, read_scorers(values["scorer"], values["detail"]))
        return True

    return FormScreen(
        "How are answers judged?",
        _scorer_fields(),
        submit,
        intro="For runs from now on. What was measured before stays as it was judged.",
    )


def spec_form(workspace: Workspace, project: Project) -> FormScreen[bool]:
    """Say which inputs a project has and what its answers look like."""
    inputs, schema = spec_values(project)

    def submit(values: Values) -> bool:
        set_spec(workspace, project, inputs=values["inputs"], schema=values["schema"])
        return True

    return FormScreen(
        "What goes in, what comes out?",
        [
            Field(
                "inputs",
                "Inputs",
                inputs,
                "Names with commas between them: what prompts may use as variables. Empty: any.",
            ),
            Field(
                "schema",
                "Answer's schema",
                schema,
                "JSON Schema, pasted, or the name of its file. Empty: any answer.",
                path=True,
                lines=True,
            ),
        ],
        submit,
        intro="Prompts are checked against the inputs while they are written; new ones ask for "
        "answers by the schema.",
    )


def owner_form(workspace: Workspace, project_id: int, stage: Stage, owner: str) -> FormScreen[bool]:
    """Name who answers for a stage."""

    def submit(values: Values) -> bool:
        projects.set_owner(workspace, project_id, stage, values["owner"])
        return True

    return FormScreen(
        f"Who answers for {stage.value}?",
        [Field("owner", "Owner", owner, DEPARTMENTS)],
        submit,
    )


def _tolerance_fields(tolerance: Tolerance) -> tuple[Field, Field]:
    return (
        Field(
            "max_wrong",
            "Wrong at most",
            percent(tolerance.max_wrong),
            "The highest share of wrong answers: 2 %, 0.02 or 2 in 100.",
            check=_checked(parse_max_wrong),
        ),
        Field(
            "confidence",
            "How sure",
            percent(tolerance.confidence),
            "How often a verdict has to be right: 95 % or 19 in 20.",
            check=_checked(parse_confidence),
        ),
    )


def _scorer_fields() -> tuple[Field, Field]:
    return (
        Field(
            "scorer",
            "Judge answers by",
            "equals",
            "How runs tell right from wrong. s changes it later.",
            choices=scorer_choices(),
        ),
        Field("detail", "Scorer needs", help=DETAIL_HELP),
    )


def _checked(
    read: Callable[[str], float], *, optional: bool = False
) -> Callable[[str], str | None]:
    def check(text: str) -> str | None:
        if optional and not text:
            return None
        try:
            read(text)
        except LlmopsError as error:
            return f"{error} {error.hint}".strip()
        return None

    return check
