"""A workspace with the production calls of ten busy days, made by the store itself.

A tenth of the calls is of the last 24 hours. Texts are prose of 2.4 KB under one system prompt, as
in `spans.py`; models and prompt versions are chosen as seldom and as often as in a real file. What
is made can be kept for the next time: `LLMOPS_BENCH_CALLS` names a directory for it.
"""

from __future__ import annotations

import math
import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.spans import text
from llmops_tui.core.call import CallDraft, CallFlag
from llmops_tui.core.clock import now_ms
from llmops_tui.store import call_texts, calls, projects, words
from llmops_tui.store.calls import NewCall
from llmops_tui.store.database import Database

DAYS = 10
DAY_MS = 86_400_000
KEPT_VARIABLE = "LLMOPS_BENCH_CALLS"
MODELS = (("mock-large", 70), ("mock-small", 24), ("mock-old", 5.9), ("mock-trial", 0.1))
VERSIONS = tuple((f"{number}", 10 if number < 9 else 1) for number in range(1, 13))
FLAGS = (
    CallFlag("truncated", "medium", "The answer was cut off at its length limit."),
    CallFlag("refusal", "medium", "It reads like a refusal: “I can't help”.", 0, 14),
    CallFlag("slow", "low", "The call took longer than it may."),
)
FLAGGED = 0.03
"""Share of the calls that a rule flags, unless another is asked for."""
RARE_WORD = "quetzalcoatl"
"""In one answer of a thousand."""


@contextmanager
def calls_stored(number: int, flagged: float = FLAGGED) -> Iterator[Path]:
    """A workspace of so many calls, a share of them flagged; kept where the environment says so."""
    kept = os.environ.get(KEPT_VARIABLE)
    if kept:
        path = Path(kept) / f"calls-{number}-{flagged:g}.db"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            fill(path, number, flagged)
        yield path
        return
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "calls.db"
        fill(path, number, flagged)
        yield path


def fill(path: Path, number: int, flagged: float = FLAGGED) -> None:
    """Store the calls, the oldest first, with their words indexed."""
    begun = path.with_suffix(".begun")
    db = Database(begun)
    project = projects.create(db, "shop")
    chance = random.Random(8)
    first = now_ms() - DAYS * DAY_MS
    step = DAYS * DAY_MS / number
    for start in range(0, number, 1000):
        batch = range(start, min(number, start + 1000))
        calls.add(db, [_call(n, first + int(n * step), project, chance, flagged) for n in batch])
        if call_texts.is_training_due(db):
            call_texts.train(db)
    while prepared := words.prepare(db, 1000):
        words.index(db, prepared)
    db.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    begun.rename(path)


def _call(
    number: int, started_at: int, project: int, chance: random.Random, flagged: float
) -> NewCall:
    failed = chance.random() < 0.005
    asked, answered = text(chance, 900), "" if failed else text(chance, 900)
    if chance.random() < 0.001 and not failed:
        answered = f"{answered} {RARE_WORD}"
    flags = (FLAGS[number % len(FLAGS)],) if chance.random() < flagged else ()
    call = CallDraft(
        identity=number.to_bytes(8) + chance.randbytes(16),
        source="otlp",
        input=f"system: {text(random.Random(1), 600)}\nuser: {asked}",
        output=answered,
        started_at=started_at,
        duration_ms=math.exp(chance.gauss(7, 0.6)),
        first_token_ms=math.exp(chance.gauss(5.5, 0.5)),
        trace_id=chance.randbytes(16).hex(),
        span_id=chance.randbytes(8).hex(),
        response_id=f"chatcmpl-{chance.getrandbits(96):024x}",
        operation="chat",
        provider="openai",
        model=_chosen(MODELS, chance),
        prompt_name="answer",
        prompt_version=_chosen(VERSIONS, chance),
        status="error" if failed else "ok",
        error="HTTP 500: overloaded" if failed else "",
        finish_reason="" if failed else "stop",
        input_tokens=380,
        output_tokens=220,
        attributes='{"name":"chat mock","attributes":{"server.address":"api.example.com"}}',
    )
    return NewCall(
        call,
        flags=flags,
        project_id=project,
        cost=1_200_000,
        audit_probability=0.05 if not flags and chance.random() < 0.05 else None,
    )


def _chosen(weighted: tuple[tuple[str, float], ...], chance: random.Random) -> str:
    names, weights = zip(*weighted, strict=True)
    return str(chance.choices(names, weights)[0])
