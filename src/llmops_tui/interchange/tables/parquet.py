"""Rows of Parquet files, in and out. Needs the extra `parquet`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables.jsonvalues import Refused
from llmops_tui.interchange.tables.model import BadRow, Progress, Row, bad_row
from llmops_tui.interchange.tables.plain import Plain

if TYPE_CHECKING:
    from types import ModuleType

_AT_ONCE = 500
_OWN = b"llmops_tui"
"""In the file's metadata where this program wrote it."""
_ROW_GROUP = 5_000


def load_pyarrow(name: str) -> ModuleType:
    """The library that reads and writes Parquet.

    Raises:
        InputError: it isn't installed.
    """
    try:
        import pyarrow.parquet  # 200 ms and 40 MB: only who has such a file pays
    except ImportError as error:
        raise InputError(
            f"“{name}” is a Parquet file, and what reads those isn't installed.",
            "Install it: pip install 'llmops-tui[parquet]'. Or save the table as JSON Lines.",
        ) from error
    module: ModuleType = pyarrow.parquet
    return module


def read_parquet(path: Path, name: str, progress: Progress) -> Iterator[Row | BadRow]:
    """All rows; the number of a row stands for its line.

    Raises:
        InputError: the file is damaged.
    """
    file = _opened(path, name)
    progress.consumed, progress.total = 0, file.metadata.num_rows
    number = 0
    try:
        for batch in file.iter_batches(batch_size=_AT_ONCE):
            for values in batch.to_pylist():
                number += 1
                row = typed_row(number, values)
                progress.consumed = number
                yield row
    except (OSError, ValueError) as error:
        raise InputError(
            f"“{name}” is damaged after row {number:,}: {_first_line(error)}.",
            "Write or download it again.",
        ) from error
    finally:
        file.close()


def is_own(path: Path, name: str) -> bool:
    """Whether this program wrote the file."""
    file = _opened(path, name)
    try:
        return _OWN in (file.metadata.metadata or {})
    finally:
        file.close()


def typed_row(number: int, values: Mapping[str, object]) -> Row | BadRow:
    """A row of typed values, or a bad row where one of them can't be kept."""
    plain = Plain()
    try:
        return Row(number, {str(name): plain.value(value) for name, value in values.items()})
    except Refused as refused:
        raw = json.dumps(values, default=str, ensure_ascii=False)
        return bad_row(number, refused.reason, raw, refused.cause)


def write_parquet(
    rows: Iterable[Mapping[str, Json]], target: BinaryIO, names: Sequence[str]
) -> tuple[int, int]:
    """Write rows of text cells; `tags` is a list of texts. Returns rows and replaced cells.

    Raises:
        InputError: the library is missing.
    """
    parquet = load_pyarrow("The export")
    import pyarrow

    kinds = {"tags": pyarrow.list_(pyarrow.string())}
    last = len(names) - 2  # of several columns called so, the one that this program adds
    schema = pyarrow.schema(
        [
            (name, kinds["tags"] if place == last else pyarrow.string())
            for place, name in enumerate(names)
        ],
        metadata={_OWN: b"1"},
    )
    count = replaced = 0
    with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        for group in _groups(rows):
            columns: list[Any] = []
            for place, name in enumerate(names):
                cells = [row.get(name) for row in group]
                clean = [_clean(cell) for cell in cells]
                replaced += sum(1 for a, b in zip(cells, clean, strict=True) if a != b)
                columns.append(pyarrow.array(clean, schema.types[place]))
            writer.write_table(pyarrow.Table.from_arrays(columns, schema=schema))
            count += len(group)
    return count, replaced


def _clean(cell: Json) -> Json:
    """Without halves of surrogate pairs, which no file can carry."""
    if isinstance(cell, str):
        try:
            cell.encode()
        except UnicodeEncodeError:
            return cell.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return cell
    return [_clean(item) for item in cell] if isinstance(cell, list) else cell


def _groups(rows: Iterable[Mapping[str, Json]]) -> Iterator[list[Mapping[str, Json]]]:
    group: list[Mapping[str, Json]] = []
    for row in rows:
        group.append(row)
        if len(group) == _ROW_GROUP:
            yield group
            group = []
    if group:
        yield group


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200].rstrip(".")


def _opened(path: Path, name: str) -> Any:
    parquet = load_pyarrow(name)
    try:
        return parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise InputError(
            f"“{name}” is a damaged Parquet file: {_first_line(error)}.",
            "Write or download it again.",
        ) from error
