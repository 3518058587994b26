"""Flag rules of a project: which are on, how they are set, what they would flag."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from llmops_tui.core.chat import Json
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import InputError
from llmops_tui.core.flags import RULES, FlagRule, FlagRuleKind, compile_rules, evaluate
from llmops_tui.core.parameters import ParameterField
from llmops_tui.core.tolerance.proportion import interval
from llmops_tui.services import judge_flags
from llmops_tui.services.calls import DAY_MS
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import figures, flag_rules

TRIED = 10_000
"""Stored calls that a rule is tried on, the newest."""
DAYS = 30


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule as a project has it."""

    kind: FlagRuleKind
    rule: FlagRule
    flagged: int
    """Calls that it flagged in the last `DAYS` days."""
    state: str = ""
    """What it is at, where there is more to say than how much it flagged."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.kind.name

    @property
    def severity(self) -> str:
        """Of its flags."""
        return self.rule.severity or self.kind.severity

    @property
    def settings(self) -> str:
        """Its parameters that aren't as they come, in words."""
        return ", ".join(f"{name} {value}" for name, value in self.rule.parameters.items())


@dataclass(frozen=True, slots=True)
class Trial:
    """What a rule would have flagged."""

    name: str
    calls: int
    flagged: int
    lower: float
    upper: float
    examples: tuple[str, ...]
    """Reasons of the first few."""
    told: str = ""
    """What is to be said of it, where that is something else than a share of all."""

    def sentence(self) -> str:
        """In words."""
        if self.told:
            return self.told
        if not self.calls:
            return "No call is stored yet to try it on."
        share = self.flagged / self.calls
        bounds = f"{100 * self.lower:.2g}–{100 * self.upper:.2g}"
        return (
            f"{self.name} would have flagged {100 * share:.2g} % [{bounds}] of the last "
            f"{self.calls:,} calls ({self.flagged:,})."
        )


def rule_views(workspace: Workspace, project_id: int | None) -> tuple[RuleView, ...]:
    """Every rule, those that are on first."""
    kept = {rule.name: rule for rule in flag_rules.stored(workspace.db, project_id)}
    flagged = figures.flagged_by(workspace.db, now_ms() - DAYS * DAY_MS, project_id)
    views: list[RuleView] = []
    for name, kind in RULES.items():
        rule = kept.get(name, FlagRule(name, enabled=False))
        state = _judge_state(workspace, project_id, rule) if name == judge_flags.NAME else ""
        views.append(RuleView(kind, rule, flagged.get(name, 0), state))
    return tuple(sorted(views, key=lambda view: not view.rule.enabled))


def change(workspace: Workspace, project_id: int | None, rule: FlagRule) -> None:
    """Keep a rule as it is now; gateways follow within ten seconds.

    Raises:
        InputError: it can't be used so.
    """
    rule.check()
    compile_rules([flag_rules.completed(workspace.db, project_id, rule)])
    kept = {known.name: known for known in flag_rules.stored(workspace.db, project_id)}
    kept[rule.name] = rule
    flag_rules.put(workspace.db, project_id, tuple(kept.values()))


def turn(workspace: Workspace, project_id: int | None, view: RuleView) -> FlagRule:
    """Switch a rule on, or off."""
    changed = replace(view.rule, enabled=not view.rule.enabled)
    change(workspace, project_id, changed)
    return changed


def try_rule(workspace: Workspace, project_id: int | None, rule: FlagRule) -> Trial:
    """What a rule would have flagged of the newest stored calls. Reads their texts.

    A judge is asked about a few answers, which costs what it costs.

    Raises:
        InputError: it can't be used so.
        AnswerError: it is a judge that can't be asked.
    """
    if rule.name == judge_flags.NAME:
        told, *said = judge_flags.try_judge(workspace, project_id, rule)
        return Trial(rule.name, 0, 0, 0.0, 1.0, tuple(said), told)
    ready = flag_rules.completed(workspace.db, project_id, replace(rule, enabled=True))
    compiled = compile_rules([ready])
    calls = flagged = 0
    examples: list[str] = []
    for call in figures.latest(workspace.db, project_id, TRIED):
        calls += 1
        found = evaluate(compiled, call)
        if found:
            flagged += 1
            if len(examples) < 5:
                examples.append(found[0].reason)
    bounds = interval(flagged, calls, 0.95) if calls else None
    return Trial(
        rule.name,
        calls,
        flagged,
        bounds.lower if bounds else 0.0,
        bounds.upper if bounds else 1.0,
        tuple(examples),
    )


def shown(field: ParameterField, rule: FlagRule) -> str:
    """A parameter's value as a form shows it."""
    value = rule.parameters.get(field.name, field.default)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)


def read(view: RuleView, values: Mapping[str, str]) -> FlagRule:
    """A rule from the values of a form: `on`, `severity` and its parameters.

    Raises:
        InputError: a value doesn't fit.
    """
    parameters: dict[str, Json] = {}
    for field in view.kind.fields():
        text = values.get(field.name, "").strip()
        if text == shown(field, FlagRule(view.name)):
            continue  # as it comes
        parameters[field.name] = _typed(field, text)
    rule = FlagRule(
        view.name,
        parameters,
        values.get("on", "yes") == "yes",
        "" if values.get("severity") == view.kind.severity else values.get("severity", ""),
    )
    rule.check()
    return rule


def _judge_state(workspace: Workspace, project_id: int | None, rule: FlagRule) -> str:
    if not rule.enabled:
        return ""
    said = [judge_flags.today(workspace, project_id, rule).sentence()]
    said.append(judge_flags.against_people(workspace, project_id, DAYS))
    return "\n".join(filter(None, said))


def _typed(field: ParameterField, text: str) -> Json:
    if isinstance(field.default, bool):
        return text.lower() in ("yes", "true", "on", "1")
    if isinstance(field.default, list):
        return [part.strip() for part in text.split(",") if part.strip()]
    if isinstance(field.default, int | float):
        try:
            number = float(text.replace(",", ""))
        except ValueError as error:
            raise InputError(f"{field.name}: {text!r} is no number.") from error
        return int(number) if isinstance(field.default, int) else number
    return text
