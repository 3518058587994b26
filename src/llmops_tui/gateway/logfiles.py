"""Calls out of log files: JSON Lines in any common shape, read once or followed as they grow."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from llmops_tui.core.call import CallDraft
from llmops_tui.core.chat import Json
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import InputError
from llmops_tui.gateway.conversation import dumps, loads, plain, request_text, response_text

LONGEST_LINE = 8_000_000
GUESSES: Mapping[str, tuple[str, ...]] = {
    "input": ("input", "prompt", "messages", "question", "query", "request"),
    "output": ("output", "response", "answer", "completion", "reply", "generation"),
    "id": ("id", "call_id", "request_id", "response_id", "trace_id", "uuid"),
    "time": ("timestamp", "time", "created_at", "started_at", "ts", "date", "@timestamp"),
    "model": ("model", "model_name", "engine"),
    "duration": ("duration_ms", "latency_ms", "latency", "duration", "elapsed_ms"),
    "error": ("error", "error_message", "exception"),
    "finish": ("finish_reason", "stop_reason"),
    "input_tokens": ("input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens"),
    "prompt": ("prompt_name",),
    "version": ("prompt_version",),
}
"""Where each part of a call is looked for, the likeliest first; `a.b` goes into an object."""


class BadLineError(InputError):
    """A line is no call."""


@dataclass(frozen=True, slots=True)
class LogMapping:
    """Which field of a line is which part of a call; parts that aren't named are guessed."""

    fields: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, words: tuple[str, ...]) -> LogMapping:
        """From words such as `output=result.text`.

        Raises:
            InputError: a word names no part of a call.
        """
        fields = {}
        for word in words:
            part, _, name = word.partition("=")
            if part not in GUESSES or not name:
                raise InputError(
                    f"{word!r} maps nothing.", f"Write PART=FIELD; parts are {', '.join(GUESSES)}."
                )
            fields[part] = name
        return cls(fields)

    def value(self, line: Mapping[str, Json], part: str) -> Json:
        """A part of a call, or None."""
        named = self.fields.get(part)
        for name in (named,) if named else GUESSES[part]:
            found: Json = dict(line)
            for step in name.split("."):
                found = found.get(step) if isinstance(found, dict) else None
            if found is not None:
                return found
        return None


def call_of(line: bytes, mapping: LogMapping, source: str) -> CallDraft:
    """The call that a line tells of.

    Raises:
        BadLineError: it is no JSON object, or tells neither a question nor an answer.
    """
    value = loads(line.decode("utf-8", "replace"))
    if not isinstance(value, dict):
        raise BadLineError("it is no JSON object")
    asked, answered = mapping.value(value, "input"), mapping.value(value, "output")
    if asked is None and answered is None:
        raise BadLineError("it has neither an input nor an output")
    error = mapping.value(value, "error")
    said = mapping.value(value, "id")
    own = f"{source}\0{said}".encode() if said is not None else line.strip()
    return CallDraft(
        identity=hashlib.blake2b(own, digest_size=16).digest(),
        source="file",
        input=plain(_shown(asked if asked is not None else value), request_text),
        output=plain(_shown(answered), response_text),
        started_at=_time(mapping.value(value, "time")),
        duration_ms=_number(mapping.value(value, "duration")) or 0.0,
        response_id=str(said) if said is not None else "",
        model=_text(mapping.value(value, "model")),
        prompt_name=_text(mapping.value(value, "prompt")),
        prompt_version=_text(mapping.value(value, "version")),
        status="error" if error else "ok",
        error=_text(error),
        finish_reason=_text(mapping.value(value, "finish")),
        input_tokens=_count(mapping.value(value, "input_tokens")),
        output_tokens=_count(mapping.value(value, "output_tokens")),
        attributes=dumps(value),
    )


@dataclass(slots=True)
class LogFile:
    """A file that is read from where it was left, also when it was rotated or cut off."""

    path: Path
    inode: int = 0
    offset: int = 0
    """Bytes of whole lines that were taken."""

    def lines(self, *, final: bool = False) -> Iterator[tuple[bytes, int]]:
        """(line, bytes taken with it) of what came since.

        A line without its end waits for it, unless this is the `final` look.

        What a rotated file still held when another took its name is read first where it can be
        found beside it (`calls.jsonl.1`, `calls-20261125.jsonl`).

        Raises:
            InputError: the file can't be read.
        """
        try:
            info = self.path.stat()
        except FileNotFoundError:
            return  # between a rotation and the next line
        except OSError as error:
            raise InputError(f"“{self.path}” can't be read: {error.strerror}.") from error
        if self.inode and info.st_ino != self.inode:
            yield from self._rest_of_rotated()
            self.offset = 0
        elif info.st_size < self.offset:
            self.offset = 0  # cut off, and begun anew
        self.inode = info.st_ino
        with self.path.open("rb") as stream:
            yield from self._read(stream, final=final)

    def _rest_of_rotated(self) -> Iterator[tuple[bytes, int]]:
        stem = self.path.name.partition(".")[0]
        for other in sorted(self.path.parent.glob(f"{glob.escape(stem)}*")):
            try:
                if other.is_file() and other.stat().st_ino == self.inode:
                    with other.open("rb") as stream:
                        yield from self._read(stream, final=True)
            except OSError:
                continue

    def _read(self, stream: BinaryIO, *, final: bool) -> Iterator[tuple[bytes, int]]:
        stream.seek(self.offset)
        while line := stream.readline(LONGEST_LINE):
            if not line.endswith(b"\n"):
                if len(line) < LONGEST_LINE and not final:
                    return  # still being written
                while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                    pass
            self.offset = stream.tell()
            if line.strip():
                yield line, self.offset


def read_stream(stream: BinaryIO) -> Iterator[bytes]:
    """Lines of a pipe, the last one also without an end."""
    while line := stream.readline(LONGEST_LINE):
        if line.strip():
            yield line


def place_of(path: Path) -> str:
    """The name under which the place in a file is kept."""
    return f"ingest {os.path.realpath(path)}"


def _shown(value: Json) -> Json:
    """A list of messages as the text that `plain` reads messages from."""
    return dumps(value) if isinstance(value, list) else value


def _text(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else dumps(value)


def _number(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _count(value: Json) -> int | None:
    number = _number(value)
    return int(number) if number is not None and 0 <= number < 10**9 else None


def _time(value: Json) -> int:
    """Epoch milliseconds of seconds, milliseconds, microseconds, nanoseconds or ISO 8601."""
    number = _number(value)
    if number is not None and number > 0:
        while number > 1e14:
            number /= 1000
        return int(number if number > 1e11 else number * 1000)
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value.strip())
        except ValueError:
            return now_ms()
        aware = found if found.tzinfo else found.replace(tzinfo=UTC)
        return int(aware.timestamp() * 1000)
    return now_ms()
