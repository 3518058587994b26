"""What each role may do in the app. Whatever isn't named here, only the owner may."""

from __future__ import annotations

from llmops_tui.core.role import Role, RoleError

SHELL = frozenset(
    {
        *(f"shell.area_{name}" for name in (
            "overview", "datasets", "prompts", "runs", "monitor", "triage", "models",
        )),
        "shell.help", "shell.palette", "shell.project", "shell.theme", "shell.refresh",
        "shell.quit", "shell.interrupt", "shell.back.back", "shell.back.leave",
    }
)  # fmt: skip
"""Neither the clipboard's files and pager nor ctrl+z: both lead out of the app."""
LOOKING = SHELL | {
    "overview.incident", "overview.stages.right", "overview.stages.left",
    "datasets.examples.versions", "datasets.versions.diff", "datasets.versions.mark",
    "prompts.versions", "prompts.versions.diff", "prompts.versions.mark",
    "prompts.versions.blame", "prompts.versions.moves", "prompts.diff.whole", "prompts.diff.swap",
    "runs.matrix", "runs.compare", "runs.labels",
    "runs.run.wrong", "runs.run.errored", "runs.run.matrix", "runs.run.compare",
    "runs.run.labels", "runs.run.cell", "runs.run.plot",
    "runs.matrix.wrong", "runs.matrix.errored", "runs.matrix.disagreeing", "runs.matrix.changed",
    "runs.matrix.tags", "runs.labels.cell", "runs.compare.slices", "runs.compare.earlier",
    "runs.compare.turn", "runs.compare.margin", "runs.sample.next_cell", "runs.sample.later",
    "runs.sample.earlier",
    "monitor.figures", "monitor.figures.longer", "monitor.figures.shorter",
    "monitor.retention", "monitor.archive",
    "monitor.drift", "monitor.drift.against", "monitor.drift.subject", "monitor.drift.longer",
    "monitor.drift.shorter", "monitor.trace", "monitor.call.trace", "triage.trace",
    "monitor.flagged", "monitor.errors", "monitor.everything", "monitor.pause",
    "monitor.call.newer", "monitor.call.older",
    "triage.flagged", "triage.audit", "triage.next", "triage.previous", "triage.why",
    "triage.rules", "triage.whole", "triage.order",
    "triage.mixed", "triage.second", "triage.resolve", "triage.blind",
}  # fmt: skip
VERDICTS = (
    "right", "cosmetic", "wrong", "harmful", "unsure", "undo", "note", "reason", "tag", "assign",
    "mend",
)  # fmt: skip
JUDGING = (
    LOOKING
    | {f"{scope}.{name}" for scope in ("triage", "monitor.call") for name in VERDICTS}
    | {"triage.alike"}
)
ANYWHERE = ("dialogs.", "lists.")
"""Moving about and leaving what is open; what a dialog would do is refused before it opens."""
PAGES = frozenset(
    {
        "overview", "overview.incident",
        "datasets", "datasets.examples", "datasets.versions", "datasets.diff",
        "prompts", "prompts.versions", "prompts.diff", "prompts.blame", "prompts.moves",
        "runs", "runs.run", "runs.matrix", "runs.tags", "runs.compare", "runs.sample",
        "runs.labels", "monitor", "monitor.figures", "monitor.call",
        "monitor.retention", "monitor.archive", "monitor.archived", "monitor.drift",
        "monitor.trace", "triage", "triage.rules", "models",
    }
)  # fmt: skip
DIALOGS = ("dialogs.pick", "dialogs.alike", "dialogs.correct", "dialogs.help", "dialogs.error")


def refusal(role: Role, command_id: str) -> str | None:
    """Why a role can't use a command, as a sentence; None where it can."""
    if role is Role.OWNER or command_id.startswith(ANYWHERE):
        return None
    if command_id in (JUDGING if role is Role.REVIEWER else LOOKING):
        return None
    return str(RoleError(role, "this command"))


def may_open(role: Role, scope: str) -> bool:
    """Whether a role may have a page or a dialog of that scope in front."""
    return role is Role.OWNER or scope in PAGES or scope in DIALOGS or not scope
