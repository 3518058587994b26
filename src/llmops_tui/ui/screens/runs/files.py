"""Runs out of the workspace and into it, by files."""

from __future__ import annotations

from pathlib import Path

from llmops_tui.services.finished_runs import ImportedRun, import_run
from llmops_tui.services.reports.writing import files_of, formats, write_report
from llmops_tui.services.workspace import Workspace
from llmops_tui.ui.screens.form import Field, FormScreen, Values, required


def export_form(workspace: Workspace, run_id: int) -> FormScreen[tuple[Path, ...]]:
    """Where a run is to be written; its format is told by the end of the file's name."""

    def write(values: Values) -> tuple[Path, ...]:
        target = Path(values["path"]).expanduser()
        baseline = values["baseline"] or None
        report = write_report(workspace, run_id, (target,), baseline)
        return files_of(report, target)

    return FormScreen(
        f"Export run {run_id}",
        [
            Field(
                "path",
                "file",
                f"run-{run_id}.html",
                f"By its ending: {formats()}.",
                check=required("A file"),
                path=True,
            ),
            Field(
                "baseline",
                "baseline",
                help="Compared with this run's number, or the version of this label; may be empty.",
            ),
        ],
        write,
    )


def import_form(workspace: Workspace, project: str) -> FormScreen[ImportedRun]:
    """Which file another tool's finished run is in."""
    return FormScreen(
        "Import a finished run",
        [
            Field(
                "path",
                "file",
                help="promptfoo's results (JSON) or an Inspect log (.eval, .json).",
                check=required("A file"),
                path=True,
            )
        ],
        lambda values: import_run(workspace, Path(values["path"]).expanduser(), project),
    )
