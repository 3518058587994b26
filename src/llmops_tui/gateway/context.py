"""Spans that are no call, as the steps of a trace that they are."""

from __future__ import annotations

from llmops_tui.core.chat import Json
from llmops_tui.core.trace import SpanDraft
from llmops_tui.gateway import mapping
from llmops_tui.gateway.conversation import dumps
from llmops_tui.gateway.spans import Span, clean, cut

_KINDS = (
    "openinference.span.kind",
    "gen_ai.operation.name",
    "traceloop.span.kind",
    "ai.operationId",
    "mlflow.spanType",
)
_INPUTS = ("input.value", "traceloop.entity.input", "gen_ai.tool.call.arguments", "ai.prompt")
_OUTPUTS = ("output.value", "traceloop.entity.output", "gen_ai.tool.call.result")
_LONGEST = 64 * 1024


def step_of(span: Span, now: int) -> SpanDraft | None:
    """The step that a span is; None for one without usable ids, which no tree has a place for."""
    if not (span.trace_id and span.span_id):
        return None
    started_at, duration_ms, _ = mapping.times(span, now)
    status, error = mapping.status(span)
    return SpanDraft(
        identity=mapping.named(span),
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_span_id,
        name=clean(span.name, 200),
        kind=_kind(span),
        status=status,
        error=error,
        started_at=started_at,
        duration_ms=duration_ms,
        input=_text(span, _INPUTS),
        output=_text(span, _OUTPUTS),
        attributes=cut(mapping.raw(span, keep_times=False), mapping.LONG_ATTRIBUTE),
    )


def _kind(span: Span) -> str:
    for name in _KINDS:
        value = span.attributes.get(name)
        if isinstance(value, str) and value:
            return clean(value, 60).lower()
    return ""


def _text(span: Span, names: tuple[str, ...]) -> str:
    for name in names:
        value: Json = span.attributes.get(name)
        if value:
            return cut(value if isinstance(value, str) else dumps(value), _LONGEST)
    return ""
