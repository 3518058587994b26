"""What one does with a run's answers: see them as a grid, compare, judge anew, ask again."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from llmops_tui.core.chat import Json
from llmops_tui.services import compare, rescoring, runs
from llmops_tui.services.compare import Side
from llmops_tui.services.scorer_choice import read_scorers, scorer_choices, scorer_words
from llmops_tui.ui.screens.form import Field, FormScreen, Values
from llmops_tui.ui.screens.pick import PickScreen
from llmops_tui.ui.screens.runs.start_form import NEEDED
from llmops_tui.ui.screens.runs.steering import SteeringPage

Model = TypeVar("Model")
AS_BEFORE = "as before"


class JudgingPage(SteeringPage[Model]):
    """A page on which a run's answers are looked at in other ways."""

    chosen_cell = 0
    """The cell that a comparison is about."""

    def why_not(self, command_id: str) -> str | None:
        """All of it needs answers, some of it a run at rest."""
        name = command_id.rpartition(".")[2]
        view = self.steered
        if name in ("matrix", "compare", "score_again", "ask_errored", "labels", "export"):
            if view is None:
                return "There is no run here: n starts one."
            if not view.run.done:
                return f"Run {view.run.id} has no answer yet."
        if name in ("score_again", "ask_errored") and view is not None:
            if not view.status.over and view.status != "paused":
                return f"Run {view.run.id} is {view.status}: p pauses it first."
            if name == "ask_errored" and not view.errored:
                return f"Every sample of run {view.run.id} has an answer."
        return super().why_not(command_id)

    def do_matrix(self) -> None:
        """Rows by cells."""
        from llmops_tui.ui.screens.runs.matrix_page import MatrixPage

        view = self.steered
        if view is not None:
            self.app.push_screen(MatrixPage(view))

    def do_labels(self) -> None:
        """The confusion matrix of the chosen cell."""
        from llmops_tui.ui.screens.runs.labels_page import LabelsPage

        view = self.steered
        if view is not None:
            self.app.push_screen(LabelsPage(view, min(self.chosen_cell, len(view.cells) - 1)))

    def do_export(self) -> None:
        """Write the run into a file."""
        from llmops_tui.ui.screens.runs.files import export_form  # brings the reports along

        view = self.steered
        if view is None:
            return

        def written(files: tuple[Path, ...] | None) -> None:
            if files:
                self.llmops.notify(f"Run {view.run.id} is in {', '.join(map(str, files))}.")

        self.app.push_screen(export_form(self.workspace, view.run.id), written)

    def do_self_test(self) -> None:
        """Test the run's scorers by known answers."""
        from llmops_tui.ui.screens.runs.selftest_page import SelfTestPage

        view = self.steered
        if view is not None:
            self.app.push_screen(SelfTestPage(view))

    def do_compare(self) -> None:
        """Ask with which other run or cell, then compare."""
        view, project_id = self.steered, self.project_id
        if view is None or project_id is None:
            return
        mine: Side = (view.run.id, view.cells[min(self.chosen_cell, len(view.cells) - 1)].cell)
        self.in_thread(
            lambda: compare.sides(self.workspace, project_id),
            lambda found: self._pick_side(mine, found),
            group="sides",
        )

    def _pick_side(self, mine: Side, found: list[tuple[Side, str, str]]) -> None:
        others = [(f"{s[0]}.{s[1]}", name, about) for s, name, about in found if s != mine]
        if not others:
            self.llmops.notify("There is no other run or cell with answers to compare with.")
            return
        runs_of = [int(key.partition(".")[0]) for key, *_ in others]
        same = next((at for at, run in enumerate(runs_of) if run == mine[0]), None)
        older = next((at for at, run in enumerate(runs_of) if run < mine[0]), 0)
        before = others[older if same is None else same][0]

        def chosen(key: str | None) -> None:
            from llmops_tui.ui.screens.runs.compare_page import ComparePage

            if key is not None:
                run_id, _, cell = key.partition(".")
                self.app.push_screen(ComparePage((int(run_id), int(cell)), mine))

        heading = f"Compare run {mine[0]} with which older one?"
        self.app.push_screen(PickScreen(heading, others, before), chosen)

    def do_score_again(self) -> None:
        """Ask by which scorers, then judge the stored answers anew."""
        view = self.steered
        if view is None:
            return
        run_id, spec = view.run.id, view.run.spec

        def begun(chosen: tuple[dict[str, Json], ...] | None) -> None:
            if chosen is None:
                return
            self.llmops.notify(f"Run {run_id} is scored again; no model is asked.")
            self.in_thread(
                lambda: rescoring.rescore_run(
                    self.workspace,
                    run_id,
                    chosen or spec.scorers,
                ),
                lambda found: self._said(found.sentence()),
                group="rescore",
            )

        fields = [
            Field(
                "scorer",
                "Judge by",
                AS_BEFORE,
                "How answers are told right from wrong.",
                choices=((AS_BEFORE, scorer_words(spec.scorers)), *scorer_choices()),
            ),
            Field("detail", "Scorer needs", help=NEEDED),
        ]

        def read(values: Values) -> tuple[dict[str, Json], ...]:
            if values["scorer"] == AS_BEFORE:
                return ()
            return read_scorers(values["scorer"], values["detail"])

        self.app.push_screen(FormScreen(f"Score run {run_id} again", fields, read), begun)

    def do_ask_errored(self) -> None:
        """Ask those without an answer again, in place."""
        view = self.steered
        if view is None:
            return
        run_id = view.run.id

        def work() -> int:
            forgotten = rescoring.ask_errored_again(self.workspace, run_id)
            if forgotten:
                runs.start_worker(self.workspace, run_id)
            return forgotten

        def done(number: int) -> None:
            self._said(
                f"{number:,} samples without an answer are asked again."
                if number
                else "They have answers that a scorer could not judge: s scores them again."
            )

        self.in_thread(work, done, group="again")
