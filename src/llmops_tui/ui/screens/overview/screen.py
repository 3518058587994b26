"""The app's home: the answer in one sentence, and the six stages."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.overview.pipeline import Pipeline, StageChosen
from llmops_tui.ui.widgets.text_pane import Section, TextPane
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from llmops_tui.core.project import Project
    from llmops_tui.services.overview import Overview
    from llmops_tui.services.tolerances import ToleranceView

PLACE = "stage"
FIRST_STEPS = (
    Section(
        "How wrong can it be?",
        "llmops-tui answers this question about a thing that an LLM does for you: from the data "
        "it is tested with to what production answers. This workspace is empty.",
    ),
    Section(
        "Your own first steps",
        "n        make a project: what it is for and how wrong it may be\n"
        "7, a     add the endpoint where your model answers\n"
        "7, E     or the small model that comes with the program\n"
        "2, i     import labelled examples: CSV, JSON Lines, text\n"
        "3, n     write a prompt\n"
        "4, n     run it on the examples, and watch how wrong it is",
    ),
    Section(
        "Or look around first",
        "Leave with q and run  llmops-tui demo  : it makes a workspace with data, prompts and a "
        "real small model, and a run to watch.",
    ),
)


@dataclass(frozen=True, slots=True)
class OverviewModel:
    """What the screen shows."""

    overview: Overview
    tolerance: str
    """In words."""


class OverviewScreen(Page[OverviewModel]):
    """One sentence on top; below it the stages, each with its owner and next action."""

    SCOPE = "overview"
    PURPOSE = (
        "The project at a glance: what is known of how wrong it can be, and for each of the six "
        "stages who answers for it, where it stands and the one thing to do next. enter goes to "
        "the stage's screen."
    )
    FIGURES = (
        "at most … are wrong: the exact upper bound of the share of wrong answers in the newest "
        "run; it is above the true share as often as the tolerance asks.\n"
        "within, exceeded, undecided: whether that bound, or the lower one, settles the question; "
        "undecided runs say how many more rows would.\n"
        "Live: the share of wrong answers in production, estimated from people's verdicts on "
        "flagged calls and on a random sample of the others."
    )
    EXPLAINS = (
        "wrong rate",
        "verdict",
        "rows more",
        "harmful limit",
        "live wrong rate",
        "error budget",
    )
    TOPICS = frozenset(
        {"incident", "project", "dataset", "prompt", "run", "model", "call", "review"}
    )
    DEFAULT_CSS = """
    OverviewScreen #sentence { text-style: bold; margin-top: 1; max-height: 6; }
    OverviewScreen #tolerance { color: $muted; margin-bottom: 1; max-height: 3; }
    OverviewScreen #welcome { display: none; padding: 1 2; }
    OverviewScreen.-empty #welcome { display: block; }
    OverviewScreen.-empty Pipeline, OverviewScreen.-empty Words { display: none; }
    """

    def compose_body(self) -> ComposeResult:
        """The sentence, the tolerance, the stages; or how to begin."""
        yield Words("Reading…", id="sentence")
        yield Words(id="tolerance")
        yield Pipeline(id="stages")
        yield TextPane(id="welcome")

    def load(self) -> OverviewModel | None:
        """The state of the project."""
        if self.project_id is None:
            return None
        # What reads the state is loaded with it, after the first ink.
        from llmops_tui.services.overview import overview
        from llmops_tui.services.scorer_choice import scorer_words

        found = overview(self.workspace, self.project_id)
        words = found.tolerance.words()
        judged = scorer_words(found.project.scorers)
        return OverviewModel(found, f"Tolerance: {words}. Answers are judged by: {judged}.")

    def show(self, model: OverviewModel) -> None:
        """Show it."""
        was_empty = self.has_class("-empty")
        self.remove_class("-empty")
        self.query_one("#sentence", Words).put(model.overview.sentence)
        self.query_one("#tolerance", Words).put(model.tolerance)
        pipeline = self._pipeline
        first = not pipeline.stages
        pipeline.show_stages(model.overview.stages)
        if first:
            kept = self.recall(PLACE) or ""
            pipeline.move_to(int(kept) if kept.isdecimal() else 0)
        if was_empty or self.focused is None:
            pipeline.focus()

    def show_nothing(self) -> None:
        """Lead the newcomer."""
        self.add_class("-empty")
        pane = self.query_one(TextPane)
        pane.show_sections(FIRST_STEPS)
        pane.focus()

    def on_stage_chosen(self, message: StageChosen) -> None:
        """Go to the stage's screen."""
        message.stop()
        self.remember(PLACE, str(self._pipeline.cursor))
        self.llmops.go_to(message.stage.screen)

    def why_not(self, command_id: str) -> str | None:
        """A project comes first."""
        name = command_id.rpartition(".")[2]
        if name in ("tolerance", "owner", "scorer", "spec") and self.model is None:
            return "There is no project yet: n makes one."
        if name == "incident" and (self.model is None or self.model.overview.incident is None):
            return "There is no open incident: production isn't certainly beyond its tolerance."
        return super().why_not(command_id)

    def do_tolerance(self) -> None:
        """Change how wrong the project may be, seeing what proof costs."""
        if self.model is not None:
            from llmops_tui.services.tolerances import tolerance_view

            project_id = self.model.overview.project.id
            self.in_thread(
                lambda: tolerance_view(self.workspace, project_id), self._open, group="open"
            )

    def do_incident(self) -> None:
        """The open incident."""
        from llmops_tui.ui.screens.overview.incident_page import IncidentPage

        if self.model is not None and self.model.overview.incident is not None:
            self.app.push_screen(IncidentPage(self.model.overview.incident.id))

    def do_owner(self) -> None:
        """Name who answers for the selected stage."""
        stage = self._pipeline.chosen
        if self.model is not None and stage is not None:
            form = _forms().owner_form(
                self.workspace, self.model.overview.project.id, stage.stage, stage.owner
            )
            self.app.push_screen(form, self._changed)

    def do_scorer(self) -> None:
        """Say how runs judge answers."""
        if self.model is not None:
            form = _forms().scorer_form(self.workspace, self.model.overview.project.id)
            self.app.push_screen(form, self._changed)

    def do_spec(self) -> None:
        """Say what goes in and what comes out."""
        if self.model is not None:
            form = _forms().spec_form(self.workspace, self.model.overview.project)
            self.app.push_screen(form, self._changed)

    def do_new_project(self) -> None:
        """Make a project and work on it."""

        def made(project: Project | None) -> None:
            if project is not None:
                self.llmops.use_project(project.id, project.name)
                self.llmops.notify(f"{project.name} is made. Next: 2, then i imports examples.")

        self.app.push_screen(_forms().project_form(self.workspace), made)

    @property
    def _pipeline(self) -> Pipeline:
        return self.query_one(Pipeline)

    def _open(self, view: ToleranceView) -> None:
        from llmops_tui.ui.screens.overview.tolerance_page import TolerancePage

        self.app.push_screen(TolerancePage(view))

    def _changed(self, changed: bool | None) -> None:
        if changed:
            self.reload_now()


def _forms() -> ModuleType:
    """The forms, loaded when the first one is opened."""
    from llmops_tui.ui.screens.overview import forms

    return forms
