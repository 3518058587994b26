"""A directory of text files: each file is a row."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables.encoding import guess_encoding
from llmops_tui.interchange.tables.model import MAX_VALUE, BadRow, Cause, Progress, Row, bad_row
from llmops_tui.interchange.tables.signatures import looks_binary


def files(directory: Path) -> list[Path]:
    """All files in and below a directory, in order; hidden ones and links to directories not.

    Raises:
        InputError: there is none, or the directory may not be read.
    """
    found: list[Path] = []

    def refuse(error: OSError) -> None:
        raise InputError(
            f"“{error.filename}” may not be read: {error.strerror}.", "Check its permissions."
        ) from error

    for where, below, names in os.walk(directory, onerror=refuse):
        below[:] = sorted(name for name in below if not name.startswith("."))
        found += [Path(where, name) for name in sorted(names) if not name.startswith(".")]
    found = [path for path in found if path.is_file()]
    if not found:
        raise InputError(f"“{directory}” is a directory without files.", "Name another one.")
    return found


def read_folder(directory: Path, progress: Progress) -> Iterator[Row | BadRow]:
    """Each text file as a row with its name, the directory it is in, and its text."""
    paths = files(directory)
    progress.consumed, progress.total = 0, len(paths)
    for number, path in enumerate(paths, 1):
        progress.consumed = number
        name = str(path.relative_to(directory))
        try:
            with path.open("rb") as stream:
                data = stream.read(MAX_VALUE + 1)
        except OSError as error:
            yield bad_row(number, f"can't be read: {error.strerror}", name, Cause.ENCODING)
            continue
        if len(data) > MAX_VALUE:
            reason = f"larger than {MAX_VALUE >> 20} MiB"
            yield bad_row(number, reason, name, Cause.SIZE)
            continue
        guess = guess_encoding(data[:4096], iter([data]))
        text = data.decode("utf-8-sig" if guess.bom else guess.encoding, "surrogateescape")
        if guess.bom:
            text = text.removeprefix("\ufeff")
        if b"\0" in data[:4096] and looks_binary(data[:4096], valid_text=False):
            yield bad_row(number, "no text", name, Cause.ENCODING)
            continue
        try:
            text.encode()
        except UnicodeEncodeError:
            yield bad_row(number, "no text in any known encoding", name, Cause.ENCODING)
            continue
        folder = os.path.dirname(name)
        yield Row(number, {"text": text, "file": name, "folder": folder})
