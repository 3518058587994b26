"""An answer as columns, and back."""

from __future__ import annotations

import json
import sqlite3

from llmops_tui.core.chat import Answer, ToolCall, Usage
from llmops_tui.store.codec import pack, to_json, unpack


def columns_of_answer(
    key: bytes, request: str, answer: Answer, created_at: int
) -> tuple[object, ...]:
    """Columns of an answer to a request, without its id."""
    return (key, pack(request), *what_it_says(answer), created_at, tool_calls_json(answer))


def what_it_says(answer: Answer) -> tuple[object, ...]:
    """From the text to the times; the tool calls stand apart."""
    usage = answer.usage
    return (
        pack(answer.text),
        answer.finish_reason,
        answer.response_id,
        answer.model,
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_tokens,
        int(usage.estimated),
        answer.latency_ms,
        answer.first_token_ms,
        answer.between_tokens_ms,
    )


def tool_calls_json(answer: Answer) -> str:
    """The tools that an answer calls."""
    return to_json([[call.id, call.name, call.arguments] for call in answer.tool_calls])


def answer_of(row: sqlite3.Row) -> Answer:
    """The answer in a row of a table that has these columns."""
    return Answer(
        text=unpack(row["text"]),
        finish_reason=row["finish_reason"],
        usage=Usage(
            row["input_tokens"], row["output_tokens"], row["cached_tokens"], bool(row["estimated"])
        ),
        model=row["model"],
        response_id=row["response_id"],
        latency_ms=row["latency_ms"],
        first_token_ms=row["first_token_ms"],
        between_tokens_ms=row["between_tokens_ms"],
        tool_calls=_tool_calls(row["tool_calls"]),
    )


def _tool_calls(stored: str) -> tuple[ToolCall, ...]:
    if stored == "[]":  # nearly always
        return ()
    return tuple(ToolCall(*map(str, call)) for call in json.loads(stored))
