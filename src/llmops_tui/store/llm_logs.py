"""The log database of the command line tool `llm`, read and never written.

It has had two schemas, and a database may hold both: `responses` (a row for each call), and the
content-addressed one, where `turns` point into a tree of `messages` made of `parts`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError

_AT_ONCE = 200

_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
_COUNT_RESPONSES = "SELECT count(*) FROM responses"
_COUNT_TURNS = "SELECT count(*) FROM turns"
_RESPONSES = """
SELECT r.rowid AS place, r.id, r.model, r.prompt, r.system, r.response, r.conversation_id,
       r.datetime_utc
FROM responses r WHERE r.rowid > ? ORDER BY r.rowid LIMIT ?
"""
_FRAGMENTS = """
SELECT f.content FROM prompt_fragments p JOIN fragments f ON f.id = p.fragment_id
WHERE p.response_id = ? ORDER BY p."order"
"""
_SYSTEM_FRAGMENTS = """
SELECT f.content FROM system_fragments p JOIN fragments f ON f.id = p.fragment_id
WHERE p.response_id = ? ORDER BY p."order"
"""
_TURNS = """
SELECT t.rowid AS place, t.id, t.model, t.thread_id, t.parent_message_hash, t.tip_message_hash,
       t.datetime_utc
FROM turns t WHERE t.rowid > ? ORDER BY t.rowid LIMIT ?
"""
_MESSAGE = "SELECT hash, parent_hash, role FROM messages WHERE hash = ?"
_PARTS = """
SELECT p.id, p.type, p.text FROM parts p WHERE p.message_hash = ? ORDER BY p.position, p.id
"""
_PART_TEXT = """
SELECT f.content FROM part_fragments p JOIN fragments f ON f.id = p.fragment_id
WHERE p.part_id = ? AND f.content IS NOT NULL ORDER BY p."order"
"""
_LONGEST_CHAIN = 10_000

LogRow = dict[str, Json]


def is_llm_log(path: Path) -> bool:
    """Whether an SQLite file is such a database."""
    try:
        with closing(_connect(path)) as connection:
            tables = {row[0] for row in connection.execute(_TABLES)}
    except sqlite3.DatabaseError:
        return False
    return "responses" in tables or {"turns", "messages", "parts"} <= tables


def count(path: Path) -> int:
    """How many calls it holds."""
    with closing(_connect(path)) as connection:
        tables = {row[0] for row in connection.execute(_TABLES)}
        wanted = (("responses", _COUNT_RESPONSES), ("turns", _COUNT_TURNS))
        return sum(connection.execute(sql).fetchone()[0] for name, sql in wanted if name in tables)


def calls(path: Path, name: str) -> Iterator[LogRow]:
    """All calls: those of the older schema first, then those of the newer, each in its order.

    Raises:
        InputError: the database is damaged or locked.
    """
    try:
        with closing(_connect(path)) as connection:
            tables = {row[0] for row in connection.execute(_TABLES)}
            if "responses" in tables:
                yield from _responses(connection, tables)
            if "turns" in tables:
                yield from _turns(connection)
    except sqlite3.DatabaseError as error:
        raise InputError(
            f"“{name}” can't be read as a log of llm: {error}.",
            "Close what is writing to it, or copy it, and try again.",
        ) from error


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    return connection


def _responses(connection: sqlite3.Connection, tables: set[str]) -> Iterator[LogRow]:
    after = -1
    while rows := connection.execute(_RESPONSES, (after, _AT_ONCE)).fetchall():
        for row in rows:
            after = row["place"]
            prompt, system = row["prompt"], row["system"]
            if {"fragments", "prompt_fragments", "system_fragments"} <= tables:
                prompt = _joined(connection, _FRAGMENTS, row["id"], prompt)
                system = _joined(connection, _SYSTEM_FRAGMENTS, row["id"], system)
            yield {
                "prompt": prompt,
                "system": system,
                "response": row["response"],
                "model": row["model"],
                "conversation": row["conversation_id"],
                "datetime": row["datetime_utc"],
            }


def _joined(connection: sqlite3.Connection, sql: str, response: str, text: str | None) -> str:
    parts = [row[0] for row in connection.execute(sql, (response,)) if row[0]]
    return "\n".join([*parts, *([text] if text else [])])


def _turns(connection: sqlite3.Connection) -> Iterator[LogRow]:
    after = -1
    while rows := connection.execute(_TURNS, (after, _AT_ONCE)).fetchall():
        for row in rows:
            after = row["place"]
            said = _chain(connection, row["tip_message_hash"], row["parent_message_hash"])
            asked = _chain(connection, row["parent_message_hash"], None)
            system = [text for role, text in asked if role == "system"]
            asked = [(role, text) for role, text in asked if role != "system"]
            # What was asked now: everything after the last answer.
            answers = [place for place, (role, _) in enumerate(asked) if role == "assistant"]
            first = answers[-1] + 1 if answers else 0
            history: list[Json] = [{"role": role, "content": text} for role, text in asked[:first]]
            yield {
                "prompt": "\n".join(text for _, text in asked[first:]),
                "system": "\n".join(system),
                "history": history,
                "response": "\n".join(text for role, text in said if role == "assistant"),
                "model": row["model"],
                "conversation": row["thread_id"],
                "datetime": row["datetime_utc"],
            }


def _chain(
    connection: sqlite3.Connection, tip: str | None, until: str | None
) -> list[tuple[str, str]]:
    """Role and text of the messages from `until` (left out) to `tip`, in their order."""
    found: list[tuple[str, str]] = []
    met: set[str] = set()
    while tip is not None and tip != until and tip not in met and len(met) < _LONGEST_CHAIN:
        met.add(tip)
        message = connection.execute(_MESSAGE, (tip,)).fetchone()
        if message is None:
            break
        texts = [
            part["text"]
            or "\n".join(row[0] for row in connection.execute(_PART_TEXT, (part["id"],)))
            for part in connection.execute(_PARTS, (tip,)).fetchall()
            if part["type"] in _SPOKEN
        ]
        found.append((message["role"] or "", "\n".join(text for text in texts if text)))
        tip = message["parent_hash"]
    return found[::-1]


_SPOKEN = frozenset({"text", "", None})
