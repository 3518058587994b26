"""The flag rules of each project, and what they take from its reviews and its answer schema."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final

from llmops_tui.core.errors import InputError
from llmops_tui.core.flags import DEFAULT_RULES, FlagRule, rules_from_json
from llmops_tui.store import settings
from llmops_tui.store.calls import texts
from llmops_tui.store.codec import from_json, to_json
from llmops_tui.store.database import Database

KNOWN_WRONG: Final = 300
"""Answers judged wrong that new ones are compared with, the latest."""

_NAME: Final = "flag rules"
JUDGED_WRONG = """
SELECT c.id FROM review r JOIN call c ON c.id = r.call_id
WHERE r.verdict = 'wrong' AND r.undone_at IS NULL AND c.review = 'wrong'
      AND (?1 IS NULL OR c.project_id = ?1)
ORDER BY r.id DESC LIMIT ?2
"""
ANSWER_SCHEMA = "SELECT answer_schema FROM project WHERE id = ?"

log = logging.getLogger("llmops_tui.store")


def stored(db: Database, project_id: int | None) -> tuple[FlagRule, ...]:
    """A project's rules; the defaults where it has none, or none that can be read any more."""
    value = settings.get(db, _scope(project_id), _NAME)
    if value is None:
        return DEFAULT_RULES
    try:
        return rules_from_json(from_json(value))
    except (InputError, ValueError) as error:
        log.warning("the flag rules of project %s can't be read: %s", project_id, error)
        return DEFAULT_RULES


def put(db: Database, project_id: int | None, rules: tuple[FlagRule, ...]) -> None:
    """Keep a project's rules; a gateway follows within ten seconds."""
    settings.put(db, _scope(project_id), _NAME, to_json([rule.to_json() for rule in rules]))


def completed(db: Database, project_id: int | None, rule: FlagRule) -> FlagRule:
    """The rule with what the workspace knows: answers judged wrong, the project's schema."""
    if not rule.enabled:
        return rule
    if rule.name == "known wrong":
        known = rule.parameters.get("known", [])
        own = [str(one) for one in known] if isinstance(known, list) else [str(known)]
        found = [
            texts(db, row["id"])[1] for row in db.rows(JUDGED_WRONG, (project_id, KNOWN_WRONG))
        ]
        return replace(rule, parameters={**rule.parameters, "known": [*own, *filter(None, found)]})
    if rule.name == "schema" and not rule.parameters.get("schema") and project_id is not None:
        row = db.row(ANSWER_SCHEMA, (project_id,))
        if row is not None and row["answer_schema"]:
            return replace(rule, parameters={**rule.parameters, "schema": row["answer_schema"]})
    return rule


def _scope(project_id: int | None) -> str:
    return "workspace" if project_id is None else f"project:{project_id}"
