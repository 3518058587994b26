"""How far people agree when they label the same answers: the noise under every human verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from llmops_tui.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far labels agree, beside how often each label was given.

    A coefficient is None where it has no meaning: a single label all over leaves nothing to
    agree about by chance or otherwise.
    """

    items: int
    """Answers that at least two people labelled."""
    labels: int
    """Labels on those answers."""
    observed: float
    """Share of pairs of labels on one answer that are the same."""
    cohen_kappa: float | None
    """Only where the same two people labelled everything."""
    krippendorff_alpha: float | None
    gwet_ac1: float | None
    base_rates: Mapping[Hashable, float]
    """Share of each label. Where one is rare, κ and α fall although people agree; AC1 doesn't."""


def measure_agreement(ratings: Sequence[Sequence[Hashable | None]]) -> Agreement:
    """All coefficients at once.

    Args:
        ratings: for each answer the labels of each person in the same order, None where a person
            didn't label it.

    Raises:
        InputError: when no answer was labelled twice, or the rows have different lengths.
    """
    if len({len(row) for row in ratings}) > 1:
        raise InputError("Each answer needs a place for each person.")
    double = [row for row in ratings if sum(label is not None for label in row) >= 2]
    if not double:
        raise InputError("No answer was labelled by two people.", "Label some of them twice.")
    tables = [Counter(label for label in row if label is not None) for row in double]
    totals: Counter[Hashable] = Counter()
    for table in tables:
        totals.update(table)
    labels = sum(totals.values())
    kappa = None
    if len(double[0]) == 2:
        kappa = cohen_kappa([row[0] for row in double], [row[1] for row in double])
    return Agreement(
        items=len(tables),
        labels=labels,
        observed=sum(_same_share(table) for table in tables) / len(tables),
        cohen_kappa=kappa,
        krippendorff_alpha=krippendorff_alpha(ratings),
        gwet_ac1=gwet_ac1(ratings),
        base_rates={label: count / labels for label, count in totals.most_common()},
    )


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """Agreement of two people beyond what their own label shares give by chance.

    Source: Cohen, Educ. Psychol. Meas. 20 (1960).

    Returns:
        κ, or None where both gave the same single label all over.

    Raises:
        InputError: when they labelled different numbers of answers, or none.
    """
    if len(first) != len(second) or not first:
        raise InputError("Two people need labels on the same answers.")
    number = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / number
    shares, others = Counter(first), Counter(second)
    expected = sum(count * others[label] for label, count in shares.items()) / number**2
    return None if expected >= 1.0 else (observed - expected) / (1.0 - expected)


def krippendorff_alpha(ratings: Sequence[Sequence[Hashable | None]]) -> float | None:
    """Agreement of any number of people with gaps, for labels without an order.

    1 − observed/expected disagreement, from the coincidences within each answer.
    Source: Krippendorff, Content Analysis (2004), ch. 11.

    Returns:
        α, or None where nothing was labelled twice or only one label was given.
    """
    totals: Counter[Hashable] = Counter()
    disagreement = 0.0
    for row in ratings:
        table = Counter(label for label in row if label is not None)
        size = sum(table.values())
        if size < 2:
            continue
        totals.update(table)
        disagreement += (size**2 - sum(count**2 for count in table.values())) / (size - 1)
    number = sum(totals.values())
    different = number**2 - sum(count**2 for count in totals.values())
    if different == 0:
        return None
    return 1.0 - (number - 1) * disagreement / different


def gwet_ac1(ratings: Sequence[Sequence[Hashable | None]]) -> float | None:
    """Agreement of any number of people with gaps, steady where one label is rare.

    Source: Gwet, Br. J. Math. Stat. Psychol. 61 (2008).

    Returns:
        AC1, or None where nothing was labelled twice or only one label was given.
    """
    tables = [Counter(label for label in row if label is not None) for row in ratings]
    tables = [table for table in tables if table]
    double = [table for table in tables if sum(table.values()) >= 2]
    categories = {label for table in tables for label in table}
    if not double or len(categories) < 2:
        return None
    observed = sum(_same_share(table) for table in double) / len(double)
    shares = {
        label: sum(table[label] / sum(table.values()) for table in tables) / len(tables)
        for label in categories
    }
    expected = sum(share * (1.0 - share) for share in shares.values()) / (len(categories) - 1)
    return (observed - expected) / (1.0 - expected)


def _same_share(table: Counter[Hashable]) -> float:
    size = sum(table.values())
    return sum(count * (count - 1) for count in table.values()) / (size * (size - 1))
