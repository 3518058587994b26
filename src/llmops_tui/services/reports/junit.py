"""A run as JUnit XML: a suite for each combination, and a case that holds the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from llmops_tui.core.run import Outcome
from llmops_tui.core.text import visible
from llmops_tui.core.tolerance import State
from llmops_tui.interchange.junit.writing import Case, Suite, write_junit
from llmops_tui.services.reports.content import STATE_WORDS, RunReport, run_samples, sentence
from llmops_tui.services.runs import CellView
from llmops_tui.services.workspace import Workspace
from llmops_tui.store.run_export import ExportedSample

ALL_UP_TO = 2_000
"""Runs with more samples list those that aren't right, and the counts of all."""
LONGEST_ANSWER = 2_000
NAME_CHARS = 80


def write_run(workspace: Workspace, report: RunReport, target: Path) -> None:
    """Write a run as JUnit XML.

    Raises:
        InputError: the file can't be written.
    """
    write_junit([*_verdicts(report), *_samples(workspace, report)], target)


def _verdicts(report: RunReport) -> Iterator[Suite]:
    cases = [_verdict(report, cell) for cell in report.view.cells]
    for item in report.baseline:
        outcome = {"worse": "failure", "undecided": "skipped"}.get(item.state, "")
        name = f"baseline: {item.cell.title}"
        cases.append(Case(name, report.project, 0.0, outcome, item.sentence(), item.state))
    yield Suite(
        name=f"tolerance:{report.project}",
        cases=cases,
        tests=len(cases),
        failures=sum(case.outcome == "failure" for case in cases),
        errors=sum(case.outcome == "error" for case in cases),
        skipped=sum(case.outcome == "skipped" for case in cases),
        properties=(("run", str(report.view.run.id)), ("dataset", report.view.dataset)),
    )


def _verdict(report: RunReport, cell: CellView) -> Case:
    """`NOT YET` is skipped, which no reporter takes for passed."""
    state = cell.verdict.state
    outcome = {State.EXCEEDED: "failure", State.UNDECIDED: "skipped"}.get(state, "")
    words = f"{STATE_WORDS[state]}: {state.value}. {sentence(report.view, cell)}"
    name = f"tolerance:{report.project}: {cell.title}"
    return Case(
        name, report.project, 0.0, outcome, visible(words, newlines=False), state.value, words
    )


def _samples(workspace: Workspace, report: RunReport) -> Iterator[Suite]:
    view = report.view
    every = view.run.done <= ALL_UP_TO
    for cell in view.cells:
        counts = cell.counts
        yield Suite(
            name=cell.title,
            cases=_cases(workspace, report, cell, every),
            tests=counts.done,
            failures=counts.wrong,
            errors=counts.errored,
            seconds=counts.latency_ms / 1000,
            properties=() if every else (("listed", "samples that are not right"),),
        )


def _cases(workspace: Workspace, report: RunReport, cell: CellView, every: bool) -> Iterator[Case]:
    for sample in run_samples(workspace, report.view.run.id):
        if sample.cell == cell.cell and (every or sample.outcome is not Outcome.RIGHT):
            yield _case(cell, sample)


def _case(cell: CellView, sample: ExportedSample) -> Case:
    outcome = {Outcome.WRONG: "failure", Outcome.ERRORED: "error"}.get(sample.outcome, "")
    repeat = f" repeat {sample.repeat + 1}" if sample.repeat else ""
    said = sample.answer if sample.outcome is Outcome.WRONG and sample.answer else ""
    reason = sample.reason or sample.error
    return Case(
        name=f"row {sample.position}{repeat}: {_about(sample)}",
        classname=visible(cell.title, newlines=False),
        seconds=sample.latency_ms / 1000,
        outcome=outcome,
        message=visible(reason, newlines=False) if outcome else "",
        kind=(sample.error_kind or "wrong") if outcome else "",
        output=visible(said[:LONGEST_ANSWER]) if said else "",
    )


def _about(sample: ExportedSample) -> str:
    """What the row asks about, in a few words."""
    values = [value if isinstance(value, str) else str(value) for value in sample.inputs.values()]
    text = visible(" · ".join(values)[:400], newlines=False)
    return f"{text[: NAME_CHARS - 1]}…" if len(text) > NAME_CHARS else text
