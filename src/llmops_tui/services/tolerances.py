"""Setting a project's tolerance: what a form needs, what was typed, what changed and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from llmops_tui.core.chat import Usage
from llmops_tui.core.clock import ago, now_ms
from llmops_tui.core.errors import InputError, LlmopsError
from llmops_tui.core.project import ToleranceVersion
from llmops_tui.core.tolerance import (
    ROW,
    Evidence,
    Tolerance,
    parse_confidence,
    parse_max_wrong,
    percent,
)
from llmops_tui.core.tolerance.words import count
from llmops_tui.services import projects
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import datasets, endpoints, runs

RECENT_RUNS = 8
LONGEST_WINDOW_DAYS = 3650
YES, NO = "yes", "no"
EVIDENCE: Mapping[str, frozenset[Evidence]] = {
    "any": frozenset(Evidence),
    "no judge": frozenset({Evidence.SCORER, Evidence.HUMAN}),
    "people": frozenset({Evidence.HUMAN}),
    "scorers": frozenset({Evidence.SCORER}),
    "judges and people": frozenset({Evidence.JUDGE, Evidence.HUMAN}),
    "scorers and judges": frozenset({Evidence.SCORER, Evidence.JUDGE}),
    "judges": frozenset({Evidence.JUDGE}),
}
"""Whose word may count, by the name that forms give it."""

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RowCost:
    """What asking one row costs."""

    nano: int
    """Nano-units of the currency, at the model's present prices and the mean tokens so far."""
    currency: str
    model: str


@dataclass(frozen=True, slots=True)
class ToleranceView:
    """What one has to know to set a tolerance."""

    project_id: int
    project: str
    tolerance: Tolerance
    stops: bool
    """Whether runs stop once they are decided, unless told otherwise."""
    columns: tuple[str, ...]
    """By which rows may be counted, besides row."""
    rows: int
    """Of the largest data set."""
    cost: RowCost | None
    """None where no run says how long questions and answers are."""
    history: tuple[str, ...]
    """Who changed what, newest first."""


def tolerance_view(workspace: Workspace, project_id: int) -> ToleranceView:
    """Everything for setting a project's tolerance."""
    project = next(item for item in projects.list_projects(workspace) if item.id == project_id)
    versions = [item.version for item in datasets.datasets(workspace.db, project_id)]
    return ToleranceView(
        project_id=project_id,
        project=project.name,
        tolerance=projects.tolerance_of(workspace, project_id),
        stops=projects.stops_when_decided(workspace, project_id),
        columns=projects.unit_columns(workspace, project_id),
        rows=max((version.rows for version in versions if version is not None), default=0),
        cost=row_cost(workspace, project_id),
        history=history_words(projects.tolerance_history(workspace, project_id)),
    )


def save(workspace: Workspace, project_id: int, values: Values) -> Tolerance:
    """Put into force what was typed; the tolerance as it is now.

    Raises:
        InputError: a value can't be used.
    """
    tolerance = read_tolerance(values, projects.tolerance_of(workspace, project_id))
    projects.set_tolerance(workspace, project_id, tolerance)
    if "stops" in values:
        projects.set_stops_when_decided(workspace, project_id, values["stops"] == YES)
    return tolerance


def row_cost(workspace: Workspace, project_id: int) -> RowCost | None:
    """What a row costs: mean tokens of the newest run with answers, at its model's prices."""
    for run in runs.page(workspace.db, project_id, limit=RECENT_RUNS):
        told = [cell for cell in run.cells if cell.done - cell.errored and cell.input_tokens]
        if not told:
            continue
        cell = told[0]
        model = endpoints.model(workspace.db, cell.model_id)
        tokens = Usage(
            round(cell.input_tokens / (cell.done - cell.errored)),
            round(cell.output_tokens / (cell.done - cell.errored)),
        )
        return RowCost(model.cost(tokens) * run.spec.repeats, model.currency, model.name)
    return None


def values_of(tolerance: Tolerance, stops: bool) -> dict[str, str]:
    """A tolerance as the fields of a form hold it."""
    harmful = tolerance.harmful_max_wrong
    return {
        "max_wrong": _exact(tolerance.max_wrong),
        "confidence": _exact(tolerance.confidence),
        "harmful": "" if harmful is None else _exact(harmful),
        "unit": tolerance.unit,
        "window": str(tolerance.window_days),
        "evidence": evidence_name(tolerance.evidence),
        "owner": tolerance.owner,
        "on_breach": tolerance.on_breach,
        "stops": YES if stops else NO,
    }


def read_tolerance(values: Values, before: Tolerance | None = None) -> Tolerance:
    """The tolerance that was typed; what wasn't asked stays as it was.

    Raises:
        InputError: a value can't be used.
    """
    old = before or projects.DEFAULT_TOLERANCE
    harmful = values.get("harmful", "").strip()
    return replace(
        old,
        max_wrong=parse_max_wrong(values["max_wrong"]),
        confidence=parse_confidence(values["confidence"]),
        harmful_max_wrong=parse_max_wrong(harmful) if harmful else None,
        unit=values.get("unit", old.unit) or ROW,
        window_days=_days(values["window"]) if "window" in values else old.window_days,
        evidence=EVIDENCE.get(values.get("evidence", ""), old.evidence),
        owner=values.get("owner", old.owner).strip(),
        on_breach=values.get("on_breach", old.on_breach).strip(),
    )


def problem_with(name: str, values: Values) -> str | None:
    """What is wrong with one field, in a sentence or two; None where nothing is."""
    read = _READERS.get(name)
    if read is None:
        return None
    try:
        read(values)
    except LlmopsError as error:
        return f"{error} {error.hint}".strip()
    return None


def evidence_name(evidence: frozenset[Evidence]) -> str:
    """What forms call a set of whose word counts."""
    return next(name for name, kinds in EVIDENCE.items() if kinds == evidence)


def evidence_words(evidence: frozenset[Evidence]) -> str:
    """Whose word counts, in plain words."""
    names = {
        Evidence.SCORER: "a scorer",
        Evidence.JUDGE: "a judge model",
        Evidence.HUMAN: "a person",
    }
    return " or ".join(names[kind] for kind in Evidence if kind in evidence)


def words_of(tolerance: Tolerance, stops: bool) -> str:
    """The whole tolerance explaining itself, a few sentences."""
    said = tolerance.words()
    parts = [f"{said[:1].upper()}{said[1:]}."]
    if tolerance.is_clustered:
        parts.append(f"Rows with the same {tolerance.unit} belong together and count as one group.")
    days = count(tolerance.window_days, "day")
    per = _thousand(tolerance.max_wrong)
    parts.append(f"In production that is a budget of {per} over {days}.")
    if tolerance.evidence != frozenset(Evidence):
        parts.append(f"Wrong is only what {evidence_words(tolerance.evidence)} calls wrong.")
    if stops and not tolerance.is_clustered:
        parts.append("Runs stop once they are decided.")
    if tolerance.owner or tolerance.on_breach:
        then = f": {tolerance.on_breach.rstrip('.')}" if tolerance.on_breach else ""
        parts.append(f"When it is exceeded, {tolerance.owner or 'nobody yet'} acts{then}.")
    return " ".join(parts)


def history_words(versions: list[ToleranceVersion]) -> tuple[str, ...]:
    """Each version with who set it, when, and what it changed; newest first."""
    now = now_ms()
    lines = []
    for place, item in enumerate(versions):
        before = versions[place + 1].tolerance if place + 1 < len(versions) else None
        what = changes(before, item.tolerance) if before else [item.tolerance.words()]
        said = "; ".join(what) or "set again"
        lines.append(f"v{item.version}, {ago(item.created_at, now)}, {item.author}: {said}")
    return tuple(lines)


def changes(before: Tolerance, after: Tolerance) -> list[str]:
    """What differs between two tolerances, one clause each."""
    pairs = {
        "wrong at most": (percent(before.max_wrong), percent(after.max_wrong)),
        "sure": (percent(before.confidence), percent(after.confidence)),
        "harmful at most": (_limit(before), _limit(after)),
        "counted by": (before.unit, after.unit),
        "window": (count(before.window_days, "day"), count(after.window_days, "day")),
        "evidence": (evidence_name(before.evidence), evidence_name(after.evidence)),
        "owner": (before.owner or "nobody", after.owner or "nobody"),
        "when exceeded": (before.on_breach or "nothing said", after.on_breach or "nothing said"),
    }
    return [f"{name} {old} → {new}" for name, (old, new) in pairs.items() if old != new]


def _days(text: str) -> int:
    cleaned = text.strip().removesuffix("days").removesuffix("d").strip()
    if not (cleaned.isascii() and cleaned.isdecimal()):
        raise InputError(f"“{text.strip()}” is no number of days.", "Write one such as 30.")
    days = int(cleaned)
    if not 1 <= days <= LONGEST_WINDOW_DAYS:
        raise InputError(f"A window has 1 to {LONGEST_WINDOW_DAYS:,} days.", "30 is usual.")
    return days


def _read_harmful(values: Values) -> None:
    if not values["harmful"].strip():
        return
    harmful = parse_max_wrong(values["harmful"])
    if problem_with("max_wrong", values) is None:
        # The tolerance itself knows how the two limits have to lie to each other.
        Tolerance(parse_max_wrong(values["max_wrong"]), harmful_max_wrong=harmful)


_READERS: Mapping[str, Callable[[Values], object]] = {
    "max_wrong": lambda values: parse_max_wrong(values["max_wrong"]),
    "confidence": lambda values: parse_confidence(values["confidence"]),
    "harmful": _read_harmful,
    "window": lambda values: _days(values["window"]),
}


def _exact(share: float) -> str:
    """A share in per cent with all its figures: what is saved again must be the same."""
    text = f"{Decimal(repr(share)) * 100:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def _limit(tolerance: Tolerance) -> str:
    limit = tolerance.harmful_max_wrong
    return "none" if limit is None else percent(limit)


def _thousand(share: float) -> str:
    in_thousand = share * 1000
    if in_thousand >= 1:
        return f"{in_thousand:.3g} wrong answers in 1,000"
    return f"{share * 1_000_000:.3g} wrong answers in a million"
