"""Spans and trace bodies as instrumented applications send them, made to order."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span

PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}


def value(told: object) -> AnyValue:
    """A Python value as OTLP has it."""
    match told:
        case bool():
            return AnyValue(bool_value=told)
        case int():
            return AnyValue(int_value=told)
        case float():
            return AnyValue(double_value=told)
        case bytes():
            return AnyValue(bytes_value=told)
        case list():
            return AnyValue(array_value=ArrayValue(values=[value(one) for one in told]))
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=pairs(told)))
        case None:
            return AnyValue()
        case _:
            return AnyValue(string_value=str(told))


def pairs(attributes: Mapping[str, object]) -> list[KeyValue]:
    """Attributes as OTLP has them."""
    return [KeyValue(key=name, value=value(told)) for name, told in attributes.items()]


def span(
    attributes: Mapping[str, object],
    *,
    number: int = 1,
    name: str = "chat mock",
    events: Iterable[tuple[str, Mapping[str, object]]] = (),
    **fields: object,
) -> Span:
    """One span with ids derived from `number`, that took 250 ms and ended just now."""
    now = time.time_ns()
    settings: dict[str, object] = {
        "trace_id": (number + 1).to_bytes(16),
        "span_id": (number + 1).to_bytes(8),
        "start_time_unix_nano": now - 250_000_000,
        "end_time_unix_nano": now,
        **fields,
    }
    made = Span(name=name, attributes=pairs(attributes), **settings)
    for title, told in events:
        made.events.add(name=title, time_unix_nano=now, attributes=pairs(told))
    return made


def body(*spans: Span, service: str = "shop") -> bytes:
    """A protobuf trace body."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.extend(pairs({"service.name": service}))
    group.scope_spans.add(spans=spans).scope.name = "made.by.tests"
    return request.SerializeToString()


def genai(question: str = "What is 2 + 2?", answer: str = "4", **more: object) -> dict[str, object]:
    """Attributes of a chat call in the current GenAI conventions."""
    asked = [{"role": "user", "parts": [{"type": "text", "content": question}]}]
    told = [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": answer}],
            "finish_reason": "stop",
        }
    ]
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "mock",
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.input.messages": json.dumps(asked),
        "gen_ai.output.messages": json.dumps(told),
        **more,
    }


def openinference(question: str, answer: str) -> dict[str, object]:
    """Attributes of the same call in OpenInference."""
    return {
        "openinference.span.kind": "LLM",
        "llm.model_name": "mock",
        "llm.provider": "openai",
        "input.value": json.dumps({"messages": [{"role": "user", "content": question}]}),
        "input.mime_type": "application/json",
        "output.value": answer,
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": question,
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": answer,
        "llm.token_count.prompt": 12,
        "llm.token_count.completion": 3,
        "llm.token_count.total": 15,
    }
