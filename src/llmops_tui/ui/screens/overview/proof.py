"""What proving a tolerance costs, as a curve of bars: rows, money, hours of labelling."""

from __future__ import annotations

import math
from collections.abc import Sequence

from llmops_tui.core.clock import duration
from llmops_tui.core.text import cells
from llmops_tui.core.tolerance import percent
from llmops_tui.services.planning import PriceOfProof, PricePoint
from llmops_tui.services.run_words import money
from llmops_tui.services.tolerances import ToleranceView
from llmops_tui.ui.glyphs import ascii_only
from llmops_tui.ui.widgets.text_pane import Section

WIDEST_BAR = 40
LEAST_BAR = 4
HEADS = ("really wrong", "rows", "asking", "by hand")


def proof_section(price: PriceOfProof, view: ToleranceView, width: int) -> Section:
    """The curve, and what it rests on, in lines of `width` cells."""
    times = f"{round(price.wanted * 5)} times in 5"
    lines = [
        f"Least: {price.least_rows:,} rows, none wrong; {price.least_rows_watched:,} where a run "
        "may stop itself.",
        *_table(price, view, width),
        f"Rows that succeed {times}. {_have(price, view)} {_money_basis(view)}",
    ]
    if price.least_rows_harmful is not None:
        lines.append(
            f"For the harmful limit: at least {price.least_rows_harmful:,} rows, none of them "
            "wrong (a scorer can't tell harmful from wrong)."
        )
    if price.tolerance.is_clustered:
        lines.append(
            f"Counted by {price.tolerance.unit} it takes more: as many times as the design effect, "
            "which a run shows."
        )
    lines.append("Not claimed: the rows must look like production.")
    return Section("What proof costs", "\n".join(lines))


def history_section(view: ToleranceView) -> Section:
    """Who changed what."""
    lines = view.history or ("never set: the usual 2 %, 95 % sure",)
    return Section("History", "\n".join(lines))


def _table(price: PriceOfProof, view: ToleranceView, width: int) -> list[str]:
    rows: list[Sequence[str]] = [HEADS, *(_cells(point, view) for point in price.points)]
    if view.cost is None:
        rows = [(row[0], row[1], row[3]) for row in rows]
    sizes = [max(cells(row[place]) for row in rows) for place in range(len(rows[0]))]
    head, *body = [
        "  ".join(
            " " * (size - cells(value)) + value for value, size in zip(row, sizes, strict=True)
        )
        for row in rows
    ]
    room = min(WIDEST_BAR, width - cells(head) - 2)
    counts = [point.rows for point in price.points]
    # The last point lies so near the limit that beside it all others would look alike.
    most = max((rows or 0 for rows in counts[:-1]), default=0)
    bars = [_bar(rows, most, room) for rows in counts]
    return [head, *(f"{line}  {bar}".rstrip() for line, bar in zip(body, bars, strict=True))]


def _cells(point: PricePoint, view: ToleranceView) -> tuple[str, str, str, str]:
    """Really wrong, rows, money, hours; `✓` where there are that many rows already."""
    if point.rows is None or point.review_hours is None:
        return _rate(point.true_rate), "never", "", ""
    have = "+" if ascii_only() else "✓"
    mark = have if point.rows <= view.rows else " "
    cost = "" if view.cost is None else money(point.rows * view.cost.nano, view.cost.currency)
    hours = duration(point.review_hours * 3600)
    return _rate(point.true_rate), f"{mark} {point.rows:,}", cost, hours


def _bar(rows: int | None, most: int, room: int) -> str:
    if rows is None or most == 0 or room < LEAST_BAR:
        return ""
    full, beyond = ("#", ">") if ascii_only() else ("█", "▶")
    if rows > most:
        return full * (room - 1) + beyond
    return full * max(1, round(room * rows / most))


def _rate(share: float) -> str:
    """A share with three figures: the curve's steps are eighths."""
    size = 0 if share == 0 else math.floor(math.log10(share * 100))
    return percent(share, decimals=max(2, 2 - size))


def _have(price: PriceOfProof, view: ToleranceView) -> str:
    if not view.rows:
        return "There is no data set yet."
    many = f"The largest data set has {view.rows:,} rows"
    if view.rows < price.least_rows:
        return f"{many}: too few for any of these."
    mark = "+" if ascii_only() else "✓"
    enough = any(point.rows is not None and point.rows <= view.rows for point in price.points)
    return f"{many}: enough where {mark} stands." if enough else f"{many}."


def _money_basis(view: ToleranceView) -> str:
    cost = view.cost
    if cost is None:
        return "What asking costs is known after the first run. By hand: 30 s a row."
    each = money(cost.nano, cost.currency)
    return f"Asking: {each} a row, as {cost.model} costs so far. By hand: 30 s a row."
