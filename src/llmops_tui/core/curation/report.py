"""What looking for trouble in a version found, as it is kept and shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from llmops_tui.core.chat import Json

MOST_ROWS = 5000
"""Rows of one finding that are kept by their place; the count is of all."""

DUPLICATE, NEAR, CONTRADICTORY, EMPTY = "duplicate", "near", "contradictory", "empty"
PERSONAL, LEAK, IN_PROMPT, TUNED_ON = "personal", "leak", "prompt", "tuned"


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of trouble, and the rows concerned."""

    kind: str
    title: str
    rows: int
    positions: tuple[int, ...]
    """Of the first `MOST_ROWS`; rows that belong together follow each other."""
    about: str = ""
    """What it means and what to do."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the texts of a column are, in characters."""

    least: int
    median: int
    p95: int
    most: int


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found in a version, and how its rows are distributed."""

    rows: int
    findings: tuple[Finding, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    """How often each expected answer occurs, the most frequent first, at most 50."""
    distinct_labels: int = 0
    lengths: Mapping[str, Lengths] = field(default_factory=dict)
    scripts: Mapping[str, int] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    """Of the rows that were looked at for it; empty where no library tells languages."""


def report_as_json(report: Report) -> dict[str, Json]:
    """For keeping."""
    return {
        "rows": report.rows,
        "findings": [
            [f.kind, f.title, f.rows, list(f.positions), f.about] for f in report.findings
        ],
        "labels": [[name, count] for name, count in report.labels.items()],
        "distinct_labels": report.distinct_labels,
        "lengths": {name: [x.least, x.median, x.p95, x.most] for name, x in report.lengths.items()},
        "scripts": dict(report.scripts),
        "languages": dict(report.languages),
    }


def report_from_json(kept: Mapping[str, Json]) -> Report:
    """What was kept."""
    return Report(
        rows=_int(kept["rows"]),
        findings=tuple(
            Finding(str(f[0]), str(f[1]), _int(f[2]), tuple(map(_int, _list(f[3]))), str(f[4]))
            for f in map(_list, _list(kept["findings"]))
        ),
        labels={str(pair[0]): _int(pair[1]) for pair in map(_list, _list(kept["labels"]))},
        distinct_labels=_int(kept["distinct_labels"]),
        lengths={name: Lengths(*map(_int, _list(value))) for name, value in _dict(kept["lengths"])},
        scripts={name: _int(value) for name, value in _dict(kept["scripts"])},
        languages={name: _int(value) for name, value in _dict(kept.get("languages", {}))},
    )


def _int(value: Json) -> int:
    assert isinstance(value, int)
    return value


def _list(value: Json) -> Sequence[Json]:
    assert isinstance(value, list)
    return value


def _dict(value: Json) -> list[tuple[str, Json]]:
    assert isinstance(value, dict)
    return list(value.items())
