"""What works on every screen."""

from __future__ import annotations

from llmops_tui.ui.areas import AREAS
from llmops_tui.ui.commands.model import Command

COMMANDS: tuple[Command, ...] = (
    *(
        Command(f"shell.area_{area.name}", area.key, area.title, f"Go to {area.title}.")
        for area in AREAS
    ),
    Command("shell.help", "question_mark,f1", "Help", "What this screen is for and its keys.", 90),
    Command(
        "shell.palette",
        "ctrl+p",
        "Palette",
        "Find any command by its words.",
        91,
        palette=False,
        priority=True,
    ),
    Command("shell.project", "P", "Project", "Choose the project to work on."),
    Command("shell.theme", "f2", "Theme", "Change to the next colour theme."),
    Command("shell.refresh", "f5,ctrl+l", "Refresh", "Read this screen again from the file."),
    Command("shell.copy_file", "Y", "Copy to file", "Write what was last copied to a file."),
    Command(
        "shell.copy_pager", "vertical_line", "Copy to pager", "Read what was last copied in $PAGER."
    ),
    Command("shell.suspend", "ctrl+z", "Suspend", "Back to the shell; fg returns.", palette=False),
    Command("shell.quit", "ctrl+q", "Quit", "Leave the app. Runs go on.", priority=True),
    Command(
        "shell.interrupt",
        "ctrl+c",
        "How to quit",
        "Say how to quit; copies where text is selected.",
        palette=False,
    ),
    Command("shell.back.back", "escape", "Back", "Back to where you came from.", 80, palette=False),
    Command(
        "shell.back.leave",
        "q",
        "Leave",
        "Leave this page; at the top, leave the app. Runs go on.",
        92,
        palette=False,
    ),
)
