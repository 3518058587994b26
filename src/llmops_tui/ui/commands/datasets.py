"""Data sets: browse, import."""

from __future__ import annotations

from llmops_tui.ui.commands.model import Command

COMMANDS: tuple[Command, ...] = (
    Command(
        "datasets.import_file",
        "i",
        "Import",
        "Import a file or a directory; tables and other tools' data sets are understood.",
        2,
    ),
    Command(
        "datasets.paste",
        "v",
        "Paste",
        "Open $EDITOR for a table typed or pasted there; a paste into the list itself works too.",
        5,
    ),
    Command("datasets.export", "x", "Export", "Write the data set to a file, in many formats.", 4),
    Command("datasets.bad_rows", "b", "Bad rows", "Rows that an import kept aside, and why.", 3),
    Command("datasets.examples.edit", "e", "Edit", "Edit the example in $EDITOR, as JSON.", 2),
    Command("datasets.examples.label", "l", "Label", "Fill in expected answers, key by key.", 3),
    Command(
        "datasets.examples.check",
        "c",
        "Check",
        "Look for duplicates, leaks, personal data and more.",
        4,
    ),
    Command("datasets.examples.order", "o", "Order", "By which field; again turns it round.", 5),
    Command("datasets.examples.tag", "t", "Tag", "Tag this example, or all that were found.", 6),
    Command("datasets.examples.split", "s", "Split", "Put examples into train, dev or gate.", 7),
    Command("datasets.examples.versions", "v", "Versions", "Versions, and what differs.", 8),
    Command(
        "datasets.examples.make_more", "m", "Make more", "Let a model write variations of rows.", 9
    ),
    Command("datasets.examples.remove", "x", "Remove", "Leave examples out of the next version."),
    Command("datasets.examples.bad_rows", "b", "Bad rows", "Rows kept aside, and why."),
    Command("datasets.examples.copy", "y", "Copy", "Send the example to the clipboard, as JSON."),
    Command("datasets.versions.diff", "d", "Diff", "What differs from the marked version.", 2),
    Command(
        "datasets.versions.mark", "space", "Mark", "Compare with this one, not the one before.", 3
    ),
    Command(
        "datasets.versions.restore", "r", "Restore", "Make a new version with this content.", 4
    ),
    Command(
        "datasets.quality.figures",
        "f",
        "Figures",
        "Labels, lengths, scripts, and whether it's enough.",
        2,
    ),
    Command("datasets.quality.mask", "m", "Mask", "Mask what is personal, in a new version.", 3),
    Command("datasets.quality.again", "r", "Look again", "Look at every row anew.", 4),
    Command("datasets.rows.remove", "x", "Remove", "Leave the row out of the next version.", 2),
    Command("datasets.label.type_answer", "t", "Type", "Type an answer that has no digit.", 1),
    Command("datasets.label.in_editor", "e", "Editor", "Write a long answer in $EDITOR.", 2),
    Command("datasets.label.skip", "s", "Skip", "The next row; this one waits.", 3),
    Command("datasets.label.undo", "u", "Undo", "Take your last label back, any number.", 4),
    Command("datasets.label.make_version", "w", "Write", "Make a version of all labels.", 5),
    Command("datasets.label.opinions", "o", "Opinions", "Second opinions, or back.", 6),
    Command("datasets.diff.copy", "y", "Copy", "Send the difference to the clipboard.", 3),
    Command(
        "datasets.bad.mend",
        "e",
        "Mend",
        "Edit the row's text in $EDITOR; it is read again, and kept as you wrote it.",
        2,
    ),
    Command(
        "datasets.bad.publish",
        "s",
        "Next version",
        "Make a new version with the mended rows; the others stay aside in it.",
        3,
    ),
    Command("datasets.bad.export", "x", "Export", "Write all bad rows to a CSV file.", 4),
    Command("datasets.bad.copy", "y", "Copy", "Send the raw row to the clipboard.", 5),
    Command("datasets.import.start", "s", "Import", "Import with this mapping.", 1),
    Command("datasets.import.mapping", "m", "Mapping", "Say which column is what.", 2),
    Command("datasets.import.name", "n", "Name", "Change the data set's name.", 3),
    Command(
        "datasets.import.reading",
        "f",
        "Format",
        "Say how the source is read: format, delimiter, quotes, encoding, header, sheet.",
        4,
    ),
    Command("datasets.mapping.input", "i", "Input", "The column is an input.", 1),
    Command("datasets.mapping.expected", "e", "Expected", "It is the expected answer.", 2),
    Command("datasets.mapping.tags", "t", "Tags", "It holds tags.", 3),
    Command("datasets.mapping.split", "s", "Split", "It names the split.", 4),
    Command("datasets.mapping.leave_out", "x", "Leave out", "It is left out.", 5),
    Command("datasets.import.cancel", "c", "Cancel", "Stop the import; nothing of it is kept.", 3),
)
