"""What evaluators say of calls: `gen_ai.evaluation.result`, as span event or as log event."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from llmops_tui.core.chat import Json
from llmops_tui.core.trace import FeedbackDraft
from llmops_tui.gateway.spans import Span, clean

EVALUATION = "gen_ai.evaluation.result"
_LONGEST_COMMENT = 10_000


def evaluation_of(
    attributes: Mapping[str, Json], trace_id: str, span_id: str, now: int
) -> FeedbackDraft | None:
    """The evaluation in an event's attributes; None where it says nothing or of nothing."""
    response_id = _text(attributes, "gen_ai.response.id")
    score = attributes.get("gen_ai.evaluation.score.value")
    value = float(score) if isinstance(score, int | float) and not isinstance(score, bool) else None
    label = _text(attributes, "gen_ai.evaluation.score.label")
    if not (trace_id or response_id) or (value is None and not label):
        return None
    name = _text(attributes, "gen_ai.evaluation.name")
    comment = _text(attributes, "gen_ai.evaluation.explanation", _LONGEST_COMMENT)
    parts = (trace_id, span_id, response_id, name, repr(value), label, comment)
    digest = hashlib.blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=24)
    return FeedbackDraft(
        identity=digest.digest(),
        source="evaluation",
        given_at=now,
        trace_id=trace_id,
        span_id=span_id,
        response_id=response_id,
        name=name,
        score=value,
        label=label,
        comment=comment,
    )


def evaluations_in(span: Span, now: int) -> list[FeedbackDraft]:
    """The evaluations among a span's events."""
    found = (
        evaluation_of(event.attributes, span.trace_id, span.span_id, now)
        for event in span.events
        if event.name == EVALUATION
    )
    return [one for one in found if one is not None]


def _text(attributes: Mapping[str, Json], name: str, limit: int = 1000) -> str:
    value = attributes.get(name)
    return clean(value, limit) if isinstance(value, str) else ""
