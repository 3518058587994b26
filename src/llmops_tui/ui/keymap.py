"""A person's own keys: `keymap.toml` in the configuration directory, or `LLMOPS_TUI_KEYMAP`.

[keys]
"datasets.import_file" = "I"
"shell.help" = "question_mark,f12"
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from llmops_tui.ui.commands import registry
from llmops_tui.ui.commands.model import Command

KEYMAP_VARIABLE = "LLMOPS_TUI_KEYMAP"
ALWAYS = ("shell", "shell.back", "lists", "lists.filter")
"""Scopes that are in force together with those of a page."""


def keymap_path() -> Path:
    """Where the key map is looked for."""
    named = os.environ.get(KEYMAP_VARIABLE)
    if named:
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_config_path("llmops-tui") / "keymap.toml"


def load(path: Path | None = None) -> tuple[dict[str, str], list[str]]:
    """Keys by command id, and a sentence for everything in the file that can't be used.

    A key map with a conflict is used all the same, except for the commands in conflict.
    """
    path = path or keymap_path()
    if not path.is_file():
        return {}, []
    import tomllib  # only people with a key map pay for it

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("keys", {})
    except (OSError, ValueError) as error:
        return {}, [f"{path} can't be read: {error}. The usual keys are used."]
    if not isinstance(table, dict):
        return {}, [f"{path} has no table [keys]. The usual keys are used."]
    return check(table)


def check(table: Mapping[str, object]) -> tuple[dict[str, str], list[str]]:
    """The usable part of a key map, and what is wrong with the rest."""
    overrides: dict[str, str] = {}
    problems = []
    for command_id, keys in table.items():
        if registry.find(command_id) is None:
            problems.append(f"Key map: there is no command {command_id}.")
        elif not isinstance(keys, str) or not all(key.strip() for key in keys.split(",")):
            problems.append(f'Key map: {command_id} needs key names in quotes, such as "ctrl+t".')
        else:
            overrides[command_id] = keys
    found = all_conflicts(overrides)
    for command_id in [c for c in overrides if any(c in sentence for sentence in found)]:
        del overrides[command_id]
    return overrides, problems + [f"Key map: {sentence}" for sentence in found]


def all_conflicts(overrides: Mapping[str, str]) -> list[str]:
    """Every key that would do two things on some page."""
    by_scope: dict[str, list[Command]] = {}
    for command in registry.all_commands():
        by_scope.setdefault(command.scope, []).append(command)
    shared = [command for scope in ALWAYS for command in by_scope.get(scope, [])]
    pages = [s for s in by_scope if s not in ALWAYS and not s.startswith("dialogs")]
    found: dict[str, None] = {}
    for scope in pages or [""]:
        for sentence in registry.conflicts([*shared, *by_scope.get(scope, [])], overrides):
            found[sentence] = None
    return list(found)
