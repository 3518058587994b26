"""Bytes that can be read more than once: a file, what came through a pipe, a pasted text."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import stat
import threading
import zlib
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile, SpooledTemporaryFile, _TemporaryFileWrapper
from types import TracebackType
from typing import BinaryIO, cast

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables.model import Progress

CHUNK = 1024 * 1024
_IN_MEMORY = 16 * 1024 * 1024
"""Bytes of a pipe that are held in memory; beyond it they go to a temporary file."""
_BOMB_RATIO = 300
_BOMB_BYTES = 256 * 1024 * 1024
"""A gzip file that has grown beyond this, and by more than the ratio, is a trap."""


@dataclass(slots=True)
class Source:
    """Something to read rows from. Close it (or use `with`) to drop what a pipe left behind."""

    name: str
    """As a person knows it: the file's name, `stdin`, `clipboard`."""
    size: int
    path: Path | None = None
    _spool: SpooledTemporaryFile[bytes] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _file: _TemporaryFileWrapper[bytes] | None = None

    @classmethod
    def from_path(cls, path: str | os.PathLike[str]) -> Source:
        """A file or a directory. A named pipe (or `<(command)`) is read at once and set aside.

        Raises:
            InputError: It is missing, a device, or may not be read.
        """
        where = Path(path)
        try:
            info = where.stat()
            if stat.S_ISFIFO(info.st_mode):
                with where.open("rb") as stream:
                    return cls.from_stream(stream, where.name)
            if stat.S_ISDIR(info.st_mode):
                return cls(where.absolute().name, 1, path=where)
            if not stat.S_ISREG(info.st_mode):
                raise InputError(f"“{where}” is no file.", "Name a file, or - for stdin.")
            with where.open("rb"):
                pass
        except (OSError, ValueError) as error:
            raise _unreadable(str(where), error) from error
        return cls(where.name, info.st_size, path=where)

    @classmethod
    def from_stream(cls, stream: BinaryIO, name: str = "stdin") -> Source:
        """A stream that can be read only once; what comes is set aside until `close`.

        Raises:
            InputError: The stream breaks, or there is no room for it.
        """
        # Lives as long as the source does.
        spool: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
        size = 0
        try:
            while chunk := stream.read(CHUNK):
                size += spool.write(chunk)
        except OSError as error:
            spool.close()
            raise _unreadable(name, error) from error
        return cls(name, size, _spool=spool)

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "clipboard") -> Source:
        """A text that is at hand, such as a paste."""
        return cls.from_stream(io.BytesIO(data), name)

    def open(self) -> BinaryIO:
        """A fresh stream from the start.

        Raises:
            InputError: The file went away in the meantime.
        """
        if self._spool is not None:
            return cast(BinaryIO, io.BufferedReader(_SpoolView(self._spool, self._lock), CHUNK))
        assert self.path is not None
        try:
            return self.path.open("rb")
        except OSError as error:
            raise _unreadable(str(self.path), error) from error

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory of files."""
        return self.path is not None and self.path.is_dir()

    def local_path(self) -> Path:
        """A file on disk with what is in it, for readers that want to jump about in one.

        Raises:
            InputError: there is no room for it.
        """
        if self.path is not None:
            return self.path
        if self._file is None:
            try:
                # Lives as long as the source does.
                self._file = NamedTemporaryFile(prefix="llmops-")  # noqa: SIM115
                with self.open() as stream:
                    shutil.copyfileobj(stream, self._file)
                self._file.flush()
            except OSError as error:
                raise _unreadable(self.name, error) from error
        return Path(self._file.name)

    def close(self) -> None:
        """Drop what was set aside."""
        if self._spool is not None:
            self._spool.close()
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def as_source(what: Source | str | os.PathLike[str]) -> Source:
    """A source as it is; a path as a source."""
    return what if isinstance(what, Source) else Source.from_path(what)


def read_chunks(
    source: Source, compression: str = "", progress: Progress | None = None
) -> Generator[bytes, None, None]:
    """The source's bytes, unpacked, about a mebibyte at a time.

    Raises:
        InputError: The gzip stream is damaged, cut short or a trap, or the disk fails.
    """
    progress = Progress() if progress is None else progress
    progress.consumed, progress.total = 0, source.size
    with source.open() as stream:
        counted = _Counted(stream, progress)
        try:
            if compression:
                yield from _unpacked(source.name, counted, progress)
            else:
                while chunk := stream.read(CHUNK):
                    progress.consumed += len(chunk)
                    yield chunk
        except OSError as error:
            raise _unreadable(source.name, error) from error


class _Counted:
    """A stream that says how much of it was read; all that `gzip` asks of a file object."""

    def __init__(self, stream: BinaryIO, progress: Progress) -> None:
        self._stream = stream
        self._progress = progress

    def read(self, size: int = -1) -> bytes:
        """Read and count."""
        data = self._stream.read(size)
        self._progress.consumed += len(data)
        return data


def _unpacked(name: str, stream: _Counted, progress: Progress) -> Generator[bytes, None, None]:
    size = 0
    with gzip.GzipFile(fileobj=cast(BinaryIO, stream), mode="rb") as unpacked:
        while True:
            try:
                chunk = unpacked.read(CHUNK)
            except EOFError as error:
                raise InputError(
                    f"“{name}” is cut short: its gzip stream has no end.",
                    "Download or copy it again.",
                ) from error
            except (gzip.BadGzipFile, zlib.error) as error:
                raise InputError(
                    f"“{name}” is a damaged gzip file: {error}.", "Download or copy it again."
                ) from error
            if not chunk:
                return
            size += len(chunk)
            if size > _BOMB_BYTES and size > _BOMB_RATIO * progress.consumed:
                raise InputError(
                    f"“{name}” unpacks to more than {_BOMB_RATIO} times its size: that is a trap.",
                    "Unpack it yourself, if you trust it.",
                )
            yield chunk


class _SpoolView(io.RawIOBase):
    """One reader of a spooled stream, with a place of its own."""

    def __init__(self, spool: SpooledTemporaryFile[bytes], lock: threading.Lock) -> None:
        self._spool = spool
        self._lock = lock
        self._place = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer from this reader's place."""
        with self._lock:
            self._spool.seek(self._place)
            data = self._spool.read(len(buffer))
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


def _unreadable(name: str, error: Exception) -> InputError:
    if isinstance(error, FileNotFoundError):
        return InputError(f"There is no file “{name}”.", "Check the path.")
    if isinstance(error, PermissionError):
        return InputError(f"“{name}” may not be read.", "Check the file's permissions.")
    if isinstance(error, OSError) and error.strerror:
        return InputError(f"“{name}” can't be read: {error.strerror}.", "Check the file.")
    return InputError(f"“{name}” can't be read: {error}.", "Check the path.")
