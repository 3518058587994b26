"""Production calls out of log files, through the same rules as those that arrive."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from llmops_tui.core.project import Project
from llmops_tui.gateway.judge import DEFAULT_AUDIT, Judge
from llmops_tui.gateway.logfiles import (
    BadLineError,
    LogFile,
    LogMapping,
    call_of,
    place_of,
    read_stream,
)
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import calls, settings

__all__ = ["Ingested", "Ingester", "LogMapping"]

AT_ONCE = 200
POLL_S = 0.5
MOST_REFUSALS = 20
SCOPE = "workspace"


@dataclass(slots=True)
class Ingested:
    """What came of a file so far."""

    stored: int = 0
    known: int = 0
    """Calls that were here already."""
    bad: int = 0
    refusals: tuple[str, ...] = ()
    """The first lines that were no call, and why."""

    def sentence(self) -> str:
        """In words."""
        words = f"{self.stored:,} calls stored, {self.known:,} known already"
        return f"{words}, {self.bad:,} lines are no call." if self.bad else f"{words}."


class Ingester:
    """Takes lines into the workspace, each call once.

    Args:
        workspace: where.
        project: of calls that don't say theirs; None for none.
        mapping: which field is which part of a call.
        audit_share: share of unflagged calls that are drawn for review.
    """

    def __init__(
        self,
        workspace: Workspace,
        project: Project | None,
        mapping: LogMapping,
        audit_share: float = DEFAULT_AUDIT,
    ) -> None:
        self._workspace = workspace
        self._mapping = mapping
        self._judge = Judge(
            workspace.db,
            project_id=project.id if project is not None else None,
            audit_probability=audit_share,
        )
        self.so_far = Ingested()

    def stream(self, stream: BinaryIO, name: str = "stdin") -> Ingested:
        """Take all lines of a pipe."""
        for batch in _batches((line, 0) for line in read_stream(stream)):
            self._take([line for line, _ in batch], name)
        return self.so_far

    def file(
        self,
        path: Path,
        *,
        follow: bool = False,
        stopped: Callable[[], bool] = lambda: False,
        news: Callable[[Ingested], None] = lambda _: None,
    ) -> Ingested:
        """Take a file from where it was left; with `follow` go on as it grows, until `stopped`.

        The place is kept with each batch that is committed: after a kill it goes on there, and
        what was committed already is known by its identity.

        Raises:
            InputError: the file can't be read.
        """
        file = self._opened(path)
        kept = (file.inode, file.offset)
        while True:
            for batch in _batches(file.lines(final=not follow)):
                self._take([line for line, _ in batch], str(path))
                self._keep_place(file, batch[-1][1])
                kept = (file.inode, batch[-1][1])
                news(self.so_far)
            if kept != (file.inode, file.offset):  # rotated or cut off, and nothing came yet
                kept = (file.inode, file.offset)
                self._keep_place(file, file.offset)
            if not follow or stopped():
                return self.so_far
            time.sleep(POLL_S)

    def _opened(self, path: Path) -> LogFile:
        kept = settings.get(self._workspace.db, SCOPE, place_of(path))
        if kept is None:
            return LogFile(path)
        place = json.loads(kept)
        return LogFile(path, int(place["inode"]), int(place["offset"]))

    def _keep_place(self, file: LogFile, offset: int) -> None:
        place = json.dumps({"inode": file.inode, "offset": offset})
        settings.put(self._workspace.db, SCOPE, place_of(file.path), place)

    def _take(self, lines: list[bytes], source: str) -> None:
        drafts = []
        for line in lines:
            try:
                drafts.append(call_of(line, self._mapping, source))
            except BadLineError as error:
                self.so_far.bad += 1
                if len(self.so_far.refusals) < MOST_REFUSALS:
                    head = line[:60].decode("utf-8", "replace").strip()
                    self.so_far.refusals += (f"{head}: {error}",)
        added = calls.add(self._workspace.db, [self._judge.judge(draft) for draft in drafts])
        self.so_far.stored += added
        self.so_far.known += len(drafts) - added


def _batches(lines: Iterable[tuple[bytes, int]]) -> Iterator[list[tuple[bytes, int]]]:
    found = iter(lines)
    while batch := list(islice(found, AT_ONCE)):
        yield batch
