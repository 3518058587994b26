"""Which encoding a text is in, and bringing it into UTF-8."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from llmops_tui.core.errors import InputError

_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BOM_OF = {encoding: bom for bom, encoding in _BOMS}
_ESCAPED = re.compile("[\udc80-\udcff]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f]")
_NOT_IN_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_C1 = re.compile(rb"[\x80-\x9f]")

_NOT_FOR_FILES = frozenset({"unicode_escape", "raw_unicode_escape", "idna", "punycode", "utf_7"})

_DAMAGE = "llmops-tui.damage"
"""Our error handler: what can't be decoded becomes a byte that is never UTF-8, so that the row it
stands in is set aside further on."""


def _mark_damage(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError):
        return "\udcff", error.end
    raise error


codecs.register_error(_DAMAGE, _mark_damage)


@dataclass(frozen=True, slots=True)
class EncodingGuess:
    """The encoding of a text and how we came to think so."""

    encoding: str
    bom: bool = False
    note: str = ""


def known_encoding(name: str) -> str:
    """The canonical name of an encoding that a person named.

    Raises:
        InputError: Python knows no such text encoding.
    """
    hint = "Common ones: utf-8, utf-16, cp1252, latin-1."
    try:
        info = codecs.lookup(name)
        "".encode(info.name)
    except (LookupError, UnicodeError, ValueError) as error:
        raise InputError(f"“{name}” is no text encoding.", hint) from error
    if info.name.replace("-", "_") in _NOT_FOR_FILES:
        raise InputError(f"“{name}” is no encoding of files.", hint)
    return info.name


def bom_encoding(head: bytes) -> str | None:
    """The encoding that a byte order mark announces, or none."""
    return next((encoding for bom, encoding in _BOMS if head.startswith(bom)), None)


def declared_encoding(encoding: str, head: bytes) -> EncodingGuess:
    """A person's word about the encoding, made exact by the byte order mark."""
    name = known_encoding(encoding)
    found = bom_encoding(head)
    if name in {"utf-16", "utf-32"}:
        fitting = found if found is not None and found.startswith(name) else f"{name}-le"
        return EncodingGuess(fitting, bom=fitting == found)
    if name == "utf-8-sig":
        name = "utf-8"
    return EncodingGuess(name, bom=found == name)


def guess_encoding(head: bytes, chunks: Iterator[bytes]) -> EncodingGuess:
    """Find the encoding: a byte order mark, else UTF-8 if all of it is, else a Western one.

    Text that is mostly UTF-8 with some broken bytes stays UTF-8: the rows concerned become bad
    rows, instead of every accent in the file becoming two wrong letters.

    Args:
        head: The first bytes.
        chunks: All of it, from the start.
    """
    found = bom_encoding(head)
    if found not in (None, "utf-8"):
        return EncodingGuess(str(found), bom=True)
    wide = _utf16_without_bom(head)
    if wide:
        return EncodingGuess(wide, note=f"Read as {wide}: every other byte is zero.")
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    broken = good = 0
    undefined = typographic = False
    for chunk in chunks:
        if chunk.isascii() and not decoder.getstate()[0]:
            continue
        text = decoder.decode(chunk)
        if broken or not _is_text(text):
            wrong = len(_ESCAPED.findall(text))
            broken += wrong
            good += len(_BEYOND_ASCII.findall(text)) - wrong
            undefined = undefined or bool(_NOT_IN_CP1252.search(chunk))
            typographic = typographic or bool(_C1.search(chunk))
        elif good < 1000:
            good += len(_BEYOND_ASCII.findall(text))
    broken += len(decoder.decode(b"", final=True))
    if not broken:
        return EncodingGuess("utf-8", bom=found is not None)
    if good >= broken or found is not None:
        note = f"UTF-8 with {broken} broken bytes: the rows concerned are set aside as bad."
        return EncodingGuess("utf-8", bom=found is not None, note=note)
    encoding = "latin-1" if undefined else "cp1252"
    return EncodingGuess(encoding, note=f"Read as {encoding}: the bytes are no UTF-8.")


def to_utf8(chunks: Iterator[bytes], encoding: str, *, bom: bool) -> Iterator[bytes]:
    """The same text as UTF-8 without a byte order mark.

    What can't be decoded becomes a byte that is never UTF-8, for the reader to find.
    """
    if bom:
        chunks = _without(chunks, len(_BOM_OF.get(encoding, b"")))
    if encoding == "utf-8":
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)(_DAMAGE)
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "surrogateescape")
    if rest := decoder.decode(b"", final=True):
        yield rest.encode("utf-8", "surrogateescape")


class Utf8Text:
    """UTF-8 decoded piece by piece; knows whether any of it was broken.

    Broken bytes come out as lone surrogates (PEP 383), so that the row they stand in can be found.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.damaged = False

    def __iter__(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")("strict")
        for chunk in self._chunks:
            state = decoder.getstate()
            try:
                text = decoder.decode(chunk)
            except UnicodeDecodeError:
                self.damaged = True
                decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
                decoder.setstate(state)
                text = decoder.decode(chunk)
            if text:
                yield text
        if rest := decoder.getstate()[0]:
            self.damaged = True
            yield rest.decode("utf-8", "surrogateescape")


def broken_byte(text: str) -> str | None:
    """The first byte in it that was no UTF-8, as `0xE9`, or none."""
    found = _ESCAPED.search(text)
    return f"0x{ord(found.group()) - 0xDC00:02X}" if found else None


def readable(text: str) -> str:
    r"""The text with each broken byte as `\xe9`."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _is_text(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _utf16_without_bom(head: bytes) -> str | None:
    sample = head[:4096]
    pairs = len(sample) // 2
    if pairs < 4:
        return None
    even, odd = sample[: pairs * 2 : 2].count(0) / pairs, sample[1 : pairs * 2 : 2].count(0) / pairs
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    if even > 0.4 and odd < 0.05:
        return "utf-16-be"
    return None


def _without(chunks: Iterator[bytes], count: int) -> Iterator[bytes]:
    for chunk in chunks:
        left = max(0, count - len(chunk))
        if rest := chunk[count:]:
            yield rest
        count = left
