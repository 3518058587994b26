"""Request bodies: bounded before and after decompression, refused with a reason."""

from __future__ import annotations

import zlib
from http import HTTPStatus

from llmops_tui.core.errors import LlmopsError

MAX_BODY = 128 * 1024 * 1024
"""Bytes that a telemetry body may have, before and after decompression."""

FREE_INFLATION = 8 * 1024 * 1024
"""Bytes that any compressed body may inflate to, whatever its ratio."""

MAX_RATIO = 200
"""Beyond `FREE_INFLATION`, a body that inflates more than this is a bomb: text stays below 50."""

_WINDOWS = {
    "gzip": 31,
    "x-gzip": 31,
    "deflate": 15,
}  # zlib's names for the two containers
_ZSTD_WINDOW = 64 * 1024 * 1024


class BodyRefused(LlmopsError):
    """A request body can't be taken; `status` is the HTTP status that says so."""

    def __init__(self, status: HTTPStatus, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.status = status


def inflate(data: bytes, encoding: str, *, limit: int = MAX_BODY) -> bytes:
    """Undo a Content-Encoding.

    Args:
        data: The body as it was sent.
        encoding: The header's value; several codings are undone from the last to the first.
        limit: Bytes that may come out.

    Raises:
        BodyRefused: It isn't what the header says (400), is too large or a bomb (413), or is in a
            coding that isn't known (415).
    """
    codings = [coding.strip().lower() for coding in encoding.split(",")]
    allowed = min(limit, max(FREE_INFLATION, MAX_RATIO * len(data)))
    for coding in reversed(codings):
        if coding in _WINDOWS:
            data = _inflate_zlib(data, coding, allowed)
        elif coding == "zstd":
            data = _inflate_zstd(data, allowed)
        elif coding not in {"", "identity"}:
            raise BodyRefused(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                f"The content encoding {coding[:40]!r} is not known here.",
                "Known encodings: gzip, deflate, zstd.",
            )
    return data


def too_large(limit: int) -> BodyRefused:
    """The refusal of a body over `limit` bytes."""
    return BodyRefused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"The body is larger than {limit // (1024 * 1024)} MiB or inflates beyond reason.",
        "Send smaller batches.",
    )


def _inflate_zlib(data: bytes, coding: str, allowed: int) -> bytes:
    engine = zlib.decompressobj(_WINDOWS[coding])
    try:
        result = engine.decompress(data, allowed + 1)
    except zlib.error as error:
        raise _not_what_it_says(coding) from error
    if len(result) > allowed:
        raise too_large(allowed)
    if not engine.eof:
        raise _not_what_it_says(coding)
    # gzip allows several members one after the other; a body rarely has more than one.
    while engine.unused_data.startswith(b"\x1f\x8b") and coding != "deflate":
        rest = engine.unused_data
        engine = zlib.decompressobj(_WINDOWS[coding])
        try:
            result += engine.decompress(rest, allowed + 1 - len(result))
        except zlib.error as error:
            raise _not_what_it_says(coding) from error
        if len(result) > allowed:
            raise too_large(allowed)
        if not engine.eof:
            raise _not_what_it_says(coding)
    return result


def _inflate_zstd(data: bytes, allowed: int) -> bytes:
    import zstandard  # 10 ms, and rarely needed

    engine = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    parts: list[bytes] = []
    size = 0
    try:
        for part in engine.read_to_iter(data):
            parts.append(part)
            size += len(part)
            if size > allowed:
                raise too_large(allowed)
    except zstandard.ZstdError as error:
        raise _not_what_it_says("zstd") from error
    if data and not parts:
        raise _not_what_it_says("zstd")
    return b"".join(parts)


def _not_what_it_says(coding: str) -> BodyRefused:
    return BodyRefused(
        HTTPStatus.BAD_REQUEST,
        f"The body is announced as {coding} and is not, or was cut short.",
        "Send it as announced, or without Content-Encoding.",
    )
