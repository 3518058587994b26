"""Reading JSON from an answer as models write it, and following paths into it."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Final, NoReturn

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError

_FENCE: Final = re.compile(r"\s*```[\w-]*[ \t]*\n(?P<body>.*?)\n?[ \t]*```\s*", re.DOTALL)
_STEP: Final = re.compile(r"\.?(?P<name>[^.\[\]]+)|\[(?P<index>-?\d+)\]")
_OPENING: Final = re.compile(r"[{\[]")
Path = tuple[str | int, ...]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant)


def read_json(text: str, *, fenced: bool) -> Json:
    """The JSON value of a text.

    Args:
        text: What a model wrote.
        fenced: Allow it to stand in a Markdown code block.

    Raises:
        ValueError: It is none; the message says where.
    """
    if fenced and (fence := _FENCE.fullmatch(text)):
        text = fence["body"]
    try:
        value: Json = _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


MOST_STARTS: Final = 200
"""Places of a text at which JSON is looked for: a text of brackets must not take for ever."""


def find_json(text: str) -> Json:
    """The first JSON object or array that stands anywhere in a text.

    Raises:
        ValueError: There is none.
    """
    for start in islice(_OPENING.finditer(text), MOST_STARTS):
        try:
            value: Json = _DECODER.raw_decode(text, start.start())[0]
        except (ValueError, RecursionError):
            continue
        return value
    raise ValueError("no JSON object or array stands in it")


def read_path(path: str) -> Path:
    """A path such as `items[0].price` as its steps.

    Raises:
        InputError: It is no such path.
    """
    steps: list[str | int] = []
    end = 0
    while end < len(path):
        match = _STEP.match(path, end)
        if match is None:
            raise InputError(f"{path!r} is no path.", "Write it like `items[0].price`.")
        steps.append(match["name"] if match["name"] is not None else int(match["index"]))
        end = match.end()
    return tuple(steps)


def follow(value: Json, path: Path) -> Json:
    """The part of a value at a path.

    Raises:
        LookupError: There is nothing at the path.
    """
    for step in path:
        if isinstance(step, str):
            if not isinstance(value, dict):
                raise LookupError(step)
            value = value[step]
        else:
            if not isinstance(value, list):
                raise LookupError(step)
            value = value[step]
    return value
