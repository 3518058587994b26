"""Production calls made to order and stored as the gateway stores them."""

from __future__ import annotations

from collections.abc import Sequence

from llmops_tui.core.call import CallDraft, CallFlag
from llmops_tui.core.clock import now_ms
from llmops_tui.store import calls
from llmops_tui.store.calls import NewCall
from llmops_tui.store.database import Database

TRUNCATED = CallFlag("truncated", "medium", "The answer was cut off.")


def made(
    number: int,
    *,
    project_id: int | None = 1,
    flags: Sequence[CallFlag] = (),
    audit: float | None = None,
    cost: int | None = None,
    **fields: object,
) -> NewCall:
    """One call; `number` tells it from others, `fields` are those of `CallDraft`."""
    told: dict[str, object] = {
        "identity": number.to_bytes(16),
        "source": "proxy",
        "input": f"system: Sort this message.\nuser: Where is order {number}?",
        "output": f"delivery {number}",
        "started_at": now_ms() - 1000,
        "duration_ms": float(number),
        "model": "smol",
        "prompt_name": "topics",
        "prompt_version": "2",
        "finish_reason": "stop",
        "input_tokens": 80,
        "output_tokens": 4,
        "response_id": f"resp-{number}",
        "attributes": '{"gen_ai.request.temperature": 0}',
        **fields,
    }
    return NewCall(
        CallDraft(**told),  # type: ignore[arg-type]
        flags=tuple(flags),
        project_id=project_id,
        cost=cost,
        audit_probability=audit,
    )


def store(db: Database, *new: NewCall) -> list[int]:
    """Store them in one transaction; their ids."""
    before = calls.page(db, limit=1)
    calls.add(db, new)
    return [row.id for row in calls.newer(db, before[0].id if before else 0, len(new))]


def lanes(db: Database, *, flagged: int, audit: int, rest: int = 0) -> None:
    """So many calls that wait in each lane, and some that don't; ids 1, 2, 3 … in that order."""
    store(
        db,
        *(made(n, flags=[TRUNCATED], finish_reason="length") for n in range(flagged)),
        *(made(flagged + n, audit=0.25) for n in range(audit)),
        *(made(flagged + audit + n) for n in range(rest)),
    )
