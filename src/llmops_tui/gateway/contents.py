"""Where a span keeps what was asked and what was answered. It's opt-in: there may be nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmops_tui.core.chat import Json
from llmops_tui.gateway.conversation import (
    answer,
    content,
    conversation,
    finish,
    loads,
    nested,
    plain,
    request_text,
    response_text,
)
from llmops_tui.gateway.spans import Span, SpanEvent

_DETAILS = "gen_ai.client.inference.operation.details"
_MESSAGE_EVENTS = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_OPENINFERENCE = frozenset({"message", "message_content", "tool_call", "image"})
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Content:
    """What was asked and answered, as text."""

    input: str
    output: str
    finish_reason: str = ""


def read(span: Span) -> Content:
    """Find the content of a call: in attributes, in events, in flat indexed attributes."""
    attributes = span.attributes
    for event in span.events:
        if event.name == _DETAILS:
            attributes = {**event.attributes, **attributes}
    asked = _structured_input(attributes)
    answered, reason = _structured_output(attributes)
    if span.events and not (asked and answered):
        told = _from_events(span.events)
        asked, answered = asked or told.input, answered or told.output
        reason = reason or told.finish_reason
    return Content(asked or _flat_input(attributes), answered or _flat_output(attributes), reason)


def _structured_input(attributes: Mapping[str, Json]) -> str:
    messages = attributes.get("gen_ai.input.messages")
    if messages is None:
        return ""
    text = conversation(_value(messages))
    system = attributes.get("gen_ai.system_instructions")
    if system is None:
        return text
    told = content(_value(system))
    return f"system: {told}\n{text}" if told else text


def _structured_output(attributes: Mapping[str, Json]) -> tuple[str, str]:
    messages = attributes.get("gen_ai.output.messages")
    if messages is None:
        return "", ""
    value = _value(messages)
    reason = ""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        reason = finish(value[0].get("finish_reason"))
    return answer(value), reason


def _value(told: Json) -> Json:
    """Structured as it is; a JSON text parsed; any other text as it is."""
    if isinstance(told, str) and told[:1] in "[{":
        parsed = loads(told)
        return told if parsed is None else parsed
    return told


def _from_events(events: Sequence[SpanEvent]) -> Content:
    asked: list[Json] = []
    answered: list[Json] = []
    reason = ""
    for event in events:
        role = _MESSAGE_EVENTS.get(event.name)
        if role:
            asked.append({"role": role, **_body(event)})
        elif event.name == "gen_ai.choice":
            choice = _body(event)
            answered.append(choice)
            reason = reason or finish(choice.get("finish_reason"))
        elif event.name == "gen_ai.content.prompt":
            asked += _listed(_value(event.attributes.get("gen_ai.prompt")))
        elif event.name == "gen_ai.content.completion":
            answered += _listed(_value(event.attributes.get("gen_ai.completion")))
    return Content(conversation(asked), answer(answered), reason)


def _body(event: SpanEvent) -> dict[str, Json]:
    """The message in an event: its attributes, or the body that some clients put in one of them."""
    body = _value(event.attributes.get("event.body", event.attributes.get("body")))
    found: dict[str, Json] = dict(body) if isinstance(body, dict) else dict(event.attributes)
    return {
        name: _value(value) if name in {"message", "content", "tool_calls"} else value
        for name, value in found.items()
    }


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _flat_input(attributes: Mapping[str, Json]) -> str:
    flat = (
        conversation(_parts_parsed(nested(attributes, "gen_ai.prompt.", _NOTHING)))
        or conversation(nested(attributes, "llm.input_messages.", _OPENINFERENCE))
        or conversation(_parts_parsed(nested(attributes, "llm.prompts.", frozenset({"prompt"}))))
    )
    if flat:
        return flat
    for name in ("llm.input_messages", "ai.prompt.messages"):
        if attributes.get(name) is not None:
            return conversation(_value(attributes[name]))
    for name in ("gen_ai.prompt", "ai.prompt", "traceloop.entity.input", "input.value"):
        text = plain(attributes.get(name), request_text)
        if text:
            return text
    return ""


def _flat_output(attributes: Mapping[str, Json]) -> str:
    flat = (
        answer(_parts_parsed(nested(attributes, "gen_ai.completion.", _NOTHING)))
        or answer(nested(attributes, "llm.output_messages.", _OPENINFERENCE))
        or answer(nested(attributes, "llm.choices.", frozenset({"completion"})))
    )
    if flat:
        return flat
    if attributes.get("llm.output_messages") is not None:
        return answer(_value(attributes["llm.output_messages"]))
    calls = attributes.get("ai.response.toolCalls")
    spoken = answer(attributes.get("ai.response.text")) or plain(
        attributes.get("ai.response.object"), response_text
    )
    called = answer([{"tool_calls": _value(calls)}]) if calls else ""
    if spoken or called:
        return "\n".join(filter(None, (spoken, called)))
    for name in ("gen_ai.completion", "traceloop.entity.output", "output.value"):
        text = plain(attributes.get(name), response_text)
        if text:
            return text
    return ""


def _parts_parsed(messages: list[Json]) -> list[Json]:
    """OpenLLMetry writes a content of several parts as a JSON text."""
    for message in messages:
        if isinstance(message, dict):
            told = message.get("content")
            if isinstance(told, str) and told.startswith("[{"):
                parsed = loads(told)
                if isinstance(parsed, list) and all(
                    isinstance(part, dict) and "type" in part for part in parsed
                ):
                    message["content"] = parsed
    return messages
