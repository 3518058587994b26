"""Writes `screens.md` from the app itself: `python -m tools.screens [--check] [FILE]`.

For every screen: what it is for, how it looks in each of its states, its keys and what its figures
mean. Words and keys come from where the app has them, captures from the app as it runs.
"""

from __future__ import annotations

import argparse
import asyncio
import difflib
import sys
from collections.abc import Iterable
from pathlib import Path

from llmops_tui.ui.commands import registry
from llmops_tui.ui.commands.model import Command
from tools.scenes import EVERYWHERE, SCENES, Scene, State, capture

DOCUMENT = Path(__file__).parents[1] / "screens.md"
SHARED = ("shell", "shell.back", "lists", "lists.filter", "dialogs.text", "dialogs.form")
INTRODUCTION = """\
# Screens

Every screen of the app at 80×24, in its states, with its keys and what its figures mean.

This file is made by `make docs` from the app as it runs; don't change it by hand. The captures
show a workspace that was made up for them: its answers, times and verdicts come from no model
and say nothing about one.
"""


async def document() -> str:
    """The whole text."""
    parts = [INTRODUCTION, contents()]
    parts += [await screen(scene) for scene in SCENES]
    parts += [await everywhere(), _shared_keys()]
    return "\n".join(parts)


def difference(committed: str, fresh: str) -> str:
    """What differs, for people; empty where nothing does."""
    lines = difflib.unified_diff(
        committed.splitlines(), fresh.splitlines(), "screens.md", "the app", n=2, lineterm=""
    )
    return "\n".join(lines)


def contents() -> str:
    """The list of screens, with links."""
    lines = [f"- [{scene.title}](#{_anchor(scene.title)})" for scene in SCENES]
    lines += ["- [Over any screen](#over-any-screen)", "- [Keys everywhere](#keys-everywhere)"]
    return "\n".join(lines) + "\n"


def _anchor(title: str) -> str:
    kept = "".join(c for c in title.lower() if c.isalnum() or c in " -")
    return kept.replace(" ", "-")


async def screen(scene: Scene) -> str:
    """One screen: what it is for, its states, its keys, what its figures mean."""
    page = scene.page
    parts = [f"## {scene.title}\n", f"{page.PURPOSE}\n"]
    parts += [await _state(state) for state in scene.states]
    commands = registry.commands_of(page.SCOPE)
    if commands:
        parts.append(f"**Keys**\n\n{_table(commands)}")
    if page.FILTERS:
        parts.append("`/` filters what is listed.\n")
    if page.FIGURES:
        figures = "\n".join(f"- {line}" for line in page.FIGURES.split("\n"))
        parts.append(f"**Figures**\n\n{figures}\n")
    return "\n".join(parts)


async def everywhere() -> str:
    """What opens over any screen."""
    return "\n".join(["## Over any screen\n", *[await _state(state) for state in EVERYWHERE]])


async def _state(state: State) -> str:
    shown = await capture(state)
    return f"**{state.title[0].upper()}{state.title[1:]}**\n\n```text\n{shown}\n```\n"


def _shared_keys() -> str:
    parts = ["## Keys everywhere\n"]
    for scope in SHARED:
        commands = registry.commands_of(scope)
        if commands:
            title = registry.SCOPE_TITLES.get(scope, scope.rpartition(".")[2].capitalize())
            parts.append(f"**{title}**\n\n{_table(commands)}")
    return "\n".join(parts)


def _table(commands: Iterable[Command]) -> str:
    rows = ["| keys | | what it does |", "|---|---|---|"]
    for command in commands:
        keys = " ".join(f"`{_key(key)}`" for key in registry.keys_of(command, {}))
        rows.append(f"| {keys} | {_cell(command.title)} | {_cell(command.help)} |")
    return "\n".join(rows) + "\n"


def _key(key: str) -> str:
    return _cell(registry.key_text(key))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    """Write the document, or compare it with what is there."""
    parser = argparse.ArgumentParser(prog="python -m tools.screens", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=DOCUMENT)
    parser.add_argument("--check", action="store_true", help="say what differs; write nothing")
    options = parser.parse_args()
    fresh = asyncio.run(document())
    committed = options.file.read_text("utf-8") if options.file.exists() else ""
    if options.check:
        differs = difference(committed, fresh)
        print(differs or f"{options.file} is as the app is.")
        return 1 if differs else 0
    if fresh != committed:
        options.file.write_text(fresh, encoding="utf-8")
        print(f"{options.file} was written.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
