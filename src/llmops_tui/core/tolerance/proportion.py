"""One wrong rate from k wrong of n rows, the number of rows fixed beforehand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance._special import beta_cdf, beta_quantile, normal_quantile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


class Interval(NamedTuple):
    """A lower and an upper bound of a rate, as shares of 1."""

    lower: float
    upper: float


def check_counts(wrong: float, rows: float) -> None:
    """Refuse counts that can't be.

    Raises:
        InputError: when there are fewer than no rows, or more wrong ones than rows.
    """
    if not (0 <= wrong <= rows and math.isfinite(rows)):
        raise InputError(
            f"{wrong:g} wrong of {rows:g} rows can't be.",
            "Give a number of wrong rows between 0 and the number of rows.",
        )


def upper_bound(wrong: float, rows: float, confidence: float = 0.95) -> float:
    """Exact one-sided upper bound of the wrong rate: "at most this much is wrong".

    BetaInv(confidence; k+1, n−k); with no wrong row it is 1 − α^(1/n), about 3/n at 95 %.
    `wrong` and `rows` may be fractions where they stand for effective counts.
    Source: Clopper & Pearson, Biometrika 26 (1934).

    Raises:
        InputError: when the counts can't be.
    """
    check_counts(wrong, rows)
    if wrong >= rows:
        return 1.0
    if wrong == 0:
        return -math.expm1(math.log1p(-confidence) / rows)
    return beta_quantile(confidence, wrong + 1.0, rows - wrong)


def lower_bound(wrong: float, rows: float, confidence: float = 0.95) -> float:
    """Exact one-sided lower bound of the wrong rate: "at least this much is wrong".

    BetaInv(α; k, n−k+1). Source: Clopper & Pearson, Biometrika 26 (1934).

    Raises:
        InputError: when the counts can't be.
    """
    check_counts(wrong, rows)
    if wrong == 0:
        return 0.0
    return beta_quantile(1.0 - confidence, wrong, rows - wrong + 1.0)


def interval(wrong: float, rows: float, confidence: float = 0.95) -> Interval:
    """Both exact one-sided bounds, each at `confidence` by itself.

    These are what a verdict is made of: only one of them can be wrong about a given true rate.
    Source: Clopper & Pearson, Biometrika 26 (1934).
    """
    return Interval(lower_bound(wrong, rows, confidence), upper_bound(wrong, rows, confidence))


def is_within(wrong: float, rows: float, max_wrong: float, confidence: float = 0.95) -> bool:
    """Whether the exact upper bound is at most `max_wrong`, without computing the bound.

    U(k, n) ≤ τ exactly when I_τ(k+1, n−k) ≥ confidence. Source: Clopper & Pearson (1934).
    """
    check_counts(wrong, rows)
    return wrong < rows and beta_cdf(max_wrong, wrong + 1.0, rows - wrong) >= confidence


def is_exceeded(wrong: float, rows: float, max_wrong: float, confidence: float = 0.95) -> bool:
    """Whether the exact lower bound is above `max_wrong`, without computing the bound.

    L(k, n) > τ exactly when I_τ(k, n−k+1) < α. Source: Clopper & Pearson (1934).
    """
    check_counts(wrong, rows)
    return wrong > 0 and beta_cdf(max_wrong, wrong, rows - wrong + 1.0) < 1.0 - confidence


def wilson(wrong: float, rows: float, confidence: float = 0.95) -> Interval:
    """Two-sided score interval: for drawing bars, never for a verdict.

    Source: Wilson, J. Am. Stat. Assoc. 22 (1927).

    Raises:
        InputError: when the counts can't be.
    """
    check_counts(wrong, rows)
    if rows == 0:
        return Interval(0.0, 1.0)
    z = normal_quantile(0.5 + confidence / 2)
    rate = wrong / rows
    weight = 1.0 + z * z / rows
    middle = (rate + z * z / (2 * rows)) / weight
    half = z * math.sqrt(rate * (1 - rate) / rows + z * z / (4 * rows * rows)) / weight
    return Interval(
        0.0 if wrong == 0 else max(0.0, middle - half),
        1.0 if wrong == rows else min(1.0, middle + half),
    )


def upper_bounds(
    wrong: ArrayLike, rows: ArrayLike, confidence: float = 0.95
) -> NDArray[np.float64]:
    """`upper_bound` of many counts at once, for plots of the bound over rows.

    Source: Clopper & Pearson, Biometrika 26 (1934).
    """
    import numpy as np  # on first use: the app starts without NumPy and SciPy
    from scipy.special import betaincinv

    k, n = np.broadcast_arrays(np.asarray(wrong, float), np.asarray(rows, float))
    is_all_wrong = k >= n
    bound = betaincinv(k + 1.0, np.where(is_all_wrong, 1.0, n - k), confidence)
    return np.where(is_all_wrong, 1.0, bound)


def lower_bounds(
    wrong: ArrayLike, rows: ArrayLike, confidence: float = 0.95
) -> NDArray[np.float64]:
    """`lower_bound` of many counts at once, for plots of the bound over rows.

    Source: Clopper & Pearson, Biometrika 26 (1934).
    """
    import numpy as np  # on first use: the app starts without NumPy and SciPy
    from scipy.special import betaincinv

    k, n = np.broadcast_arrays(np.asarray(wrong, float), np.asarray(rows, float))
    is_clean = k <= 0
    bound = betaincinv(np.where(is_clean, 1.0, k), n - k + 1.0, 1.0 - confidence)
    return np.where(is_clean, 0.0, bound)
