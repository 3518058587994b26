"""Production beside what the prompt was tested on, a while before, or another version.

What is compared is what arrives and what is answered: lengths, languages, the mix of answers,
meaning where the extra `embedding` is installed, and how calls went. See `core.drift` for when a
difference counts.
"""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from llmops_tui.core import drift
from llmops_tui.core.clock import now_ms
from llmops_tui.core.drift import Distance
from llmops_tui.core.errors import UnavailableError
from llmops_tui.services.figures import WINDOWS
from llmops_tui.services.languages import LanguageOf, language_of
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import comparing, prompts, removed
from llmops_tui.store.comparing import Calls, Seen

MOST: Final = 5_000
"""Calls of each side whose texts are read, the newest."""
MOST_TOLD: Final = 1_000
"""Of those, how many have their language told."""
MOST_MEANT: Final = 400
"""Of those, how many are turned into vectors."""
LONGEST_MEANT: Final = 2_000
"""Characters of a text that are turned into a vector, from its end."""
LONGEST_LABEL: Final = 40
MOST_LABELS: Final = 50
LABELLED: Final = 0.9
"""Share of the answers that has to be short and to recur for their mix to be one of labels."""
NOTABLE_RATE: Final = 0.005
"""Half a point in a hundred: of shares less than that matters than of mixes."""
NOTABLE_MEANING: Final = 0.02
"""Half a cosine distance of 0.04 between means: texts of one task differ by less."""
TOO_SHORT = "too short to tell"
FEW = "too few"
NONE = "–"


class Against(StrEnum):
    """What production is set beside."""

    TEST = "test"
    BEFORE = "before"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class Subject:
    """Which calls are looked at: all, or those of a prompt, or of one of its versions."""

    prompt: str = ""
    version: str = ""

    @property
    def name(self) -> str:
        """For people."""
        if not self.prompt:
            return "all calls"
        return f"{self.prompt} v{self.version}" if self.version else self.prompt


@dataclass(frozen=True, slots=True)
class Aspect:
    """One thing that is compared."""

    name: str
    before: str
    """Of values the median, of mixes the share of the part that moved most."""
    now: str
    distance: Distance | None
    """None where too little is known on a side."""
    changed: bool
    note: str = ""
    """Why nothing can be said."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides, aspect by aspect."""

    before: str
    """What the left side is; empty where there is none."""
    now: str
    before_calls: int
    now_calls: int
    aspects: tuple[Aspect, ...]
    missing: str = ""
    """Why there is no left side."""

    @property
    def changed(self) -> tuple[Aspect, ...]:
        """What changed."""
        return tuple(aspect for aspect in self.aspects if aspect.changed)

    @property
    def is_known(self) -> bool:
        """Whether anything could be compared."""
        return any(aspect.distance is not None for aspect in self.aspects)

    def sentence(self) -> str:
        """In words."""
        if self.missing:
            return self.missing
        if not self.is_known:
            return (
                f"Too little to compare: {self.before_calls:,} and {self.now_calls:,} answers; "
                f"{drift.LEAST} each are needed."
            )
        looked = sum(aspect.distance is not None for aspect in self.aspects)
        if not self.changed:
            return f"Of {looked} aspects none changed by more than chance explains."
        return f"{len(self.changed)} of {looked} aspects changed: " + ", ".join(
            aspect.name if aspect.now == NONE else f"{aspect.name} ({aspect.before} → {aspect.now})"
            for aspect in self.changed
        )


@dataclass(slots=True)
class _Side:
    """What is known of one side."""

    name: str
    calls: int = 0
    flagged: tuple[int, int] | None = None
    errors: tuple[int, int] | None = None
    audited: tuple[int, int] | None = None
    asked: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    first_token: list[float] = field(default_factory=list)
    tokens: list[float] = field(default_factory=list)


def subjects(workspace: Workspace, window: int, project_id: int | None) -> tuple[Subject, ...]:
    """All calls, and each prompt version that production used in the window, the last first."""
    until = now_ms() + 1
    these = Calls(until - WINDOWS[window][1], until, project_id)
    found = comparing.versions(workspace.db, these)
    return (Subject(), *(Subject(prompt, version) for prompt, version in found))


def compare(
    workspace: Workspace,
    window: int,
    project_id: int | None,
    subject: Subject,
    against: Against,
    other: Subject | None = None,
) -> Comparison:
    """Compare.

    Args:
        workspace: where the calls are.
        window: place in `figures.WINDOWS`.
        project_id: only calls of this project.
        subject: which calls.
        against: what they are set beside.
        other: the other version, where that is it.
    """
    name, length, _ = WINDOWS[window]
    until = now_ms() + 1
    these = Calls(until - length, until, project_id, subject.prompt, subject.version)
    now = _production(workspace, f"{subject.name}, last {name}", these)
    if against is Against.TEST:
        before: _Side | None = _tested(workspace, subject)
        missing = "" if before is not None else _untested(subject)
    elif against is Against.BEFORE:
        earlier = replace(these, since=these.since - length, until=these.since)
        before, missing = _production(workspace, f"the {name} before", earlier), ""
    else:
        before, missing = None, "Production used no other version of it in this window."
        if other is not None:
            those = replace(these, prompt=other.prompt, version=other.version)
            side = f"{other.name}, last {name}"
            before, missing = _production(workspace, side, those), ""
    if not now.calls:
        before, missing = None, f"{now.name}: no call."
    if before is None:
        return Comparison("", now.name, 0, now.calls, (), missing)
    return Comparison(before.name, now.name, before.calls, now.calls, _aspects(before, now))


def _untested(subject: Subject) -> str:
    if not subject.version:
        return "Choose a prompt version: what it was tested on is known for versions only."
    return f"{subject.name} has no finished run here, so nothing says what it was tested on."


def _production(workspace: Workspace, name: str, these: Calls) -> _Side:
    db = workspace.db
    if these.since < removed.complete_from(db, these.project_id):
        name += ", as far as retention left all of it"
    found = comparing.counts(db, these)
    side = _Side(name, found.calls)
    side.flagged = found.flagged, found.calls
    side.errors = found.errors, found.calls
    side.audited = found.audited_wrong, found.audited
    _fill(side, comparing.newest(db, these, MOST))
    return side


def _tested(workspace: Workspace, subject: Subject) -> _Side | None:
    db = workspace.db
    if not subject.version.isdecimal():
        return None
    version = prompts.find_version(db, subject.prompt, int(subject.version))
    run = comparing.tested_on(db, version.id) if version is not None else None
    if run is None:
        return None
    samples, errors = comparing.run_counts(db, run)
    side = _Side(f"run {run.run_id} on {run.dataset} v{run.number}", samples)
    side.errors = errors, samples
    _fill(side, comparing.answers(db, run, MOST), _asked_of_request)
    return side


def _fill(
    side: _Side, seen: Iterable[Seen], asked: Callable[[str], str] = lambda text: text
) -> None:
    for one in seen:
        side.took.append(one.duration_ms)
        if one.first_token_ms is not None:
            side.first_token.append(one.first_token_ms)
        if one.output_tokens is not None:
            side.tokens.append(one.output_tokens)
        if one.asked:  # an application may hand out no texts at all
            side.asked.append(asked(one.asked))
        if one.answered:
            side.answered.append(one.answered)


def _asked_of_request(request: str) -> str:
    """A run's request in the form that a gateway keeps conversations in."""
    try:
        messages = json.loads(request)["messages"]
        return "\n".join(f"{message['role']}: {message['content']}" for message in messages)
    except (ValueError, KeyError, TypeError):
        return request


def _aspects(before: _Side, now: _Side) -> tuple[Aspect, ...]:
    tell = language_of()
    found = [
        _lengths("question length", before.asked, now.asked),
        _lengths("answer length", before.answered, now.answered),
        _languages("question language", before.asked, now.asked, tell),
        _languages("answer language", before.answered, now.answered, tell),
        _labels(before.answered, now.answered),
        *_meanings(before, now),
        _values("time to answer", before.took, now.took, "ms"),
        _values("first token", before.first_token, now.first_token, "ms"),
        _values("tokens out", before.tokens, now.tokens, ""),
        _rates("errors", before.errors, now.errors),
        _rates("flagged", before.flagged, now.flagged),
        _rates("wrong in the audit", before.audited, now.audited),
    ]
    shown = [aspect for aspect in found if aspect is not None]
    looks = sum(aspect.distance is not None for aspect in shown)
    return tuple(
        replace(
            aspect,
            changed=aspect.distance is not None
            and aspect.distance.is_change(looks, least=_least(aspect.name)),
        )
        for aspect in shown
    )


def _least(name: str) -> float:
    if name.endswith("meaning"):
        return NOTABLE_MEANING
    return NOTABLE_RATE if name in ("errors", "flagged", "wrong in the audit") else drift.NOTABLE


def _few(before: Sequence[object], now: Sequence[object]) -> str:
    return "" if min(len(before), len(now)) >= drift.LEAST else FEW


def _values(name: str, before: Sequence[float], now: Sequence[float], unit: str) -> Aspect:
    told = _median(before, unit), _median(now, unit)
    few = _few(before, now)
    distance = None if few else drift.of_values(before, now)
    return Aspect(name, *told, distance, changed=False, note=few)


def _median(values: Sequence[float], unit: str) -> str:
    if not values:
        return NONE
    return f"{statistics.median(values):,.0f} {unit}".rstrip()


def _lengths(name: str, before: Sequence[str], now: Sequence[str]) -> Aspect:
    return _values(name, [len(t) for t in before], [len(t) for t in now], "chars")


def _mix(name: str, before: Mapping[str, int], now: Mapping[str, int]) -> Aspect:
    totals = sum(before.values()), sum(now.values())
    if min(totals) < drift.LEAST:
        return Aspect(name, _top(before), _top(now), None, changed=False, note=FEW)
    moves = {
        label: abs(now.get(label, 0) / totals[1] - before.get(label, 0) / totals[0])
        for label in {*before, *now}
    }
    most = max(moves, key=lambda label: (round(moves[label], 9), before.get(label, 0), label))
    return Aspect(
        name,
        _part(before, most),
        _part(now, most),
        drift.of_mixes(before, now),
        changed=False,
    )


def _top(mix: Mapping[str, int]) -> str:
    return _part(mix, max(mix, key=lambda label: mix[label])) if mix else NONE


def _part(mix: Mapping[str, int], label: str) -> str:
    return f"{label} {100 * mix.get(label, 0) / sum(mix.values()):.0f} %"


def _languages(
    name: str, before: Sequence[str], now: Sequence[str], tell: LanguageOf | None
) -> Aspect:
    if tell is None:
        note = "needs the extra `scorers`"
        return Aspect(name, NONE, NONE, None, changed=False, note=note)
    sides = [Counter(tell(t) or TOO_SHORT for t in part[:MOST_TOLD]) for part in (before, now)]
    return _mix(name, *sides)


def _labels(before: Sequence[str], now: Sequence[str]) -> Aspect | None:
    """The mix of answers, where they are labels."""
    sides = [Counter(text.strip() for text in part) for part in (before, now)]
    if not all(map(_are_labels, sides)):
        return None
    return _mix("answers given", *sides)


def _are_labels(mix: Counter[str]) -> bool:
    total = sum(mix.values())
    usual = [label for label, _ in mix.most_common(MOST_LABELS) if len(label) <= LONGEST_LABEL]
    covered = sum(mix[label] for label in usual if mix[label] > 1)
    return total > 0 and covered >= LABELLED * total


def _meanings(before: _Side, now: _Side) -> list[Aspect]:
    names = ("question meaning", "answer meaning")
    pairs = ((before.asked, now.asked), (before.answered, now.answered))
    try:
        from llmops_tui.runner.scorers.meaning import vectors  # 1 s, an extra

        model = vectors()
    except UnavailableError:
        note = "needs the extra `embedding`"
        return [Aspect(name, NONE, NONE, None, changed=False, note=note) for name in names]
    found = []
    for name, (first, second) in zip(names, pairs, strict=True):
        few = _few(first, second)
        distance = None
        if not few:
            sides = [
                model.embed([t[-LONGEST_MEANT:] for t in part[:MOST_MEANT]])
                for part in (first, second)
            ]
            distance = drift.of_meanings(*sides)
        found.append(Aspect(name, NONE, NONE, distance, changed=False, note=few))
    return found


def _rates(name: str, before: tuple[int, int] | None, now: tuple[int, int] | None) -> Aspect | None:
    if before is None or now is None:
        return None
    told = _share(before), _share(now)
    if min(before[1], now[1]) < drift.LEAST:
        return Aspect(name, *told, None, changed=False, note=FEW)
    return Aspect(name, *told, drift.of_rates(before, now), changed=False)


def _share(share: tuple[int, int]) -> str:
    return f"{100 * share[0] / share[1]:.2g} %" if share[1] else NONE
