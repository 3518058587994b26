"""Test runs: start one, steer it, read its samples."""

from __future__ import annotations

from llmops_tui.ui.commands.model import Command


def _steering(scope: str) -> tuple[Command, ...]:
    """What one does to a run, from the list and from its own page alike."""
    return (
        Command(f"{scope}.resume", "r", "Resume", "Go on with a run that isn't over.", 3),
        Command(f"{scope}.pause", "p", "Pause", "Finish what is under way, then stop.", 4),
        Command(f"{scope}.cancel", "x", "Cancel", "End the run; what was measured stays.", 5),
        Command(f"{scope}.faster", "plus", "More at once", "Ask more at the same time.", 12),
        Command(f"{scope}.slower", "minus", "Fewer at once", "Ask less at the same time.", 13),
        Command(
            f"{scope}.cap",
            "dollar_sign",
            "Cost cap",
            "Change what the run may cost at most, also while it is under way.",
            14,
        ),
    )


def _judging(scope: str) -> tuple[Command, ...]:
    """What one does with a run's answers, from the list and from its own page alike."""
    return (
        Command(f"{scope}.matrix", "m", "Grid", "Rows by prompt versions and models.", 9),
        Command(f"{scope}.compare", "d", "Compare", "Compare with another run or cell.", 10),
        Command(
            f"{scope}.score_again",
            "s",
            "Score again",
            "Judge the stored answers anew, by the same or other scorers, asking no model.",
            11,
        ),
        Command(f"{scope}.labels", "L", "Labels", "Precision and recall of each label.", 15),
        Command(
            f"{scope}.self_test",
            "t",
            "Test scorers",
            "Which known answers each scorer gets wrong; which rows never separate.",
            16,
        ),
        Command(
            f"{scope}.export",
            "e",
            "Export",
            "Write the run as a page, a table or another tool's log.",
            15,
        ),
        Command(
            f"{scope}.ask_errored",
            "a",
            "Ask errored",
            "Ask the samples without an answer again.",
            14,
        ),
    )


COMMANDS: tuple[Command, ...] = (
    Command("runs.start", "n", "New run", "Choose what to run on which data, and start it.", 2),
    Command("runs.import", "i", "Import", "Bring in a run that another tool finished.", 17),
    *_steering("runs"),
    *_judging("runs"),
    Command(
        "runs.selftest.anchor",
        "a",
        "Anchors",
        "Have the judges judge again what people labelled.",
        2,
    ),
    Command("runs.run.wrong", "w", "Wrong only", "Show only wrong samples, or all again.", 2),
    Command(
        "runs.run.errored",
        "exclamation_mark",
        "Errored",
        "Show only samples without an answer, or all again.",
        6,
    ),
    *_steering("runs.run"),
    *_judging("runs.run"),
    Command("runs.run.cell", "c", "Next cell", "Plot and judge the run's next combination.", 7),
    Command(
        "runs.run.improve",
        "I",
        "Improve",
        "Ask a model for a change of the prompt, from the wrong samples of this cell.",
        85,
    ),
    Command("runs.run.plot", "v", "Plot", "Show or hide the plot of the bounds.", 8),
    Command("runs.matrix.wrong", "w", "Wrong", "Only rows with a wrong answer, or all.", 2),
    Command(
        "runs.matrix.errored",
        "exclamation_mark",
        "Errored",
        "Only rows with a missing answer, or all.",
        5,
    ),
    Command(
        "runs.matrix.disagreeing",
        "d",
        "Disagreeing",
        "Only rows that are right in one cell and wrong in another, or all.",
        3,
    ),
    Command(
        "runs.matrix.changed",
        "c",
        "Changed",
        "Only rows with another outcome than in the run before, or all.",
        4,
    ),
    Command("runs.matrix.tags", "t", "By tag", "Each tag's share wrong in each cell.", 6),
    Command("runs.matrix.mark", "space", "Mark", "Mark the row for asking it again.", 7),
    Command(
        "runs.matrix.again",
        "r",
        "Ask again",
        "Ask the marked rows again, in a run of their own.",
        8,
    ),
    Command("runs.labels.cell", "c", "Next cell", "The labels of the next cell.", 2),
    Command("runs.compare.slices", "s", "Parts", "Parts of the data, or the rows again.", 2),
    Command("runs.compare.earlier", "o", "Older", "Open the older answer of the row.", 3),
    Command("runs.compare.turn", "x", "Turn", "Compare the other way round.", 4),
    Command("runs.compare.margin", "m", "Margin", "How much worse it may be: 1, 2, 5, 10 %.", 5),
    Command("runs.sample.next_cell", "c", "Next cell", "The same row in the next cell.", 6),
    Command("runs.sample.relabel", "l", "Relabel", "Give the row another expected answer.", 7),
    Command("runs.sample.prompt", "o", "Prompt", "Open the prompt version in Prompts.", 8),
    Command("runs.sample.say_right", "t", "Say right", "You say the answer is right.", 10),
    Command("runs.sample.say_wrong", "f", "Say wrong", "You say the answer is wrong.", 11),
    Command("runs.sample.again", "r", "Ask again", "Ask this row again, in a run of its own.", 9),
    Command("runs.sample.later", "left_square_bracket", "Later", "The sample that came next.", 3),
    Command(
        "runs.sample.earlier", "right_square_bracket", "Earlier", "The sample that came before.", 2
    ),
    Command("runs.sample.copy", "y", "Copy", "Send the answer to the clipboard.", 4),
    Command("runs.sample.in_editor", "e", "Editor", "Read the sample in $EDITOR.", 5),
)
