"""The live wrong rate from triage: everything flagged, and a random audit of the unflagged.

From flagged answers alone the true rate can't be known, however many are reviewed: what the flags
miss is never looked at. The audit looks there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance._search import smallest
from llmops_tui.core.tolerance._special import binomial_cdf, binomial_pmf, gamma_quantile
from llmops_tui.core.tolerance.proportion import interval, upper_bound


@dataclass(frozen=True, slots=True)
class LaneCounts:
    """What triage has seen of a window's calls.

    Raises:
        InputError: when the counts contradict each other.
    """

    calls: int
    """N: all calls of the window."""
    flagged: int
    """N_A: calls that a rule flagged."""
    flagged_reviewed: int
    flagged_wrong: int
    """bad_A: reviewed flagged calls that were wrong."""
    audited: int
    """n_B: unflagged calls drawn at random and reviewed."""
    audited_wrong: int
    """k_B: audited calls that were wrong."""

    def __post_init__(self) -> None:
        unflagged = self.calls - self.flagged
        if not (
            0 <= self.flagged_wrong <= self.flagged_reviewed <= self.flagged <= self.calls
            and 0 <= self.audited_wrong <= self.audited <= unflagged
        ):
            raise InputError(
                "The counts of the two lanes contradict each other.",
                "Reviewed calls can't be more than there are, nor wrong ones more than reviewed.",
            )

    @property
    def is_fully_reviewed(self) -> bool:
        """Whether every flagged call has been reviewed."""
        return self.flagged_reviewed == self.flagged

    @property
    def reviewed(self) -> int:
        """Calls that a person has seen."""
        return self.flagged_reviewed + self.audited


@dataclass(frozen=True, slots=True)
class LaneEstimate:
    """The live wrong rate, unbiased, with one-sided bounds."""

    point: float | None
    """None while there is nothing to go by in one of the lanes."""
    lower: float
    upper: float
    seen_wrong: int
    """Wrong calls that a person has seen, in both lanes."""
    assumes_random_reviews: bool
    """Lane A isn't fully reviewed: its reviewed calls stand in for the others, which holds only
    where they were picked at random."""

    @property
    def note(self) -> str:
        """What the bound rests on besides the random audit; empty where nothing else."""
        if not self.assumes_random_reviews:
            return ""
        return (
            "not all flagged calls are reviewed: the unreviewed ones are taken to be like the "
            "reviewed ones, with a bound of their own"
        )


def two_lanes(counts: LaneCounts, confidence: float = 0.95) -> LaneEstimate:
    """Wrong rate of all calls from a full review of flagged ones and an audit of the others.

    U = bad_A/N + (N − N_A)/N · CP_U(k_B, n_B). While lane A is not fully reviewed its unreviewed
    share is a third stratum, sampled by the reviewed ones, and the chance of error is shared out
    evenly between the two sampled strata (Bonferroni).

    Source: stratified estimation with a certainty stratum (Cochran, Sampling Techniques, 1977,
    ch. 5), Clopper & Pearson (1934) in each sampled stratum.

    Raises:
        InputError: when there are no calls.
    """
    if counts.calls == 0:
        raise InputError("There are no calls in the window.")
    unflagged = counts.calls - counts.flagged
    unreviewed = counts.flagged - counts.flagged_reviewed
    sampled = [
        (size, wrong, seen)
        for size, wrong, seen in (
            (unflagged, counts.audited_wrong, counts.audited),
            (unreviewed, counts.flagged_wrong, counts.flagged_reviewed),
        )
        if size
    ]
    each = 1.0 - (1.0 - confidence) / max(1, len(sampled))
    point: float | None = float(counts.flagged_wrong)
    lower = upper = float(counts.flagged_wrong)
    for size, wrong, seen in sampled:
        bounds = interval(wrong, seen, each)
        lower += size * bounds.lower
        upper += size * bounds.upper
        point = None if point is None or not seen else point + size * wrong / seen
    return LaneEstimate(
        point=None if point is None else point / counts.calls,
        lower=lower / counts.calls,
        upper=min(1.0, upper / counts.calls),
        seen_wrong=counts.flagged_wrong + counts.audited_wrong,
        assumes_random_reviews=unreviewed > 0,
    )


class LanePlan(NamedTuple):
    """What the two lanes are expected to cost, and how likely they end `within`."""

    flagged: int
    """Flagged calls to review."""
    audits: int
    """Unflagged calls to audit."""
    power: float


def plan_lanes(
    calls: int,
    true_rate: float,
    sensitivity: float,
    specificity: float,
    *,
    audits: int,
    max_wrong: float,
    confidence: float = 0.95,
) -> LanePlan:
    """Cost and chance of certifying `max_wrong` with flags this good and so many audits.

    Of 10,000 calls, 1 % of them wrong, flags with sensitivity 0.9 and specificity 0.97 leave 387
    to review; 450 audits then certify 2 % with a chance of 88 %. Random labels alone need 969 for
    80 %. Wrong calls caught and wrong calls in the audit are binomial; the number of false alarms
    is taken at its mean.
    """
    caught = true_rate * sensitivity
    false_alarms = (1.0 - true_rate) * (1.0 - specificity)
    flagged = calls * (caught + false_alarms)
    unflagged_share = 1.0 - caught - false_alarms
    missed = true_rate * (1.0 - sensitivity) / unflagged_share if unflagged_share else 0.0
    chance = 0.0
    for wrong in range(audits + 1):
        room = max_wrong - unflagged_share * upper_bound(wrong, audits, confidence)
        if room < 0.0:
            break
        within = binomial_cdf(int(room * calls + 1e-9), calls, caught)
        chance += binomial_pmf(wrong, audits, missed) * within
    return LanePlan(round(flagged), audits, chance)


def audits_needed(
    calls: int,
    true_rate: float,
    sensitivity: float,
    specificity: float,
    *,
    max_wrong: float,
    confidence: float = 0.95,
    wanted: float = 0.8,
) -> LanePlan | None:
    """Smallest audit that certifies `max_wrong` with the wanted chance; None if none does.

    The chance saws up and down with the size of the audit, so the answer found by doubling and
    halving is looked at again from half its size on.
    """

    def plan(audits: int) -> LanePlan:
        return plan_lanes(
            calls,
            true_rate,
            sensitivity,
            specificity,
            audits=audits,
            max_wrong=max_wrong,
            confidence=confidence,
        )

    found = smallest(lambda audits: plan(audits).power >= wanted, at_least=1, guess=64, limit=calls)
    if found is None:
        return None
    plans = (plan(audits) for audits in range(max(1, found // 2), found + 1))
    return next(each for each in plans if each.power >= wanted)


class ReviewedCall(NamedTuple):
    """A reviewed call with the chance it had to be reviewed."""

    is_wrong: bool
    inclusion_probability: float
    """1 where everything of its kind is reviewed."""


def horvitz_thompson(
    reviews: Sequence[ReviewedCall], calls: int, confidence: float = 0.95
) -> LaneEstimate:
    """Wrong rate of all calls from reviews that were drawn with different, known chances.

    Each wrong call counts 1/π. Calls reviewed for certain add no doubt; the others get bounds for
    a weighted sum of rare events that stand having seen none, by the largest weight in the sample.

    Sources: Horvitz & Thompson, J. Am. Stat. Assoc. 47 (1952); bounds: Fay & Feuer, Statistics in
    Medicine 16 (1997).

    Raises:
        InputError: when there are no calls, or an inclusion probability isn't in (0, 1].
    """
    if calls < 1 or len(reviews) > calls:
        raise InputError(f"{len(reviews)} reviews of {calls} calls can't be.")
    if not all(0.0 < review.inclusion_probability <= 1.0 for review in reviews):
        raise InputError(
            "A reviewed call has no chance of being reviewed.",
            "Each reviewed call needs its inclusion probability, above 0 and at most 1.",
        )
    certain = [review for review in reviews if review.inclusion_probability == 1.0]
    certain_wrong = sum(review.is_wrong for review in certain)
    drawn = [review for review in reviews if review.inclusion_probability < 1.0]
    if not drawn:
        # Nothing speaks for the calls that nobody looked at.
        unseen = calls - len(certain)
        return LaneEstimate(
            point=None if unseen else certain_wrong / calls,
            lower=certain_wrong / calls,
            upper=(certain_wrong + unseen) / calls,
            seen_wrong=certain_wrong,
            assumes_random_reviews=False,
        )
    weights = [1.0 / r.inclusion_probability for r in drawn if r.is_wrong]
    total, squares = sum(weights), sum(weight * weight for weight in weights)
    largest = max(1.0 / review.inclusion_probability for review in drawn)
    lower = 0.0
    if weights:
        scale = squares / total
        lower = scale * gamma_quantile(1.0 - confidence, total / scale)
    scale = (squares + largest * largest) / (total + largest)
    upper = scale * gamma_quantile(confidence, (total + largest) / scale)
    return LaneEstimate(
        point=min(1.0, (certain_wrong + total) / calls),
        lower=min(1.0, (certain_wrong + lower) / calls),
        upper=min(1.0, (certain_wrong + upper) / calls),
        seen_wrong=certain_wrong + len(weights),
        assumes_random_reviews=False,
    )
