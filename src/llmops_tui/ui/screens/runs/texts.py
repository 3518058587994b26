"""What the run screens say, made from view models alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llmops_tui.core.clock import ago, duration, now_ms
from llmops_tui.core.run import Outcome, RunStatus
from llmops_tui.core.text import cells, one_line
from llmops_tui.core.tolerance import State
from llmops_tui.services.comparison import CellComparison, cell_names
from llmops_tui.services.run_words import (
    cost_words,
    done_words,
    rate_words,
    saved_words,
    spent_words,
    status_words,
    verdict_words,
    where_words,
)
from llmops_tui.services.runs import CellView, RunView
from llmops_tui.services.verdicts import evidence_note
from llmops_tui.ui.widgets.columns import Cell, Column

NO_RUN = (
    "No test run yet.\n\n"
    "A run asks a model every example of a data set with a prompt version and says how wrong the "
    "answers are: within the tolerance, exceeded, or undecided.\n\n"
    "n starts one."
)
NO_PROJECT = (
    "There is no project yet, and a run belongs to one.\n\n"
    "1 goes to the Overview; n makes a project there."
)
NO_SAMPLES = {
    None: "No sample is finished yet: they appear here as they come, the latest first.",
    Outcome.WRONG: "No wrong answer so far. w shows all samples again.",
    Outcome.ERRORED: "No sample without an answer so far. ! shows all samples again.",
}
MARKS = {Outcome.RIGHT: "✓ right", Outcome.WRONG: "✗ wrong", Outcome.ERRORED: "! errored"}
STYLES = {Outcome.RIGHT: "good", Outcome.WRONG: "bad", Outcome.ERRORED: "doubt"}
STATE_STYLES = {State.WITHIN: "good", State.EXCEEDED: "bad", State.UNDECIDED: "doubt"}
STATUS_STYLES = {
    RunStatus.RUNNING: "strong",
    RunStatus.INTERRUPTED: "bad",
    RunStatus.FAILED: "bad",
    RunStatus.PAUSED: "doubt",
}
MOST_CELLS = 6
SILENT_AFTER_S = 5
CELL_FIGURES = 57
"""Cells of what stands behind a cell's name."""
NEXT_STEP = {
    RunStatus.PLANNED: "Its worker is about to start; r starts one.",
    RunStatus.PAUSED: "r goes on with it.",
    RunStatus.INTERRUPTED: "Its worker went away. r goes on with what is missing; nothing is "
    "asked twice.",
    RunStatus.FAILED: "r tries again from where it stopped.",
}


def run_columns(subject_of: Callable[[RunView], str]) -> tuple[Column[RunView], ...]:
    """The list of runs."""
    return (
        Column("run", lambda view: str(view.run.id), width=4, align="right"),
        Column("status", _status, width=13),
        Column("done", done_words, width=12, align="right"),
        Column("prompt · model", subject_of, flex=3),
        Column("verdict", _verdict, width=9),
        Column("wrong [bounds]", _rates, width=17, align="right"),
        Column("errored", _errored, width=7, align="right", drop=1),
        Column("cost", cost_words, width=12, align="right", drop=3),
        Column("data set", lambda view: view.dataset, flex=2, drop=4),
        Column("begun", _begun, width=10, align="right", drop=2),
    )


def subject(view: RunView) -> str:
    """What a run tests, in one line: `support-topic v1, v2 · mock`."""
    prompts = list(dict.fromkeys(cell.prompt for cell in view.cells))
    models = list(dict.fromkeys(cell.model for cell in view.cells))
    shown = prompts[:1]
    for prompt in prompts[1:]:
        name, _, version = prompt.rpartition(" ")
        shown.append(version if name == prompts[0].rpartition(" ")[0] else prompt)
    return f"{', '.join(shown)} · {', '.join(models)}"


def short_subject(view: RunView, names: frozenset[str]) -> str:
    """The same without the prompt's name where all runs in sight are of one prompt."""
    words = subject(view)
    name = next(iter(names)) if len(names) == 1 else ""
    return words.removeprefix(f"{name} ") if name else words


def prompt_names(views: Sequence[RunView]) -> frozenset[str]:
    """Names of the prompts that runs are of."""
    return frozenset(cell.prompt.rpartition(" ")[0] for view in views for cell in view.cells)


def about_lines(view: RunView) -> str:
    """What the list says below of the run under the cursor."""
    run = view.run
    step = NEXT_STEP.get(run.status, "")
    first = f"Run {run.id} on {view.dataset}{scope_words(view)}: {where_words(view)}."
    lines = [f"{first} {step}".rstrip()]
    if len(view.cells) == 1:
        cell = view.cells[0]
        lines.append(f"{counts_words(cell)}. {_capital(verdict_words(view, cell))}.")
        return "\n".join(lines)
    named = list(zip(cell_names(view.cells), view.cells, strict=True))
    lines += [f"{name}: {counts_words(cell)}; {cell.verdict.state}" for name, cell in named[:3]]
    if len(named) > 3:
        lines.append(f"and {len(named) - 3} more: enter shows them.")
    return "\n".join(lines)


def counts_words(cell: CellView) -> str:
    """Wrong of answered, and errored apart."""
    counts = cell.counts
    answered = counts.right + counts.wrong
    words = f"{counts.wrong:,} wrong of {answered:,}"
    if cell.verdict.point is not None:
        words += f", {rate_words(cell.verdict)}"
    return f"{words}; {counts.errored:,} errored"


def title_line(view: RunView, outcome: Outcome | None) -> str:
    """The first line of a run's page, with the filter of its samples."""
    only = f", {outcome.value} samples only" if outcome else ""
    return f"Run {view.run.id}{only} · {subject(view)} · {view.dataset}{scope_words(view)}"


def scope_words(view: RunView) -> str:
    """Which part of the data set, how often; empty for all of it once."""
    spec = view.run.spec
    parts = [f"split {spec.split}"] if spec.split else []
    if spec.limit:
        parts.append(f"{spec.limit:,} rows at random")
    if spec.repeats > 1:
        parts.append(f"{spec.repeats} times each")
    return f" ({', '.join(parts)})" if parts else ""


def facts_line(view: RunView, silent_s: float | None) -> str:
    """Status, money and what is unusual."""
    run = view.run
    parts = [status_words(view.status)]
    if run.status in (RunStatus.INTERRUPTED, RunStatus.PAUSED):
        parts[0] += f" at {run.done:,} of {run.total:,}"
    if silent_s is not None and silent_s >= SILENT_AFTER_S:
        parts.append(f"no answer for {duration(silent_s)}")
    parts.append(spent_words(view))
    if not run.status.over:
        parts.append(f"{run.concurrency:,} at once")
    cached = sum(cell.counts.cached for cell in view.cells)
    if cached:
        parts.append(f"{cached:,} from the cache")
    if run.spec.stop_when_decided and not run.status.over:
        parts.append("stops when decided")
    if view.wear is not None:
        parts.append(view.wear.short)
    line = " · ".join(parts)
    step = NEXT_STEP.get(run.status, "")
    if run.cause and run.status is not RunStatus.RUNNING:
        line += f"\n{_capital(saved_words(view) or run.cause).rstrip('.')}."
    if view.wear is not None and view.wear.warning:
        line += f"\n{view.wear.warning}"
    if note := evidence_note(view.tolerance):
        line += f"\n{note}"
    return f"{line}\n{step}" if step else line


def cells_lines(
    view: RunView, chosen: int, comparisons: Sequence[CellComparison], width: int
) -> str:
    """Each cell's counts, the verdict on the chosen one, and the comparison."""
    cell = view.cells[chosen]
    if len(view.cells) == 1:
        return f"{counts_words(cell)}\n{_capital(verdict_words(view, cell))}."
    names = cell_names(view.cells)
    size = min(max(map(cells, names)), max(8, width - CELL_FIGURES))
    lines = [f"  {'':<{size}}  {'wrong of':>13}  {'wrong [bounds]':>18}  {'errored':>7}"]
    first = max(0, min(chosen - MOST_CELLS // 2, len(view.cells) - MOST_CELLS))
    for number, other in list(enumerate(view.cells))[first : first + MOST_CELLS]:
        counts = other.counts
        mark = "▸" if number == chosen else " "
        share = f"{counts.wrong:,} of {counts.right + counts.wrong:,}"
        name = one_line(names[number], size)
        lines.append(
            f"{mark} {name}{' ' * (size - cells(name))}  {share:>13}  "
            f"{rate_words(other.verdict):>18}  {counts.errored:>7,}  {other.verdict.state}"
        )
    lines.append(f"{names[chosen]}: {verdict_words(view, cell)}.")
    wanted = cell.cell if chosen else view.cells[1].cell
    lines += [found.sentence() for found in comparisons if found.cell == wanted]
    return "\n".join(lines)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _status(view: RunView) -> Cell:
    return status_words(view.status), STATUS_STYLES.get(view.status, "")


def _verdict(view: RunView) -> Cell:
    states = list(dict.fromkeys(cell.verdict.state for cell in view.cells))
    if not view.run.done:
        return "–", "muted"
    if len(states) == 1:
        return states[0].value, STATE_STYLES[states[0]]
    return f"{len(states)} kinds", "doubt"


def _rates(view: RunView) -> str:
    if len(view.cells) == 1:
        return rate_words(view.cells[0].verdict)
    return " | ".join(rate_words(cell.verdict).partition(" [")[0] for cell in view.cells)


def _errored(view: RunView) -> Cell:
    return (f"{view.errored:,}", "doubt") if view.errored else ("0", "muted")


def _begun(view: RunView) -> str:
    return ago(view.run.created_at, now_ms())
