"""How many of the unflagged calls are drawn for review: raising it, also for what is stored."""

from __future__ import annotations

from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import InputError
from llmops_tui.services import projects
from llmops_tui.services.calls import DAY_MS
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import audits, removed


def share(workspace: Workspace, project_id: int) -> float:
    """The share in force: the project's own, or that by which its newest call was drawn."""
    drawn = audits.drawn_share(workspace.db, project_id, _since(workspace, project_id))
    return max(drawn, audits.share(workspace.db, project_id) or 0.0)


def larger(now: float) -> float:
    """The share that is proposed next: twice as much, at least one in ten."""
    return min(1.0, max(0.1, 2 * now))


def raise_share(workspace: Workspace, project_id: int, now: float) -> str:
    """Draw a larger share from now on, and of what came in the tolerance's window; in words.

    The stored calls are drawn from as well, so that each call of the window had the same chance:
    otherwise the estimate would lean to the time since.

    Raises:
        InputError: it is no larger share, or none at all.
    """
    before = share(workspace, project_id)
    if not 0 < now <= 1:
        raise InputError("The audited share lies above 0 and is at most 1.", "Such as 0.1.")
    if now <= before:
        raise InputError(
            f"{100 * before:.3g} % of the unflagged calls are drawn already.",
            "A smaller share would let the estimate lean to the time of the larger one.",
        )
    since = _since(workspace, project_id)
    audits.set_share(workspace.db, project_id, now)
    drawn = audits.draw_more(workspace.db, project_id, since, before=before, now=now)
    days = projects.tolerance_of(workspace, project_id).window_days
    leans = ""
    if removed.complete_from(workspace.db, project_id) > since:
        leans = (
            " Retention removed calls of that time, which nobody can draw any more: until the "
            "window is past them the estimate leans to the time since."
        )
    return (
        f"{100 * now:.3g} % of the unflagged calls are drawn for the audit, {100 * before:.3g} % "
        f"before; {drawn:,} more of the last {days} days wait for a verdict.{leans}"
    )


def _since(workspace: Workspace, project_id: int) -> int:
    return now_ms() - projects.tolerance_of(workspace, project_id).window_days * DAY_MS
