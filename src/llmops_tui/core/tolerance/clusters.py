"""Rows that belong together: repeats of one row, turns of a conversation, parts of a document.

Ten answers to one question are no ten questions. What counts is how far the *groups* differ, and
how many groups there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance._special import t_quantile
from llmops_tui.core.tolerance.proportion import interval


class Group(NamedTuple):
    """Answers that belong together: the repeats of one row, or the rows of one cluster."""

    wrong: int
    right: int
    errored: int = 0
    harmful: int = 0
    """How many of the wrong ones are harmful."""

    @property
    def answered(self) -> int:
        """Answers that were had."""
        return self.wrong + self.right

    def counting_errored_as_wrong(self) -> Group:
        """The worst case of this group."""
        return Group(self.wrong + self.errored, self.right, 0, self.harmful + self.errored)


@dataclass(frozen=True, slots=True)
class ClusterEstimate:
    """A wrong rate from rows that belong together."""

    point: float
    standard_error: float
    """Cluster-robust, with the C/(C−1) correction."""
    lower: float
    upper: float
    groups: int
    rows: int
    design_effect: float
    """How many times larger the variance is than that of as many unrelated rows."""
    effective_rows: float
    """As many unrelated rows as these are worth; what the bounds are made of."""


def cluster_estimate(
    groups: Sequence[Group], confidence: float = 0.95, *, average_groups: bool
) -> ClusterEstimate:
    """Wrong rate with one-sided bounds from groups of answers that belong together.

    The standard error is cluster-robust with the C/(C−1) correction, its t has C−1 degrees of
    freedom. Source: Miller, "Adding Error Bars to Evals", arXiv 2411.00640 (2024).

    With few wrong answers that error collapses (to 0 with none), so the bounds are the more
    careful of Miller's and the exact ones at the effective number of rows (Korn & Graubard,
    Survey Methodology 24, 1998). That number is reckoned with one more group imagined that is
    wrong throughout: before a wrong answer has been seen nothing shows that they don't come in
    groups, and then each group counts as one row. Its influence goes as wrong ones are seen.

    Args:
        groups: what was answered in each; groups without an answer are left out.
        confidence: of each bound.
        average_groups: True where each group counts the same (repeats of a row: average first),
            False where each row does (conversations, documents).

    Raises:
        InputError: when no group has an answer.
    """
    answered = [group for group in groups if group.answered]
    if not answered:
        raise InputError("No row was answered.", "Look at why the rows errored, then run again.")
    rows = sum(group.answered for group in answered)
    point, error = _robust(answered, average_groups)
    effective = _effective_rows(answered, confidence, average_groups)
    exact = interval(point * effective, effective, confidence)
    lower, upper = exact
    if len(answered) > 1:
        reach = t_quantile(confidence, len(answered) - 1) * error
        lower, upper = min(lower, max(0.0, point - reach)), max(upper, min(1.0, point + reach))
    plain = point * (1 - point) / rows
    design_effect = error * error / plain if plain > 0 and error > 0 else rows / len(answered)
    return ClusterEstimate(
        point=point,
        standard_error=error,
        lower=lower,
        upper=upper,
        groups=len(answered),
        rows=rows,
        design_effect=design_effect,
        effective_rows=effective,
    )


def group_averages(groups: Sequence[Group]) -> list[float]:
    """Wrong rate of each group that has an answer."""
    return [group.wrong / group.answered for group in groups if group.answered]


def _robust(groups: Sequence[Group], average_groups: bool) -> tuple[float, float]:
    """Wrong rate and its cluster-robust standard error (0 with a single group)."""
    number = len(groups)
    if average_groups:
        rates = group_averages(groups)
        point = sum(rates) / number
        squares = sum((rate - point) ** 2 for rate in rates) / number**2
    else:
        rows = sum(group.answered for group in groups)
        point = sum(group.wrong for group in groups) / rows
        squares = sum((group.wrong - point * group.answered) ** 2 for group in groups) / rows**2
    if number < 2:
        return point, 0.0
    return point, math.sqrt(squares * number / (number - 1))


def _effective_rows(groups: Sequence[Group], confidence: float, average_groups: bool) -> float:
    number = len(groups)
    rows = sum(group.answered for group in groups)
    # The worst there can be: all answers of a group wrong or right together (Kish).
    least = number if average_groups else rows**2 / sum(group.answered**2 for group in groups)
    typical = max(1, round(rows / number))
    imagined = [*groups, Group(wrong=typical, right=0)]
    point, error = _robust(imagined, average_groups)
    if error == 0.0:  # everything is wrong: nothing shows how far groups differ
        return float(least)
    # The imagined group lends its share of wrong answers, but adds no row.
    share_of_rows = rows / (rows + typical)
    effective = share_of_rows * point * (1 - point) / (error * error)
    if number > 1 and rows > number:
        # Few groups estimate their own variance badly (Korn & Graubard's correction).
        shrink = t_quantile(confidence, rows - 1) / t_quantile(confidence, number - 1)
        effective *= shrink * shrink
    return min(max(effective, float(least)), float(rows))
