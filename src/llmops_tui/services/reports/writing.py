"""Writing a report: the format is the one that the file's name ends in."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables.writing import opened
from llmops_tui.services.reports import data, html, inspect_log, junit, tables
from llmops_tui.services.reports.content import RunReport, gather
from llmops_tui.services.reports.markdown import markdown
from llmops_tui.services.workspace import Workspace

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""Where GitHub Actions says which file is a job's summary: steps add to it."""
Writer = Callable[[Workspace, RunReport, Path], None]


def write_markdown(workspace: Workspace, report: RunReport, target: Path) -> None:
    """Write Markdown; a job's step summary is added to.

    Raises:
        InputError: the file can't be written.
    """
    text = markdown(workspace, report).encode("utf-8", "replace")
    if os.environ.get(STEP_SUMMARY) == str(target):
        try:
            with target.open("ab") as stream:
                stream.write(text)
        except OSError as error:
            raise InputError(f"“{target}” can't be written: {error.strerror}.") from error
        return
    with opened(target) as stream:
        stream.write(text)


def write_json(_: Workspace, report: RunReport, target: Path) -> None:
    """Write what `run --json` prints.

    Raises:
        InputError: the file can't be written.
    """
    with opened(target) as stream:
        stream.write(json.dumps(data.report_data(report), indent=2).encode() + b"\n")


WRITERS: Mapping[str, tuple[str, Writer]] = {
    ".html": ("one self-contained page", html.write_html),
    ".md": ("Markdown", write_markdown),
    ".json": ("the verdicts as JSON", write_json),
    ".xml": ("JUnit XML", junit.write_run),
    ".csv": ("a table of the samples", tables.write_table),
    ".jsonl": ("the samples as JSON Lines", tables.write_table),
    ".parquet": ("the samples as Parquet", tables.write_table),
    ".eval": ("an Inspect log", inspect_log.write_log),
}
"""What can be written, by the end of the file's name."""


def formats() -> str:
    """What can be written, in words."""
    return ", ".join(f"{ending} ({what})" for ending, (what, _) in WRITERS.items())


def writer_for(target: Path) -> Writer:
    """How a file of that name is written.

    Raises:
        InputError: its ending is none of `WRITERS`.
    """
    found = WRITERS.get(target.suffix.lower())
    if found is None:
        raise InputError(f"“{target.name}” doesn't end in a format that is known.", formats() + ".")
    return found[1]


def files_of(report: RunReport, target: Path) -> tuple[Path, ...]:
    """The files that a report becomes when it is written to `target`."""
    return inspect_log.places(report, target) if target.suffix.lower() == ".eval" else (target,)


def write_report(
    workspace: Workspace, run_id: int, targets: tuple[Path, ...], baseline: str | None = None
) -> RunReport:
    """Write a run's report in every format that is asked for.

    Raises:
        NotFoundError: there is no such run or baseline.
        InputError: a format is not known, or a file can't be written.
        UnavailableError: a format needs a library that isn't installed.
    """
    writers = [(writer_for(target), target) for target in targets]
    report = gather(workspace, run_id, baseline)
    for write, target in writers:
        write(workspace, report, target)
    return report
