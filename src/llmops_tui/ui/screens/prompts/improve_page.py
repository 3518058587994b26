"""A model's proposal for a prompt: the diff, the paired test, and a person's decision."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmops_tui.core.prompt_version import PromptVersion
from llmops_tui.services import improving, models, prompts, runs
from llmops_tui.services.improving import Proposal, Test
from llmops_tui.services.models import ModelView
from llmops_tui.services.runs import RunView
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.confirm import ConfirmScreen
from llmops_tui.ui.screens.prompts import choices
from llmops_tui.ui.screens.prompts.diff_pane import Comparison, DiffPane
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

LOOK_S = 2.0
"""A worker that goes on tells by the run's topic; one that went silent tells nothing."""


@dataclass(frozen=True, slots=True)
class ImproveModel:
    """The proposal and how its test stands."""

    proposal: Proposal
    test: Test


def improve(page: Page[Any], run_id: int, version_id: int | None = None) -> None:
    """Go on with the open proposal for the prompt of a run, or ask a model for one."""
    workspace = page.workspace

    def look() -> tuple[int, Proposal | None, Sequence[ModelView]]:
        cell = improving.worst_cell(workspace, run_id, version_id)
        view = runs.run_view(workspace, run_id)
        version_of = view.cells[cell].prompt_version_id
        prompt = prompts.prompt_of(workspace, view.run.project_id, version_of)
        found = improving.open_proposal(workspace, prompt.id)
        return cell, found, models.list_models(workspace)

    def looked(found: tuple[int, Proposal | None, Sequence[ModelView]]) -> None:
        cell, proposal, known = found
        if proposal is not None:
            page.app.push_screen(ImprovePage(proposal))
            return

        def chosen(view: ModelView) -> None:
            page.app.push_screen(ImprovePage((run_id, cell, view)))

        choices.pick_model(page, known, choices.chosen_model(page, known), chosen)

    page.in_thread(look, looked, group="improve")


class ImprovePage(Page[ImproveModel]):
    """Asks, shows, tests; changes nothing of the prompt until a person accepts."""

    SCOPE = "prompts.improve"
    PURPOSE = (
        "A model was shown wrong samples of a run and proposes a change of the prompt. Nothing is "
        "changed until you accept it: t tests both versions on the same rows of the dev split, a "
        "makes the proposal the newest version, x puts it aside. Rows of the gate split are "
        "neither shown to the model nor tested on. Read it: the model has read your rows, and "
        "whatever stands in them."
    )
    FIGURES = (
        "mended, broken: rows that only the proposal or only the current version got right. Rows "
        "that the model was shown are counted apart, as a change made from them mends them easily."
    )
    EXPLAINS = ("paired comparison",)
    TOPICS = frozenset({"run", "prompt"})
    DEFAULT_CSS = """
    ImprovePage #about { height: auto; max-height: 8; }
    ImprovePage #diff { height: 1fr; border-top: solid $muted; }
    """

    def __init__(self, subject: Proposal | tuple[int, int, ModelView]) -> None:
        """Prepare.

        Args:
            subject: A proposal, or the run, cell and model to ask for one.
        """
        super().__init__()
        self._proposal = subject if isinstance(subject, Proposal) else None
        self._asked = None if isinstance(subject, Proposal) else subject
        self._stop = threading.Event()

    def compose_body(self) -> ComposeResult:
        """What is proposed and how it does, above the diff."""
        yield Words(id="about")
        yield DiffPane(id="diff")

    def on_mount(self) -> None:
        """Ask, where there is no proposal yet."""
        super().on_mount()
        self.query_one("#diff", DiffPane).focus()
        if self._asked is not None:
            run_id, cell, view = self._asked
            self._about.put(
                f"Asking {view.title} for a change of the prompt, from wrong samples of run "
                f"{run_id}. esc stops."
            )
            self.in_thread(
                lambda: improving.propose(
                    self.workspace, run_id, cell, view, cancelled=self._stop.is_set
                ),
                self._proposed,
                group="propose",
                failed=self._failed,
            )

    def on_unmount(self) -> None:
        """Nobody waits any more."""
        self._stop.set()

    def load(self) -> ImproveModel | None:
        """The proposal as it stands."""
        if self._proposal is None:
            return None
        proposal = improving.again(self.workspace, self._proposal)
        return ImproveModel(proposal, improving.test_of(self.workspace, proposal))

    def show(self, model: ImproveModel) -> None:
        """Show it."""
        proposal = model.proposal
        self._about.put(f"{proposal.words()}\n\n{model.test.sentence}")
        if self._proposal is not proposal:
            self._proposal = proposal
            self._draw(proposal)
        self.refresh_bindings()

    def why_not(self, command_id: str) -> str | None:
        """Only what is there and open can be decided."""
        name = command_id.rpartition(".")[2]
        if name in ("test", "accept", "reject", "run") and self.model is None:
            return "There is no proposal yet."
        if name in ("test", "accept", "reject"):
            assert self.model is not None
            if self.model.proposal.row.accepted is not None:
                return "It was decided already."
        if name == "run" and (self.model is None or self.model.test.run_id is None):
            return "It was not tested yet: t does."
        return super().why_not(command_id)

    def do_test(self) -> None:
        """Run both versions on the dev split."""
        assert self.model is not None
        proposal = self.model.proposal
        self.in_thread(
            lambda: improving.start_test(self.workspace, proposal),
            lambda _: self.reload_now(),
            group="test",
        )

    def do_run(self) -> None:
        """Open the paired run."""
        from llmops_tui.ui.screens.runs.run_page import RunPage

        assert self.model is not None
        run_id = self.model.test.run_id
        assert run_id is not None

        def opened(view: RunView) -> None:
            self.app.push_screen(RunPage(view))

        self.in_thread(lambda: runs.run_view(self.workspace, run_id), opened, group="open-run")

    def do_accept(self) -> None:
        """Make it the newest version, once a person said so."""
        model = self.model
        assert model is not None
        proposal = model.proposal

        def decided(yes: bool | None) -> None:
            if yes:
                self.in_thread(
                    lambda: improving.accept(self.workspace, proposal),
                    self._accepted,
                    group="decide",
                )

        self.app.push_screen(
            ConfirmScreen(
                f"Make it {proposal.version.title}?",
                proposal.version.title,
                f"{model.test.sentence}\nIt becomes the newest version. Labels stay where they "
                "are; a protected one still asks for the gate.",
            ),
            decided,
        )

    def do_reject(self) -> None:
        """Put it aside."""
        assert self.model is not None
        proposal = self.model.proposal
        self.in_thread(
            lambda: improving.reject(self.workspace, proposal), self._rejected, group="decide"
        )

    def _proposed(self, proposal: Proposal) -> None:
        self._proposal = proposal
        self._draw(proposal)
        self.reload_now()

    def _failed(self, error: Exception) -> None:
        if not self._stop.is_set():
            self.llmops.report(error)
            hint = getattr(error, "hint", "")
            self._about.put(f"There is no proposal: {error} {hint}".strip())

    def _accepted(self, version: PromptVersion) -> None:
        self.notify(f"{version.title} is the newest version now.")
        self.dismiss()

    def _rejected(self, _: None) -> None:
        self.notify("The proposal is put aside; the prompt stays as it is.")
        self.dismiss()

    @property
    def _about(self) -> Words:
        return self.query_one("#about", Words)

    def _draw(self, proposal: Proposal) -> None:
        old, new = prompts.texts_to_compare(proposal.base, proposal.version)
        self.query_one("#diff", DiffPane).show_comparisons(
            [Comparison("", proposal.base.title, "proposed", old, new)]
        )
