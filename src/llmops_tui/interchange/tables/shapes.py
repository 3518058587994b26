"""Rows of other tools taken apart: inputs by their own names, answer, tags and split apart.

A test of promptfoo, a sample of Inspect, an item of Langfuse or Phoenix holds its inputs one level
down, and its answer under a name of its own. Here each becomes a flat row, with the answer, tags
and split in columns of their own whose names begin with an arrow, so that they meet no input's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from llmops_tui.core.chat import Json
from llmops_tui.interchange.tables import owncolumns, promptfoo
from llmops_tui.interchange.tables.marks import EXPECTED, SPLIT, TAGS, answer_text, scalar_tags
from llmops_tui.interchange.tables.model import (
    OWN_SHAPES,
    BadRow,
    Cause,
    ColumnMapping,
    Row,
    Shape,
    bad_row,
)

_PHOENIX = frozenset(
    {"id", "node_id", "example_id", "input", "output", "metadata", "updated_at", "created_at",
     "split", "splits", "external_id"}
)  # fmt: skip
"""All that an example of Phoenix has: traces have input and output too, and much more."""
_ASIDE = frozenset({"id", "epoch", "metadata"})
"""Columns of a foreign row that are no inputs; a person may say otherwise."""


def detect(rows: Sequence[Row]) -> Shape:
    """Whose rows these are, by the keys that all of the first ones have."""
    if not rows:
        return Shape.PLAIN
    keys = set(rows[0].values)
    for row in rows:
        keys &= set(row.values)
    first = rows[0].values
    names = list(first)
    if keys == {"inputs", "expected", "tags", "split"} and isinstance(first["inputs"], dict):
        return Shape.OWN
    if owncolumns.is_own(names):
        return Shape.OWN_COLUMNS
    if all(isinstance(row.values.get("vars"), dict) for row in rows):
        own = all(promptfoo.is_own(row.values) for row in rows)
        return Shape.OWN_TESTS if own else Shape.PROMPTFOO
    if any(name.startswith(("__expected", "__metadata:")) for name in names):
        return Shape.PROMPTFOO_COLUMNS
    metadata = first.get("metadata")
    if {"input", "ideal"} <= keys and isinstance(metadata, dict) and "inputs" in metadata:
        return Shape.OWN_SAMPLES
    if {"id", "epoch", "input", "target"} <= keys:
        return Shape.INSPECT
    if {"input", "expectedOutput"} <= keys or {"input", "expected_output", "status"} <= keys:
        return Shape.LANGFUSE
    parts = isinstance(first.get("input"), dict) and isinstance(first.get("output"), dict)
    if parts and set(names) <= _PHOENIX:
        return Shape.PHOENIX
    if "example_id" in keys and any(name.startswith("input_") for name in names):
        return Shape.PHOENIX
    return Shape.PLAIN


def shape_mapping(columns: Sequence[str], shape: Shape) -> ColumnMapping:
    """Which column is what in rows that were taken apart."""
    aside = frozenset[str]() if shape in OWN_SHAPES else _ASIDE
    marks = {EXPECTED, TAGS, SPLIT}
    inputs = tuple(name for name in columns if name not in marks | aside)
    return ColumnMapping(
        inputs or tuple(name for name in columns if name not in marks),
        EXPECTED if EXPECTED in columns else None,
        (TAGS,) if TAGS in columns else (),
        SPLIT if SPLIT in columns else None,
        exact=True,
    )


def take_apart(rows: Iterator[Row | BadRow], shape: Shape) -> Iterator[Row | BadRow]:
    """Rows of this shape as flat rows; one that isn't of it is a bad row."""
    seen: set[str] = set()
    for row in rows:
        if isinstance(row, BadRow):
            yield row
            continue
        try:
            if shape is Shape.INSPECT:
                key = json.dumps(row.values.get("id"))
                if key not in seen:  # a sample's further epochs are the same example again
                    seen.add(key)
                    yield Row(row.line, _inspect(row.values))
                continue
            for values in _flat(row.values, shape):
                yield Row(row.line, values)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raw = json.dumps(row.values, ensure_ascii=False)
            words = f"no row of this kind: {error}" if str(error) else "no row of this kind"
            yield bad_row(row.line, words, raw, Cause.SHAPE)


def _flat(values: dict[str, Json], shape: Shape) -> Iterator[dict[str, Json]]:
    if shape in {Shape.PROMPTFOO, Shape.OWN_TESTS}:
        yield from promptfoo.flat(values)
    elif shape is Shape.PROMPTFOO_COLUMNS:
        yield from promptfoo.flat(promptfoo.from_columns(values))
    elif shape is Shape.OWN:
        yield _own(values)
    elif shape is Shape.OWN_SAMPLES:
        metadata = values["metadata"]
        if not isinstance(metadata, dict):
            raise ValueError("its metadata is no object")
        yield _own(metadata)
    elif shape is Shape.OWN_COLUMNS:
        yield owncolumns.flat(values)
    elif shape is Shape.LANGFUSE:
        yield _langfuse(values)
    else:
        yield _phoenix(values)


def _own(values: dict[str, Json]) -> dict[str, Json]:
    inputs, tags = values["inputs"], values.get("tags")
    if not isinstance(inputs, dict):
        raise ValueError("its inputs are no object")
    return {
        **inputs,
        EXPECTED: values.get("expected"),
        TAGS: tags if isinstance(tags, list) else [],
        SPLIT: values.get("split"),
    }


def _inspect(values: dict[str, Json]) -> dict[str, Json]:
    attached = values.get("attachments")
    texts = attached if isinstance(attached, dict) else {}
    made: dict[str, Json] = {"input": _messages(values["input"], texts)}
    if values.get("choices"):
        made["choices"] = values["choices"]
    return {
        "id": values["id"],
        **made,
        EXPECTED: answer_text(values.get("target")) or None,  # "" is its word for none
        TAGS: list[Json](scalar_tags(values.get("metadata"))),
        "metadata": values.get("metadata"),
    }


def _messages(value: Json, texts: dict[str, Json]) -> Json:
    """The input of a sample: a text, or messages with role and content only."""
    if isinstance(value, str):
        return _attached(value, texts)
    if not isinstance(value, list):
        return value
    made: list[Json] = []
    for message in value:
        if not isinstance(message, dict):
            return value
        content = message.get("content")
        if isinstance(content, list):
            parts = [part.get("text") for part in content if isinstance(part, dict)]
            if len(parts) == len(content) and all(isinstance(part, str) for part in parts):
                content = "\n".join(str(part) for part in parts)
        if isinstance(content, str):
            content = _attached(content, texts)
        made.append({"role": message.get("role"), "content": content})
    return made


def _attached(text: str, texts: dict[str, Json]) -> str:
    found = texts.get(text.removeprefix("attachment://")) if "attachment://" in text else None
    return found if isinstance(found, str) else text


def _langfuse(values: dict[str, Json]) -> dict[str, Json]:
    given = _unwrapped(values["input"])
    answer = values.get("expectedOutput", values.get("expected_output"))
    tags = scalar_tags(_unwrapped(values.get("metadata")))
    status = values.get("status")
    if isinstance(status, str) and status.upper() not in {"ACTIVE", ""}:
        tags.append(f"status:{status.lower()}")
    return {
        **({"id": values["id"]} if "id" in values else {}),
        **(given if isinstance(given, dict) else {"input": given}),
        EXPECTED: answer_text(_only_value(_unwrapped(answer))),
        TAGS: list[Json](tags),
    }


def _phoenix(values: dict[str, Json]) -> dict[str, Json]:
    parts: dict[str, dict[str, Json]] = {"input": {}, "output": {}, "metadata": {}}
    for part, found in parts.items():
        whole = values.get(part)
        if isinstance(whole, dict):
            found.update(whole)
        for name, value in values.items():
            if name.startswith(f"{part}_"):
                found[name.removeprefix(f"{part}_")] = value
    answer = _only_value(dict(parts["output"])) if parts["output"] else None
    key = values.get("id", values.get("example_id"))
    return {
        **({"id": key} if key is not None else {}),
        **parts["input"],
        EXPECTED: answer_text(answer),
        TAGS: list[Json](scalar_tags(parts["metadata"])),
    }


def _unwrapped(value: Json) -> Json:
    """A cell of CSV that holds JSON, as what it holds; anything else as it is."""
    if isinstance(value, str) and value[:1] in {"{", "[", '"'}:
        try:
            inner: Json = json.loads(value)
        except (ValueError, RecursionError):
            return value
        return inner
    return value


def _only_value(value: Json) -> Json:
    """The one value of an object with a single member; anything else as it is."""
    return next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else value
