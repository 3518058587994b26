"""Production calls: watch them, open one, judge it."""

from __future__ import annotations

from llmops_tui.ui.commands.model import Command
from llmops_tui.ui.commands.triage import judging

COMMANDS: tuple[Command, ...] = (
    Command("monitor.flagged", "f", "Flagged", "Show only flagged calls, or all again.", 2),
    Command(
        "monitor.errors",
        "exclamation_mark",
        "Errors",
        "Show only calls without an answer, or all again.",
        3,
    ),
    Command("monitor.everything", "a", "All", "Show all calls: no key, no filter.", 4),
    Command("monitor.pause", "p", "Pause", "Hold the list still, or follow again.", 5),
    Command("monitor.trace", "o", "Trace", "What was traced around the call, as a tree.", 8),
    Command("monitor.trace.copy", "y", "Copy", "Send the step to the clipboard.", 1),
    Command("monitor.trace.in_editor", "e", "Editor", "Read the step in $EDITOR.", 2),
    Command("monitor.connect", "C", "Connect", "How to point an application here.", 6),
    Command("monitor.figures", "v", "Figures", "Plots over a window, by model and prompt.", 6),
    Command(
        "monitor.figures.longer", "right_square_bracket", "Longer", "Look at a longer window.", 1
    ),
    Command(
        "monitor.figures.shorter", "left_square_bracket", "Shorter", "Look at a shorter window.", 2
    ),
    Command(
        "monitor.drift",
        "d",
        "Drift",
        "Compare with what was tested, a while before, or another.",
        7,
    ),
    Command("monitor.drift.against", "a", "Against", "Set it beside something else.", 1),
    Command("monitor.drift.subject", "s", "Version", "Look at another prompt version.", 2),
    Command(
        "monitor.drift.longer", "right_square_bracket", "Longer", "Look at a longer window.", 3
    ),
    Command(
        "monitor.drift.shorter", "left_square_bracket", "Shorter", "Look at a shorter window.", 4
    ),
    Command("monitor.rules", "r", "Rules", "Which calls are flagged, and what that costs.", 7),
    Command("monitor.rules.turn", "space", "On/off", "Flag calls by this rule, or not.", 1),
    Command("monitor.rules.edit", "e", "Set", "Set the rule's severity and thresholds.", 2),
    Command(
        "monitor.rules.try_out", "t", "Try", "What it would have flagged of the stored calls.", 3
    ),
    Command("monitor.alerts", "A", "Alerts", "Who hears of what, and what was told.", 7),
    Command("monitor.alerts.add", "a", "Add", "Watch something, and tell somebody.", 1),
    Command("monitor.alerts.try_out", "t", "Try", "Tell on its channels: this is a trial.", 2),
    Command("monitor.alerts.turn_off", "o", "On/off", "Stop watching, or watch again.", 3),
    Command("monitor.alerts.remove", "x", "Forget", "Forget the alert and what it told.", 4),
    Command(
        "monitor.retention", "K", "Retention", "How long calls are kept, and what would go.", 9
    ),
    Command("monitor.retention.edit", "e", "Set", "Say how long calls are kept.", 1),
    Command("monitor.retention.remove", "x", "Remove", "Remove now what is due.", 2),
    Command("monitor.archive", "z", "Archive", "Find calls that were archived.", 9),
    Command("monitor.archive.directory", "d", "Where", "Look into another archive.", 1),
    Command("monitor.archived.copy", "y", "Copy", "Send the call to the clipboard.", 1),
    Command("monitor.archived.in_editor", "e", "Editor", "Read the call in $EDITOR.", 2),
    Command("monitor.about.copy", "y", "Copy", "Send these lines to the clipboard.", 1),
    *judging("monitor.call", first=2),
    Command("monitor.call.trace", "o", "Trace", "What was traced around it, as a tree.", 12),
    Command("monitor.call.newer", "left_square_bracket", "Newer", "The call that came next.", 11),
    Command(
        "monitor.call.older", "right_square_bracket", "Older", "The call that came before.", 10
    ),
)
