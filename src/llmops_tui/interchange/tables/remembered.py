"""Formats and mappings as plain values, and back: what is kept with a version or a source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmops_tui.interchange.tables.model import (
    ColumnMapping,
    Dialect,
    Kind,
    Layout,
    Shape,
    SourceFormat,
)


def mapped(mapping: ColumnMapping) -> tuple[str, ...]:
    """All columns that a mapping names."""
    single = tuple(name for name in (mapping.expected, mapping.split) if name is not None)
    return (*mapping.inputs, *mapping.tags, *single)


def mapping_from_plain(plain: Mapping[str, Any]) -> ColumnMapping | None:
    """A mapping from `dataclasses.asdict`, by way of JSON; None where it is none."""
    try:
        made = ColumnMapping(**plain)
        return ColumnMapping(
            tuple(made.inputs),
            made.expected,
            tuple(made.tags),
            made.split,
            dict(made.variables),
            made.answer_in_messages,
            made.exact,
        )
    except (TypeError, ValueError):
        return None


def format_from_plain(plain: Mapping[str, Any]) -> SourceFormat | None:
    """A format from `dataclasses.asdict`, by way of JSON; None where it is none."""
    try:
        values = dict(plain)
        values["kind"] = Kind(values["kind"])
        values["layout"] = Layout(values["layout"])
        values["shape"] = Shape(values["shape"])
        values["dialect"] = Dialect(**values["dialect"])
        values["notes"] = ()
        return SourceFormat(**values)
    except (KeyError, TypeError, ValueError):
        return None
