"""How large texts are kept: packed, with the packing named in the first byte."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

from llmops_tui.core.chat import Json

if TYPE_CHECKING:
    import zstandard

_PLAIN = b"\x00"
_ZSTD = b"\x01"
_SMALLEST_PACKED = 200  # below this, zstd's frame costs more than it saves
_LEVEL = 3

_local = threading.local()


def pack(text: str) -> bytes:
    """Text to bytes. Lone surrogates survive."""
    data = text.encode("utf-8", "surrogatepass")
    if len(data) < _SMALLEST_PACKED:
        return _PLAIN + data
    return _ZSTD + _compressor().compress(data)


def unpack(stored: bytes) -> str:
    """The text that `pack` was given."""
    kind, data = stored[:1], stored[1:]
    if kind == _ZSTD:
        data = _decompressor().decompress(data)
    return data.decode("utf-8", "surrogatepass")


def to_json(value: object) -> str:
    """Compact JSON, ASCII only so that lone surrogates can be stored."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def from_json(stored: str) -> Json:
    """Read what `to_json` wrote."""
    value: Json = json.loads(stored)
    return value


def json_object(stored: str) -> dict[str, Json]:
    """Read a stored JSON object."""
    value = from_json(stored)
    return value if isinstance(value, dict) else {}


def json_strings(stored: str) -> tuple[str, ...]:
    """Read a stored JSON list of strings."""
    value = from_json(stored)
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _compressor() -> zstandard.ZstdCompressor:
    import zstandard  # 10 ms: not on the way to the first ink

    found: zstandard.ZstdCompressor | None = getattr(_local, "compressor", None)
    if found is None:
        found = _local.compressor = zstandard.ZstdCompressor(level=_LEVEL)
    return found


def _decompressor() -> zstandard.ZstdDecompressor:
    import zstandard

    found: zstandard.ZstdDecompressor | None = getattr(_local, "decompressor", None)
    if found is None:
        found = _local.decompressor = zstandard.ZstdDecompressor()
    return found
