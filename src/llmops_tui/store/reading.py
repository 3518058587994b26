"""Reading one prompt for an application: read-only, with nothing but the standard library.

Apart from the rest of the store because it's loaded by other people's programs: it neither makes
nor migrates a file, and a newer or older schema is read as far as it goes.
"""

from __future__ import annotations

import json
import os
import sqlite3
from typing import Any
from urllib.parse import quote

BUSY_S = 1.0
PROMPT_BY_LABEL = """
SELECT p.name, j.name AS project, v.number, v.messages, v.variables, v.parameters,
       v.response_schema
FROM prompt p JOIN project j ON j.id = p.project_id
JOIN prompt_label l ON l.prompt_id = p.id
JOIN prompt_version v ON v.id = l.prompt_version_id
WHERE p.name = ?1 AND l.label = ?2 AND (?3 IS NULL OR j.name = ?3) ORDER BY p.id LIMIT 2
"""
PROMPT_BY_NUMBER = """
SELECT p.name, j.name AS project, v.number, v.messages, v.variables, v.parameters,
       v.response_schema
FROM prompt p JOIN project j ON j.id = p.project_id
JOIN prompt_version v ON v.prompt_id = p.id
WHERE p.name = ?1 AND v.number = ?2 AND (?3 IS NULL OR j.name = ?3) ORDER BY p.id LIMIT 2
"""


def read(path: str, name: str, label_or_number: str | int, project: str | None) -> list[Any]:
    """The versions found, as plain JSON values: at most two, as two are one too many.

    Raises:
        sqlite3.Error: the file can't be read.
    """
    sql = PROMPT_BY_NUMBER if isinstance(label_or_number, int) else PROMPT_BY_LABEL
    connection = _open(path)
    try:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(sql, (name, label_or_number, project)).fetchall()
    finally:
        connection.close()
    return [
        {
            "name": row["name"],
            "project": row["project"],
            "version": row["number"],
            "messages": json.loads(row["messages"]),
            "variables": json.loads(row["variables"]),
            "parameters": json.loads(row["parameters"]),
            "response_schema": json.loads(row["response_schema"] or "null"),
        }
        for row in rows
    ]


def _open(path: str) -> sqlite3.Connection:
    uri = f"file:{quote(os.path.abspath(path))}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S)
    try:
        connection.execute("SELECT 1 FROM prompt LIMIT 1")
    except sqlite3.OperationalError:
        connection.close()
        if os.path.exists(f"{path}-wal") and os.path.getsize(f"{path}-wal"):
            raise
        # In a directory that may not be written, SQLite can't share a file's log; there is none.
        return sqlite3.connect(f"{uri}&immutable=1", uri=True, timeout=BUSY_S)
    return connection
