"""The archive's files: `day=2026-11-24/calls.parquet`, written whole or not at all.

A directory for each day (UTC) as Hive, Spark and DuckDB partition, one file in it, zstd, columns of
plain types: texts, whole numbers, floats and timestamps in UTC; lists are JSON in a text. A file is
written under a hidden name, read back, and takes its place by one rename: who reads sees the old
day or the new one. Needs the extra `archive`.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from llmops_tui.core.errors import ConflictError, InputError, StoreFullError, UnavailableError

if TYPE_CHECKING:
    from types import ModuleType

FILE: Final = "calls.parquet"
OWNER: Final = b"llmops_tui.workspace"
"""In a file's metadata: the workspace whose calls it holds."""
TIMES: Final = ("started_at", "received_at")
WHOLE: Final = ("id", "input_tokens", "output_tokens", "cost_nano", "flagged")
REAL: Final = ("duration_ms", "first_token_ms", "audit_probability")
COLUMNS: Final = (
    "id", "started_at", "received_at", "project", "source", "provider", "model", "prompt",
    "prompt_version", "operation", "status", "error", "finish_reason", "input", "output",
    "input_tokens", "output_tokens", "cost_nano", "duration_ms", "first_token_ms", "flagged",
    "flag_rules", "flags", "verdict", "reviews", "audit_probability", "judgements", "feedback",
    "trace_id", "span_id", "parent_span_id", "response_id", "conversation_id", "identity",
    "attributes", "steps", "stamp",
)  # fmt: skip
"""`cost_nano`: billionths of the currency. `steps`: with the first call of a trace. `stamp`:
differs once something was added to the call."""
ROWS_OF_GROUP: Final = 5_000
TEXT_OF_GROUP: Final = 16_000_000
"""Characters after which a row group ends: so much of a day is in memory at once."""
_DAY = re.compile(r"day=(\d{4}-\d{2}-\d{2})")
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Known:
    """What a day's file holds."""

    stamps: Mapping[int, str]
    """By the id of a call."""
    size: int
    """Bytes."""


def load_pyarrow() -> ModuleType:
    """What writes and reads Parquet.

    Raises:
        UnavailableError: it isn't installed.
    """
    try:
        import pyarrow.parquet  # 200 ms and 40 MB: only who archives pays
    except ImportError as error:
        raise UnavailableError(
            "The archive is written by pyarrow, which is not installed.",
            "Install it: pip install 'llmops-tui[archive]'.",
        ) from error
    module: ModuleType = pyarrow
    return module


def day_name(day: int) -> str:
    """A day, given in days since the epoch, as `2026-11-24`."""
    return f"{_EPOCH + timedelta(days=day)}"


def path_of(directory: Path, day: int) -> Path:
    """Where a day's calls lie."""
    return directory / f"day={day_name(day)}" / FILE


def days_of(directory: Path) -> list[str]:
    """Days that an archive holds, the oldest first."""
    try:
        names = [entry.name for entry in os.scandir(directory) if entry.is_dir()]
    except OSError as error:
        raise InputError(
            f"{directory} can't be read: {error.strerror}.", "Name the directory of an archive."
        ) from error
    matched = (_DAY.fullmatch(name) for name in names)
    return sorted(found[1] for found in matched if found)


@contextmanager
def owned(directory: Path) -> Iterator[None]:
    """Have the directory for oneself, making it where there is none.

    Raises:
        ConflictError: another process writes into it.
        StoreFullError: it can't be made or written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(directory / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise StoreFullError(
            f"The archive {directory} can't be written: {error.strerror}.",
            "Name a directory that you may write to.",
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConflictError(
                f"Another process is writing the archive {directory}.", "Try again once it is done."
            ) from error
        yield
    finally:
        os.close(handle)


def known(path: Path, workspace: str) -> Known:
    """What a day's file holds; nothing where there is none.

    Raises:
        InputError: the file is damaged.
        ConflictError: it is of another workspace.
    """
    if not path.exists():
        return Known({}, 0)
    file = opened(path)
    try:
        owner = (file.metadata.metadata or {}).get(OWNER, b"").decode()
        if owner != workspace:
            raise ConflictError(
                f"{path.parent.parent} is the archive of another workspace.",
                "Give each workspace a directory of its own.",
            )
        with _damaged(path):
            table = file.read(columns=["id", "stamp"])
        stamps = dict(zip(table["id"].to_pylist(), table["stamp"].to_pylist(), strict=True))
        return Known(stamps, path.stat().st_size)
    finally:
        file.close()


def write(path: Path, workspace: str, rows: Iterable[Mapping[str, object]]) -> set[int]:
    """Write a day: these calls, and of those that its file holds all others; the ids it holds then.

    Args:
        path: The day's file; it is replaced by one rename, after the new one was read back.
        workspace: Whose calls.
        rows: By `COLUMNS`; other keys are left out.

    Raises:
        StoreFullError: there is no room, or it may not be written.
        InputError: what was written reads back differently, or the old file is damaged.
    """
    arrow = load_pyarrow()
    schema = _schema(workspace)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for stale in path.parent.glob(f".{FILE}.*"):  # of a run that was killed
        stale.unlink(missing_ok=True)
    part = path.parent / f".{FILE}.{os.getpid()}"
    wrote: set[int] = set()
    try:
        with open(part, "xb") as target:
            os.chmod(part, 0o600)
            with arrow.parquet.ParquetWriter(target, schema, compression="zstd") as writer:
                for group in _groups(rows):
                    wrote.update(int(str(row["id"])) for row in group)
                    writer.write_table(arrow.Table.from_pylist(group, schema))
                # Only now: a call that was gone before it was read stays as the old file has it.
                for table in _kept(path, schema, sorted(wrote)):
                    wrote.update(table["id"].to_pylist())
                    writer.write_table(table)
            target.flush()
            os.fsync(target.fileno())
        if ids_read_back(part) != wrote:
            raise InputError(
                f"{path} read back differently from what was written.", "Is the disk sound?"
            )
        os.replace(part, path)
        _sync(path.parent)
    except OSError as error:
        raise StoreFullError(
            f"{path} can't be written: {error.strerror or error}.",
            "Make room and run it again: days that are complete are not written twice.",
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return wrote


def ids_read_back(path: Path) -> set[int]:
    """Ids of the calls of a file, every column of which was read.

    Raises:
        InputError: it is damaged.
    """
    file = opened(path)
    ids: set[int] = set()
    count = 0
    try:
        with _damaged(path):
            for batch in file.iter_batches(batch_size=1_000):
                ids.update(batch.column("id").to_pylist())
                count += batch.num_rows
        if count != file.metadata.num_rows or len(ids) != count:
            raise InputError(f"{path} is damaged: it lacks rows.", "Restore it from a copy.")
    finally:
        file.close()
    return ids


def opened(path: Path) -> Any:
    """A Parquet file.

    Raises:
        InputError: it is damaged.
    """
    arrow = load_pyarrow()
    with _damaged(path):
        return arrow.parquet.ParquetFile(path)


@contextmanager
def _damaged(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = str(error).strip().split("\n")[0][:200].rstrip(".")
        raise InputError(
            f"{path} is damaged: {reason}.",
            "Restore it from a copy, or move it away: what is still stored is archived again.",
        ) from error


def _kept(path: Path, schema: Any, replaced: Sequence[int]) -> Iterator[Any]:
    """What stays of the old file, group by group."""
    if not path.exists():
        return
    arrow = load_pyarrow()
    import pyarrow.compute as compute

    gone = arrow.array(replaced, arrow.int64())
    file = opened(path)
    try:
        for number in range(file.num_row_groups):
            with _damaged(path):
                table = file.read_row_group(number)
            stays = table.filter(compute.invert(compute.is_in(table["id"], value_set=gone)))
            if stays.num_rows:
                same = stays.schema.equals(schema)
                yield stays if same else arrow.Table.from_pylist(stays.to_pylist(), schema)
    finally:
        file.close()


def _schema(workspace: str) -> Any:
    arrow = load_pyarrow()
    kinds = {
        **dict.fromkeys(TIMES, arrow.timestamp("us", "UTC")),
        **dict.fromkeys(WHOLE, arrow.int64()),
        **dict.fromkeys(REAL, arrow.float64()),
    }
    fields = [(name, kinds.get(name, arrow.string())) for name in COLUMNS]
    return arrow.schema(fields, metadata={OWNER: workspace.encode()})


def _groups(rows: Iterable[Mapping[str, object]]) -> Iterator[list[dict[str, object]]]:
    group: list[dict[str, object]] = []
    characters = 0
    for row in rows:
        values = {name: _value(name, row.get(name)) for name in COLUMNS}
        group.append(values)
        characters += sum(len(value) for value in values.values() if isinstance(value, str))
        if len(group) == ROWS_OF_GROUP or characters > TEXT_OF_GROUP:
            yield group
            group, characters = [], 0
    if group:
        yield group


def _value(name: str, value: object) -> object:
    if name in TIMES and isinstance(value, int):
        return datetime.fromtimestamp(value / 1000, UTC)
    if isinstance(value, str):
        # Half of a surrogate pair is kept as an escape: no file can carry it.
        return value.encode("utf-8", "backslashreplace").decode()
    return value


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
