"""Calls in an archive's files, found by DuckDB. Needs the extra `duckdb`.

DuckDB runs in this process, in memory: it may load no extension, write no file and reach no
network.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from llmops_tui.core.errors import InputError, UnavailableError

if TYPE_CHECKING:
    import duckdb

_SETTINGS: Final[Mapping[str, str | bool]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "temp_directory": "",
    "memory_limit": "1GB",
}
# DuckDB's own order of words: what is read, then what is wanted of it.
_SOURCE = "FROM read_parquet($paths, union_by_name = true, hive_partitioning = false)"
LINE = """
SELECT id, epoch_ms(started_at) AS started_at, coalesce(project, '') AS project, model, prompt,
       prompt_version, status, error, finish_reason, input_tokens, output_tokens, duration_ms,
       flagged, flag_rules, verdict, left(output, 160) AS output_head
"""
WHOLE = """
SELECT * REPLACE (epoch_ms(started_at) AS started_at, epoch_ms(received_at) AS received_at)
"""
_TEXT = "lower(concat_ws(' ', input, output, error, reviews))"
_CONTAINING: Final = ("model", "prompt", "status", "finish_reason", "flag_rules", "project")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a call has to look like; an empty field asks for nothing."""

    words: tuple[str, ...] = ()
    """Each somewhere in the question, the answer, the error or what reviewers noted."""
    model: str = ""
    prompt: str = ""
    status: str = ""
    finish_reason: str = ""
    flag_rules: str = ""
    project: str = ""
    verdict: str = ""
    """`right`, `wrong`, `unsure`, or `none` for calls that nobody judged."""
    version: str = ""
    since: int | None = None
    """Milliseconds, inclusive."""
    until: int | None = None
    """Exclusive."""


@dataclass(frozen=True, slots=True)
class ArchivedLine:
    """A call of the archive as a list shows it."""

    id: int
    started_at: int
    project: str
    model: str
    prompt: str
    prompt_version: str
    status: str
    error: str
    finish_reason: str
    input_tokens: int | None
    output_tokens: int | None
    duration_ms: float
    flagged: int
    flag_rules: str
    verdict: str
    output_head: str


@contextmanager
def opened() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of one's own.

    Raises:
        UnavailableError: it isn't installed.
    """
    try:
        import duckdb  # 40 MB, 200 ms
    except ImportError as error:
        raise UnavailableError(
            "An archive is searched by DuckDB, which is not installed.",
            "Install it: pip install 'llmops-tui[duckdb]'.",
        ) from error
    connection = duckdb.connect(config=dict(_SETTINGS))
    try:
        yield connection
    finally:
        connection.close()


def _asked(
    connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, object]
) -> tuple[list[str], list[tuple[object, ...]]]:
    """Names of columns, and rows.

    Raises:
        InputError: a file can't be read.
    """
    import duckdb

    try:
        found = connection.execute(sql, dict(values))
        return [column[0] for column in found.description or ()], found.fetchall()
    except duckdb.Error as error:
        reason = str(error).strip().split("\n")[0][:300].rstrip(".")
        raise InputError(
            f"The archive can't be read: {reason}.", "A damaged file can be moved away."
        ) from error


def find(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[str], wanted: Wanted, limit: int
) -> list[ArchivedLine]:
    """Calls of some files that look like that, the newest first."""
    clauses, values = _clauses(wanted)
    sql = f"{_SOURCE}\n{LINE}\nWHERE {' AND '.join(clauses)}"
    sql += "\nORDER BY started_at DESC, id DESC LIMIT $most"
    asked = {"paths": _exactly(paths), "most": limit, **values}
    return [ArchivedLine(*row) for row in _asked(connection, sql, asked)[1]]  # type: ignore[arg-type]


def one(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[str], call_id: int
) -> dict[str, object] | None:
    """A call whole, by column; None where none of the files has it."""
    sql = f"{_SOURCE}\n{WHOLE}\nWHERE id = $id LIMIT 1"
    names, rows = _asked(connection, sql, {"paths": _exactly(paths), "id": call_id})
    return dict(zip(names, rows[0], strict=True)) if rows else None


def _exactly(paths: Sequence[str]) -> list[str]:
    """Paths of which nothing is a pattern."""
    return [glob.escape(path) for path in paths]


def _clauses(wanted: Wanted) -> tuple[list[str], dict[str, object]]:
    clauses, values = ["true"], dict[str, object]()

    def also(clause: str, value: object) -> None:
        name = f"v{len(values)}"
        clauses.append(clause.replace("VALUE", f"${name}"))
        values[name] = value

    for word in wanted.words:
        also(f"contains({_TEXT}, lower(VALUE))", word)
    for name in _CONTAINING:
        value = getattr(wanted, name)
        if value:
            also(f"contains(lower(coalesce({name}, '')), lower(VALUE))", value)
    if wanted.version:
        also("ltrim(prompt_version, 'v') = VALUE", wanted.version.removeprefix("v"))
    if wanted.verdict:
        also("verdict = VALUE", "" if wanted.verdict == "none" else wanted.verdict)
    if wanted.since is not None:
        also("epoch_ms(started_at) >= VALUE", wanted.since)
    if wanted.until is not None:
        also("epoch_ms(started_at) < VALUE", wanted.until)
    return clauses, values
