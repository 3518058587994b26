"""Calls whose texts came as log events: put together, and judged again now that there is text."""

from __future__ import annotations

from llmops_tui.core.call import CallDraft
from llmops_tui.core.chat import Json
from llmops_tui.gateway import contents
from llmops_tui.gateway.conversation import dumps, loads
from llmops_tui.gateway.judge import Judge
from llmops_tui.gateway.mapping import MAX_RAW
from llmops_tui.gateway.spans import Span, SpanEvent
from llmops_tui.store import calls, traces
from llmops_tui.store.database import Database
from llmops_tui.store.traces import Completed


def settle(db: Database, judge: Judge, limit: int = 200) -> list[Completed]:
    """The calls for which texts have come, as they are with them."""
    found = (_completed(db, judge, *one) for one in traces.unsettled(db, limit))
    return [one for one in found if one is not None]


def _completed(db: Database, judge: Judge, call_id: int, identity: bytes) -> Completed | None:
    row = traces.as_judged(db, call_id)
    if row is None:
        return None
    asked, answered, raw = calls.texts(db, call_id)
    events = [_event(*one) for one in traces.events_of(db, identity)]
    told = contents.read(Span("", "", "", "", 0, 0, {}, events))
    draft = CallDraft(
        identity=identity,
        source="otlp",
        input=asked or told.input,
        output=answered or told.output,
        started_at=0,
        duration_ms=row["duration_ms"],
        model=row["model"],
        status=row["status"],
        error=row["error"],
        finish_reason=row["finish_reason"] or told.finish_reason,
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        attributes=_with_events(raw, events),
    )
    again = judge.again(draft, row["project_id"], row["cost"])
    return Completed(
        call_id=call_id,
        identity=identity,
        before=(asked, answered),
        input=draft.input,
        output=draft.output,
        attributes=draft.attributes,
        finish_reason=draft.finish_reason,
        flags=again.flags,
        # Drawn now, unless it could be drawn when it arrived: then the draw has been.
        audit_probability=None if row["output_head"] else again.audit_probability,
    )


def _event(name: str, attributes: str, happened_at: int) -> SpanEvent:
    told = loads(attributes)
    return SpanEvent(name, happened_at * 1_000_000, dict(told) if isinstance(told, dict) else {})


def _with_events(raw: str, events: list[SpanEvent]) -> str:
    """The attributes of a call with its log events, each once."""
    whole = loads(raw)
    if not isinstance(whole, dict):
        return raw
    told: list[Json] = [
        {"name": event.name, "time_unix_nano": event.time_ns, "attributes": event.attributes}
        for event in events
    ]
    result = dumps({**whole, "log_events": told})
    return result if len(result) <= MAX_RAW else raw
