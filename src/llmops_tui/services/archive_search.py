"""Finding calls in an archive: by words and fields, the newest first, and opening one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from llmops_tui.core.call import CallDetail, CallFlag, CallRow, Lane, Review, ReviewVerdict
from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError, NotFoundError
from llmops_tui.core.retention import DAY_MS
from llmops_tui.interchange.archive import files
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import archived_calls, settings
from llmops_tui.store.archived_calls import ArchivedLine, Wanted
from llmops_tui.store.call_lists import CallLine

__all__ = ["ArchivedCall", "ArchivedLine", "CallLine", "Found", "Wanted"]

DIRECTORY: Final = "archive directory"
MOST: Final = 200
DAYS_AT_ONCE: Final = 7
FIELDS: Final[Mapping[str, str]] = {
    "model": "model",
    "prompt": "prompt",
    "version": "version",
    "status": "status",
    "finish": "finish_reason",
    "flag": "flag_rules",
    "verdict": "verdict",
    "project": "project",
}
VERDICTS: Final = ("right", "wrong", "unsure", "none")
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to."""

    lines: tuple[ArchivedLine, ...]
    days: int
    """Of the archive."""
    searched: int
    """Days that were looked at, from the newest: fewer where enough was found."""
    first: str
    """The oldest day of the archive; empty where it has none."""
    last: str
    damaged: tuple[str, ...] = ()
    """Days whose file can't be read: they were passed over."""


@dataclass(frozen=True, slots=True)
class ArchivedCall:
    """A call of the archive whole, by the columns of its file."""

    values: Mapping[str, object]

    def text(self, name: str) -> str:
        """A column as text; empty where it holds nothing."""
        value = self.values.get(name)
        return "" if value is None else str(value)

    def listed(self, name: str) -> list[dict[str, Json]]:
        """A column that holds a list: `flags`, `reviews`, `feedback`, `steps`."""
        try:
            found = json.loads(self.text(name) or "[]")
        except ValueError:
            return []
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    def detail(self) -> CallDetail:
        """The call as it was in the workspace."""
        return CallDetail(
            row=self._row(),
            input=self.text("input"),
            output=self.text("output"),
            attributes=self.text("attributes"),
            error=self.text("error"),
            trace_id=self.text("trace_id"),
            span_id=self.text("span_id"),
            response_id=self.text("response_id"),
            flags=tuple(
                CallFlag(
                    str(one.get("rule", "")), str(one.get("severity", "")),
                    str(one.get("reason", "")), _whole(one.get("start")), _whole(one.get("stop")),
                )
                for one in self.listed("flags")
            ),
            reviews=tuple(filter(None, map(_review, self.listed("reviews")))),
        )  # fmt: skip

    def _row(self) -> CallRow:
        return CallRow(
            id=_whole(self.values.get("id")) or 0,
            source=self.text("source"),
            model=self.text("model"),
            prompt_name=self.text("prompt"),
            prompt_version=self.text("prompt_version"),
            status=self.text("status"),
            finish_reason=self.text("finish_reason"),
            input_tokens=_whole(self.values.get("input_tokens")),
            output_tokens=_whole(self.values.get("output_tokens")),
            duration_ms=_real(self.values.get("duration_ms")) or 0.0,
            input_head="",
            output_head=self.text("output")[:160],
            flagged=_whole(self.values.get("flagged")) or 0,
            severity=0,
            audit_probability=_real(self.values.get("audit_probability")),
            review=self.text("verdict"),
            started_at=_whole(self.values.get("started_at")) or 0,
            received_at=_whole(self.values.get("received_at")) or 0,
            project_id=None,
        )


def parse(text: str) -> Wanted:
    """What was typed: words, and fields such as `model:smol flag:refusal since:2026-11-01`.

    Raises:
        InputError: a day that is none, or a verdict that there is none of.
    """
    fields: dict[str, str] = {}
    times: dict[str, int] = {}
    words = []
    for word in text.split():
        name, colon, value = word.partition(":")
        if colon and value and name.lower() in FIELDS:
            fields[FIELDS[name.lower()]] = value
        elif colon and value and name.lower() in ("since", "until"):
            times[name.lower()] = day_of(value)
        else:
            words.append(word)
    if "until" in times:
        times["until"] += DAY_MS  # that day included
    return wanted_of(tuple(words), fields, times)


def wanted_of(
    words: tuple[str, ...], fields: Mapping[str, str], times: Mapping[str, int]
) -> Wanted:
    """What to look for, from fields by the names of `Wanted`.

    Raises:
        InputError: a verdict that there is none of.
    """
    verdict = fields.get("verdict", "").lower()
    if verdict and verdict not in VERDICTS:
        raise InputError(
            f"There is no verdict {verdict!r}.", f"Verdicts are {', '.join(VERDICTS)}."
        )
    return Wanted(
        words,
        model=fields.get("model", ""),
        prompt=fields.get("prompt", ""),
        status=fields.get("status", ""),
        finish_reason=fields.get("finish_reason", ""),
        flag_rules=fields.get("flag_rules", ""),
        project=fields.get("project", ""),
        verdict=verdict,
        version=fields.get("version", ""),
        since=times.get("since"),
        until=times.get("until"),
    )


def day_of(text: str) -> int:
    """The beginning of a day, UTC, in milliseconds.

    Raises:
        InputError: it is no day.
    """
    try:
        return (date.fromisoformat(text.strip()) - _EPOCH).days * DAY_MS
    except ValueError as error:
        raise InputError(f"{text!r} is no day.", "Such as 2026-11-01.") from error


def search(
    directory: Path,
    wanted: Wanted,
    limit: int = MOST,
    go_on: Callable[[], bool] = lambda: True,
) -> Found:
    """Find calls, the newest first: as many days as it takes to have enough of them.

    Args:
        directory: The archive.
        wanted: What they look like.
        limit: At most so many.
        go_on: Asked now and then; a no ends the search with what was found.

    Raises:
        UnavailableError: the extra `duckdb` isn't installed.
        InputError: the archive can't be read.
    """
    days = files.days_of(directory)
    within = [day for day in days[::-1] if _is_within(day, wanted)]
    lines: list[ArchivedLine] = []
    damaged: list[str] = []
    groups = [within[at : at + DAYS_AT_ONCE] for at in range(0, len(within), DAYS_AT_ONCE)]
    searched = 0
    with archived_calls.opened() as connection:
        while groups and len(lines) < limit and go_on():
            chosen = groups.pop(0)
            paths = _paths(directory, chosen)
            try:
                if paths:
                    lines += archived_calls.find(connection, paths, wanted, limit - len(lines))
            except InputError:
                if len(chosen) > 1:  # which of them is it?
                    groups[:0] = [[day] for day in chosen]
                    continue
                damaged += chosen
            searched += len(chosen)
    first, last = (days[0], days[-1]) if days else ("", "")
    return Found(tuple(lines), len(days), searched, first, last, tuple(damaged))


def open_call(directory: Path, call_id: int, day: str = "") -> ArchivedCall:
    """One call of an archive whole.

    Args:
        directory: The archive.
        call_id: Its number in the workspace that it came from.
        day: The day on which it started; empty looks through all.

    Raises:
        NotFoundError: the archive doesn't hold it.
    """
    days = [day] if day else files.days_of(directory)[::-1]
    with archived_calls.opened() as connection:
        for at in range(0, len(days), DAYS_AT_ONCE):
            paths = _paths(directory, days[at : at + DAYS_AT_ONCE])
            found = archived_calls.one(connection, paths, call_id) if paths else None
            if found is not None:
                return ArchivedCall(found)
    raise NotFoundError(f"The archive {directory} holds no call {call_id}.")


def directory_of(workspace: Workspace) -> Path | None:
    """Where this workspace was archived last, or where somebody looked."""
    known = settings.get(workspace.db, "workspace", DIRECTORY)
    return Path(known) if known else None


def remember(workspace: Workspace, directory: Path) -> Path:
    """Look there from now on.

    Raises:
        InputError: it is no archive.
    """
    whole = directory.expanduser().absolute()
    if not files.days_of(whole):
        raise InputError(
            f"{whole} holds no archived day.", "`llmops-tui archive DIR` writes an archive."
        )
    if not workspace.db.read_only:
        settings.put(workspace.db, "workspace", DIRECTORY, str(whole))
    return whole


def day_name(started_at: int) -> str:
    """The day (UTC) under which a call lies."""
    return files.day_name(started_at // DAY_MS)


def as_call(line: ArchivedLine) -> CallLine:
    """A line of the archive as the Monitor lists calls."""
    return CallLine(
        id=line.id,
        model=line.model or "",
        prompt_name=line.prompt or "",
        prompt_version=line.prompt_version or "",
        status=line.status or "",
        error=line.error or "",
        finish_reason=line.finish_reason or "",
        input_tokens=line.input_tokens,
        output_tokens=line.output_tokens,
        duration_ms=line.duration_ms or 0.0,
        output_head=line.output_head or "",
        flagged=line.flagged or 0,
        rules=line.flag_rules or "",
        review=line.verdict or "",
        started_at=line.started_at or 0,
    )


def _review(told: Mapping[str, Json]) -> Review | None:
    """A verdict as it was kept; None where the file says something else there."""
    corrected = told.get("corrected")
    try:
        return Review(
            id=0,
            call_id=0,
            verdict=ReviewVerdict(str(told.get("verdict"))),
            severity=str(told.get("severity", "")),
            reason=str(told.get("reason", "")),
            note=str(told.get("note", "")),
            corrected=None if corrected is None else str(corrected),
            lane=Lane(str(told.get("lane"))),
            reviewer=str(told.get("reviewer", "")),
            reviewed_at=_whole(told.get("reviewed_at")) or 0,
            undone_at=_whole(told.get("undone_at")),
        )
    except ValueError:
        return None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _real(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _is_within(day: str, wanted: Wanted) -> bool:
    begin = day_of(day)
    after = wanted.since is None or begin + DAY_MS > wanted.since
    return after and (wanted.until is None or begin < wanted.until)


def _paths(directory: Path, days: list[str]) -> list[str]:
    found = (directory / f"day={day}" / files.FILE for day in days)
    return [str(path) for path in found if path.exists()]
