"""Typed parameters of scorers and flag rules: read from JSON, checked, described for forms.

Parameters are frozen dataclasses whose fields are made by `option()`. What a single field can't
say, a class checks in `__post_init__` by raising `InputError`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Protocol, TypeVar, get_args, get_origin, get_type_hints

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.template import misspelled


class Parameters(Protocol):
    """Any frozen dataclass made of `option()` fields."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]


Kind = TypeVar("Kind", bound=Parameters)

_KINDS: Mapping[object, str] = {
    bool: "yes or no",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple[str, ...]: "a list of texts",
    tuple[float, ...]: "a list of numbers",
}


def option(
    default: Any,
    explanation: str,
    *,
    choices: tuple[str, ...] = (),
    least: float | None = None,
) -> Any:
    """A field of a parameter class.

    Args:
        default: Its value where none is given.
        explanation: One line for people.
        choices: The only values it takes.
        least: The smallest number it takes.
    """
    metadata = {"explanation": explanation, "choices": choices, "least": least}
    if isinstance(default, dict):  # dataclasses take no mutable default
        return dataclasses.field(default_factory=default.copy, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True, slots=True)
class ParameterField:
    """One parameter, for a form or for help."""

    name: str
    kind: str
    """In words: a text, a number, …"""
    default: Json
    explanation: str
    choices: tuple[str, ...] = ()


@cache
def _hints(kind: type) -> dict[str, object]:
    return get_type_hints(kind)


def describe(kind: type[Parameters]) -> tuple[ParameterField, ...]:
    """The parameters of a class, in the order they are defined."""
    return tuple(
        ParameterField(
            field.name,
            _kind_words(_hints(kind)[field.name]),
            {} if field.default is dataclasses.MISSING else _to_json(field.default),
            field.metadata["explanation"],
            field.metadata["choices"],
        )
        for field in dataclasses.fields(kind)
    )


def read(kind: type[Kind], given: Mapping[str, Json], of: str) -> Kind:
    """Make parameters from what a file or form gave.

    Args:
        kind: The class of the parameters.
        given: Values by name; what is absent takes its default.
        of: Whose parameters they are, for errors: `scorer contains`.

    Raises:
        InputError: A name is unknown, or a value doesn't fit.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}
    values: dict[str, object] = {}
    for name, value in given.items():
        if name not in fields:
            meant = misspelled(name, fields)
            raise InputError(
                f"The {of} has no parameter {name!r}.",
                f"Did you mean {meant!r}?" if meant else f"It has {', '.join(fields) or 'none'}.",
            )
        values[name] = _checked(fields[name], _hints(kind)[name], value, of)
    return kind(**values)


def write(parameters: Parameters) -> dict[str, Json]:
    """Parameters as JSON, every value written out: defaults may change, stored ones must not."""
    return {
        field.name: _to_json(getattr(parameters, field.name))
        for field in dataclasses.fields(parameters)
    }


def _to_json(value: Any) -> Json:
    if isinstance(value, tuple):
        return [_to_json(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


def _checked(field: dataclasses.Field[Any], kind: object, value: Json, of: str) -> object:
    fits = _fitting(kind, value)
    if fits is None:
        raise InputError(f"The parameter {field.name!r} of the {of} must be {_kind_words(kind)}.")
    choices = field.metadata["choices"]
    if choices and fits not in choices:
        raise InputError(
            f"The parameter {field.name!r} of the {of} can't be {value!r}.",
            f"It can be {', '.join(choices)}.",
        )
    least = field.metadata["least"]
    if least is not None and isinstance(fits, int | float) and fits < least:
        raise InputError(f"The parameter {field.name!r} of the {of} must be at least {least:g}.")
    return fits


def _is_object(kind: object) -> bool:
    return get_origin(kind) is Mapping


def _are_objects(kind: object) -> bool:
    return get_origin(kind) is tuple and _is_object(get_args(kind)[0])


def _kind_words(kind: object) -> str:
    if _is_object(kind):
        return "an object"
    return "a list of objects" if _are_objects(kind) else _KINDS[kind]


def _fitting(kind: object, value: Json) -> object:
    """The value as a parameter of that kind; None where it is of another."""
    fits: object = None
    if kind is bool:
        fits = value if isinstance(value, bool) else None
    elif kind is int:
        fits = value if isinstance(value, int) and not isinstance(value, bool) else None
    elif kind is float:
        fits = _number(value)
    elif kind is str:
        fits = value if isinstance(value, str) else None
    elif _is_object(kind):
        fits = dict(value) if isinstance(value, Mapping) else None
    elif _are_objects(kind):
        if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
            fits = tuple(value)
    elif kind == tuple[float, ...]:
        numbers = [_number(item) for item in value] if isinstance(value, list) else [None]
        fits = None if None in numbers else tuple(numbers)
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        fits = tuple(value)
    elif isinstance(value, str):
        fits = (value,)
    return fits


def _number(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    return float(value)
