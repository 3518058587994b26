"""From a span to a production call: which spans are calls, and where each dialect keeps what.

Read are OpenTelemetry's GenAI attributes (current and deprecated), OpenInference, OpenLLMetry and
the Vercel AI SDK; where a span carries several, the first in this order wins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from llmops_tui.core.call import CallDraft
from llmops_tui.core.chat import Json
from llmops_tui.core.clock import now_ms
from llmops_tui.gateway import contents
from llmops_tui.gateway.conversation import dumps, finish, loads
from llmops_tui.gateway.reading import Reading
from llmops_tui.gateway.spans import ERROR_STATUS, Span, clean, count

MAX_RAW = 8 * 1024 * 1024
"""Characters that a call's attributes may have as JSON; beyond it the long ones are left out."""

LONG_ATTRIBUTE = 64 * 1024
_EARLIEST_NS = 946_684_800 * 10**9  # the year 2000: no call is older
_DAY_NS = 86_400 * 10**9

CALLS = {
    "chat": "chat",
    "text_completion": "text_completion",
    "completion": "text_completion",
    "generate_content": "generate_content",
    "message": "chat",
    "messages": "chat",
    "responses": "chat",
    "response": "chat",
}
"""Operations that ask a model for an answer which can be right or wrong. Embeddings can't."""

PROMPT_NAME = (
    "llmops.prompt.name",
    "traceloop.prompt.key",
    "langfuse.observation.prompt.name",
    "prompt.id",
    "gen_ai.prompt.name",
)
PROMPT_VERSION = (
    "llmops.prompt.version",
    "traceloop.prompt.version",
    "traceloop.prompt.version_name",
    "langfuse.observation.prompt.version",
    "llm.prompt_template.version",
    "gen_ai.prompt.version",
)
PROVIDER = (
    "gen_ai.provider.name",
    "gen_ai.system",
    "llm.provider",
    "llm.system",
    "llm.vendor",
    "ai.model.provider",
)
MODEL = (
    "gen_ai.request.model",
    "gen_ai.response.model",
    "llm.model_name",
    "llm.request.model",
    "llm.response.model",
    "embedding.model_name",
    "ai.model.id",
    "ai.response.model",
)
INPUT_TOKENS = (
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.token_count.prompt",
    "llm.usage.prompt_tokens",
    "ai.usage.inputTokens",
    "ai.usage.promptTokens",
)
OUTPUT_TOKENS = (
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
    "llm.usage.completion_tokens",
    "ai.usage.outputTokens",
    "ai.usage.completionTokens",
)
FINISH = (
    "gen_ai.response.finish_reasons",
    "gen_ai.response.finish_reason",
    "gen_ai.completion.0.finish_reason",
    "llm.finish_reason",
    "llm.response.finish_reason",
    "anthropic.message.stop_reason",
    "ai.response.finishReason",
)
RESPONSE_ID = ("gen_ai.response.id", "llm.response.id", "ai.response.id")
CONVERSATION = (
    "gen_ai.conversation.id",
    "session.id",
    "langfuse.session.id",
    "traceloop.association.properties.session_id",
)
_JSON_TYPES = {"json", "json_object", "json_schema"}
_GENAI_MARKS = ("gen_ai.request.model", "gen_ai.response.model", "gen_ai.prompt.0.content")


def operation(span: Span) -> str:
    """The operation of a span that is a call to a model; empty for any other span."""
    attributes = span.attributes
    vercel = attributes.get("ai.operationId")
    if isinstance(vercel, str):
        # The outer span `ai.generateText` repeats what its inner one says.
        return "chat" if vercel.endswith((".doGenerate", ".doStream")) else ""
    named = attributes.get("gen_ai.operation.name")
    if isinstance(named, str) and named:
        return CALLS.get(named.lower(), "")
    kind = attributes.get("openinference.span.kind")
    if isinstance(kind, str):
        return "chat" if kind.upper() == "LLM" else ""
    requested = attributes.get("llm.request.type")
    if isinstance(requested, str):
        return CALLS.get(requested.lower(), "")
    if "gen_ai.system" in attributes or "gen_ai.provider.name" in attributes:
        asked = any(name in attributes for name in _GENAI_MARKS)
        return "chat" if asked or any(name in attributes for name in INPUT_TOKENS) else ""
    return ""


def call_of(span: Span, received_ms: int | None = None) -> CallDraft | None:
    """The call that a span tells of, or None where it tells of something else.

    Args:
        span: The span.
        received_ms: Now, in milliseconds since the epoch; stands in for a time that can't be.
    """
    kind = operation(span)
    if not kind:
        return None
    attributes = span.attributes
    found = contents.read(span)
    now = now_ms() if received_ms is None else received_ms
    started_at, duration_ms, sane = times(span, now)
    everything = raw(span, keep_times=not sane)
    state, error = status(span)
    response_id = _text(attributes, RESPONSE_ID)
    finish_reason = _finish(attributes) or clean(found.finish_reason, 100)
    if "openinference.span.kind" in attributes and not (response_id and finish_reason):
        # It has no attribute for the id, but sends the whole answer along.
        body = _body(attributes.get("output.value"))
        response_id = response_id or body.response_id
        finish_reason = finish_reason or body.finish_reason
    return CallDraft(
        identity=identity(span, everything),
        source="otlp",
        input=found.input,
        output=found.output,
        started_at=started_at,
        duration_ms=duration_ms,
        first_token_ms=_first_token(span),
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_span_id,
        response_id=response_id,
        conversation_id=_text(attributes, CONVERSATION),
        operation=kind,
        provider=_text(attributes, PROVIDER),
        model=_text(attributes, MODEL) or _asked_model(attributes),
        prompt_name=_text(attributes, PROMPT_NAME),
        prompt_version=_text(attributes, PROMPT_VERSION),
        status=state,
        error=error,
        finish_reason=finish_reason,
        input_tokens=_count(attributes, INPUT_TOKENS),
        output_tokens=_count(attributes, OUTPUT_TOKENS),
        wants_json=_wants_json(attributes),
        attributes=everything,
    )


def identity(span: Span, raw: str) -> bytes:
    """What makes a second delivery of the same call recognisable.

    The ids where the client sent usable ones, else a digest of all that it sent.
    """
    if span.trace_id and span.span_id:
        return named(span)
    digest = hashlib.blake2b(digest_size=24)
    for part in (span.trace_id, span.span_id, str(span.start_ns), str(span.end_ns), raw):
        digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return digest.digest()


def named(span: Span) -> bytes:
    """A span's ids as one, the time before them.

    Ids are random, and the index over them has far more pages than a batch has calls; with the
    time (in units of 17 s) before them, those that come together lie together.
    """
    begin = (span.start_ns >> 34) & 0xFFFFFFFF
    return begin.to_bytes(4) + bytes.fromhex(span.trace_id + span.span_id)


def _text(attributes: Mapping[str, Json], names: tuple[str, ...]) -> str:
    for name in names:
        value = attributes.get(name)
        if value is None or value == "":
            continue
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
    return ""


def _count(attributes: Mapping[str, Json], names: tuple[str, ...]) -> int | None:
    for name in names:
        found = count(attributes.get(name))
        if found is not None:
            return found
    return None


def _finish(attributes: Mapping[str, Json]) -> str:
    for name in FINISH:
        value = attributes.get(name)
        if isinstance(value, str) and value.startswith("["):
            value = loads(value)
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, str) and value:
            return clean(finish(value), 100)
    return ""


def _body(told: Json) -> Reading:
    """The answer of an API that an attribute holds as JSON; an empty reading for anything else."""
    reading = Reading()
    if isinstance(told, str) and told.startswith("{"):
        reading.body(loads(told))
    return reading


def _asked_model(attributes: Mapping[str, Json]) -> str:
    """The model in the request's parameters: all that is known of it where no answer came."""
    told = attributes.get("llm.invocation_parameters")
    parameters = loads(told) if isinstance(told, str) else told
    return _text(parameters, ("model",)) if isinstance(parameters, dict) else ""


def status(span: Span) -> tuple[str, str]:
    """`ok` or `error`, and what went wrong."""
    named = span.attributes.get("error.type")
    if span.status_code != ERROR_STATUS and not named:
        return "ok", ""
    kind, told = str(named or ""), span.status_message
    for event in span.events:
        if event.name == "exception":
            message = event.attributes.get("exception.message")
            kind = kind or str(event.attributes.get("exception.type") or "")
            told = told or (message if isinstance(message, str) else "")
            break
    return "error", clean(_with_kind(kind, told) or "failed")


def _with_kind(kind: str, told: str) -> str:
    """An error's message with its kind before it, unless it begins with that already."""
    first, colon, rest = told.partition(": ")
    kind = f"HTTP {kind}" if kind.isdecimal() else kind
    if not kind or not told:
        return kind or told
    if colon and first.rpartition(".")[2] == kind.rpartition(".")[2]:
        return f"{max(first, kind, key=len)}: {rest}"
    return f"{kind}: {told}"


def times(span: Span, now: int) -> tuple[int, float, bool]:
    """Start in ms since the epoch, duration in ms, and whether the span's own times made sense."""
    latest = now * 1_000_000 + _DAY_NS
    if not _EARLIEST_NS <= span.start_ns <= latest:
        return now, 0.0, False
    sane = span.start_ns <= span.end_ns <= latest
    return span.start_ns // 1_000_000, (span.end_ns - span.start_ns) / 1e6 if sane else 0.0, sane


def _first_token(span: Span) -> float | None:
    attributes = span.attributes
    for name, factor in (
        ("gen_ai.response.time_to_first_chunk", 1000.0),
        ("gen_ai.server.time_to_first_token", 1000.0),
        ("ai.response.msToFirstChunk", 1.0),
    ):
        value = attributes.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value * factor if 0 <= value < 1e9 else None
    for event in span.events:
        if event.name == "First Token Stream Event" and event.time_ns >= span.start_ns:
            waited = (event.time_ns - span.start_ns) / 1e6
            return waited if waited < 1e9 else None
    return None


def _wants_json(attributes: Mapping[str, Json]) -> bool:
    for name in ("gen_ai.output.type", "gen_ai.openai.request.response_format"):
        wanted = attributes.get(name)
        if isinstance(wanted, str) and wanted in _JSON_TYPES:
            return True
    if attributes.get("gen_ai.request.structured_output_schema"):
        return True
    if str(attributes.get("ai.operationId", "")).startswith(("ai.generateObject", "ai.streamObj")):
        return True
    told = attributes.get("llm.invocation_parameters")
    if isinstance(told, str) and "format" in told:
        return asks_for_json(loads(told))
    return False


def asks_for_json(parameters: Json) -> bool:
    """Whether a request's parameters ask for an answer in JSON."""
    if not isinstance(parameters, dict):
        return False
    wanted = parameters.get("response_format")
    if wanted is None and isinstance(parameters.get("text"), dict):
        text = parameters["text"]
        wanted = text.get("format") if isinstance(text, dict) else None
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    return isinstance(kind, str) and kind in _JSON_TYPES


def raw(span: Span, *, keep_times: bool) -> str:
    """Everything that came with a span, as JSON."""
    kept: dict[str, Json] = {"name": span.name, "attributes": span.attributes}
    if span.resource:
        kept["resource"] = dict(span.resource)
    if span.scope:
        kept["scope"] = span.scope
    if span.events:
        kept["events"] = [
            {"name": event.name, "time_unix_nano": event.time_ns, "attributes": event.attributes}
            for event in span.events
        ]
    if span.status_message:
        kept["status_message"] = span.status_message
    if keep_times:
        kept["start_time_unix_nano"] = str(span.start_ns)
        kept["end_time_unix_nano"] = str(span.end_ns)
    whole = dumps(kept)
    return whole if len(whole) <= MAX_RAW else _shortened(kept)


def _shortened(kept: dict[str, Json]) -> str:
    """What came with an oversized call: its short attributes, and the names of the long ones."""
    short: dict[str, Json] = {}
    left_out: list[Json] = []
    attributes = kept["attributes"]
    assert isinstance(attributes, dict)
    room = MAX_RAW // 2
    for name, value in attributes.items():
        size = len(name) + len(dumps(value))
        if size <= LONG_ATTRIBUTE and size <= room:
            short[name] = value
            room -= size
        elif len(left_out) < 1000:
            left_out.append(name[:200])
    return dumps({"name": kept["name"], "attributes": short, "left_out": left_out})
