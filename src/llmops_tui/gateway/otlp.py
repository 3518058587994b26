"""OTLP/HTTP: trace bodies in protobuf and in JSON to spans, and the answers that the protocol asks.

Protobuf is read by its own C library; JSON by orjson and by hand, because protobuf's JSON reader
is twenty times slower and takes ids for base64 where OTLP/JSON has hexadecimal.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from llmops_tui.core.chat import Json
from llmops_tui.gateway.body import BodyRefused
from llmops_tui.gateway.spans import MAX_DEPTH, MAX_TEXT, TOO_DEEP, Span, SpanEvent, cut

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan

Object: TypeAlias = dict[str, Any]


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
        resource = _attributes(group.resource.attributes)
        for scoped in group.scope_spans:
            scope = scoped.scope.name
            spans.extend(_span(wire, resource, scope) for wire in scoped.spans)
    return Decoded(spans)


def _span(wire: WireSpan, resource: dict[str, Json], scope: str) -> Span:
    return Span(
        trace_id=_id(wire.trace_id, 16),
        span_id=_id(wire.span_id, 8),
        parent_span_id=_id(wire.parent_span_id, 8),
        name=wire.name,
        start_ns=wire.start_time_unix_nano,
        end_ns=wire.end_time_unix_nano,
        attributes=_attributes(wire.attributes),
        events=[
            SpanEvent(event.name, event.time_unix_nano, _attributes(event.attributes))
            for event in wire.events
        ],
        status_code=wire.status.code,
        status_message=wire.status.message,
        resource=resource,
        scope=scope,
    )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Json]:
    return {pair.key: _any_value(pair.value) for pair in pairs}


def _any_value(value: AnyValue, depth: int = 0) -> Json:
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
        return [_any_value(item, depth + 1) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {p.key: _any_value(p.value, depth + 1) for p in value.kvlist_value.values}
    return cut(base64.b64encode(value.bytes_value).decode())


def _id(raw: bytes, length: int) -> str:
    return raw.hex() if len(raw) == length and any(raw) else ""


# --- JSON


def _decode_json(body: bytes) -> Decoded:
    request = _parse(body)
    if not isinstance(request, dict):
        raise _no_request()
    groups = request.get("resourceSpans", request.get("resource_spans", []))
    if not isinstance(groups, list):
        raise _no_request()
    spans: list[Span] = []
    rejected, reason = 0, ""
    for group in groups:
        try:
            resource = _json_attributes(_object(_object(group).get("resource")).get("attributes"))
            scopes = _list(group.get("scopeSpans", group.get("scope_spans")))
        except _Malformed as error:
            rejected, reason = rejected + 1, reason or str(error)
            continue
        for scoped in scopes:
            try:
                scope = _text(_object(_object(scoped).get("scope")).get("name"))
                wires = _list(scoped.get("spans"))
            except _Malformed as error:
                rejected, reason = rejected + 1, reason or str(error)
                continue
            for wire in wires:
                try:
                    spans.append(_json_span(_object(wire), resource, scope))
                except _Malformed as error:
                    rejected, reason = rejected + 1, reason or str(error)
    if rejected and not spans:
        raise BodyRefused(HTTPStatus.BAD_REQUEST, f"No span can be read: {reason}.")
    return Decoded(spans, rejected, reason)


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        # The standard library reads what orjson is too strict for: NaN and lone surrogates.
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BodyRefused(
                HTTPStatus.BAD_REQUEST, f"The body is not JSON: {str(error)[:200]}."
            ) from error


def _no_request() -> BodyRefused:
    return BodyRefused(
        HTTPStatus.BAD_REQUEST,
        "The body is JSON and not an ExportTraceServiceRequest: it has no list resourceSpans.",
        "Check that the exporter speaks OTLP/JSON.",
    )


class _Malformed(ValueError):
    """A part of an OTLP/JSON body has a shape that the format doesn't allow."""


def _json_span(wire: Object, resource: dict[str, Json], scope: str) -> Span:
    status = _object(wire.get("status"))
    return Span(
        trace_id=_json_id(_get(wire, "traceId", "trace_id"), 16),
        span_id=_json_id(_get(wire, "spanId", "span_id"), 8),
        parent_span_id=_json_id(_get(wire, "parentSpanId", "parent_span_id"), 8),
        name=_text(wire.get("name")),
        start_ns=_integer(_get(wire, "startTimeUnixNano", "start_time_unix_nano")),
        end_ns=_integer(_get(wire, "endTimeUnixNano", "end_time_unix_nano")),
        attributes=_json_attributes(wire.get("attributes")),
        events=[_json_event(_object(event)) for event in _list(wire.get("events"))],
        status_code=_status(status.get("code")),
        status_message=_text(status.get("message")),
        resource=resource,
        scope=scope,
    )


def _json_event(wire: Object) -> SpanEvent:
    return SpanEvent(
        _text(wire.get("name")),
        _integer(_get(wire, "timeUnixNano", "time_unix_nano")),
        _json_attributes(wire.get("attributes")),
    )


def _json_attributes(pairs: Any) -> dict[str, Json]:
    result: dict[str, Json] = {}
    for pair in _list(pairs):
        if not isinstance(pair, dict) or not isinstance(pair.get("key"), str):
            raise _Malformed("an attribute is not an object with a key")
        result[pair["key"]] = _json_value(pair.get("value"), 0)
    return result


def _json_value(value: Any, depth: int) -> Json:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _Malformed("an attribute's value is not an object such as {stringValue: …}")
    for name, content in value.items():
        reader = _READERS.get(name)
        if reader is None:
            continue
        if depth >= MAX_DEPTH:
            return TOO_DEEP
        return reader(content, depth)
    return None


def _read_array(content: Any, depth: int) -> Json:
    return [_json_value(item, depth + 1) for item in _list(_object(content).get("values"))]


def _read_kvlist(content: Any, depth: int) -> Json:
    result: dict[str, Json] = {}
    for pair in _list(_object(content).get("values")):
        result[_text(_object(pair).get("key"))] = _json_value(pair.get("value"), depth + 1)
    return result


def _read_integer(content: Any, _depth: int) -> Json:
    return _integer(content)


def _read_double(content: Any, _depth: int) -> Json:
    try:
        return float(content)  # "NaN" and "Infinity" come as strings
    except (TypeError, ValueError) as error:
        raise _Malformed(f"doubleValue {str(content)[:40]!r} is not a number") from error


_READERS: dict[str, Callable[[Any, int], Json]] = {
    "stringValue": lambda content, _depth: cut(_text(content)),
    "intValue": _read_integer,
    "doubleValue": _read_double,
    "boolValue": lambda content, _depth: bool(content),
    "arrayValue": _read_array,
    "kvlistValue": _read_kvlist,
    "bytesValue": lambda content, _depth: cut(_text(content)),
    "string_value": lambda content, _depth: cut(_text(content)),
    "int_value": _read_integer,
    "double_value": _read_double,
    "bool_value": lambda content, _depth: bool(content),
    "array_value": _read_array,
    "kvlist_value": _read_kvlist,
}


def _json_id(value: Any, length: int) -> str:
    if not isinstance(value, str) or not value:
        return ""
    try:
        raw = bytes.fromhex(value)
        if len(raw) != length:
            # Clients that use protobuf's own JSON mapping send base64.
            raw = base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        try:
            raw = base64.b64decode(value, validate=True)
        except (ValueError, binascii.Error):
            return ""
    return _id(raw, length)


def _status(code: Any) -> int:
    names = {"STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}
    return names[code] if isinstance(code, str) and code in names else _integer(code)


def _get(wire: Object, name: str, other: str) -> Any:
    return wire[name] if name in wire else wire.get(other)


def _object(value: Any) -> Object:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _Malformed(f"{str(value)[:40]!r} stands where an object is expected")
    return value


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _Malformed(f"{str(value)[:40]!r} stands where a list is expected")
    return value


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Malformed(f"{str(value)[:40]!r} stands where a text is expected")
    return value


def _integer(value: Any) -> int:
    if value is None:
        return 0
    try:
        return int(value)  # 64-bit integers come as strings
    except (TypeError, ValueError, OverflowError) as error:
        raise _Malformed(f"{str(value)[:40]!r} stands where an integer is expected") from error


# --- answers


def accepted(encoding: Encoding, rejected: int = 0, reason: str = "") -> bytes:
    """The body of a success: empty, or saying which part was not taken."""
    if encoding is Encoding.JSON:
        partial = {"rejectedSpans": str(rejected), "errorMessage": reason}
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
