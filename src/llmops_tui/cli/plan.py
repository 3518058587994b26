"""`llmops-tui plan`: what it takes to prove a tolerance."""

from __future__ import annotations

import click

from llmops_tui.cli.output import print_json, say, table
from llmops_tui.core.clock import duration
from llmops_tui.core.tolerance import (
    Tolerance,
    parse_confidence,
    parse_max_wrong,
    parse_share,
    percent,
)
from llmops_tui.services.planning import PriceOfProof, PricePoint, price_of_proof

NANO = 1_000_000_000
BAR = 24


@click.command()
@click.option("--tolerance", "max_wrong", default="2%", help="How much may be wrong, such as 2%.")
@click.option("--confidence", default="95%", help="How sure to be, such as 95%.")
@click.option("--harmful", help="How much may be harmful, where that has its own limit.")
@click.option("--expect", help="How much you think is really wrong, such as 0.5%.")
@click.option("--cost", type=click.FloatRange(0), help="What one row costs to ask.")
@click.option("--review-seconds", type=click.FloatRange(0), default=30.0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def plan(
    max_wrong: str,
    confidence: str,
    harmful: str | None,
    expect: str | None,
    cost: float | None,
    review_seconds: float,
    as_json: bool,
) -> None:
    """Say how many rows prove a tolerance, by how wrong the system really is.

    The nearer the truth is to the tolerance, the more rows it takes to tell them apart.
    """
    tolerance = Tolerance(
        max_wrong=parse_max_wrong(max_wrong),
        confidence=parse_confidence(confidence),
        harmful_max_wrong=None if harmful is None else parse_max_wrong(harmful),
    )
    found = price_of_proof(
        tolerance,
        expected=None if expect is None else parse_share(expect),
        cost_per_row=None if cost is None else round(cost * NANO),
        review_s=review_seconds,
    )
    if as_json:
        print_json(_as_data(found))
    else:
        _show(found)


def _show(found: PriceOfProof) -> None:
    say(f"Tolerance: {found.tolerance.words()}.")
    say(
        f"At least {found.least_rows:,} rows, none of them wrong; {found.least_rows_watched:,} in "
        "a run that may stop once it is decided."
    )
    if found.least_rows_harmful is not None:
        say(
            f"For the harmful limit at least {found.least_rows_harmful:,} rows, none of them wrong."
        )
    say(f"Rows that succeed {percent(found.wanted)} of the time, by how much is really wrong:")
    most = max((point.rows or 0 for point in found.points), default=1) or 1
    table(
        ("really wrong", "rows", "by hand", "cost", ""),
        [
            (
                percent(point.true_rate, decimals=2),
                "never" if point.rows is None else f"{point.rows:,}",
                "" if point.review_hours is None else duration(point.review_hours * 3600),
                "" if point.cost is None else f"{point.cost / NANO:,.2f}",
                _bar(point, most),
            )
            for point in found.points
        ],
        frozenset({0, 1, 2, 3}),
    )
    say("Not claimed: the rows must look like production.")


def _bar(point: PricePoint, most: int) -> str:
    return "" if point.rows is None else "█" * max(1, round(BAR * point.rows / most))


def _as_data(found: PriceOfProof) -> dict[str, object]:
    return {
        "max_wrong": found.tolerance.max_wrong,
        "confidence": found.tolerance.confidence,
        "least_rows": found.least_rows,
        "least_rows_watched": found.least_rows_watched,
        "least_rows_harmful": found.least_rows_harmful,
        "wanted": found.wanted,
        "curve": [
            {
                "true_rate": point.true_rate,
                "rows": point.rows,
                "cost": None if point.cost is None else point.cost / NANO,
                "review_hours": point.review_hours,
            }
            for point in found.points
        ],
    }
