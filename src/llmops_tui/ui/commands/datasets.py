"""Data sets: browse, import."""

from __future__ import annotations

from llmops_tui.ui.commands.model import Command

COMMANDS: tuple[Command, ...] = (
    Command(
        "datasets.import_file", "i", "Import", "Import a file: CSV, TSV, JSON Lines, JSON, text.", 2
    ),
    Command("datasets.bad_rows", "b", "Bad rows", "Rows that an import kept aside, and why.", 3),
    Command("datasets.examples.bad_rows", "b", "Bad rows", "Rows kept aside, and why.", 4),
    Command(
        "datasets.examples.copy", "y", "Copy", "Send the example to the clipboard, as JSON.", 5
    ),
    Command(
        "datasets.examples.in_editor",
        "e",
        "Editor",
        "Open the example in $EDITOR to read it; examples don't change.",
        6,
    ),
    Command("datasets.bad.copy", "y", "Copy", "Send the raw row to the clipboard.", 4),
    Command("datasets.import.start", "s", "Import", "Import with this mapping.", 1),
    Command("datasets.import.mapping", "m", "Mapping", "Say which column is what.", 2),
    Command("datasets.import.cancel", "c", "Cancel", "Stop the import; nothing of it is kept.", 3),
)
