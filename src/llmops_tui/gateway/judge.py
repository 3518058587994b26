"""What is decided about a call on arrival: flags, the audit's draw, its prompt, its price."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from llmops_tui.core.call import CallDraft, CallFlag
from llmops_tui.core.chat import Model, Usage
from llmops_tui.core.errors import LlmopsError, StoreError
from llmops_tui.core.flags import (
    DEFAULT_RULES,
    RULES,
    FlagInput,
    FlagRule,
    compile_rules,
    evaluate,
)
from llmops_tui.store import audits, endpoints, flag_rules, prompts
from llmops_tui.store.calls import NewCall
from llmops_tui.store.database import Database

DEFAULT_AUDIT = 0.05
"""Share of the unflagged calls that is drawn for review."""

_FRESH_S = 10.0
"""For how long prompts and prices are believed without looking again."""

_REMEMBERED = 2000
_LARGEST_COST = 2**63 - 1
_LARGEST_NUMBER = 10**9

_ABOUT_ABSENT_TEXT = frozenset({"empty answer"})
"""Rules that would flag every call of an application that doesn't hand its texts out."""

Flagger = Callable[[CallDraft, int | None], tuple[CallFlag, ...]]
"""Says why a call of this cost needs a look; empty where it needs none."""

log = logging.getLogger("llmops_tui.gateway")


@dataclass(frozen=True, slots=True)
class _Origin:
    """Which project and prompt version a call names."""

    project_id: int | None = None
    prompt_version_id: int | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What is decided about a call's answer."""

    flags: tuple[CallFlag, ...]
    audit_probability: float | None
    """With which probability it was drawn; None where it was not drawn."""


@dataclass(frozen=True, slots=True)
class ProjectRules:
    """The rules of a project, ready for many calls."""

    flagger: Flagger
    severities: Mapping[str, str]
    """Of the rules that are on."""


class Judge:
    """Decides about calls, in the thread that writes them.

    Args:
        db: The workspace, for its prompts and prices.
        flagger: The flag rules of all calls; None for those of each call's project.
        project_id: The project of calls whose prompt doesn't tell theirs.
        audit_probability: With which probability an unflagged call is drawn for review, at least.
        seed: Makes the draw repeatable.
    """

    def __init__(
        self,
        db: Database,
        flagger: Flagger | None = None,
        *,
        project_id: int | None = None,
        audit_probability: float = DEFAULT_AUDIT,
        seed: int | None = None,
    ) -> None:
        self._db = db
        self._flagger = flagger
        self._unknown = _Origin(project_id)
        self._audit = audit_probability
        self._random = random.Random(seed)
        self._rules: dict[int | None, ProjectRules] = {}
        self._shares: dict[int | None, float] = {}
        self._origins: dict[tuple[str, str], _Origin] = {}
        self._models: Mapping[str, Model | None] = {}
        self._looked = float("-inf")

    @property
    def project_id(self) -> int | None:
        """The project of calls whose prompt doesn't tell theirs."""
        return self._unknown.project_id

    @project_id.setter
    def project_id(self, project_id: int) -> None:
        self._unknown = _Origin(project_id)

    def judge(self, call: CallDraft) -> NewCall:
        """The call with what is decided about it. A failing rule costs its flag, not the call."""
        self._refresh()
        origin = self._origin(call.prompt_name, call.prompt_version)
        cost = self._cost(call)
        again = self.again(call, origin.project_id, cost)
        return NewCall(
            call=call,
            flags=again.flags,
            project_id=origin.project_id,
            prompt_version_id=origin.prompt_version_id,
            cost=cost,
            audit_probability=again.audit_probability,
        )

    def again(self, call: CallDraft, project_id: int | None, cost: int | None) -> Decided:
        """Flags and draw alone, for a call whose texts came later than it did."""
        flags: tuple[CallFlag, ...] = ()
        try:
            flags = (self._flagger or self._rules_of(project_id).flagger)(call, cost)
        except Exception:
            log.exception("a flag rule failed on a call of %s", call.model)
        share = self._share_of(project_id)
        drawn = not flags and _can_be_judged(call) and self._random.random() < share
        return Decided(flags, share if drawn else None)

    def severity_of(self, project_id: int | None, rule: str) -> str:
        """How much a rule's flags weigh in a project; empty where the rule is off."""
        return self._rules_of(project_id).severities.get(rule, "")

    def _share_of(self, project_id: int | None) -> float:
        """The share that is drawn: the gateway's, or the project's where that is larger."""
        found = self._shares.get(project_id)
        if found is None:
            try:
                own = audits.share(self._db, project_id)
            except StoreError as error:
                log.warning("the audit's share can't be read: %s", error)
                return self._audit
            found = self._shares[project_id] = max(self._audit, own or 0.0)
        return found

    def _rules_of(self, project_id: int | None) -> ProjectRules:
        found = self._rules.get(project_id)
        if found is None:
            found = self._rules[project_id] = project_rules(self._db, project_id)
        return found

    def _refresh(self) -> None:
        now = time.monotonic()
        if now - self._looked < _FRESH_S:
            return
        self._looked = now
        self._origins.clear()
        self._rules.clear()
        self._shares.clear()
        try:
            self._models = _by_name(endpoints.models(self._db))
        except StoreError as error:
            log.warning("prices can't be read: %s", error)

    def _origin(self, name: str, version: str) -> _Origin:
        if not name:
            return self._unknown
        found = self._origins.get((name, version))
        if found is None:
            try:
                found = self._find_origin(name, version)
            except StoreError as error:
                log.warning("prompts can't be read: %s", error)
                return self._unknown
            if len(self._origins) < _REMEMBERED:
                self._origins[name, version] = found
        return found

    def _find_origin(self, name: str, version: str) -> _Origin:
        candidates = prompts.named(self._db, name)
        if len(candidates) != 1:
            return self._unknown  # unknown, or a name of several projects: no guess
        project_id = candidates[0].project_id
        digits = version.removeprefix("v")
        number = int(digits) if digits.isdecimal() and len(digits) < 10 else 0
        chosen = prompts.find_version(self._db, name, number) if number else None
        return _Origin(project_id, chosen.id if chosen else None)

    def _cost(self, call: CallDraft) -> int | None:
        model = self._models.get(call.model)
        if model is None or call.input_tokens is None or call.output_tokens is None:
            return None
        if not (model.input_price or model.output_price):
            return None
        cost = model.cost(Usage(call.input_tokens, call.output_tokens))
        return cost if 0 <= cost <= _LARGEST_COST else None


def _by_name(models: Iterable[Model]) -> dict[str, Model | None]:
    """Models by name; None where two endpoints ask different prices for the same name."""
    found: dict[str, Model | None] = {}
    for model in models:
        other = found.setdefault(model.name, model)
        if other and _prices(other) != _prices(model):
            found[model.name] = None
    return found


def _prices(model: Model) -> tuple[int, int, str]:
    return model.input_price, model.output_price, model.currency


def _can_be_judged(call: CallDraft) -> bool:
    """Whether a person could say right or wrong: an answer was given and its text was captured."""
    return call.status == "ok" and bool(call.output)


def flagger_of(rules: Iterable[FlagRule] = DEFAULT_RULES) -> Flagger:
    """A flagger that applies a project's rules.

    Raises:
        InputError: A rule can't be used.
    """
    compiled = compile_rules(rules)
    without_text = tuple(rule for rule in compiled if rule[0] not in _ABOUT_ABSENT_TEXT)

    def flagger(call: CallDraft, cost: int | None = None) -> tuple[CallFlag, ...]:
        if call.status == "cancelled":
            return evaluate(compiled, _seen(call)) if call.output else ()
        captured = call.input or call.output
        return evaluate(compiled if captured else without_text, _whole(call, cost))

    return flagger


def project_rules(db: Database, project_id: int | None) -> ProjectRules:
    """A project's rules as they are stored, with what they take from its reviews and its schema.

    A rule that can't be read any more is left out and logged: it must not cost the others.
    """
    usable = []
    for rule in flag_rules.stored(db, project_id):
        try:
            ready = flag_rules.completed(db, project_id, rule)
            compile_rules([ready])
        except LlmopsError as error:
            log.warning("the flag rule %r can't be used: %s", rule.name, error)
        else:
            usable.append(ready)
    severities = {r.name: r.severity or RULES[r.name].severity for r in usable if r.enabled}
    return ProjectRules(flagger_of(usable), severities)


def _whole(call: CallDraft, cost: int | None) -> FlagInput:
    return FlagInput(
        input=call.input,
        output=call.output,
        finish_reason=call.finish_reason,
        status=call.status,
        error=call.error,
        duration_ms=call.duration_ms,
        input_tokens=call.input_tokens,
        output_tokens=call.output_tokens,
        wants_json=call.wants_json,
        cost=cost,
    )


def _seen(call: CallDraft) -> FlagInput:
    """What a client saw before it left: no error, and no whole JSON either."""
    return FlagInput(input=call.input, output=call.output, duration_ms=call.duration_ms)
