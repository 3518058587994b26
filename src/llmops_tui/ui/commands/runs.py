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


COMMANDS: tuple[Command, ...] = (
    Command("runs.start", "n", "New run", "Choose what to run on which data, and start it.", 2),
    *_steering("runs"),
    Command("runs.run.wrong", "w", "Wrong only", "Show only wrong samples, or all again.", 2),
    Command(
        "runs.run.errored",
        "exclamation_mark",
        "Errored",
        "Show only samples without an answer, or all again.",
        6,
    ),
    *_steering("runs.run"),
    Command("runs.run.cell", "c", "Next cell", "Plot and judge the run's next combination.", 7),
    Command("runs.run.plot", "v", "Plot", "Show or hide the plot of the bounds.", 8),
    Command("runs.sample.later", "left_square_bracket", "Later", "The sample that came next.", 3),
    Command(
        "runs.sample.earlier", "right_square_bracket", "Earlier", "The sample that came before.", 2
    ),
    Command("runs.sample.copy", "y", "Copy", "Send the answer to the clipboard.", 4),
    Command("runs.sample.in_editor", "e", "Editor", "Read the sample in $EDITOR.", 5),
)
