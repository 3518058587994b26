"""The project at a glance: what it tolerates, who owns what, where to go next."""

from __future__ import annotations

from llmops_tui.ui.commands.model import Command

COMMANDS: tuple[Command, ...] = (
    Command("overview.tolerance", "t", "Tolerance", "Say how wrong the project may be.", 2),
    Command("overview.owner", "o", "Owner", "Name who answers for the stage.", 3),
    Command("overview.new_project", "n", "New project", "Make a project.", 4),
    Command("overview.scorer", "s", "Scorer", "Say how runs tell right from wrong.", 5),
    Command(
        "overview.spec",
        "e",
        "Inputs",
        "Say which inputs prompts may use, and what an answer looks like.",
        93,
    ),
    Command("overview.incident", "i", "Incident", "Production is beyond its tolerance.", 1),
    Command(
        "overview.incident.roll_back",
        "b",
        "Roll back",
        "Move production back to the last version that was within the tolerance.",
        2,
    ),
    Command(
        "overview.incident.raise_audit",
        "a",
        "Raise audit",
        "Draw more unflagged calls for review, of the window as well.",
        3,
    ),
    Command("overview.incident.queue", "v", "Queue", "Judge what waits for a verdict.", 4),
    Command("overview.incident.note", "n", "Note", "Write into the timeline.", 5),
    Command("overview.incident.close", "x", "Close", "End the incident with what it came to.", 6),
    Command("overview.tolerance_page.save", "ctrl+s", "Save", "Put the tolerance into force.", 1),
    Command("overview.stages.right", "right,l", "Next", "The next stage.", palette=False),
    Command("overview.stages.left", "left,h", "Previous", "The stage before.", palette=False),
)
