"""Prompts, their immutable versions, labels and drafts."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence

from llmops_tui.core.chat import Json
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import NotFoundError
from llmops_tui.core.prompt_version import Draft, Include, Prompt, PromptVersion
from llmops_tui.store.codec import from_json, json_object, json_strings, to_json
from llmops_tui.store.database import Database

INSERT_PROMPT = """
INSERT INTO prompt (project_id, name, created_at) VALUES (?, ?, ?)
ON CONFLICT (project_id, name) DO NOTHING
"""
PROMPT_BY_NAME = "SELECT * FROM prompt WHERE project_id = ? AND name = ?"
PROMPT = "SELECT * FROM prompt WHERE id = ?"
PROMPTS_NAMED = "SELECT * FROM prompt WHERE name = ? ORDER BY id"
PROMPTS = "SELECT * FROM prompt WHERE project_id = ? ORDER BY name"
INSERT_VERSION = """
INSERT INTO prompt_version (prompt_id, number, messages, variables, parameters, response_schema,
                            content_hash, note, author, created_at, written)
SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10
FROM prompt_version WHERE prompt_id = ?1
"""
SELECT_VERSION = """
SELECT v.*, p.name AS prompt_name,
       (SELECT json_group_array(label) FROM prompt_label l WHERE l.prompt_version_id = v.id)
           AS labels,
       (SELECT json_group_array(json_array(i.written, q.name, w.number, w.id))
        FROM prompt_include i JOIN prompt_version w ON w.id = i.included_version_id
        JOIN prompt q ON q.id = w.prompt_id WHERE i.prompt_version_id = v.id) AS includes
FROM prompt_version v JOIN prompt p ON p.id = v.prompt_id
"""
# What a model proposed is none of the prompt's until a person accepts it; by id it can be read.
_OWN = """NOT EXISTS (
    SELECT 1 FROM prompt_proposal x WHERE x.prompt_version_id = v.id AND x.accepted IS NOT 1
)"""
VERSIONS = SELECT_VERSION + f"WHERE v.prompt_id = ? AND {_OWN} ORDER BY v.number DESC LIMIT ?"
VERSION = SELECT_VERSION + "WHERE v.id = ?"
VERSION_BY_NUMBER = SELECT_VERSION + f"WHERE v.prompt_id = ? AND v.number = ? AND {_OWN}"
VERSION_BY_LABEL = (
    SELECT_VERSION
    + """
JOIN prompt_label l ON l.prompt_version_id = v.id
WHERE l.prompt_id = ? AND l.label = ?
"""
)
VERSION_BY_NAME_AND_NUMBER = SELECT_VERSION + "WHERE p.name = ? AND v.number = ? ORDER BY v.id"
INSERT_INCLUDE = """
INSERT INTO prompt_include (prompt_version_id, written, included_version_id) VALUES (?, ?, ?)
"""
# Whichever version went into another; those that have it count while they are the newest.
_HAVING = """
WHERE v.id IN (
    SELECT i.prompt_version_id FROM prompt_version w
    JOIN prompt_include i ON i.included_version_id = w.id WHERE w.prompt_id = ?
) AND v.number = (
    SELECT max(n.number) FROM prompt_version n LEFT JOIN prompt_proposal y
        ON y.prompt_version_id = n.id
    WHERE n.prompt_id = v.prompt_id AND (y.prompt_version_id IS NULL OR y.accepted = 1)
) AND """
INCLUDED_BY = SELECT_VERSION + _HAVING + _OWN
SAVE_DRAFT = """
INSERT INTO draft (prompt_id, author, base_version_id, text, changed_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (prompt_id, author) DO UPDATE SET base_version_id = excluded.base_version_id,
    text = excluded.text, changed_at = excluded.changed_at
"""
DRAFT = "SELECT * FROM draft WHERE prompt_id = ? AND author = ?"
DROP_DRAFT = "DELETE FROM draft WHERE prompt_id = ? AND author = ?"


def ensure(db: Database, project_id: int, name: str) -> Prompt:
    """The prompt of that name, created where there is none."""
    with db.write("prompt") as connection:
        connection.execute(INSERT_PROMPT, (project_id, name, now_ms()))
    return by_name(db, project_id, name)


def by_name(db: Database, project_id: int, name: str) -> Prompt:
    """One prompt of a project.

    Raises:
        NotFoundError: there is none of that name.
    """
    row = db.row(PROMPT_BY_NAME, (project_id, name))
    if row is None:
        raise NotFoundError(f"There is no prompt named {name!r}.")
    return _prompt(row)


def get(db: Database, prompt_id: int) -> Prompt:
    """One prompt.

    Raises:
        NotFoundError: there is none of that id.
    """
    row = db.row(PROMPT, (prompt_id,))
    if row is None:
        raise NotFoundError(f"There is no prompt {prompt_id}.")
    return _prompt(row)


def named(db: Database, name: str) -> list[Prompt]:
    """Prompts of that name in all projects."""
    return [_prompt(row) for row in db.rows(PROMPTS_NAMED, (name,))]


def prompts(db: Database, project_id: int) -> list[Prompt]:
    """The project's prompts by name."""
    return [_prompt(row) for row in db.rows(PROMPTS, (project_id,))]


def add_version(
    db: Database,
    prompt_id: int,
    messages: Sequence[tuple[str, str]],
    *,
    variables: Sequence[str],
    author: str,
    parameters: Mapping[str, Json] | None = None,
    response_schema: Mapping[str, Json] | None = None,
    note: str = "",
    keep_draft: bool = False,
    source: Sequence[tuple[str, str]] | None = None,
    includes: Sequence[Include] = (),
) -> PromptVersion:
    """Save an immutable version and, unless it was made elsewhere, forget the author's draft.

    `source` is what was written, where `messages` have what it includes in its place.
    """
    content = to_json([list(map(list, messages)), parameters or {}, response_schema])
    with db.write("prompt") as connection:
        cursor = connection.execute(
            INSERT_VERSION,
            (
                prompt_id,
                to_json([list(message) for message in messages]),
                to_json(list(variables)),
                to_json(parameters or {}),
                to_json(response_schema) if response_schema is not None else None,
                hashlib.blake2b(content.encode(), digest_size=16).digest(),
                note,
                author,
                now_ms(),
                None if source is None else to_json([list(message) for message in source]),
            ),
        )
        made = int(cursor.lastrowid or 0)
        pins = [(made, one.written, one.version_id) for one in includes]
        connection.executemany(INSERT_INCLUDE, pins)
        if not keep_draft:
            connection.execute(DROP_DRAFT, (prompt_id, author))
    return version(db, made)


def included_by(db: Database, prompt_id: int) -> list[PromptVersion]:
    """The newest versions of other prompts that include any version of this one, by name."""
    found = [_version(row) for row in db.rows(INCLUDED_BY, (prompt_id,))]
    return sorted(found, key=lambda version: version.prompt_name)


def versions(db: Database, prompt_id: int, limit: int = 200) -> list[PromptVersion]:
    """A prompt's versions, newest first."""
    return [_version(row) for row in db.rows(VERSIONS, (prompt_id, limit))]


def version(db: Database, version_id: int) -> PromptVersion:
    """One version.

    Raises:
        NotFoundError: there is none of that id.
    """
    return _found(db.row(VERSION, (version_id,)), f"version {version_id}")


def version_by_number(db: Database, prompt_id: int, number: int) -> PromptVersion:
    """One version of a prompt by its number."""
    return _found(db.row(VERSION_BY_NUMBER, (prompt_id, number)), f"version {number}")


def version_by_label(db: Database, prompt_id: int, label: str) -> PromptVersion:
    """The version that a label points to."""
    return _found(db.row(VERSION_BY_LABEL, (prompt_id, label)), f"version labelled {label!r}")


def find_version(db: Database, name: str, number: int) -> PromptVersion | None:
    """A version by what production calls say of it: prompt name and number."""
    row = db.row(VERSION_BY_NAME_AND_NUMBER, (name, number))
    return _version(row) if row else None


def save_draft(db: Database, draft: Draft) -> None:
    """Keep what somebody is typing."""
    with db.write() as connection:
        connection.execute(
            SAVE_DRAFT,
            (draft.prompt_id, draft.author, draft.base_version_id, draft.text, draft.changed_at),
        )


def draft(db: Database, prompt_id: int, author: str) -> Draft | None:
    """What somebody left unsaved."""
    row = db.row(DRAFT, (prompt_id, author))
    if row is None:
        return None
    return Draft(
        row["prompt_id"], row["author"], row["base_version_id"], row["text"], row["changed_at"]
    )


def drop_draft(db: Database, prompt_id: int, author: str) -> None:
    """Forget an unsaved draft."""
    with db.write() as connection:
        connection.execute(DROP_DRAFT, (prompt_id, author))


def _found(row: sqlite3.Row | None, what: str) -> PromptVersion:
    if row is None:
        raise NotFoundError(f"The prompt has no {what}.")
    return _version(row)


def _prompt(row: sqlite3.Row) -> Prompt:
    return Prompt(row["id"], row["project_id"], row["name"], row["created_at"])


def _version(row: sqlite3.Row) -> PromptVersion:
    return PromptVersion(
        id=row["id"],
        prompt_id=row["prompt_id"],
        prompt_name=row["prompt_name"],
        number=row["number"],
        messages=_messages(row["messages"]),
        variables=json_strings(row["variables"]),
        parameters=json_object(row["parameters"]),
        response_schema=json_object(row["response_schema"]) if row["response_schema"] else None,
        note=row["note"],
        author=row["author"],
        created_at=row["created_at"],
        labels=json_strings(row["labels"]),
        includes=tuple(_includes(row["includes"])),
        source=None if row["written"] is None else _messages(row["written"]),
    )


def _messages(text: str) -> tuple[tuple[str, str], ...]:
    messages = from_json(text)
    assert isinstance(messages, list)
    return tuple((str(one[0]), str(one[1])) for one in messages if isinstance(one, list))


def _includes(text: str) -> Iterator[Include]:
    rows = from_json(text)
    assert isinstance(rows, list)
    for row in rows:
        assert isinstance(row, list)
        written, name, number, version_id = row
        assert isinstance(number, int)
        assert isinstance(version_id, int)
        yield Include(str(written), str(name), number, version_id)
