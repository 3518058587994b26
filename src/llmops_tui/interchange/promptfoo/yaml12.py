"""YAML as JavaScript reads it (version 1.2's core schema): `yes` is a text, `12:30` no number."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError

MOST_NODES = 500_000
"""Values of one document: aliases of aliases multiply."""


@cache
def _loader() -> Any:
    # 25 ms that only readers of such files need.
    import yaml

    class Loader(yaml.SafeLoader):
        """The safe loader with other ideas of what a plain word means."""

    Loader.yaml_implicit_resolvers = {}
    for tag, pattern, first in (
        ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
        ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
        ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
        ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
        ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        ("merge", r"<<", "<"),
    ):
        Loader.add_implicit_resolver(
            f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first)
        )

    def integer(loader: Any, node: Any) -> int:
        text = loader.construct_scalar(node)
        return int(text, 0) if text[:2] in ("0x", "0o") else int(text)

    Loader.add_constructor("tag:yaml.org,2002:int", integer)
    return Loader


def read_yaml(text: str, path: Path) -> Json:
    """The value of a YAML (or JSON) document.

    Raises:
        InputError: it is none, or it unfolds into too much.
    """
    import yaml

    try:
        value = yaml.load(text, Loader=_loader())
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise InputError(f"“{path.name}”{line} is no YAML: {problem}.") from error
    return _plain(value, path, [0])


def _plain(value: object, path: Path, seen: list[int]) -> Json:
    seen[0] += 1
    if seen[0] > MOST_NODES:
        raise InputError(f"“{path.name}” unfolds into more than {MOST_NODES:,} values.")
    if isinstance(value, dict):
        return {_key(name): _plain(item, path, seen) for name, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item, path, seen) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def _key(name: object) -> str:
    if isinstance(name, bool):
        return str(name).lower()
    return "" if name is None else str(name)
