"""The one registry of commands: who may ask what a key does asks here.

Each module of this package holds the commands of one area in a tuple named `COMMANDS`. A module
is imported when its area is first shown, so that the start doesn't pay for the others.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from textual.binding import Binding, BindingType

from llmops_tui.ui.commands.model import Command

PACKAGE = "llmops_tui.ui.commands"
MODULES = (
    "shell",
    "dialogs",
    "lists",
    "overview",
    "datasets",
    "prompts",
    "runs",
    "monitor",
    "triage",
    "models",
)
"""Where commands are declared, in the order of the documentation."""

SCOPE_TITLES = {
    "shell": "Everywhere",
    "shell.back": "Back",
    "lists": "In lists",
    "dialogs": "In dialogs",
    "dialogs.text": "In text panes",
}
"""What the help calls scopes that several screens share."""

KEY_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "colon": ":",
    "comma": ",",
    "full_stop": ".",
    "escape": "esc",
    "semicolon": ";",
    "exclamation_mark": "!",
    "asterisk": "*",
    "number_sign": "#",
    "equals_sign": "=",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "underscore": "_",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "plus": "+",
    "minus": "-",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}
"""Textual's names of keys, as a person would write them."""


@cache
def _module(name: str) -> tuple[Command, ...]:
    path = f"{PACKAGE}.{name}"
    if name not in MODULES or importlib.util.find_spec(path) is None:
        return ()
    commands: tuple[Command, ...] = importlib.import_module(path).COMMANDS
    return commands


def commands_of(scope: str) -> tuple[Command, ...]:
    """The commands of exactly this scope, in their order."""
    return tuple(c for c in _module(scope.partition(".")[0]) if c.scope == scope)


def all_commands() -> Iterator[Command]:
    """Every command of the product."""
    for name in MODULES:
        yield from _module(name)


@cache
def find(command_id: str) -> Command | None:
    """A command by its id."""
    for command in commands_of(command_id.rpartition(".")[0]):
        if command.id == command_id:
            return command
    return None


def bindings(*scopes: str) -> list[BindingType]:
    """Textual bindings of some scopes; each runs `action_command` of the object that has them."""
    return [
        Binding(
            key=command.keys,
            action=f"command({command.id!r})",
            description=command.title,
            tooltip=command.help,
            show=command.footer > 0,
            priority=command.priority,
            id=command.id,
        )
        for scope in scopes
        for command in commands_of(scope)
    ]


def key_text(key: str) -> str:
    """One of Textual's keys as a person would write it: `ctrl+p` is `^p`."""
    *modifiers, name = key.strip().split("+")
    shown = KEY_NAMES.get(name, name)
    for modifier in modifiers:
        shown = f"^{shown}" if modifier == "ctrl" else f"{modifier}+{shown}"
    return shown


def typed_by(key: str) -> str | None:
    """The character that a key types into a text field; None where it types none."""
    shown = " " if key == "space" else KEY_NAMES.get(key, key)
    return shown if len(shown) == 1 and key not in ("up", "down", "left", "right") else None


def keys_of(command: Command, overrides: Mapping[str, str]) -> tuple[str, ...]:
    """The keys of a command after the person's own key map."""
    return tuple(key.strip() for key in overrides.get(command.id, command.keys).split(","))


def conflicts(commands: Iterable[Command], overrides: Mapping[str, str]) -> list[str]:
    """One sentence for each key that would do two things among commands that work together."""
    taken: dict[str, Command] = {}
    found = []
    for command in commands:
        for key in keys_of(command, overrides):
            other = taken.setdefault(key, command)
            if other.id != command.id:
                found.append(f"{key_text(key)} is both {other.id} and {command.id}.")
    return found
