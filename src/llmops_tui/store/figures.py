"""How production went: counts by slice of time, latencies, and by model and prompt version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmops_tui.core.flags import FlagInput
from llmops_tui.store import removed
from llmops_tui.store.call_texts import unpack_texts
from llmops_tui.store.calls import MINUTE_MS
from llmops_tui.store.database import Database

SLICES = """
SELECT (started_at - ?1) / ?2 AS slice, count(*) AS calls, sum(flagged > 0) AS flagged,
       sum(status = 'error') AS errors, coalesce(sum(cost), 0) AS cost,
       coalesce(sum(input_tokens), 0) AS input_tokens,
       coalesce(sum(output_tokens), 0) AS output_tokens
FROM call INDEXED BY call_figures
WHERE started_at >= ?5 AND started_at < ?3 AND (?4 IS NULL OR project_id = ?4)
GROUP BY 1 ORDER BY 1
"""
MINUTES = """
SELECT (minute_at - ?1) / ?2 AS slice, sum(calls) AS calls, sum(flagged) AS flagged,
       sum(errors) AS errors, sum(cost) AS cost, sum(input_tokens) AS input_tokens,
       sum(output_tokens) AS output_tokens
FROM call_minute
WHERE minute_at >= ?5 AND minute_at < ?3 AND (?4 IS NULL OR project_id = ?4)
GROUP BY 1 ORDER BY 1
"""
PARTS = """
SELECT model, prompt_name, prompt_version, count(*) AS calls, sum(flagged > 0) AS flagged,
       sum(status = 'error') AS errors, coalesce(sum(cost), 0) AS cost,
       sum(duration_ms) AS duration_ms
FROM call INDEXED BY call_figures
WHERE started_at >= ?1 AND started_at < ?2 AND (?3 IS NULL OR project_id = ?3)
GROUP BY 1, 2, 3
"""
TIMES = """
SELECT duration_ms, first_token_ms FROM call INDEXED BY call_figures
WHERE started_at >= ?1 AND started_at < ?2 AND (?3 IS NULL OR project_id = ?3)
  AND status = 'ok'
ORDER BY started_at DESC LIMIT ?4
"""
COUNTED = """
SELECT sum(calls) FROM call_minute
WHERE minute_at >= ?1 - 59999 AND minute_at < ?2 AND (?3 IS NULL OR project_id = ?3)
"""
ANSWER_TIMES = """
SELECT (started_at - ?4) / ?5 AS slice,
       group_concat(CAST(duration_ms * 10 AS INTEGER)) AS tenths
FROM call INDEXED BY call_figures
WHERE started_at >= ?1 AND started_at < ?2 AND (?3 IS NULL OR project_id = ?3) AND status = 'ok'
      AND id % ?6 = 0
GROUP BY 1
"""
LATEST_WHOLE = """
SELECT c.id, c.finish_reason, c.status, c.error, c.duration_ms, c.input_tokens, c.output_tokens,
       c.cost, b.body
FROM call c JOIN call_body b ON b.call_id = c.id
WHERE c.id < ?1 AND (?2 IS NULL OR c.project_id = ?2) AND c.started_at >= ?4
ORDER BY c.id DESC LIMIT ?3
"""
FLAGGED_BY = """
SELECT f.rule, count(*) AS calls FROM flag f JOIN call c ON c.id = f.call_id
WHERE c.started_at >= ?1 AND (?2 IS NULL OR c.project_id = ?2) GROUP BY f.rule
"""
PAGE = 500
_NONE = removed.Counts(0, 0, 0, 0, 0, 0, 0, 0.0)


@dataclass(frozen=True, slots=True)
class Slice:
    """Calls of a slice of time."""

    number: int
    """From 0, the oldest."""
    calls: int
    flagged: int
    errors: int
    cost: int
    """Nano-units; of all currencies together where there are several."""
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Part:
    """Calls of one model and prompt version."""

    model: str
    prompt_name: str
    prompt_version: str
    calls: int
    flagged: int
    errors: int
    cost: int
    duration_ms: float


def slices(
    db: Database, since: int, until: int, width_ms: int, project_id: int | None
) -> list[Slice]:
    """The slices that hold calls, or did.

    Whole minutes as they were counted, each in the slice that it begins in; where slices are
    shorter, and at both ends of the window, from the index of figures.
    """
    first, last = -(-since // MINUTE_MS) * MINUTE_MS, until // MINUTE_MS * MINUTE_MS
    if width_ms < MINUTE_MS or first >= last:
        first = last = until
    found: dict[int, Slice] = {}
    for sql, begin, end in (
        (SLICES, since, first), (MINUTES, first, last), (SLICES, last, until)
    ):  # fmt: skip
        rows = db.rows(sql, (since, width_ms, end, project_id, begin)) if begin < end else ()
        for row in rows:
            found[row["slice"]] = _added(found.get(row["slice"]), Slice(*row))
    for number, gone in removed.slices(db, since, until, width_ms, project_id).items():
        also = Slice(
            number, gone.calls, gone.flagged, gone.errors, gone.cost, gone.input_tokens,
            gone.output_tokens,
        )  # fmt: skip
        found[number] = _added(found.get(number), also)
    return [found[number] for number in sorted(found)]


def _added(one: Slice | None, other: Slice) -> Slice:
    if one is None:
        return other
    return Slice(
        one.number, one.calls + other.calls, one.flagged + other.flagged,
        one.errors + other.errors, one.cost + other.cost,
        one.input_tokens + other.input_tokens, one.output_tokens + other.output_tokens,
    )  # fmt: skip


def parts(
    db: Database, since: int, until: int, project_id: int | None, limit: int = 50
) -> list[Part]:
    """By model and prompt version, the busiest first; removed calls are counted."""
    gone = removed.parts(db, since, until, project_id)
    found = []
    for row in db.rows(PARTS, (since, until, project_id)):
        name = row["model"], row["prompt_name"], row["prompt_version"]
        also = gone.pop(name, _NONE)
        calls = row["calls"] + also.calls
        found.append(
            Part(
                *name, calls, row["flagged"] + also.flagged, row["errors"] + also.errors,
                row["cost"] + also.cost, (row["duration_ms"] + also.duration_ms) / calls,
            )
        )  # fmt: skip
    found += [
        Part(*name, c.calls, c.flagged, c.errors, c.cost, c.duration_ms / c.calls)
        for name, c in gone.items()
    ]
    return sorted(found, key=lambda part: -part.calls)[:limit]


def times(
    db: Database, since: int, until: int, project_id: int | None, limit: int
) -> list[tuple[float, float | None]]:
    """(duration, time to the first token) in milliseconds of the newest answered calls.

    Only since every call is there: old ones that stayed are the conspicuous ones.
    """
    since = max(since, removed.complete_from(db, project_id))
    return [
        (row["duration_ms"], row["first_token_ms"])
        for row in db.rows(TIMES, (since, until, project_id, limit))
    ]


def times_by_slice(
    db: Database, since: int, until: int, width_ms: int, project_id: int | None, most: int
) -> dict[int, list[float]]:
    """How long the answers of each slice took, in ascending order; read from the index alone.

    Of more than `most` calls only every so manieth is looked at: a percentile of tens of
    thousands is as good as one of a million. Only since every call is there, as `times`.
    """
    begin = max(since, removed.complete_from(db, project_id))
    row = db.row(COUNTED, (begin, until, project_id))
    step = max(1, -(-int((row and row[0]) or 0) // most))
    wanted = begin, until, project_id, since, width_ms, step
    # One text for each slice: a hundred thousand rows would take Python three times as long.
    return {
        row["slice"]: [tenths / 10 for tenths in sorted(map(int, row["tenths"].split(",")))]
        for row in db.rows(ANSWER_TIMES, wanted)
    }


def latest(db: Database, project_id: int | None, limit: int) -> Iterator[FlagInput]:
    """The newest calls as flag rules see them, the newest first; page by page.

    Only since every call is there: of the old ones that stayed, a rule would flag more.
    """
    before, since = 2**62, removed.complete_from(db, project_id)
    while limit > 0:
        page = db.rows(LATEST_WHOLE, (before, project_id, min(PAGE, limit), since))
        if not page:
            return
        for row in page:
            asked, answered, _ = unpack_texts(db, row["body"])
            yield FlagInput(
                input=asked,
                output=answered,
                finish_reason=row["finish_reason"],
                status=row["status"],
                error=row["error"],
                duration_ms=row["duration_ms"],
                input_tokens=row["input_tokens"],
                output_tokens=row["output_tokens"],
                cost=row["cost"],
            )
        before = page[-1]["id"]
        limit -= len(page)


def flagged_by(db: Database, since: int, project_id: int | None) -> dict[str, int]:
    """How many calls each rule flagged, removed ones included."""
    found = removed.flags(db, since, project_id)
    for row in db.rows(FLAGGED_BY, (since, project_id)):
        found[row["rule"]] = found.get(row["rule"], 0) + row["calls"]
    return found
