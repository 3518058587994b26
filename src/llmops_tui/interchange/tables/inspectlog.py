"""Samples of an Inspect log in its `.eval` form: a zip archive with one JSON file a sample."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import orjson

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables.model import BadRow, Cause, Progress, Row, bad_row

_LARGEST = 256 * 1024 * 1024
_ZSTANDARD = 93
_DIGITS = re.compile(r"(\d+)")


def is_inspect_log(path: Path) -> bool:
    """Whether a zip archive is such a log."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False
    journal = "header.json" in names or "_journal/start.json" in names
    return journal or any(_is_sample(name) for name in names)


def read_inspect_log(path: Path, name: str, progress: Progress) -> Iterator[Row | BadRow]:
    """All samples by id, first epochs first.

    Raises:
        InputError: the archive is damaged, or has no samples.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if _is_sample(info.filename)]
            if not infos:
                raise InputError(
                    f"“{name}” is an Inspect log without samples.",
                    "Run the evaluation with its samples logged.",
                )
            infos.sort(key=lambda info: _order(info.filename))
            progress.consumed, progress.total = 0, len(infos)
            for number, info in enumerate(infos, 1):
                progress.consumed = number
                yield _sample(archive, info, number)
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"“{name}” is damaged: {error}.", "Copy it again.") from error


def _sample(archive: zipfile.ZipFile, info: zipfile.ZipInfo, number: int) -> Row | BadRow:
    if info.file_size > _LARGEST:
        reason = f"larger than {_LARGEST >> 20} MiB"
        return bad_row(number, reason, info.filename, Cause.SIZE)
    try:
        data = _content(archive, info)
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        try:
            value = json.loads(data)  # Inspect writes NaN where a score is none
        except ValueError as error:
            reason = f"{info.filename} is no JSON: {error}"
            return bad_row(number, reason, info.filename, Cause.SYNTAX)
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        return bad_row(number, f"{info.filename}: {error}", info.filename, Cause.SYNTAX)
    if not isinstance(value, dict):
        return bad_row(number, "no object", info.filename, Cause.SHAPE)
    return Row(number, value)


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """An entry unpacked; newer logs are packed with zstd, which Python's reader doesn't know."""
    if info.compress_type != _ZSTANDARD:
        return archive.read(info)
    import zstandard

    assert archive.fp is not None
    archive.fp.seek(info.header_offset + 26)
    lengths = archive.fp.read(4)
    skip = int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
    archive.fp.seek(info.header_offset + 30 + skip)
    packed = archive.fp.read(info.compress_size)
    try:
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=info.file_size)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error


def _is_sample(name: str) -> bool:
    return name.startswith("samples/") and name.endswith(".json")


def _order(name: str) -> tuple[int, list[tuple[int, str]]]:
    """By epoch, then by id with numbers in their order."""
    stem, _, epoch = name.removesuffix(".json").rpartition("_epoch_")
    parts = [(int(p), "") if p.isdecimal() else (0, p) for p in _DIGITS.split(stem or name)]
    return int(epoch) if epoch.isdecimal() else 0, parts
