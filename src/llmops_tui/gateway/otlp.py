"""OTLP/HTTP: trace bodies in protobuf and in JSON to spans, and the answers that the protocol asks.

Protobuf is read by its own C library; JSON by orjson and by hand, because protobuf's JSON reader
is twenty times slower and takes ids for base64 where OTLP/JSON has hexadecimal.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson

from llmops_tui.core.chat import Json
from llmops_tui.gateway.body import BodyRefused
from llmops_tui.gateway.otlp_json import (
    Malformed,
    Object,
    attributes_of,
    get,
    id_of,
    integer_of,
    json_id,
    list_of,
    no_request,
    object_of,
    parse,
    status_code,
    text_of,
)
from llmops_tui.gateway.spans import MAX_DEPTH, MAX_TEXT, TOO_DEEP, Span, SpanEvent, cut

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan


class Encoding(Enum):
    """The two encodings of OTLP/HTTP."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a trace body held."""

    spans: list[Span]
    rejected: int = 0
    """Spans that could not be read, while others of the same body could."""
    reason: str = ""
    """Why the first of them was rejected."""


def encoding_of(content_type: str) -> Encoding:
    """The encoding that a Content-Type names; parameters such as `charset` don't matter.

    Raises:
        BodyRefused: It is none of OTLP's (415).
    """
    media = content_type.partition(";")[0].strip().lower()
    if media in {"application/x-protobuf", "application/protobuf"}:
        return Encoding.PROTOBUF
    if media == "application/json":
        return Encoding.JSON
    raise BodyRefused(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"The content type {media[:60]!r} is not one of OTLP/HTTP.",
        "Send application/x-protobuf or application/json.",
    )


def decode_traces(body: bytes, encoding: Encoding) -> Decoded:
    """Read the body of `POST /v1/traces`.

    Raises:
        BodyRefused: It is no trace export request (400).
    """
    return _decode_protobuf(body) if encoding is Encoding.PROTOBUF else _decode_json(body)


# --- protobuf


def _decode_protobuf(body: bytes) -> Decoded:
    # 40 ms to import, and only a gateway needs it.
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    try:
        request = ExportTraceServiceRequest.FromString(body)
    except (DecodeError, ValueError) as error:
        raise BodyRefused(
            HTTPStatus.BAD_REQUEST,
            "The body is not an ExportTraceServiceRequest in protobuf.",
            "Check that the exporter speaks OTLP over HTTP with protobuf.",
        ) from error
    spans: list[Span] = []
    for group in request.resource_spans:
        resource = attributes_in(group.resource.attributes)
        for scoped in group.scope_spans:
            scope = scoped.scope.name
            spans.extend(_span(wire, resource, scope) for wire in scoped.spans)
    return Decoded(spans)


def _span(wire: WireSpan, resource: dict[str, Json], scope: str) -> Span:
    return Span(
        trace_id=id_of(wire.trace_id, 16),
        span_id=id_of(wire.span_id, 8),
        parent_span_id=id_of(wire.parent_span_id, 8),
        name=wire.name,
        start_ns=wire.start_time_unix_nano,
        end_ns=wire.end_time_unix_nano,
        attributes=attributes_in(wire.attributes),
        events=[
            SpanEvent(event.name, event.time_unix_nano, attributes_in(event.attributes))
            for event in wire.events
        ],
        status_code=wire.status.code,
        status_message=wire.status.message,
        resource=resource,
        scope=scope,
    )


def attributes_in(pairs: Iterable[KeyValue]) -> dict[str, Json]:
    """Protobuf attributes as a dictionary."""
    found: dict[str, Json] = {}
    for pair in pairs:
        value = pair.value
        # Nearly all that is long is text: asking for it first spares the question what it is.
        text = value.string_value
        if text and len(text) <= MAX_TEXT:
            found[pair.key] = text
        else:
            found[pair.key] = any_value(value)
    return found


def any_value(value: AnyValue, depth: int = 0) -> Json:
    """A protobuf value as Python has it."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        text = value.string_value
        return text if len(text) <= MAX_TEXT else cut(text)
    if kind == "int_value":
        return value.int_value
    if kind == "double_value":
        return value.double_value
    if kind == "bool_value":
        return value.bool_value
    if kind is None:
        return None
    if depth >= MAX_DEPTH:
        return TOO_DEEP
    if kind == "array_value":
        return [any_value(item, depth + 1) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {p.key: any_value(p.value, depth + 1) for p in value.kvlist_value.values}
    return cut(base64.b64encode(value.bytes_value).decode())


# --- JSON


def _decode_json(body: bytes) -> Decoded:
    request = parse(body)
    if not isinstance(request, dict):
        raise no_request("ExportTraceServiceRequest", "resourceSpans")
    groups = request.get("resourceSpans", request.get("resource_spans", []))
    if not isinstance(groups, list):
        raise no_request("ExportTraceServiceRequest", "resourceSpans")
    spans: list[Span] = []
    rejected, reason = 0, ""
    for group in groups:
        try:
            resource = attributes_of(object_of(object_of(group).get("resource")).get("attributes"))
            scopes = list_of(group.get("scopeSpans", group.get("scope_spans")))
        except Malformed as error:
            rejected, reason = rejected + 1, reason or str(error)
            continue
        for scoped in scopes:
            try:
                scope = text_of(object_of(object_of(scoped).get("scope")).get("name"))
                wires = list_of(scoped.get("spans"))
            except Malformed as error:
                rejected, reason = rejected + 1, reason or str(error)
                continue
            for wire in wires:
                try:
                    spans.append(_json_span(object_of(wire), resource, scope))
                except Malformed as error:
                    rejected, reason = rejected + 1, reason or str(error)
    if rejected and not spans:
        raise BodyRefused(HTTPStatus.BAD_REQUEST, f"No span can be read: {reason}.")
    return Decoded(spans, rejected, reason)


def _json_span(wire: Object, resource: dict[str, Json], scope: str) -> Span:
    status = object_of(wire.get("status"))
    return Span(
        trace_id=json_id(get(wire, "traceId", "trace_id"), 16),
        span_id=json_id(get(wire, "spanId", "span_id"), 8),
        parent_span_id=json_id(get(wire, "parentSpanId", "parent_span_id"), 8),
        name=text_of(wire.get("name")),
        start_ns=integer_of(get(wire, "startTimeUnixNano", "start_time_unix_nano")),
        end_ns=integer_of(get(wire, "endTimeUnixNano", "end_time_unix_nano")),
        attributes=attributes_of(wire.get("attributes")),
        events=[_json_event(object_of(event)) for event in list_of(wire.get("events"))],
        status_code=status_code(status.get("code")),
        status_message=text_of(status.get("message")),
        resource=resource,
        scope=scope,
    )


def _json_event(wire: Object) -> SpanEvent:
    return SpanEvent(
        text_of(wire.get("name")),
        integer_of(get(wire, "timeUnixNano", "time_unix_nano")),
        attributes_of(wire.get("attributes")),
    )


# --- answers


def accepted(
    encoding: Encoding, rejected: int = 0, reason: str = "", what: str = "rejectedSpans"
) -> bytes:
    """The body of a success: empty, or saying which part was not taken.

    In protobuf the answers to traces and to logs are alike, field by field; in JSON `what` is
    named.
    """
    if encoding is Encoding.JSON:
        partial = {what: str(rejected), "errorMessage": reason}
        return orjson.dumps({"partialSuccess": partial} if rejected else {})
    if not rejected:
        return b""
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service

    message = service.ExportTracePartialSuccess(rejected_spans=rejected, error_message=reason)
    return service.ExportTraceServiceResponse(partial_success=message).SerializeToString()


_RPC_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 413: 8, 415: 3, 429: 8, 503: 14}


def refusal(encoding: Encoding, status: int, message: str) -> bytes:
    """The body of a failure: a `google.rpc.Status` with the sentence that says why."""
    code = _RPC_CODES.get(status, 13)
    if encoding is Encoding.JSON:
        return orjson.dumps({"code": code, "message": message})
    text = message.encode("utf-8", "replace")
    return b"\x08" + _varint(code) + b"\x12" + _varint(len(text)) + text


def _varint(number: int) -> bytes:
    result = bytearray()
    while number > 0x7F:
        result.append(number & 0x7F | 0x80)
        number >>= 7
    result.append(number)
    return bytes(result)
