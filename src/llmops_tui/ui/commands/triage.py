"""Triage: one key gives a verdict and shows the next call.

Right is `r`. Wrong is one of three keys, by how bad it is: `c`, `w`, `h`. What can't be told is
`s`. The same keys judge a call that was opened from the Monitor screen. Whatever was pressed, `u`
takes it back.
"""

from __future__ import annotations

from llmops_tui.ui.commands.model import Command


def judging(scope: str, *, first: int) -> tuple[Command, ...]:
    """The verdicts and what belongs to them; `first` is the rank of the first in the footer."""
    return (
        Command(f"{scope}.right", "r", "Right", "The answer is right.", first),
        Command(
            f"{scope}.cosmetic",
            "c",
            "Cosmetic",
            "Wrong, but only in its looks: cosmetic.",
            first + 2,
        ),
        Command(f"{scope}.wrong", "w", "Wrong", "The answer is wrong.", first + 1),
        Command(f"{scope}.harmful", "h", "Harmful", "Wrong, and it does harm.", first + 3),
        Command(
            f"{scope}.unsure",
            "s",
            "Not sure",
            "Nobody can tell from this; counts as not reviewed.",
            first + 4,
        ),
        Command(f"{scope}.undo", "u", "Undo", "Take your verdicts back, any number.", first + 5),
        Command(
            f"{scope}.note", "n", "Note", "A line that is kept with the verdict that follows.", 20
        ),
        Command(
            f"{scope}.reason",
            "t",
            "Reason",
            "Choose why the answer is wrong, by digit; kept with the verdict that follows.",
            20,
        ),
        Command(
            f"{scope}.correct",
            "x",
            "Correct",
            "Write the right answer in $EDITOR; kept with the verdict that follows.",
            20,
        ),
        Command(
            f"{scope}.mend",
            "X",
            "Correct here",
            "Write the right answer here; kept with the verdict that follows.",
            20,
        ),
        *_besides(scope),
    )


def _besides(scope: str) -> tuple[Command, ...]:
    """What else may be done with a call that is judged."""
    return (
        Command(
            f"{scope}.example",
            "d",
            "To data set",
            "Make the call an example of a data set, personal parts masked.",
            21,
        ),
        Command(
            f"{scope}.tag", "number_sign", "Tags", "Write words on the call, to find it by.", 21
        ),
        Command(f"{scope}.assign", "A", "Assign", "Say whose it is: it waits for them alone.", 21),
        Command(
            f"{scope}.again",
            "z",
            "Ask again",
            "Ask the same once more, or on another version of the prompt.",
            21,
        ),
        Command(f"{scope}.copy", "y", "Copy", "Send the answer to the clipboard.", 21),
        Command(f"{scope}.in_editor", "e", "Editor", "Read the call in $EDITOR.", 22),
    )


COMMANDS: tuple[Command, ...] = (
    *judging("triage", first=1),
    Command("triage.flagged", "f", "Flagged", "The lane of flagged calls.", 23),
    Command("triage.audit", "a", "Audit", "The lane of calls drawn at random.", 24),
    Command("triage.mixed", "i", "Mixed", "Both lanes, without saying of which a call is.", 25),
    Command("triage.second", "l", "Second look", "Calls that somebody else judged, blind.", 25),
    Command("triage.resolve", "R", "Resolve", "Calls on which two differ: you decide.", 25),
    Command(
        "triage.blind",
        "b",
        "Blind",
        "Hide flags, lane and what others said until the verdict, or show them.",
        7,
    ),
    Command(
        "triage.next",
        "right_square_bracket",
        "Skip",
        "The next call; this one keeps waiting.",
        8,
    ),
    Command("triage.order", "O", "Order", "What comes first: by age, severity, chance, alike.", 22),
    Command(
        "triage.alike",
        "m",
        "Alike",
        "Judge all calls that failed like this one at once, after a look at some.",
        21,
    ),
    Command("triage.previous", "left_square_bracket", "Previous", "The call before.", 25),
    Command("triage.why", "v", "Why", "Show or hide why this one call is here.", 26),
    Command("triage.rules", "p", "Rules", "How often each rule is right; how people agree.", 28),
    Command(
        "triage.rules.share", "s", "Second looks", "Which share a second person judges, blind.", 1
    ),
    Command("triage.again.ask", "a", "Ask", "Ask it now.", 1),
    Command("triage.again.version", "v", "Version", "As it was, or on which version.", 2),
    Command("triage.again.model", "m", "Model", "Who is asked.", 3),
    Command("triage.again.stop", "s", "Stop", "Take the question back.", 4),
    Command(
        "triage.again.use",
        "x",
        "Correct",
        "Take the new answer as the right one; kept with the verdict that follows.",
        5,
    ),
    Command("triage.again.earlier", "left_square_bracket", "Earlier", "The answer before.", 6),
    Command("triage.again.later", "right_square_bracket", "Later", "The answer after.", 7),
    Command("triage.whole", "o", "Whole call", "Everything that came with the call.", 27),
    Command("triage.trace", "T", "Trace", "What was traced around the call, as a tree.", 27),
)
