"""Production calls in files of their own, by day: written, and removed here once they are safe."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import InputError
from llmops_tui.core.retention import DAY_MS
from llmops_tui.interchange.archive import files
from llmops_tui.services import archive_search
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import archiving
from llmops_tui.store.archiving import Stamped

if TYPE_CHECKING:
    from llmops_tui.gateway.retaining import Retainer

_AT_ONCE = 250
"""Calls that are read at once."""


@dataclass(frozen=True, slots=True)
class DayDone:
    """What became of a day."""

    day: str
    calls: int
    """That the day's file holds."""
    size: int
    """Bytes of the file."""
    wrote: bool
    """False where the file held everything already."""
    removed: int = 0
    """Calls of the day that were removed from the workspace."""


def read_before(text: str) -> int:
    """The time before which whole days are meant: `2026-11-01`, `30d`, or empty for today.

    Raises:
        InputError: it is neither.
    """
    typed = text.strip().lower()
    today = now_ms() // DAY_MS
    if not typed:
        return today * DAY_MS
    if typed.removesuffix("d").isdecimal():
        return max(0, today - int(typed.removesuffix("d"))) * DAY_MS
    try:
        day = date.fromisoformat(typed)
    except ValueError as error:
        raise InputError(
            f"{text.strip()!r} is no day.", "Such as 2026-11-01, or 30d for thirty days ago."
        ) from error
    return min(today, (day - date(1970, 1, 1)).days) * DAY_MS


def write(
    workspace: Workspace,
    directory: Path,
    before: int,
    *,
    project_id: int | None = None,
    remove: bool = False,
) -> Iterator[DayDone]:
    """Archive whole days, one after the other; each is told once it is done.

    A day whose file holds everything is left as it is; calls and verdicts that came later are
    added to it. It may be stopped at any moment and run again.

    Args:
        workspace: Where the calls are.
        directory: The archive.
        before: Days that ended by this time; see `read_before`.
        project_id: Only calls of this project.
        remove: Remove what retention might from the workspace, once its file was read back.

    Raises:
        UnavailableError: the extra `archive` isn't installed.
        StoreFullError: there is no room.
        ConflictError: the archive is another workspace's, or is being written.
    """
    from llmops_tui.gateway.retaining import Retainer

    files.load_pyarrow()
    owner = archiving.workspace_id(workspace.db)
    retainer = Retainer(workspace.db) if remove else None
    with files.owned(directory):
        for one in archiving.days(workspace.db, before, project_id):
            found = archiving.of_day(workspace.db, one.number, project_id)
            path = files.path_of(directory, one.number)
            stamps, wrote = _archived(workspace, path, owner, found)
            if not stamps:
                continue  # another process removed them meanwhile
            gone = 0
            if retainer is not None and archiving.may_go(workspace.db, one.number, project_id):
                safe = set(stamps) if wrote else files.ids_read_back(path)
                gone = _remove(retainer, [s for s in found if s.call.id in safe], stamps)
            yield DayDone(files.day_name(one.number), len(stamps), path.stat().st_size, wrote, gone)
        if retainer is not None:
            for _ in retainer.follow():
                pass
    if files.days_of(directory):
        archive_search.remember(workspace, directory)  # the app looks there


def _archived(
    workspace: Workspace, path: Path, owner: str, found: list[Stamped]
) -> tuple[Mapping[int, str], bool]:
    """(what the calls of the day's file looked like, by id; whether it had to be written)."""
    known = files.known(path, owner)
    if all(known.stamps.get(one.call.id) == one.stamp for one in found):
        return known.stamps, False
    stamps = dict(known.stamps)

    def rows() -> Iterator[Mapping[str, object]]:
        for at in range(0, len(found), _AT_ONCE):
            chosen = [one.call.id for one in found[at : at + _AT_ONCE]]
            for row in archiving.whole(workspace.db, chosen):
                stamps[int(str(row["id"]))] = str(row["stamp"])
                yield row

    held = files.write(path, owner, rows())
    return {call_id: stamp for call_id, stamp in stamps.items() if call_id in held}, True


def _remove(retainer: Retainer, found: list[Stamped], stamps: Mapping[int, str]) -> int:
    """Remove what nothing keeps and what still looks as it was archived; how many."""
    at = gone = 0
    while at < len(found):
        wanted = [one.call for one in found[at : at + retainer.batch_size]]
        done = retainer.remove(wanted, stamps)
        at, gone = at + done.looked_at, gone + done.calls
        time.sleep(done.held_ms / 1000)  # whoever waits for the file gets it
    return gone
