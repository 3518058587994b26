"""What prompt versions were imported from."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_tui.store.codec import pack, unpack
from llmops_tui.store.database import Database

INSERT = """
INSERT INTO prompt_origin (prompt_version_id, format, file_name, source) VALUES (?, ?, ?, ?)
"""
NEWEST = """
SELECT o.* FROM prompt_version v JOIN prompt_origin o ON o.prompt_version_id = v.id
WHERE v.prompt_id = ? AND v.number <= ? AND o.format = ? ORDER BY v.number DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """A file that a version was imported from."""

    format: str
    file_name: str
    source: str


def keep(db: Database, prompt_version_id: int, origin: Origin) -> None:
    """Keep where a version came from."""
    with db.write() as connection:
        values = (prompt_version_id, origin.format, origin.file_name, pack(origin.source))
        connection.execute(INSERT, values)


def newest(db: Database, prompt_id: int, number: int, format_name: str) -> Origin | None:
    """The file of a format that a version, or the newest before it, was imported from."""
    row = db.row(NEWEST, (prompt_id, number, format_name))
    return Origin(row["format"], row["file_name"], unpack(row["source"])) if row else None
