"""The price of proof: how many rows, how much money, how many hours a tolerance costs."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_tui.core.tolerance import Tolerance

REVIEW_S = 30.0
"""Seconds that a person takes to label or judge one row, unless told otherwise."""
WANTED = 0.8
"""With which chance the proof should succeed."""


@dataclass(frozen=True, slots=True)
class PricePoint:
    """What proof costs if this share of all answers is really wrong."""

    true_rate: float
    rows: int | None
    """Rows that succeed with the wanted chance; None when no number does."""
    cost: int | None
    """Nano-units of the currency for asking them; None where prices or rows aren't known."""
    review_hours: float | None
    """For labelling that many rows by hand."""


@dataclass(frozen=True, slots=True)
class PriceOfProof:
    """The least, and the curve."""

    tolerance: Tolerance
    least_rows: int
    """Rows that prove the tolerance if not one of them is wrong."""
    least_rows_watched: int
    """The same for a run that is watched and stops once it is decided."""
    least_rows_harmful: int | None
    """Rows that prove the limit for harmful answers if not one is wrong; None without one."""
    wanted: float
    points: tuple[PricePoint, ...]


def price_of_proof(
    tolerance: Tolerance,
    *,
    expected: float | None = None,
    cost_per_row: int | None = None,
    review_s: float = REVIEW_S,
) -> PriceOfProof:
    """What it takes to prove a tolerance, by the true wrong rate. Loads SciPy.

    Args:
        tolerance: what is to be proved.
        expected: a true wrong rate to look at besides those of the curve.
        cost_per_row: nano-units of the currency that asking one row costs.
        review_s: seconds that a person takes for one row.
    """
    from llmops_tui.core.tolerance.anytime import certifying_rows, prior_for
    from llmops_tui.core.tolerance.planning import cost_curve, rows_needed

    limit, sure = tolerance.max_wrong, tolerance.confidence
    harmful = tolerance.harmful_max_wrong
    rates = [limit * step / 8 for step in range(8)]
    if expected is not None and expected not in rates:
        rates = sorted([*rates, expected])
    curve = cost_curve(limit, sure, true_rates=rates, wanted=WANTED)
    return PriceOfProof(
        tolerance=tolerance,
        least_rows=rows_needed(0, limit, sure),
        least_rows_watched=certifying_rows(0, limit, sure, prior_for(limit)),
        least_rows_harmful=None if harmful is None else rows_needed(0, harmful, sure),
        wanted=WANTED,
        points=tuple(
            PricePoint(
                point.true_rate,
                point.rows,
                None if point.rows is None or cost_per_row is None else point.rows * cost_per_row,
                None if point.rows is None else point.rows * review_s / 3600,
            )
            for point in curve
        ),
    )
