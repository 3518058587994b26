"""The wrong rate behind a judge that errs, from people's labels on some of what it judged."""

from __future__ import annotations

import math
from dataclasses import dataclass

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance._special import normal_quantile
from llmops_tui.core.tolerance.words import percent

MIN_WRONG_FOR_PPI = 10
"""Wrong answers a labelled sample needs before PPI++'s normal approximation can be trusted."""


@dataclass(frozen=True, slots=True)
class JudgeLabels:
    """Answers that both a person and the judge looked at. The person is right.

    Raises:
        InputError: when a count is negative.
    """

    wrong_called_wrong: int
    wrong_called_right: int
    right_called_wrong: int
    """False alarms: what limits a judge at tight tolerances."""
    right_called_right: int

    def __post_init__(self) -> None:
        counts = (
            self.wrong_called_wrong,
            self.wrong_called_right,
            self.right_called_wrong,
            self.right_called_right,
        )
        if min(counts) < 0:
            raise InputError("A number of labels can't be negative.")

    @property
    def wrong(self) -> int:
        """Labelled answers that are wrong."""
        return self.wrong_called_wrong + self.wrong_called_right

    @property
    def right(self) -> int:
        """Labelled answers that are right."""
        return self.right_called_wrong + self.right_called_right

    @property
    def rows(self) -> int:
        """All labelled answers."""
        return self.wrong + self.right


@dataclass(frozen=True, slots=True)
class JudgeEstimate:
    """A wrong rate corrected for the judge's errors, with one-sided bounds."""

    point: float
    lower: float
    upper: float
    standard_error: float
    """In shares of 1; 0.01 is a point."""

    def can_certify(self, max_wrong: float) -> bool:
        """Whether the judge's word is enough for `within`."""
        return self.upper <= max_wrong


def rogan_gladen(
    judged_wrong: int, judged: int, labels: JudgeLabels, confidence: float = 0.95
) -> JudgeEstimate:
    """Wrong rate from what the judge called wrong, corrected by its sensitivity and specificity.

    θ = (p_obs + spec − 1)/(sens + spec − 1), with a delta-method variance that carries the doubt
    about both. In the variance each share gets one imagined answer of either kind, for no false
    alarm among 50 labels doesn't mean there are none.

    Sources: Rogan & Gladen, Am. J. Epidemiol. 107 (1978); Lee et al., arXiv 2511.21140 (2025).

    Raises:
        InputError: when there are no labels of a kind, or the judge is no better than a coin.
    """
    _check_judged(judged_wrong, judged)
    if labels.wrong == 0 or labels.right == 0:
        raise InputError(
            "The judge can't be corrected without labels on wrong and on right answers.",
            "Label some of both; most of all answers that are right.",
        )
    sensitivity = labels.wrong_called_wrong / labels.wrong
    specificity = labels.right_called_right / labels.right
    _check_judge(sensitivity, specificity)
    observed = judged_wrong / judged
    youden = sensitivity + specificity - 1.0
    point = min(1.0, max(0.0, (observed + specificity - 1.0) / youden))
    careful_sensitivity = (labels.wrong_called_wrong + 1) / (labels.wrong + 2)
    careful_specificity = (labels.right_called_right + 1) / (labels.right + 2)
    error = math.sqrt(
        _variance(
            (judged_wrong + 1) / (judged + 2),
            judged,
            point,
            (careful_sensitivity, labels.wrong),
            (careful_specificity, labels.right),
        )
        / youden**2
    )
    reach = normal_quantile(confidence) * error
    return JudgeEstimate(point, max(0.0, point - reach), min(1.0, point + reach), error)


def rogan_gladen_half_width(
    true_rate: float,
    sensitivity: float,
    specificity: float,
    *,
    judged: int,
    wrong_labels: int,
    right_labels: int,
    confidence: float = 0.95,
) -> float:
    """One-sided half-width to expect of `rogan_gladen`, for planning: what a judge can't show.

    A true 1 %, sensitivity 0.9, specificity 0.97, 100,000 judged and 50 + 50 labels leave 4.5
    points; 200 right labels 2.3, 1000 right ones 1.0. Source: Lee et al. (2025).

    Raises:
        InputError: when a number is missing or the judge is no better than a coin.
    """
    _check_judge(sensitivity, specificity)
    if min(judged, wrong_labels, right_labels) < 1:
        raise InputError("A judge can't be planned for without judged and labelled answers.")
    observed = true_rate * sensitivity + (1.0 - true_rate) * (1.0 - specificity)
    variance = _variance(
        observed,
        judged,
        true_rate,
        (sensitivity, wrong_labels),
        (specificity, right_labels),
    )
    youden = sensitivity + specificity - 1.0
    return normal_quantile(confidence) * math.sqrt(variance) / youden


def cannot_certify(half_width: float, true_rate: float, max_wrong: float) -> str:
    """The sentence a screen shows where a judge can't certify; empty where it can."""
    if true_rate + half_width <= max_wrong:
        return ""
    return (
        f"This judge cannot certify {percent(max_wrong)}: its own errors leave "
        f"{percent(half_width)} of doubt. Label more answers that are right."
    )


def ppi(
    judged_wrong: int, judged: int, labels: JudgeLabels, confidence: float = 0.95
) -> JudgeEstimate:
    """Wrong rate from a random labelled sample, sharpened by the judge's word on all the others.

    The labels by themselves are unbiased; the judge lends precision as far as it agrees with
    people (the power-tuned λ), and can't bias the answer. The labelled answers must be a random
    sample and not be among the `judged` ones.

    Source: Angelopoulos, Duchi & Zrnic, "PPI++", arXiv 2311.01453 (2023).

    Raises:
        InputError: when fewer than 10 of the labelled answers are wrong.
    """
    _check_judged(judged_wrong, judged)
    if labels.wrong < MIN_WRONG_FOR_PPI:
        raise InputError(
            f"Only {labels.wrong} of the labelled answers are wrong; "
            f"{MIN_WRONG_FOR_PPI} are needed.",
            "Label more, or use the exact bound on the labelled answers alone.",
        )
    n, others = labels.rows, judged
    truth = labels.wrong / n
    said_labelled = (labels.wrong_called_wrong + labels.right_called_wrong) / n
    said_others = judged_wrong / others
    covariance = (labels.wrong_called_wrong / n - truth * said_labelled) * n / (n - 1)
    said_all = (said_labelled * n + judged_wrong) / (n + others)
    spread = said_all * (1.0 - said_all)
    tuned = covariance / ((1.0 + n / others) * spread) if spread > 0.0 else 0.0
    weight = min(1.0, max(0.0, tuned))
    point = truth + weight * (said_others - said_labelled)
    # Variance of (truth − weight · judge) over the labelled answers.
    labelled_variance = (
        truth * (1.0 - truth)
        + weight**2 * said_labelled * (1.0 - said_labelled)
        - 2.0 * weight * (labels.wrong_called_wrong / n - truth * said_labelled)
    )
    error = math.sqrt(
        max(0.0, labelled_variance) / (n - 1)
        + weight**2 * said_others * (1.0 - said_others) / others
    )
    reach = normal_quantile(confidence) * error
    return JudgeEstimate(
        min(1.0, max(0.0, point)), max(0.0, point - reach), min(1.0, point + reach), error
    )


def _variance(
    observed: float,
    judged: int,
    rate: float,
    sensitivity: tuple[float, int],
    specificity: tuple[float, int],
) -> float:
    """Numerator of Rogan–Gladen's delta-method variance: (share, labels) of either kind."""
    sens, wrong_labels = sensitivity
    spec, right_labels = specificity
    return (
        observed * (1.0 - observed) / judged
        + rate**2 * sens * (1.0 - sens) / wrong_labels
        + (1.0 - rate) ** 2 * spec * (1.0 - spec) / right_labels
    )


def _check_judge(sensitivity: float, specificity: float) -> None:
    if sensitivity + specificity <= 1.0:
        raise InputError(
            "The judge is no better than a coin: sensitivity and specificity add up to "
            f"{sensitivity + specificity:.2f}.",
            "Change the judge's prompt or model; its word can't be corrected.",
        )


def _check_judged(judged_wrong: int, judged: int) -> None:
    if judged < 1 or not 0 <= judged_wrong <= judged:
        raise InputError(f"{judged_wrong} called wrong of {judged} judged answers can't be.")
