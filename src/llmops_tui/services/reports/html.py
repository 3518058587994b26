"""A run as one HTML file: no script, no request, nothing beside it; prints and mails well.

Everything in it that came from a model, a data set or the network is escaped, and a content
security policy forbids what slipped through to load or run anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from pathlib import Path

from llmops_tui import __version__
from llmops_tui.core.chat import Json
from llmops_tui.core.clock import duration
from llmops_tui.core.run import Outcome
from llmops_tui.core.text import visible
from llmops_tui.core.tolerance import Tolerance, percent
from llmops_tui.interchange.tables.writing import opened
from llmops_tui.services.reports import svg
from llmops_tui.services.reports.content import (
    STATE_WORDS,
    RunReport,
    run_samples,
    sentence,
)
from llmops_tui.services.run_words import cost_words, money, rate_words
from llmops_tui.services.runs import CellView
from llmops_tui.services.workspace import Workspace
from llmops_tui.store.run_export import ExportedSample

MOST_SAMPLES = 2_000
"""Samples that are written out: those that aren't right first. The rest is counted."""
LONGEST = 4_000
STYLE = """
:root { color-scheme: light dark; --ink: #1d2125; --dim: #5b646d; --paper: #fff; --line: #d8dde2;
  --soft: #eef2f6; --ok: #1a7f4b; --bad: #b3261e; --open: #8a6100; --blue: #2b65b8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --dim: #9aa5b0; --paper: #14181c;
  --line: #333b43; --soft: #1e252b; --ok: #58c98b; --bad: #ff8a80; --open: #e5b64a;
  --blue: #7fb0f5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; } h2 { font-size: 1.2rem; margin: 2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
.dim, footer { color: var(--dim); } .num { text-align: right; font-variant-numeric: tabular-nums; }
.within { color: var(--ok); } .exceeded, .wrong { color: var(--bad); }
.undecided, .errored { color: var(--open); } .state { font-weight: 650; }
table { border-collapse: collapse; width: 100%; } .scroll { overflow-x: auto; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem; text-align: left;
  vertical-align: top; } th { color: var(--dim); font-weight: 600; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft); padding: .6rem;
  margin: .3rem 0; font: 13px/1.45 ui-monospace, monospace; }
details { border-bottom: 1px solid var(--line); padding: .3rem 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
svg { width: 100%; max-width: 40rem; height: auto; display: block; }
svg text { font: 11px system-ui, sans-serif; fill: var(--dim); }
svg .end { text-anchor: end; } svg .mid { text-anchor: middle; }
.band { fill: var(--blue); opacity: .22; } .line { fill: none; stroke: var(--blue);
  stroke-width: 1.6; } .limit { fill: none; stroke: var(--bad); stroke-dasharray: 5 4; }
.axis { fill: none; stroke: var(--dim); } .bar, .dot { fill: var(--blue); }
.whisker { fill: none; stroke: var(--blue); stroke-width: 2; }
@media print { details { break-inside: avoid; } }
"""


def write_html(workspace: Workspace, report: RunReport, target: Path) -> None:
    """Write the report; the file appears when it's complete.

    Raises:
        InputError: the file can't be written.
    """
    with opened(target) as stream:
        for part in _parts(workspace, report):
            stream.write(part.encode("utf-8", "replace") + b"\n")


def _parts(workspace: Workspace, report: RunReport) -> Iterator[str]:
    view = report.view
    title = f"Run {view.run.id} of {report.project}: {report.state.value}"
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{STYLE}</style></head><body><main>"
    )
    yield from _head(report)
    yield from _plots(report)
    yield from _how(report)
    yield from _samples(workspace, report)
    yield from _not_claimed(report)
    yield f"</main><footer><p>llmops-tui {__version__}</p></footer></body></html>"


def _head(report: RunReport) -> Iterator[str]:
    view = report.view
    state = report.state
    yield (
        f'<h1>Run {view.run.id} of {_text(report.project)}: <span class="state {state.value}">'
        f"{state.value}</span></h1>"
        f'<p class="dim">{STATE_WORDS[state]} · {_text(_tolerance(view.tolerance))} · data set '
        f"{_text(view.dataset)} · {view.run.done:,} of {view.run.total:,} samples · "
        f"{_text(cost_words(view))} · worked {duration(view.run.active_ms / 1000)}</p>"
    )
    yield "<ul>"
    for cell in view.cells:
        yield f"<li>{_text(cell.title)}: {_text(sentence(view, cell))}</li>"
    for words in (*report.comparisons, *report.notes()):
        yield f"<li>{_text(words)}</li>"
    for item in report.baseline:
        yield f"<li>Baseline: {_text(item.sentence())}</li>"
    yield "</ul>"
    yield (
        '<div class="scroll"><table id="cells"><thead><tr><th>prompt · model</th><th>verdict</th>'
        '<th class="num">wrong [bounds]</th><th class="num">right</th><th class="num">wrong</th>'
        '<th class="num">errored</th><th class="num">median</th><th class="num">95 %</th>'
        '<th class="num">cost</th></tr></thead><tbody>'
    )
    for cell, latency in zip(view.cells, report.latencies, strict=True):
        yield _cell_row(cell, latency.median if latency else None, latency.p95 if latency else None)
    yield "</tbody></table></div>"


def _cell_row(cell: CellView, median: float | None, p95: float | None) -> str:
    counts, state = cell.counts, cell.verdict.state.value
    numbers = (
        rate_words(cell.verdict),
        f"{counts.right:,}",
        f"{counts.wrong:,}",
        f"{counts.errored:,}",
        "–" if median is None else f"{median:,.0f} ms",
        "–" if p95 is None else f"{p95:,.0f} ms",
        money(counts.cost, cell.currency),
    )
    return (
        f'<tr><td>{_text(cell.title)}</td><td class="state {state}">{state}</td>'
        + "".join(f'<td class="num">{_text(number)}</td>' for number in numbers)
        + "</tr>"
    )


def _plots(report: RunReport) -> Iterator[str]:
    view, limit = report.view, report.view.tolerance.max_wrong
    yield "<h2>How wrong</h2>"
    yield svg.bounds_plot(
        [(c.title, c.verdict.point, c.verdict.lower, c.verdict.upper) for c in view.cells], limit
    )
    for cell, course, latency in zip(view.cells, report.courses, report.latencies, strict=True):
        if not course and latency is None:
            continue
        yield f"<h3>{_text(cell.title)}</h3>"
        if course:
            yield svg.course_plot(course, limit, cell.title)
        if latency is not None:
            yield svg.histogram(latency.values, cell.title)


def _how(report: RunReport) -> Iterator[str]:
    yield f"<h2>What was asked, and who judged</h2><p>Scorers: {_text(report.scorers)}</p>"
    for prompt in report.prompts:
        yield f"<details><summary>{_text(prompt.title)}</summary>"
        for role, text in prompt.messages:
            yield f'<p class="dim">{_text(role)}</p><pre>{_block(text)}</pre>'
        yield "</details>"


def _samples(workspace: Workspace, report: RunReport) -> Iterator[str]:
    titles = {cell.cell: cell.title for cell in report.view.cells}
    run_id, written = report.view.run.id, 0
    yield "<h2>Samples</h2>"
    for right in (False, True):
        for sample in run_samples(workspace, run_id):
            if (sample.outcome is Outcome.RIGHT) is not right:
                continue
            if written == MOST_SAMPLES:
                left = report.view.run.done - written
                yield f'<p class="dim">{left:,} more samples are not written out here.</p>'
                return
            written += 1
            yield _sample(titles[sample.cell], sample)
    if not written:
        yield '<p class="dim">The run has no sample yet.</p>'


def _sample(title: str, sample: ExportedSample) -> str:
    outcome = sample.outcome.value
    inputs = "".join(
        f"<p class='dim'>{_text(name)}</p><pre>{_block(_shown(value))}</pre>"
        for name, value in sample.inputs.items()
    )
    expected = f"<p class='dim'>expected</p><pre>{_block(sample.expected or '')}</pre>"
    scores = "".join(
        f"<li>{_text(score.scorer)}: {'passed' if score.passed else 'failed'}, "
        f"{_text(score.reason)}</li>"
        for score in sample.scores
    )
    said = sample.answer if sample.answer is not None else sample.error
    return (
        f'<details class="sample"><summary><span class="state {outcome}">{outcome}</span> row '
        f"{sample.position} · {_text(title)} · {_text(sample.reason)}</summary>{inputs}"
        f"{expected if sample.expected is not None else ''}"
        f"<p class='dim'>{'answer' if sample.answer is not None else 'error'}</p>"
        f"<pre>{_block(said)}</pre>{f'<ul>{scores}</ul>' if scores else ''}"
        f"<p class='dim'>{sample.latency_ms:,.0f} ms, {sample.input_tokens:,} tokens in, "
        f"{sample.output_tokens:,} out{', from the cache' if sample.cached else ''}</p></details>"
    )


def _not_claimed(report: RunReport) -> Iterator[str]:
    sure = percent(report.view.tolerance.confidence)
    yield (
        "<h2>What is not claimed</h2><p>The bounds are one-sided, each "
        f"{sure} sure, and hold for rows like those of the data set: that production looks like "
        "them is for people to see to. Errored samples are not wrong answers; the verdict is "
        "asked with them left out and with each counted as wrong.</p>"
    )


def _tolerance(tolerance: Tolerance) -> str:
    words = f"at most {percent(tolerance.max_wrong)} wrong, {percent(tolerance.confidence)} sure"
    return f"{words}, counted by {tolerance.unit}" if tolerance.is_clustered else words


def _shown(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _text(text: str) -> str:
    return escape(visible(text, newlines=False))


def _block(text: str) -> str:
    rest = len(text) - LONGEST
    end = f"\n… {rest:,} more characters" if rest > 0 else ""
    return escape(visible(text[:LONGEST]) + end)
