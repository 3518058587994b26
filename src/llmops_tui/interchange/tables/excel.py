"""Rows of a sheet of a workbook (Excel, OpenDocument). Needs the extra `excel`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables.dialect import name_columns
from llmops_tui.interchange.tables.model import BadRow, Progress, Row
from llmops_tui.interchange.tables.parquet import typed_row

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook


def sheets(path: Path, name: str) -> list[str]:
    """The names of a workbook's sheets.

    Raises:
        InputError: it can't be opened, or what opens it isn't installed.
    """
    return list(_opened(path, name).sheet_names)


def read_sheet(
    path: Path, name: str, sheet: str, progress: Progress, *, header: bool = True
) -> Iterator[Row | BadRow]:
    """All rows below the first one that holds anything, which names the columns.

    A workbook knows only one kind of number: whole ones come as whole numbers.

    Raises:
        InputError: there is no such sheet, or it is damaged.
    """
    book = _opened(path, name)
    if sheet not in book.sheet_names:
        raise InputError(
            f"“{name}” has no sheet “{sheet}”.", f"Its sheets are {', '.join(book.sheet_names)}."
        )
    found = book.get_sheet_by_name(sheet)
    progress.consumed, progress.total = 0, max(1, found.total_height)
    names: tuple[str, ...] = ()
    for number, cells in enumerate(found.iter_rows(), 1):
        progress.consumed = number
        if all(cell == "" for cell in cells):
            continue
        if not names:
            if header:
                names, _ = name_columns([str(_whole(cell)) for cell in cells])
                continue
            names = tuple(f"c{place}" for place in range(1, len(cells) + 1))
        yield typed_row(number, dict(zip(names, map(_whole, cells), strict=False)))


def _whole(cell: object) -> object:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return int(cell)
    return cell


def _opened(path: Path, name: str) -> CalamineWorkbook:
    try:
        import python_calamine  # an extra: only who has such a file needs it
    except ImportError as error:
        raise InputError(
            f"“{name}” is a workbook, and what reads those isn't installed.",
            "Install it: pip install 'llmops-tui[excel]'. Or save the sheet as CSV (UTF-8).",
        ) from error
    try:
        return python_calamine.CalamineWorkbook.from_path(path)
    except (python_calamine.CalamineError, OSError) as error:
        why = str(error).strip().split("\n")[0][:200].rstrip(".")
        raise InputError(
            f"“{name}” can't be opened as a workbook: {why}.",
            "Save it again, without a password, or save the sheet as CSV (UTF-8).",
        ) from error
