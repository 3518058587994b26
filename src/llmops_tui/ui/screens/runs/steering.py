"""What one does to a run under the cursor or in front: resume, pause, cancel, retune."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from llmops_tui.core.run import RunStatus
from llmops_tui.services import runs
from llmops_tui.services.run_start import check_cost_cap, set_cost_cap
from llmops_tui.services.run_words import NANO, spent_words
from llmops_tui.services.runs import RunView
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.confirm import ConfirmScreen

Model = TypeVar("Model")

RESUMABLE = (RunStatus.PLANNED, RunStatus.PAUSED, RunStatus.INTERRUPTED, RunStatus.FAILED)


class SteeringPage(Page[Model]):
    """A page on which runs are steered; all of it goes through the file."""

    @property
    def steered(self) -> RunView | None:
        """The run that the keys are about."""
        raise NotImplementedError

    def why_not(self, command_id: str) -> str | None:
        """Each key needs a run in a state where it means something."""
        name = command_id.rpartition(".")[2]
        if name in ("resume", "pause", "cancel", "faster", "slower", "cap"):
            return self._why_not_steer(name)
        return super().why_not(command_id)

    def do_resume(self) -> None:
        """Start a worker on what is missing."""
        view = self.steered
        if view is None:
            return
        run_id, left = view.run.id, view.run.total - view.run.done
        self.in_thread(
            lambda: runs.start_worker(self.workspace, run_id),
            lambda pid: self._said(f"Run {run_id} goes on with {left:,} samples (process {pid})."),
            group="steer",
        )

    def do_pause(self) -> None:
        """Let what is under way finish."""
        view = self.steered
        if view is not None:
            run_id = view.run.id
            self.in_thread(
                lambda: runs.pause(self.workspace, run_id),
                lambda _: self._said(f"Run {run_id} pauses; r goes on with it."),
                group="steer",
            )

    def do_cancel(self) -> None:
        """Ask, by the run's name, then end it."""
        view = self.steered
        if view is None:
            return
        run_id, done, total = view.run.id, view.run.done, view.run.total

        def answered(yes: bool | None) -> None:
            if yes:
                self.in_thread(
                    lambda: runs.cancel(self.workspace, run_id),
                    lambda _: self._said(f"Run {run_id} is cancelled."),
                    group="steer",
                )

        self.app.push_screen(
            ConfirmScreen(
                "Cancel this run?",
                f"Run {run_id} · {' and '.join(cell.title for cell in view.cells)}",
                f"It is at {done:,} of {total:,}. What was measured stays; the rest is not asked, "
                "and the run can't be resumed. p pauses instead.",
            ),
            answered,
        )

    def do_faster(self) -> None:
        """About a quarter more requests at once."""
        self._retune(1)

    def do_slower(self) -> None:
        """About a quarter fewer requests at once."""
        self._retune(-1)

    def do_cap(self) -> None:
        """Ask for another cost cap."""
        view = self.steered
        if view is None:
            return
        from llmops_tui.ui.screens.form import Field, FormScreen

        run_id, currency, cap = view.run.id, view.cells[0].currency, view.run.cost_cap

        def submit(values: Mapping[str, str]) -> int:
            return set_cost_cap(self.workspace, run_id, values["cap"])

        field = Field(
            "cap",
            f"At most, {currency}",
            "" if cap is None else f"{cap / NANO:f}".rstrip("0").rstrip("."),
            "Requests under way are counted in. A run that has reached its cap pauses.",
            check=check_cost_cap,
        )
        self.app.push_screen(
            FormScreen(
                f"What may run {run_id} cost?", [field], submit, intro=f"{spent_words(view)}."
            ),
            lambda made: self.reload_now() if made is not None else None,
        )

    def _retune(self, direction: int) -> None:
        view = self.steered
        if view is None:
            return
        run_id = view.run.id
        self.in_thread(
            lambda: runs.nudge(self.workspace, run_id, direction),
            lambda _: self.reload_now(),
            group="steer",
        )

    def _why_not_steer(self, name: str) -> str | None:
        view = self.steered
        if view is None:
            return "There is no run here: n starts one."
        status, run_id = view.status, view.run.id
        if name == "resume" and status not in RESUMABLE:
            if status is RunStatus.RUNNING:
                return f"Run {run_id} is under way (process {view.run.worker_pid})."
            return f"Run {run_id} is {status}: nothing is left to resume."
        if name == "pause" and status is not RunStatus.RUNNING:
            return f"Run {run_id} is {status}: there is nothing to pause."
        if name != "resume" and status.over:
            return f"Run {run_id} is {status}."
        if name == "slower" and view.run.concurrency <= 1:
            return "One request at a time is the least; p pauses the run."
        return None

    def _said(self, sentence: str) -> None:
        self.llmops.notify(sentence)
        self.reload_now()
