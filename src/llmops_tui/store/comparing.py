"""Production calls of a while or a version, and answers of a run, to be set side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from llmops_tui.store import removed
from llmops_tui.store.call_texts import unpack_texts
from llmops_tui.store.codec import unpack
from llmops_tui.store.database import Database

_THESE = """
WHERE c.started_at >= ?1 AND c.started_at < ?2 AND (?3 IS NULL OR c.project_id = ?3)
      AND (?4 = '' OR c.prompt_name = ?4) AND (?5 = '' OR ltrim(c.prompt_version, 'v') = ?5)
"""
COUNTS = """
SELECT count(*) AS calls, coalesce(sum(c.flagged > 0), 0) AS flagged,
       coalesce(sum(c.status = 'error'), 0) AS errors,
       coalesce(sum(c.flagged = 0 AND c.audit_probability IS NOT NULL
                    AND c.review IN ('right', 'wrong')), 0) AS audited,
       coalesce(sum(c.flagged = 0 AND c.audit_probability IS NOT NULL
                    AND c.review = 'wrong'), 0) AS audited_wrong
FROM call c THESE
""".replace("THESE", _THESE)
NEWEST = """
SELECT c.duration_ms, c.first_token_ms, c.output_tokens, b.body
FROM call c JOIN call_body b ON b.call_id = c.id THESE AND c.status = 'ok'
ORDER BY c.started_at DESC LIMIT ?6
""".replace("THESE", _THESE)
VERSIONS = """
SELECT prompt_name, ltrim(prompt_version, 'v') AS version, count(*) AS calls
FROM call INDEXED BY call_figures
WHERE started_at >= ?1 AND started_at < ?2 AND (?3 IS NULL OR project_id = ?3)
      AND prompt_name <> ''
GROUP BY 1, 2 ORDER BY max(started_at) DESC LIMIT 30
"""
TESTED = """
SELECT r.id AS run_id, c.cell, d.name AS dataset, v.number
FROM run_cell c JOIN run r ON r.id = c.run_id
JOIN dataset_version v ON v.id = r.dataset_version_id JOIN dataset d ON d.id = v.dataset_id
WHERE c.prompt_version_id = ? AND r.status = 'finished' ORDER BY c.run_id DESC, c.cell DESC LIMIT 1
"""
ANSWERS = """
SELECT a.request, a.text, s.latency_ms, s.first_token_ms, s.output_tokens
FROM sample s JOIN answer a ON a.id = s.answer_id
WHERE s.run_id = ? AND s.cell = ? ORDER BY s.id LIMIT ?
"""
OUTCOMES = """
SELECT count(*) AS samples, coalesce(sum(outcome = 'errored'), 0) AS errors
FROM sample WHERE run_id = ? AND cell = ?
"""


@dataclass(frozen=True, slots=True)
class Calls:
    """Which calls: of a span of time, perhaps of one prompt and version."""

    since: int
    until: int
    project_id: int | None
    prompt: str = ""
    version: str = ""

    @property
    def values(self) -> tuple[object, ...]:
        """As the statements take them."""
        version = self.version.removeprefix("v")
        return self.since, self.until, self.project_id, self.prompt, version


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are."""

    calls: int
    flagged: int
    errors: int
    audited: int
    """Judged of those that were drawn from the unflagged."""
    audited_wrong: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A question and its answer."""

    asked: str
    """The conversation as text; of a run the request as JSON."""
    answered: str
    duration_ms: float
    first_token_ms: float | None
    output_tokens: int | None


@dataclass(frozen=True, slots=True)
class TestedOn:
    """The newest finished run of a prompt version."""

    run_id: int
    cell: int
    dataset: str
    number: int
    """Of the data set's version."""


def counts(db: Database, these: Calls) -> Counts:
    """Count calls, since every call is there."""
    row = db.row(COUNTS, _whole(db, these).values)
    assert row is not None
    return Counts(**{name: row[name] for name in Counts.__slots__})


def newest(db: Database, these: Calls, limit: int) -> Iterator[Seen]:
    """The newest of these that were answered, at most so many; since every call is there."""
    for row in db.rows(NEWEST, (*_whole(db, these).values, limit)):
        asked, answered, _ = unpack_texts(db, row["body"])
        times = row["duration_ms"], row["first_token_ms"]
        yield Seen(asked, answered, *times, row["output_tokens"])


def _whole(db: Database, these: Calls) -> Calls:
    """Without the time of which retention left only the conspicuous calls."""
    return replace(these, since=max(these.since, removed.complete_from(db, these.project_id)))


def versions(db: Database, these: Calls) -> list[tuple[str, str]]:
    """(prompt, version) of the calls of a span of time, the one used last first."""
    rows = db.rows(VERSIONS, (these.since, these.until, these.project_id))
    return [(row["prompt_name"], row["version"]) for row in rows]


def tested_on(db: Database, prompt_version_id: int) -> TestedOn | None:
    """Where a prompt version was measured last."""
    row = db.row(TESTED, (prompt_version_id,))
    return None if row is None else TestedOn(**{name: row[name] for name in TestedOn.__slots__})


def run_counts(db: Database, run: TestedOn) -> tuple[int, int]:
    """(samples, errored ones)."""
    row = db.row(OUTCOMES, (run.run_id, run.cell))
    return (row["samples"], row["errors"]) if row else (0, 0)


def answers(db: Database, run: TestedOn, limit: int) -> Iterator[Seen]:
    """Questions and answers of a run."""
    for row in db.rows(ANSWERS, (run.run_id, run.cell, limit)):
        times = row["latency_ms"], row["first_token_ms"]
        yield Seen(unpack(row["request"]), unpack(row["text"]), *times, row["output_tokens"])
