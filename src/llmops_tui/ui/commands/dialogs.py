"""What works in dialogs and text panes."""

from __future__ import annotations

from llmops_tui.ui.commands.model import Command

NUMBERED = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
)  # fmt: skip
"""What a digit chooses, in a list that shows its digits."""

COMMANDS: tuple[Command, ...] = (
    Command("dialogs.form.submit", "ctrl+s", "OK", "Hand the form in.", 1, False, True),
    Command("dialogs.form.cancel", "escape", "Cancel", "Leave without saving.", 2, False, True),
    Command("dialogs.confirm.yes", "y", "Yes", "Do it.", 1, False),
    Command("dialogs.confirm.no", "n,escape,q", "No", "Leave everything as it is.", 2, False),
    Command("dialogs.text.down", "down,j", "Down", "One line down.", palette=False),
    Command("dialogs.text.up", "up,k", "Up", "One line up.", palette=False),
    Command("dialogs.text.top", "g,home", "Top", "To the beginning.", palette=False),
    Command("dialogs.text.end", "G,end", "End", "To the end.", palette=False),
    Command("dialogs.text.page_down", "pagedown,space", "Page down", "A page down.", 0, False),
    Command("dialogs.text.page_up", "pageup", "Page up", "A page up.", palette=False),
    Command("dialogs.text.half_down", "ctrl+d", "Half down", "Half a page down.", palette=False),
    Command("dialogs.text.half_up", "ctrl+u", "Half up", "Half a page up.", palette=False),
    Command("dialogs.help.close", "escape,q,question_mark", "Close", "Back.", 1, False),
    Command("dialogs.error.details", "d", "Details", "Show the technical details.", 1, False),
    Command("dialogs.error.close", "escape,q,enter", "Close", "Go on.", 2, False),
    Command("dialogs.alike.wrong", "w", "Wrong", "All of them are wrong.", 1, False),
    Command("dialogs.alike.right", "r", "Right", "All of them are right.", 2, False),
    Command("dialogs.alike.cosmetic", "c", "Cosmetic", "All are wrong in their looks.", 3, False),
    Command("dialogs.alike.harmful", "h", "Harmful", "All are wrong and do harm.", 4, False),
    Command("dialogs.alike.cancel", "escape,q", "Cancel", "Judge none of them.", 5, False),
    Command("dialogs.correct.submit", "ctrl+s", "Keep", "Keep it for the verdict.", 1, False, True),
    Command("dialogs.correct.cancel", "escape", "Cancel", "Leave it as it is.", 2, False, True),
    Command("dialogs.pick.cancel", "escape,q", "Cancel", "Choose nothing.", 2, False),
    *(
        Command(f"dialogs.pick.{name}", str(number), name.title(), f"The {name}.", palette=False)
        for number, name in enumerate(NUMBERED, start=1)
    ),
)
