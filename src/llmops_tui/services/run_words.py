"""The figures of a run in words: rates with intervals, money, what would decide it."""

from __future__ import annotations

from llmops_tui.core.clock import duration
from llmops_tui.core.run import RunStatus
from llmops_tui.core.tolerance import Verdict, percent
from llmops_tui.core.tolerance.words import bound_percent
from llmops_tui.services.runs import CellView, RunView

NANO = 1_000_000_000
NONE = "–"
GLYPHS = {
    RunStatus.PLANNED: "○",
    RunStatus.RUNNING: "●",
    RunStatus.PAUSED: "‖",
    RunStatus.INTERRUPTED: "!",
    RunStatus.FINISHED: "✓",
    RunStatus.CANCELLED: "–",
    RunStatus.FAILED: "✗",
}


def status_words(status: RunStatus) -> str:
    """A run's status with the sign that stands for it."""
    return f"{GLYPHS[status]} {status.value}"


def rate_words(verdict: Verdict) -> str:
    """A wrong rate with its bounds: `12.3 % [9.1–16.2]`; `–` before the first answer."""
    if verdict.point is None:
        return NONE
    limit = verdict.tolerance.max_wrong
    lower = bound_percent(verdict.lower, "lower", limit).removesuffix(" %")
    upper = bound_percent(verdict.upper, "upper", limit).removesuffix(" %")
    return f"{percent(verdict.point, decimals=1)} [{lower}–{upper}]"


def money(nano: int, currency: str) -> str:
    """An amount with its currency, with enough decimals to be more than nothing: `0.0012 USD`."""
    amount = nano / NANO
    if amount == 0 or abs(amount) >= 0.1:
        text = f"{amount:,.2f}"
    else:
        text = f"{amount:.2g}" if abs(amount) >= 0.0001 else f"{amount:.6f}".rstrip("0")
    return f"{text} {currency}"


def cost_words(view: RunView) -> str:
    """What a run has cost so far; one amount for each currency, ≈ where tokens are estimates."""
    sums: dict[str, int] = {}
    for cell in view.cells:
        sums[cell.currency] = sums.get(cell.currency, 0) + cell.counts.spent
    about = "≈ " if any(cell.counts.estimated and cell.counts.cost for cell in view.cells) else ""
    return about + " + ".join(money(n, currency) for currency, n in sums.items()) if sums else NONE


def spent_words(view: RunView) -> str:
    """What a run has cost, what it may, and what it will: `0.02 of at most 0.05 USD`."""
    words = cost_words(view)
    if view.run.cost_cap is not None:
        words += f" of at most {money(view.run.cost_cap, view.cells[0].currency)}"
    done, total = view.run.done, view.run.total
    currencies = {cell.currency for cell in view.cells}
    if view.status.over or not view.cost or done == total or len(currencies) > 1:
        return words
    most = "at most about" if view.run.spec.stop_when_decided else "about"
    return f"{words}, {most} {money(round(view.cost / done * total), currencies.pop())} in all"


def done_words(view: RunView) -> str:
    """How far a run is, in a few cells: `2,113/5,000`; `42 % of 120k` where it is large."""
    done, total = view.run.done, view.run.total
    if done == total:
        return f"{total:,}"
    if total < 100_000:
        return f"{done:,}/{total:,}"
    return f"{int(100 * done / total)} % of {total // 1000:,}k"


def where_words(view: RunView) -> str:
    """Where a run stands, as a clause: `interrupted at 2,113 of 5,000`."""
    run = view.run
    if run.status is RunStatus.FINISHED and run.done == run.total:
        return f"finished, {run.total:,} samples"
    if view.saved:
        return saved_words(view)
    words = f"{run.status.value} at {run.done:,} of {run.total:,}"
    return f"{words}: {run.cause}" if run.cause else words


def saved_words(view: RunView) -> str:
    """What a run that stopped itself spared, as a clause; empty where it asked everything."""
    if not view.saved:
        return ""
    return f"stopped once decided: {view.saved:,} of {view.run.total:,} calls saved"


def verdict_words(view: RunView, cell: CellView) -> str:
    """The verdict in a sentence; while it is open, also what deciding it costs and takes."""
    verdict = cell.verdict
    words = verdict.sentence()
    more = verdict.more_at_this_rate or verdict.more_until_exceeded or verdict.more_if_none_wrong
    if verdict.is_decided or not more or verdict.point is None:
        return words
    answers = more * view.run.spec.repeats
    price = _price(cell, answers)
    seconds = _seconds(view, answers)
    extra = [money(price, cell.currency)] if price else []
    extra += [duration(seconds)] if seconds is not None else []
    return f"{words}, about {' and '.join(extra)}" if extra else words


def _price(cell: CellView, answers: int) -> int:
    """What so many more answers cost at the price so far, the errored ones' included."""
    answered = cell.counts.right + cell.counts.wrong
    return round(cell.counts.spent / answered * answers) if answered else 0


def _seconds(view: RunView, answers: int) -> float | None:
    """How long so many more answers of one cell take, as its neighbours are asked as often."""
    if not view.rate:
        return None
    return answers * len(view.cells) / view.rate
