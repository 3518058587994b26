"""How one moves in lists and text."""

from __future__ import annotations

from llmops_tui.ui.commands.model import Command

COMMANDS: tuple[Command, ...] = (
    Command("lists.choose", "enter", "Open", "Open the row under the cursor.", 1, palette=False),
    Command("lists.down", "down,j", "Down", "One row down.", palette=False),
    Command("lists.up", "up,k", "Up", "One row up.", palette=False),
    Command("lists.top", "g,home", "Top", "First row; follows a live list.", palette=False),
    Command("lists.end", "G,end", "End", "Last row.", palette=False),
    Command("lists.page_down", "pagedown", "Page down", "A page down.", palette=False),
    Command("lists.page_up", "pageup", "Page up", "A page up.", palette=False),
    Command("lists.half_down", "ctrl+d", "Half down", "Half a page down.", palette=False),
    Command("lists.half_up", "ctrl+u", "Half up", "Half a page up.", palette=False),
    Command("lists.filter.filter", "slash", "Filter", "Show only rows that contain some text.", 70),
)
