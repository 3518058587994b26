"""What applications do beside asking one question: run after a snippet, with its OpenAI client."""

from __future__ import annotations

from typing import Any

import openai
from opentelemetry import trace

MODEL = "gpt-4o-mini"
WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def main(client: openai.OpenAI, *, responses: bool) -> None:
    """A stream within a step of one's own, a tool, a failure, JSON, and the other API."""
    asked: list[Any] = [{"role": "user", "content": "Count to three"}]
    with trace.get_tracer("shop").start_as_current_span("answer a visitor"):
        for _ in client.chat.completions.create(
            model=MODEL, messages=asked, stream=True, stream_options={"include_usage": True}
        ):
            pass

    asked = [{"role": "user", "content": "Weather in Oslo"}]
    reply = client.chat.completions.create(model=MODEL, messages=asked, tools=[WEATHER])
    said = reply.choices[0].message
    assert said.tool_calls
    asked += [
        said.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": said.tool_calls[0].id, "content": "18 degrees"},
    ]
    client.chat.completions.create(model=MODEL, messages=asked, tools=[WEATHER])

    asked = [{"role": "user", "content": "fault:throttle:9"}]
    try:
        client.with_options(max_retries=0).chat.completions.create(model=MODEL, messages=asked)
    except openai.RateLimitError as error:
        print(error)

    asked = [{"role": "user", "content": "And in JSON?"}]
    client.chat.completions.create(
        model=MODEL, messages=asked, response_format={"type": "json_object"}
    )

    if responses:
        client.responses.create(model=MODEL, instructions="Be brief.", input="And of Italy?")
