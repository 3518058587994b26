"""One registry of commands: no key means two things, and all of them do something."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path

from tests.ui.driving import press, shown
from textual._xterm_parser import XTermParser
from textual.events import Key

import llmops_tui.ui.screens as screens
from llmops_tui.ui import keymap
from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.commands import registry
from llmops_tui.ui.host import CommandHost
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.dialog import Dialog

PRINTED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def pages_and_dialogs() -> list[type]:
    """Every screen class that has commands of its own."""
    found: dict[str, type] = {}
    for module in pkgutil.walk_packages(screens.__path__, screens.__name__ + "."):
        for thing in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(thing) and issubclass(thing, Page | Dialog) and thing.SCOPE:
                found[thing.__qualname__] = thing
    return list(found.values())


def test_no_key_means_two_things_on_any_page() -> None:
    assert keymap.all_conflicts({}) == []


def test_terminals_can_send_every_key() -> None:
    keys = {key for command in registry.all_commands() for key in command.keys.split(",")}
    sent = {
        key: ("\x1b" + key[-1] if key.startswith("alt+") else chr(ord(key[-1]) & 0x1F))
        for key in keys
        if key[:-1] in ("alt+", "ctrl+") and key[-1].isalpha()
    }
    heard = {}
    for key, data in sent.items():
        parser = XTermParser()
        events = [*parser.feed(data), *parser.feed("")]
        heard[key] = [event.key for event in events if isinstance(event, Key)]
    assert len(sent) > 15
    assert {key: names for key, names in heard.items() if names != [key]} == {}


def test_command_ids_are_unique_and_explained() -> None:
    commands = list(registry.all_commands())
    assert len({command.id for command in commands}) == len(commands)
    assert [c.id for c in commands if not c.help.endswith(".") or not c.title] == []


def test_every_command_of_a_screen_is_something_the_screen_can_do() -> None:
    missing = [
        f"{screen.__name__}.do_{command.name}"
        for screen in pages_and_dialogs()
        for command in registry.commands_of(screen.SCOPE)
        if not hasattr(screen, f"do_{command.name}")
    ]
    assert missing == []


def test_every_scope_belongs_to_something() -> None:
    scopes = {screen.SCOPE for screen in pages_and_dialogs()}
    shared = {"shell", "shell.back", "lists", "lists.filter", "dialogs.text", "dialogs.help"}
    unknown = {command.scope for command in registry.all_commands()} - scopes - shared
    widgets = {scope for scope in unknown if not scope.count(".")}
    assert widgets == set()


def test_no_letter_acts_while_something_is_typed() -> None:
    acting = [
        command.id
        for command in registry.all_commands()
        if command.priority and any(key in PRINTED for key in registry.keys_of(command, {}))
    ]
    assert acting == []


def test_keys_are_written_as_people_write_them() -> None:
    assert registry.key_text("ctrl+p") == "^p"
    assert registry.key_text("question_mark") == "?"
    assert registry.key_text("shift+tab") == "shift+tab"
    assert registry.typed_by("slash") == "/"
    assert registry.typed_by("down") is None
    assert registry.typed_by("f1") is None


def test_a_key_map_is_used_and_what_is_wrong_with_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(
        '[keys]\n"shell.theme" = "f9"\n"shell.project" = "1"\n"shell.nonsense" = "x"\n'
        '"shell.refresh" = 5\n'
    )
    overrides, problems = keymap.load(path)
    assert overrides == {"shell.theme": "f9"}
    assert problems == [
        "Key map: there is no command shell.nonsense.",
        'Key map: shell.refresh needs key names in quotes, such as "ctrl+t".',
        "Key map: 1 is both shell.area_overview and shell.project.",
    ]


def test_a_key_map_that_is_no_toml_leaves_the_usual_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text("[keys")
    overrides, problems = keymap.load(path)
    assert overrides == {}
    assert "The usual keys are used." in problems[0]


async def test_keys_of_the_key_map_work_and_stand_in_the_help(
    workspace: object, tmp_path: Path
) -> None:
    (tmp_path / "keymap.toml").write_text('[keys]\n"shell.theme" = "f9"\n')
    app = LlmopsApp(workspace)
    async with app.run_test(size=(100, 80)) as pilot:
        before = app.theme
        await press(pilot, "f2")
        assert app.theme == before
        await press(pilot, "f9")
        assert app.theme != before
        await press(pilot, "question_mark")
        assert "f9" in shown(app)


def test_hosts_are_no_nodes_so_that_styles_follow_the_widget() -> None:
    from textual.dom import DOMNode

    assert not issubclass(CommandHost, DOMNode)
