"""An agent's work around a call, and what a user said of the answer."""

from __future__ import annotations

from dataclasses import replace

from llmops_tui.core.clock import now_ms
from llmops_tui.core.trace import FeedbackDraft, SpanDraft
from llmops_tui.store import traces
from llmops_tui.store.calls import NewCall
from llmops_tui.store.database import Database
from tools.made import call_made

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def agent(db: Database, project_id: int) -> None:
    """Let a trace of four steps arrive, one of them a call that a user liked little."""
    begin = now_ms() - 2500
    call = replace(
        call_made(2000, "Where does order 4711 stay?"),
        trace_id=TRACE,
        span_id=_span_id(3),
        parent_span_id=_span_id(1),
        started_at=begin + 520,
        duration_ms=1430.0,
    )
    said = FeedbackDraft(
        identity=b"said of it",
        source="user",
        given_at=now_ms(),
        trace_id=TRACE,
        span_id=_span_id(3),
        thumbs=-1,
        comment="I only wanted to know where it is.",
        corrected="delivery",
    )
    arrived: list[traces.Arrived] = [
        _step(1, 0, "support agent", "agent", begin, 2100.0),
        _step(2, 1, "find orders", "retriever", begin + 40, 410.0),
        NewCall(call, project_id=project_id),
        _step(4, 1, "send_reply", "tool", begin + 1990, 95.0),
        said,
    ]
    traces.add(db, arrived)
    traces.join_feedback(db)


def _step(number: int, parent: int, name: str, kind: str, at: int, took_ms: float) -> SpanDraft:
    return SpanDraft(
        identity=f"made step {number}".encode(),
        trace_id=TRACE,
        span_id=_span_id(number),
        parent_span_id=_span_id(parent) if parent else "",
        name=name,
        kind=kind,
        status="ok",
        error="",
        started_at=at,
        duration_ms=took_ms,
        input="orders of customer 17" if kind == "retriever" else "",
        output="4711: left the depot" if kind == "retriever" else "",
    )


def _span_id(number: int) -> str:
    return f"{number:016x}"
