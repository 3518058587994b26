"""A run as Markdown: for the step summary of a CI job, a pull request or a wiki."""

from __future__ import annotations

import re
from html import escape

from llmops_tui.core.text import visible
from llmops_tui.services.reports.content import STATE_WORDS, RunReport, not_right, sentence
from llmops_tui.services.run_words import cost_words, rate_words
from llmops_tui.services.workspace import Workspace

MOST_ROWS = 20
LONGEST_CELL = 160
_SPECIAL = re.compile(r"([\\`*_{}\[\]|#~!])")


def markdown(workspace: Workspace, report: RunReport) -> str:
    """The run's verdicts, comparisons and the first samples that aren't right."""
    view = report.view
    lines = [
        f"# {STATE_WORDS[report.state]}: run {view.run.id} of {_text(report.project)}",
        "",
        f"Tolerance: {_text(_tolerance(report))}. Data set: {_text(view.dataset)}. "
        f"{view.run.done:,} of {view.run.total:,} samples, {cost_words(view)}.",
        "",
        "| prompt · model | verdict | wrong [bounds] | right | wrong | errored |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for cell in view.cells:
        counts = cell.counts
        lines.append(
            f"| {_text(cell.title)} | **{cell.verdict.state.value}** | "
            f"{rate_words(cell.verdict)} | {counts.right:,} | {counts.wrong:,} | "
            f"{counts.errored:,} |"
        )
    lines += ["", *(f"- {_text(cell.title)}: {_text(sentence(view, cell))}" for cell in view.cells)]
    lines += [f"- {_text(words)}" for words in report.comparisons]
    lines += [f"- Baseline: {_text(item.sentence())}" for item in report.baseline]
    lines += [f"- {_text(note)}" for note in report.notes()]
    lines += ["", *_not_right(workspace, report)]
    return "\n".join(lines).rstrip() + "\n"


def _tolerance(report: RunReport) -> str:
    from llmops_tui.core.tolerance import percent

    tolerance = report.view.tolerance
    words = f"at most {percent(tolerance.max_wrong)} wrong, {percent(tolerance.confidence)} sure"
    return words if not tolerance.is_clustered else f"{words}, counted by {tolerance.unit}"


def _not_right(workspace: Workspace, report: RunReport) -> list[str]:
    found, count = not_right(workspace, report.view.run.id, MOST_ROWS)
    if not found:
        return []
    shown = f"the first {len(found)} of {count:,}" if count > len(found) else f"{count:,}"
    titles = {cell.cell: cell.title for cell in report.view.cells}
    lines = [
        f"<details><summary>Not right: {shown}</summary>",
        "",
        "| row | prompt · model | outcome | why | answer |",
        "|---:|---|---|---|---|",
    ]
    lines += [
        f"| {sample.position} | {_text(titles[sample.cell])} | {sample.outcome.value} | "
        f"{_text(_short(sample.reason))} | {_text(_short(sample.answer or ''))} |"
        for sample in found
    ]
    return [*lines, "", "</details>"]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"


def _text(text: str) -> str:
    """Text that may come from anywhere, as Markdown that says just that, on one line."""
    # Markup is written as entities: some renderers read `\<script>` as a tag all the same.
    return _SPECIAL.sub(r"\\\1", escape(visible(text, newlines=False), quote=False))
