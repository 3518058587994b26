"""OTLP/HTTP logs: the events in which instrumentations hand out texts and evaluations."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from llmops_tui.core.chat import Json
from llmops_tui.core.trace import EventDraft, FeedbackDraft
from llmops_tui.gateway.body import BodyRefused
from llmops_tui.gateway.conversation import dumps
from llmops_tui.gateway.evaluations import EVALUATION, evaluation_of
from llmops_tui.gateway.otlp import Encoding, any_value, attributes_in
from llmops_tui.gateway.otlp_json import (
    Malformed,
    attributes_of,
    get,
    id_of,
    integer_of,
    json_id,
    list_of,
    no_request,
    object_of,
    parse,
    text_of,
    value_of,
)

CARRY_TEXTS = frozenset(
    {
        "gen_ai.client.inference.operation.details",
        "gen_ai.system.message",
        "gen_ai.user.message",
        "gen_ai.assistant.message",
        "gen_ai.tool.message",
        "gen_ai.choice",
        "gen_ai.content.prompt",
        "gen_ai.content.completion",
    }
)
"""Events that hold what was asked and answered in the span that they name."""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A log record, whichever encoding it came in."""

    name: str
    time_ns: int
    trace_id: str
    span_id: str
    attributes: dict[str, Json]
    body: Json


@dataclass(frozen=True, slots=True)
class DecodedLogs:
    """What a log body held."""

    records: list[LogRecord]
    rejected: int = 0
    reason: str = ""


def decode_logs(body: bytes, encoding: Encoding) -> DecodedLogs:
    """Read the body of `POST /v1/logs`.

    Raises:
        BodyRefused: It is no log export request (400).
    """
    return _decode_protobuf(body) if encoding is Encoding.PROTOBUF else _decode_json(body)


def draft_of(record: LogRecord, now: int) -> EventDraft | FeedbackDraft | None:
    """What is kept of a record; None for one that says nothing about a call."""
    if record.name == EVALUATION:
        return evaluation_of(record.attributes, record.trace_id, record.span_id, now)
    if record.name not in CARRY_TEXTS or not (record.trace_id and record.span_id):
        return None
    told: dict[str, Json] = dict(record.attributes)
    if record.body is not None:
        told["body"] = record.body
    raw = dumps(told)
    span = record.trace_id + record.span_id
    digest = hashlib.blake2b(
        f"{span}{record.name}{record.time_ns}{raw}".encode("utf-8", "surrogatepass"),
        digest_size=24,
    )
    return EventDraft(
        identity=digest.digest(),
        call_identity=bytes.fromhex(span),
        name=record.name,
        attributes=raw,
        happened_at=min(record.time_ns // 1_000_000, 2**62) if record.time_ns > 0 else now,
    )


def _decode_protobuf(body: bytes) -> DecodedLogs:
    from google.protobuf.message import DecodeError  # only a gateway needs it
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    try:
        request = ExportLogsServiceRequest.FromString(body)
    except (DecodeError, ValueError) as error:
        raise BodyRefused(
            HTTPStatus.BAD_REQUEST,
            "The body is not an ExportLogsServiceRequest in protobuf.",
            "Check that the exporter speaks OTLP over HTTP with protobuf.",
        ) from error
    records = []
    for group in request.resource_logs:
        for scoped in group.scope_logs:
            for wire in scoped.log_records:
                attributes = attributes_in(wire.attributes)
                records.append(
                    LogRecord(
                        wire.event_name or _named(attributes),
                        wire.time_unix_nano or wire.observed_time_unix_nano,
                        id_of(wire.trace_id, 16),
                        id_of(wire.span_id, 8),
                        attributes,
                        any_value(wire.body) if wire.HasField("body") else None,
                    )
                )
    return DecodedLogs(records)


def _decode_json(body: bytes) -> DecodedLogs:
    request = parse(body)
    groups = (
        request.get("resourceLogs", request.get("resource_logs", []))
        if isinstance(request, dict)
        else None
    )
    if not isinstance(groups, list):
        raise no_request("ExportLogsServiceRequest", "resourceLogs")
    records: list[LogRecord] = []
    rejected, reason = 0, ""
    for group in groups:
        try:
            scopes = list_of(get(object_of(group), "scopeLogs", "scope_logs"))
            wires = [
                wire
                for scoped in scopes
                for wire in list_of(get(object_of(scoped), "logRecords", "log_records"))
            ]
        except Malformed as error:
            rejected, reason = rejected + 1, reason or str(error)
            continue
        for wire in wires:
            try:
                records.append(_json_record(object_of(wire)))
            except Malformed as error:
                rejected, reason = rejected + 1, reason or str(error)
    if rejected and not records:
        raise BodyRefused(HTTPStatus.BAD_REQUEST, f"No log record can be read: {reason}.")
    return DecodedLogs(records, rejected, reason)


def _json_record(wire: dict[str, Any]) -> LogRecord:
    attributes = attributes_of(wire.get("attributes"))
    time_ns = integer_of(get(wire, "timeUnixNano", "time_unix_nano"))
    return LogRecord(
        text_of(get(wire, "eventName", "event_name")) or _named(attributes),
        time_ns or integer_of(get(wire, "observedTimeUnixNano", "observed_time_unix_nano")),
        json_id(get(wire, "traceId", "trace_id"), 16),
        json_id(get(wire, "spanId", "span_id"), 8),
        attributes,
        value_of(wire.get("body"), 0),
    )


def _named(attributes: dict[str, Json]) -> str:
    """The event's name where clients put it before records had a field for it."""
    name = attributes.get("event.name")
    return name if isinstance(name, str) else ""
