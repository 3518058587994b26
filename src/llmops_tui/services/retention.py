"""How long production calls are kept: set it, see what would go, see to it now."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import InputError
from llmops_tui.core.retention import YOUNGEST_MS, RetentionPolicy, read_days, read_megabytes
from llmops_tui.core.tolerance.words import count
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import call_sizes, gateways, projects, retention, space
from llmops_tui.store.call_sizes import CallSize
from llmops_tui.store.removal import Tally
from llmops_tui.store.retention import Some
from llmops_tui.store.space import Space

__all__ = ["CallSize", "Outlook", "RetentionPolicy", "RetentionView", "Some", "Space", "Tally"]

KEPT = {
    "reviewed": "reviewed",
    "waiting": "waiting for a verdict",
    "judged": "judged by a model lately",
    "example": "in a data set",
    "corrected": "corrected by a user",
    "marked": "tagged, assigned or asked again",
    "incident": "of an incident",
}
"""Why a call stays whatever its age, in words."""
_MEASURING_S = 1.0
_NOTHING = Some()


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would go now, and what would stay although it is old."""

    by_age: Some = _NOTHING
    by_size: Some = _NOTHING
    """Beyond those: the oldest, until no more than the set size is stored."""
    still_over: int = 0
    """Bytes above the set size that nothing could be removed for."""
    kept: dict[str, int] = field(default_factory=dict)
    """Of the calls that are too old: how many stay, by reason (`KEPT`)."""

    @property
    def calls(self) -> int:
        """How many would go."""
        return self.by_age.calls + self.by_size.calls

    @property
    def size(self) -> int:
        """Bytes."""
        return self.by_age.size + self.by_size.size

    def kept_words(self) -> str:
        """What stays of the old ones: `12 reviewed, 3 of an incident`; may be empty."""
        return ", ".join(f"{self.kept[why]:,} {KEPT[why]}" for why in KEPT if self.kept.get(why))


@dataclass(frozen=True, slots=True)
class RetentionView:
    """How a project's calls are kept, and how the file stands."""

    project: str
    """Empty for calls of no project."""
    policy: RetentionPolicy
    size: CallSize
    measured: bool
    """Whether `size` is of all calls: the first time it takes a while."""
    oldest: int | None
    """When the oldest stored call started."""
    outlook: Outlook
    file: Space
    gateways: int
    """How many are at work: they remove what is due, once a minute."""


def view(workspace: Workspace, project_id: int | None) -> RetentionView:
    """How it stands. Reads every call that is too old; not for the UI thread."""
    measured = _measure(workspace)
    db = workspace.db
    policy = retention.policy(db, project_id)
    return RetentionView(
        project="" if project_id is None else projects.get(db, project_id).name,
        policy=policy,
        size=call_sizes.of(db, project_id),
        measured=measured,
        oldest=retention.oldest(db, project_id),
        outlook=outlook(workspace, project_id, policy),
        file=space.space(db),
        gateways=sum(state.is_up for state in gateways.states(db)),
    )


def outlook(workspace: Workspace, project_id: int | None, policy: RetentionPolicy) -> Outlook:
    """What a policy would remove now. Nothing is changed."""
    now, db = now_ms(), workspace.db
    cutoff, most = policy.cutoff(now), policy.most_bytes()
    by_age, kept = _NOTHING, dict[str, int]()
    if cutoff is not None:
        found = retention.older_than(db, project_id, cutoff)
        by_age = found.get("", by_age)
        kept = {why: some.calls for why, some in found.items() if why}
    by_size, over = _NOTHING, 0
    if most is not None:
        excess = call_sizes.of(db, project_id).size - by_age.size - most
        if excess > 0:
            since = cutoff or 0
            by_size = retention.oldest_of(db, project_id, since, now - YOUNGEST_MS, excess)
            over = max(0, excess - by_size.size)
    return Outlook(by_age, by_size, over, kept)


def read_policy(days: str, size: str) -> RetentionPolicy:
    """A policy from what a person typed; empty fields set no limit.

    Raises:
        InputError: one of them can't be read.
    """
    return RetentionPolicy(read_days(days), read_megabytes(size))


def set_policy(
    workspace: Workspace, project_id: int | None, policy: RetentionPolicy
) -> RetentionPolicy:
    """Keep a policy; gateways follow within a minute."""
    retention.put(workspace.db, project_id, policy)
    return policy


def run(
    workspace: Workspace,
    project_id: int | None,
    *,
    every_project: bool = False,
    go_on: Callable[[Tally], bool] = lambda tally: True,
) -> Tally:
    """Remove now what is due, in short transactions with pauses, so that others go on writing.

    Args:
        workspace: Where the calls are.
        project_id: Whose calls.
        every_project: Those of all projects instead.
        go_on: Asked after each transaction, told what went so far; a no ends the work.

    Raises:
        InputError: nothing is set.
    """
    from llmops_tui.gateway.retaining import Retainer

    found = retention.policies(workspace.db)
    if not every_project:
        found = {key: policy for key, policy in found.items() if key == project_id}
    if not found:
        raise InputError(
            "No retention is set: everything is kept.",
            "Such as `llmops-tui retention set --days 90`.",
        )
    retainer = Retainer(workspace.db)
    for done in retainer.work(found):
        if not go_on(retainer.tally):
            break
        # As long as the lock was held it stays free: whoever waits for it gets it.
        time.sleep(done.held_ms / 1000)
    return retainer.tally


def compact(workspace: Workspace) -> Space:
    """Write the file anew without its free pages; how it stands then.

    Raises:
        InputError: a gateway is at work, which would have to turn calls away meanwhile.
        StoreBusyError: somebody else is writing.
    """
    if any(state.is_up for state in gateways.states(workspace.db)):
        raise InputError(
            "A gateway is writing into this workspace, and nobody can write while it is compacted.",
            "Stop it first: `llmops-tui gateway --stop`.",
        )
    space.compact(workspace.db)
    return space.space(workspace.db)


def outlook_words(found: Outlook, policy: RetentionPolicy) -> str:
    """What would go, in a sentence or two."""
    if not policy.is_on:
        return "Everything is kept."
    parts = []
    if found.by_age.calls:
        parts.append(f"{_some(found.by_age)} older than {count(policy.days or 0, 'day')}")
    if found.by_size.calls:
        parts.append(f"{_some(found.by_size)} to come down to {policy.megabytes or 0:,} MB")
    sentence = f"{', and '.join(parts)} would go now." if parts else "Nothing would go now."
    if found.kept_words():
        sentence += f" Of the older ones stay: {found.kept_words()}."
    if found.still_over:
        sentence += (
            f" That leaves {megabytes(found.still_over)} above the limit: what is judged, waits "
            "for a verdict or arrived in the last hour stays."
        )
    return sentence


def due_words(workspace: Workspace, project_id: int | None) -> str:
    """That calls which just came are too old to stay, in a sentence; empty where none is."""
    policy = retention.policy(workspace.db, project_id)
    found = outlook(workspace, project_id, policy).by_age
    if not found.calls:
        return ""
    return (
        f"Calls are kept for {count(policy.days or 0, 'day')}: {_some(found)} are older and go at "
        "the next occasion. `llmops-tui retention set --days off` keeps them."
    )


def space_words(found: Space) -> str:
    """How the file stands, in a sentence."""
    words = f"The file takes {found.size / 1e6:,.0f} MB, of which {found.free / 1e6:,.0f} are free"
    if found.shrinks:
        return f"{words}: new calls use 4 MB or a twentieth, the rest is given back to the disk."
    return (
        f"{words}: new calls use them. It was made by an older version and does not shrink by "
        "itself; `llmops-tui retention compact` rewrites it once."
    )


def megabytes(size: int) -> str:
    """Bytes as people read them: `12.3 MB`, `40 kB`."""
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 or not size else f"{size / 1e3:,.0f} kB"


def _some(some: Some) -> str:
    noun = "call" if some.calls == 1 else "calls"
    return f"{some.calls:,} {noun} ({megabytes(some.size)})"


def _measure(workspace: Workspace) -> bool:
    """Bring the known size up to date; whether that was possible within a moment."""
    if workspace.db.read_only:
        return True
    until = time.monotonic() + _MEASURING_S
    while call_sizes.measure(workspace.db):
        if time.monotonic() > until:
            return False
    return True
