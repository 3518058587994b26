"""Binary files that are taken for tables, told apart by their first bytes."""

from __future__ import annotations

from llmops_tui.core.errors import InputError

GZIP = b"\x1f\x8b"

_AS_CSV = "Save it as CSV or JSON Lines and import that."
_UNPACK = "Unpack it and import the file inside."

_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"PAR1", "a Parquet file", "Unpack it: Parquet packs its own columns."),
    (b"ARROW1", "an Arrow file", "Save it as JSON Lines and import that."),
    (b"Obj\x01", "an Avro file", "Save it as JSON Lines and import that."),
    (b"SQLite format 3\x00", "an SQLite database", "Export the table as CSV and import that."),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Office file", _AS_CSV),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", _UNPACK),
    (b"BZh", "packed with bzip2", _UNPACK),
    (b"\xfd7zXZ\x00", "packed with xz", _UNPACK),
    (b"7z\xbc\xaf", "a 7-Zip archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"%PDF-", "a PDF", "Copy its table into a CSV file and import that."),
    (b"\x89PNG", "an image", ""),
    (b"\xff\xd8\xff", "an image", ""),
    (b"GIF8", "an image", ""),
    (b"\x7fELF", "a program", ""),
    (b"\x89HDF", "an HDF5 file", _AS_CSV),
    (b"\x93NUMPY", "a NumPy file", _AS_CSV),
    (b"\x80\x04\x95", "a Python pickle, which is never opened", _AS_CSV),
    (b"{\\rtf", "an RTF document", _AS_CSV),
)
_PLAIN_CONTROLS = bytes(range(0x20)) + b"\x7f"
_TEXT_CONTROLS = b"\t\n\v\f\r\x1b"


def refuse_binary(name: str, head: bytes) -> None:
    """Refuse what is known to be no text, with what to do instead.

    Raises:
        InputError: The first bytes are another format's.
    """
    if head.startswith(b"PK\x03\x04"):
        raise InputError(*_zip(name, head))
    for signature, what, hint in _SIGNATURES:
        if head.startswith(signature) and not (signature == b"BZh" and head[:64].isascii()):
            raise InputError(f"“{name}” is {what}, no table of text.", hint or _AS_CSV)
    if head.startswith(b"ustar", 257):
        raise InputError(f"“{name}” is a tar archive.", _UNPACK)


def looks_binary(head: bytes, *, valid_text: bool) -> bool:
    """Whether so many control characters are in it that it can't be text.

    Args:
        head: The first bytes, unpacked.
        valid_text: They are UTF-8; then stray control characters are more likely meant.
    """
    controls = len(head) - len(head.translate(None, _PLAIN_CONTROLS))
    controls -= len(head) - len(head.translate(None, _TEXT_CONTROLS))
    return controls > len(head) * (0.3 if valid_text else 0.05)


def _zip(name: str, head: bytes) -> tuple[str, str]:
    if b"xl/" in head or b"[Content_Types].xml" in head:
        return f"“{name}” is an Excel workbook.", "Save the sheet as CSV (UTF-8) and import that."
    if b"mimetypeapplication/vnd.oasis" in head:
        return f"“{name}” is an OpenDocument file.", _AS_CSV
    return f"“{name}” is a zip archive.", _UNPACK
