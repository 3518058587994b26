"""Prompts: write, try, save, compare, label."""

from __future__ import annotations

from llmops_tui.ui.commands.model import Command

COMMANDS: tuple[Command, ...] = (
    Command("prompts.create", "n", "New", "Write a new prompt.", 2),
    Command("prompts.versions", "v", "Versions", "The versions of the prompt under the cursor.", 3),
    Command(
        "prompts.composition",
        "c",
        "Composition",
        "Which prompts include which, and what a change of one affects.",
        4,
    ),
    Command("prompts.composition.open", "e", "Edit", "Open the prompt under the cursor.", 1),
    Command(
        "prompts.composition.update",
        "u",
        "Update",
        "Save this prompt anew with what its includes mean now, and what includes it.",
        2,
    ),
    Command(
        "prompts.composition.update_all", "U", "Update all", "The same with all that are behind.", 3
    ),
    # No letters here: they are typed. What the text area itself uses needs priority.
    Command("prompts.editor.save", "ctrl+s", "Save", "Save the text as a new version.", 1),
    Command(
        "prompts.editor.try_it",
        "ctrl+r",
        "Try",
        "Ask the model the text with the current example, and score the answer.",
        2,
    ),
    Command(
        "prompts.editor.preview",
        "ctrl+o",
        "Preview",
        "Show the messages as the model gets them, or go back to the text.",
        3,
    ),
    Command(
        "prompts.editor.next_example",
        "alt+n,ctrl+n,right_square_bracket",
        "Next example",
        "Render with the next example of the data set.",
        0,
    ),
    Command(
        "prompts.editor.previous_example",
        "alt+p,left_square_bracket",
        "Example before",
        "Render with the example before.",
    ),
    Command(
        "prompts.editor.in_editor",
        "ctrl+e",
        "$EDITOR",
        "Hand the text to $EDITOR and take it back.",
        4,
        priority=True,
    ),
    Command(
        "prompts.editor.run",
        "ctrl+t",
        "Test run",
        "Start a test run of the saved version, and watch it.",
        5,
    ),
    Command(
        "prompts.editor.settings",
        "alt+s",
        "Settings",
        "Temperature, lengths, stop, response schema, tools.",
        86,
    ),
    Command("prompts.editor.model", "alt+m", "Model", "Choose the model to try it on.", 86),
    Command(
        "prompts.editor.beside",
        "alt+a",
        "Beside",
        "Add a model to try beside the first, up to four, or take one away.",
        87,
    ),
    Command(
        "prompts.editor.find",
        "ctrl+f",
        "Find",
        "Find and replace in the text.",
        88,
        priority=True,
    ),
    Command("prompts.editor.find_next", "f3", "Find next", "The next place of what was found."),
    Command(
        "prompts.editor.continue",
        "alt+c",
        "Continue",
        "Take the answer into the text as the assistant's turn, and write the next question.",
        89,
    ),
    Command(
        "prompts.editor.few_shot",
        "alt+e",
        "Few-shot",
        "Put examples of the data set into the text; those of the gate split are refused.",
        90,
    ),
    Command(
        "prompts.editor.keep",
        "alt+k",
        "Keep answer",
        "Keep the answer with the example: as what is expected, or as known to be right or wrong.",
        91,
    ),
    Command("prompts.tries.again", "ctrl+r", "Again", "Ask all of them once more.", 1),
    Command(
        "prompts.tries.keep",
        "alt+k",
        "Keep answer",
        "Keep the answer in front with the example.",
        2,
    ),
    Command("prompts.editor.dataset", "alt+d", "Data set", "Choose where the examples come from."),
    Command(
        "prompts.editor.versions", "alt+v", "Versions", "Versions of this prompt; restore one.", 85
    ),
    Command(
        "prompts.editor.discard",
        "alt+x",
        "Discard draft",
        "Go back to the saved version; undo brings the draft back.",
    ),
    Command(
        "prompts.conflict.save",
        "s",
        "Save mine",
        "Save your text as the newer version; theirs stays below it.",
        1,
    ),
    Command(
        "prompts.conflict.take", "t", "Take theirs", "Go on with their text; undo has yours.", 2
    ),
    Command("prompts.versions.diff", "d", "Diff", "What differs from the marked version.", 2),
    Command(
        "prompts.versions.mark",
        "space",
        "Mark",
        "Compare with this version instead of the one before.",
        3,
    ),
    Command("prompts.versions.label", "l", "Label", "Point a label at this version.", 4),
    Command("prompts.versions.blame", "b", "Blame", "Which version each line came with.", 83),
    Command(
        "prompts.versions.moves",
        "L",
        "Label moves",
        "Who moved which label where, and on what grounds.",
        84,
    ),
    Command(
        "prompts.versions.improve",
        "i",
        "Improve",
        "Ask a model for a change, from the wrong samples of the version's newest run.",
        7,
    ),
    Command(
        "prompts.improve.test",
        "t",
        "Test",
        "Run it and the current version on the same rows of the dev split.",
        1,
    ),
    Command("prompts.improve.accept", "a", "Accept", "Make it the newest version.", 2),
    Command("prompts.improve.reject", "x", "Reject", "Put the proposal aside.", 3),
    Command("prompts.improve.run", "o", "Open run", "Open the paired test run.", 4),
    Command("prompts.versions.restore", "r", "Restore", "Put this version into the draft.", 5),
    Command("prompts.versions.run", "t", "Test run", "Start a test run of this version.", 6),
    Command("prompts.versions.copy", "y", "Copy", "Send the version's text to the clipboard.", 85),
    Command("prompts.diff.whole", "w", "Whole", "Show all lines, or only those around changes.", 1),
    Command("prompts.diff.swap", "x", "Swap", "Swap the two versions.", 2),
)
