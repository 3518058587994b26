"""Where in a JSON document the rows are."""

from __future__ import annotations

from dataclasses import replace

from llmops_tui.interchange.tables.encoding import Utf8Text, to_utf8
from llmops_tui.interchange.tables.jsondoc import BrokenDocument, Cursor
from llmops_tui.interchange.tables.model import Layout, SourceFormat
from llmops_tui.interchange.tables.source import Source, read_chunks

_LIST_NAMES = (
    "examples",
    "rows",
    "data",
    "samples",
    "items",
    "records",
    "instances",
    "tests",
    "test_cases",
    "testCases",
    "cases",
    "questions",
    "dataset",
    "entries",
    "results",
)
"""Members of a JSON object that are its list of rows, likeliest first."""
_ENVELOPES = ("data", "result", "dataset")
"""Members under which an answer of a web service keeps the object that has the list."""
_MANY = 5
"""A list of bare values with fewer is more likely a property of the one object."""


def find_rows(
    fmt: SourceFormat, source: Source, sample: str, member: str | None = None
) -> tuple[SourceFormat, tuple[str, ...]]:
    """Where in a JSON document the rows are: the format made exact, and what a person should know.

    Args:
        fmt: What is known of the format.
        source: The source, read through once if the document is an object.
        sample: The beginning of the text.
        member: The member that a person named.
    """
    start = sample.lstrip()
    if start.startswith("["):
        return replace(fmt, layout=Layout.ARRAY), ()
    fmt = replace(fmt, layout=Layout.SEQUENCE)
    if not start.startswith("{"):
        return fmt, ()
    if member is not None:
        return replace(fmt, layout=Layout.MEMBER, member=member), ()
    lists, more = _lists(fmt, source)
    if more:
        return fmt, ("Several JSON documents follow each other: each is read as one row.",)
    if not lists:
        return fmt, ("The file holds one object and no list of rows: read as one row.",)
    longest = max(lists, key=lambda name: lists[name])
    plain = {name.rpartition(".")[2]: name for name in reversed(lists)}
    member = next((plain[name] for name in _LIST_NAMES if name in plain), longest)
    note = f"The rows are the list “{member}”."
    if others := sorted(lists.keys() - {member}):
        note += f" Other lists are there: {', '.join(others)}."
    return replace(fmt, layout=Layout.MEMBER, member=member), (note,)


def _lists(fmt: SourceFormat, source: Source) -> tuple[dict[str, int], bool]:
    """The lists in the document that can be rows, with their lengths; whether documents follow.

    Lists of objects; where there are none, others that have the name or the length for it. In a
    broken document, those before the break: reading will come to it and say what is wrong.
    """
    chunks = read_chunks(source, fmt.compression)
    cursor = Cursor(Utf8Text(to_utf8(chunks, fmt.encoding, bom=fmt.bom)))
    objects: dict[str, int] = {}
    values: dict[str, int] = {}
    more = False
    try:
        for key in cursor.members():
            if cursor.peek() == "[" and key not in objects and key not in values:
                _measure(cursor, key, objects, values)
            elif key in _ENVELOPES and cursor.peek() == "{":
                for inner in cursor.members():
                    if cursor.peek() == "[":
                        _measure(cursor, f"{key}.{inner}", objects, values)
                    else:
                        cursor.skip_value()
            else:
                cursor.skip_value()
        more = bool(cursor.peek())
    except BrokenDocument:
        pass
    finally:
        chunks.close()
    fitting = {k: n for k, n in values.items() if k.rpartition(".")[2] in _LIST_NAMES or n >= _MANY}
    return objects or fitting, more


def _measure(cursor: Cursor, key: str, objects: dict[str, int], values: dict[str, int]) -> None:
    kept: dict[str, int] | None = None
    for _ in cursor.elements():
        if kept is None:
            kept = objects if cursor.peek() == "{" else values
        cursor.skip_value()
        kept[key] = kept.get(key, 0) + 1
