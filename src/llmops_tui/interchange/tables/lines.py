"""Splitting text into lines, many at a time, without ever holding the whole of it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables.model import MAX_VALUE

_DIGITS_TO_ZERO = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x20 for byte in range(256))
_LONG_NUMBER = b"0" * 19
"""Whole numbers with fewer digits fit into 64 bits."""


class ByteLines(NamedTuple):
    """Some lines of bytes, without their line feeds."""

    lines: list[bytes]
    long_numbers: bool
    """Somewhere in them stand 19 or more digits in a row."""
    dropped: int = 0
    """Bytes that were left out of the (only) line, because it's too long to be held."""


def has_long_number(data: bytes) -> bool:
    """Whether 19 or more digits follow each other. Costs a tenth of parsing it."""
    return _LONG_NUMBER in data.translate(_DIGITS_TO_ZERO)


def byte_lines(chunks: Iterable[bytes]) -> Iterator[ByteLines]:
    """Split at line feeds. A line longer than `MAX_VALUE` comes alone, its end left out."""
    held: list[bytes] = []
    size = dropped = 0
    for chunk in chunks:
        first, feed, rest = chunk.partition(b"\n")
        if size + len(first) > MAX_VALUE:
            dropped += len(first)
        else:
            held.append(first)
            size += len(first)
        if not feed:
            continue
        line = b"".join(held)
        yield ByteLines([line], has_long_number(line), dropped)
        lines = rest.split(b"\n")
        held = [lines.pop()]
        size, dropped = len(held[0]), 0
        if lines:
            yield ByteLines(lines, has_long_number(rest))
    if size or dropped:
        line = b"".join(held)
        yield ByteLines([line], has_long_number(line), dropped)


def text_lines(texts: Iterable[str], name: str) -> Iterator[list[str]]:
    """Split at LF, CR LF and CR (nothing else), line ends kept, as the `csv` module wants it.

    Raises:
        InputError: A line is longer than `MAX_VALUE`.
    """
    held: list[str] = []
    size = 0
    for text in texts:
        if held and "\n" not in text and "\r" not in text and not held[-1].endswith("\r"):
            held.append(text)
            size += len(text)
            if size > MAX_VALUE:
                raise InputError(
                    f"“{name}” has a line longer than {MAX_VALUE >> 20} MiB.",
                    "Is this a data set? Check what wrote the file.",
                )
            continue
        lines = io.StringIO("".join((*held, text)), newline="").readlines()
        held, size = [], 0
        # The end of a piece is no end of a line; after a CR, its LF may be still to come.
        if lines and not lines[-1].endswith("\n"):
            held = [lines.pop()]
            size = len(held[0])
        if lines:
            yield lines
    if held:
        yield ["".join(held)]
