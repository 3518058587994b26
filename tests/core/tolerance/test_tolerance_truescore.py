"""The same figures from an independent implementation, where it computes what we compute."""

from __future__ import annotations

import random

import pytest

from llmops_tui.core.tolerance import Group
from llmops_tui.core.tolerance._special import t_quantile
from llmops_tui.core.tolerance.agreement import cohen_kappa, gwet_ac1, krippendorff_alpha
from llmops_tui.core.tolerance.clusters import cluster_estimate
from llmops_tui.core.tolerance.judge import JudgeLabels, ppi, rogan_gladen
from llmops_tui.core.tolerance.paired import PairedCounts, holm, mcnemar_mid_p, mcnemar_p
from llmops_tui.core.tolerance.proportion import wilson

truescore = pytest.importorskip("truescore")


@pytest.mark.parametrize(("wrong", "rows"), [(0, 149), (3, 10), (25, 50), (50, 50), (17, 4000)])
def test_wilsons_interval(wrong: int, rows: int) -> None:
    theirs = truescore.wilson_interval(wrong, rows)
    assert wilson(wrong, rows) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize(("broken", "mended"), [(5, 15), (0, 6), (3, 3), (40, 71)])
def test_mcnemar_exact_and_mid_p(broken: int, mended: int) -> None:
    old = [1] * 20 + [1] * broken + [0] * mended + [0] * 5
    new = [1] * 20 + [0] * broken + [1] * mended + [0] * 5
    counts = PairedCounts(20, broken, mended, 5)
    exact = truescore.mcnemar(old, new, midp=False)
    mid = truescore.mcnemar(old, new, midp=True)
    assert mcnemar_p(counts) == pytest.approx(exact.p_value, abs=1e-12)
    if broken != mended:  # there the definitions differ; nothing speaks against "the same": 1
        assert mcnemar_mid_p(counts) == pytest.approx(mid.p_value, abs=1e-12)
    assert counts.difference == pytest.approx(-exact.difference)


def test_holm() -> None:
    values = [0.04, 0.001, 0.3, 0.012, 0.012]
    assert holm(values) == pytest.approx(list(truescore.holm(values)))


def raters(seed: int, rows: int = 200) -> tuple[list[int], list[int]]:
    """Two people who agree mostly, on answers of which few are wrong."""
    chance = random.Random(seed)
    first = [int(chance.random() < 0.1) for _ in range(rows)]
    return first, [label if chance.random() < 0.93 else 1 - label for label in first]


@pytest.mark.parametrize("seed", range(4))
def test_agreement_of_two_people(seed: int) -> None:
    first, second = raters(seed)
    pairs = list(zip(first, second, strict=True))
    assert cohen_kappa(first, second) == pytest.approx(truescore.cohen_kappa(first, second))
    assert gwet_ac1(pairs) == pytest.approx(truescore.gwet_ac1(first, second))
    theirs = truescore.krippendorff_alpha([first, second])
    assert krippendorff_alpha(pairs) == pytest.approx(theirs)


def judged(seed: int) -> tuple[list[int], list[int], int]:
    """What a judge said of 5,000 answers and people of the first 400 (1 is wrong)."""
    chance = random.Random(seed)
    truth = [int(chance.random() < 0.12) for _ in range(5000)]
    said = [int(chance.random() < (0.9 if wrong else 0.05)) for wrong in truth]
    return said, truth[:400], 400


def labels_of(said: list[int], truth: list[int]) -> JudgeLabels:
    pairs = list(zip(said, truth, strict=False))
    return JudgeLabels(
        wrong_called_wrong=pairs.count((1, 1)),
        wrong_called_right=pairs.count((0, 1)),
        right_called_wrong=pairs.count((1, 0)),
        right_called_right=pairs.count((0, 0)),
    )


@pytest.mark.parametrize("seed", range(4))
def test_a_judge_corrected_by_rogan_and_gladen(seed: int) -> None:
    said, truth, seen = judged(seed)
    ours = rogan_gladen(sum(said), len(said), labels_of(said, truth), 0.95)
    theirs = truescore.rogan_gladen_estimate(said, truth, list(range(seen)), alpha=0.1)
    assert ours.point == pytest.approx(theirs.point, abs=1e-9)
    # Ours imagines one more label of each kind, so it is the more careful one, by little.
    assert ours.upper == pytest.approx(theirs.high, abs=0.006)
    assert ours.lower == pytest.approx(theirs.low, abs=0.006)


@pytest.mark.parametrize("seed", range(4))
def test_labels_sharpened_by_a_judge(seed: int) -> None:
    said, truth, seen = judged(seed)
    others = said[seen:]
    ours = ppi(sum(others), len(others), labels_of(said, truth), 0.95)
    theirs = truescore.ppi_estimate(said, truth, list(range(seen)), alpha=0.1)
    assert ours.point == pytest.approx(theirs.point, abs=2e-4)
    assert ours.upper == pytest.approx(theirs.high, abs=5e-4)
    assert ours.lower == pytest.approx(theirs.low, abs=5e-4)


@pytest.mark.parametrize("seed", range(3))
def test_the_standard_error_of_clusters(seed: int) -> None:
    chance = random.Random(seed)
    wrong, cluster, groups = [], [], []
    for number in range(40):
        rate = 0.4 if number % 5 == 0 else 0.02
        rows = [int(chance.random() < rate) for _ in range(chance.randint(2, 9))]
        wrong += rows
        cluster += [number] * len(rows)
        groups.append(Group(wrong=sum(rows), right=len(rows) - sum(rows)))
    ours = cluster_estimate(groups, 0.95, average_groups=False)
    theirs = truescore.gold_only_estimate(wrong, clusters=cluster)
    half = (theirs.high - theirs.low) / 2
    assert ours.standard_error == pytest.approx(half / t_quantile(0.975, len(groups) - 1))
    assert ours.point == pytest.approx(theirs.point)
