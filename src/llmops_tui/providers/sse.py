"""Server-sent events: a parser that takes bytes as they arrive, wherever the network cut them."""

from __future__ import annotations

from dataclasses import dataclass

_BOM = b"\xef\xbb\xbf"
_CR, _LF = 13, 10


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event of a stream."""

    data: str
    """The `data` lines joined by newlines."""
    event: str = "message"
    id: str = ""
    """The last event id the stream has named, this event's or an earlier one's."""


class SseParser:
    """Turns chunks of a byte stream into events, as the HTML standard's event stream format has it.

    Lines end with CRLF, LF or CR, in any mixture, and a line end or a character may be cut in two
    by the network. `retry` is ignored: nobody reconnects to an answer.
    """

    def __init__(self) -> None:
        self._pending: list[bytes] = []
        self._skip_lf = False
        self._first_line = True
        self._data: list[bytes] = []
        self._event = b""
        self._id = ""

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """Take the next bytes; returns the events that they complete."""
        if self._skip_lf and chunk:
            # The last chunk ended with CR, which ended the line; an LF now belongs to it.
            self._skip_lf = False
            if chunk[0] == _LF:
                chunk = chunk[1:]
        if not chunk:
            return []
        if b"\n" not in chunk and b"\r" not in chunk:
            self._pending.append(chunk)
            return []
        if self._pending:
            self._pending.append(chunk)
            chunk = b"".join(self._pending)
            self._pending.clear()
        lines = chunk.splitlines()
        if chunk[-1] == _CR:
            self._skip_lf = True
        elif chunk[-1] != _LF:
            self._pending.append(lines.pop())
        return self._take(lines)

    def close(self) -> list[SseEvent]:
        """The stream has ended: returns the event that no blank line completed, if there is one.

        The standard drops such an event. Servers that forget the last blank line are common, and
        one that was really cut shows it by its broken JSON, so here it is handed out.
        """
        lines = [b"".join(self._pending)] if self._pending else []
        self._pending.clear()
        return self._take([*lines, b""])

    def _take(self, lines: list[bytes]) -> list[SseEvent]:
        events: list[SseEvent] = []
        for line in lines:
            if self._first_line:
                self._first_line = False
                line = line.removeprefix(_BOM)
            if not line:
                if self._data:
                    events.append(self._complete())
                self._event = b""
                continue
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if name == b"data":
                self._data.append(value)
            elif name == b"event":
                self._event = value
            elif name == b"id" and b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        return events

    def _complete(self) -> SseEvent:
        data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        self._data.clear()
        name = self._event.decode("utf-8", "replace") if self._event else "message"
        return SseEvent(data.decode("utf-8", "replace"), name, self._id)
