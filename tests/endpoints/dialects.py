"""What the mock endpoint says, in the words of each API that it speaks.

Chat completions of the OpenAI protocol are the quick one, for benchmarks. Beside them: its
Responses API, and Anthropic's messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

_WORDS = re.compile(r"\S+\s*|\s+")


@dataclass(slots=True)
class Said:
    """An answer, before it is put into words."""

    number: int
    model: str
    prompt: str
    text: str | None
    filtered: bool = False
    tool: str = ""
    """The tool that is called in place of a text."""
    arguments: str = ""

    @property
    def asked_tokens(self) -> int:
        return len(self.prompt) // 4 + 4

    @property
    def said_tokens(self) -> int:
        return len(self.text or self.arguments) // 4 + 1

    @property
    def words(self) -> list[str]:
        """The pieces that the text is streamed in."""
        return _WORDS.findall(self.text or "")


@dataclass(frozen=True)
class Dialect:
    """How one API asks and answers."""

    prompt: Callable[[dict[str, Any]], str]
    """The last thing that was asked, as text."""
    body: Callable[[Said], bytes]
    events: Callable[[Said, bool], list[bytes]]
    """The events of a stream, whole or without its end."""


def _last_message(question: dict[str, Any]) -> str:
    content = question["messages"][-1]["content"]
    return content if isinstance(content, str) else json.dumps(content)


# --- chat completions


def _usage(said: Said) -> bytes:
    asked, told = said.asked_tokens, said.said_tokens
    return b'{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}' % (
        asked,
        told,
        asked + told,
    )


def _chat_finish(said: Said) -> bytes:
    return b"tool_calls" if said.tool else b"content_filter" if said.filtered else b"stop"


def _chat_calls(said: Said) -> bytes:
    if not said.tool:
        return b""
    function = {"name": said.tool, "arguments": said.arguments}
    call = {"index": 0, "id": f"call-{said.number}", "type": "function", "function": function}
    return b',"tool_calls":' + orjson.dumps([call])


def _chat_body(said: Said) -> bytes:
    return (
        b'{"id":"mock-%d","object":"chat.completion","created":0,"model":%s,"choices":[{"index":0,'
        b'"message":{"role":"assistant","content":%s%s},"finish_reason":"%s"}],"usage":%s}'
        % (
            said.number,
            orjson.dumps(said.model),
            orjson.dumps(said.text),
            _chat_calls(said),
            _chat_finish(said),
            _usage(said),
        )
    )


def _chat_events(said: Said, whole: bool) -> list[bytes]:
    head = b'data: {"id":"mock-%d","object":"chat.completion.chunk","created":0,"model":%s,' % (
        said.number,
        orjson.dumps(said.model),
    )
    events = [
        head + b'"choices":[{"index":0,"delta":{"content":%s}}]}\n\n' % orjson.dumps(word)
        for word in said.words
    ]
    if said.tool:
        delta = b'{"content":null%s}' % _chat_calls(said)
        events.append(head + b'"choices":[{"index":0,"delta":%s}]}\n\n' % delta)
    if whole:
        finish = _chat_finish(said)
        events += [
            head + b'"choices":[{"index":0,"delta":{},"finish_reason":"%s"}]}\n\n' % finish,
            head + b'"choices":[],"usage":%s}\n\n' % _usage(said),
            b"data: [DONE]\n\n",
        ]
    return events


# --- responses


def _last_item(question: dict[str, Any]) -> str:
    asked = question["input"]
    if isinstance(asked, str):
        return asked
    last = asked[-1]
    told = last.get("content", last.get("output", ""))
    if isinstance(told, str):
        return told
    return "".join(part.get("text", "") for part in told)


def _item(said: Said, done: bool = True) -> dict[str, Any]:
    if said.tool:
        return {
            "id": f"fc-{said.number}",
            "type": "function_call",
            "call_id": f"call-{said.number}",
            "name": said.tool,
            "arguments": said.arguments if done else "",
            "status": "completed" if done else "in_progress",
        }
    part = {"type": "output_text", "text": said.text or "", "annotations": []}
    return {
        "id": f"msg-{said.number}",
        "type": "message",
        "role": "assistant",
        "status": "completed" if done else "in_progress",
        "content": [part] if done else [],
    }


def _response(said: Said, done: bool = True) -> dict[str, Any]:
    asked, told = said.asked_tokens, said.said_tokens
    usage = {
        "input_tokens": asked,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": told,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": asked + told,
    }
    incomplete = {"reason": "content_filter"} if said.filtered and done else None
    return {
        "id": f"resp-{said.number}",
        "object": "response",
        "created_at": 0,
        "status": ("incomplete" if incomplete else "completed") if done else "in_progress",
        "incomplete_details": incomplete,
        "error": None,
        "model": said.model,
        "output": [_item(said)] if done else [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": usage if done else None,
    }


def _response_events(said: Said, whole: bool) -> list[bytes]:
    item = _item(said)["id"]
    where = {"item_id": item, "output_index": 0}
    told: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": _response(said, done=False)}),
        ("response.output_item.added", {"output_index": 0, "item": _item(said, done=False)}),
    ]
    if said.tool:
        delta = {**where, "delta": said.arguments}
        told.append(("response.function_call_arguments.delta", delta))
    else:
        part = {"type": "output_text", "text": "", "annotations": []}
        where["content_index"] = 0
        told.append(("response.content_part.added", {**where, "part": part}))
        told += [
            ("response.output_text.delta", {**where, "delta": word, "logprobs": []})
            for word in said.words
        ]
    if whole:
        if said.tool:
            done = {**where, "name": said.tool, "arguments": said.arguments}
            told.append(("response.function_call_arguments.done", done))
        else:
            done = {**where, "text": said.text, "logprobs": []}
            told.append(("response.output_text.done", done))
        told += [
            ("response.output_item.done", {"output_index": 0, "item": _item(said)}),
            ("response.completed", {"response": _response(said)}),
        ]
    return [
        _named_event(kind, {**value, "sequence_number": number})
        for number, (kind, value) in enumerate(told)
    ]


def _named_event(kind: str, value: dict[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), orjson.dumps({"type": kind, **value}))


# --- messages


def _message_finish(said: Said) -> str:
    return "tool_use" if said.tool else "refusal" if said.filtered else "end_turn"


def _block(said: Said, done: bool = True) -> dict[str, Any]:
    if said.tool:
        given = orjson.loads(said.arguments) if done else {}
        return {"type": "tool_use", "id": f"toolu-{said.number}", "name": said.tool, "input": given}
    return {"type": "text", "text": (said.text or "") if done else ""}


def _message(said: Said, done: bool = True) -> dict[str, Any]:
    return {
        "id": f"msg-{said.number}",
        "type": "message",
        "role": "assistant",
        "model": said.model,
        "content": [_block(said)] if done else [],
        "stop_reason": _message_finish(said) if done else None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": said.asked_tokens,
            "output_tokens": said.said_tokens if done else 1,
        },
    }


def _message_events(said: Said, whole: bool) -> list[bytes]:
    pieces = (
        [{"type": "input_json_delta", "partial_json": said.arguments}]
        if said.tool
        else [{"type": "text_delta", "text": word} for word in said.words]
    )
    told: list[tuple[str, dict[str, Any]]] = [
        ("message_start", {"message": _message(said, done=False)}),
        ("content_block_start", {"index": 0, "content_block": _block(said, done=False)}),
        *(("content_block_delta", {"index": 0, "delta": piece}) for piece in pieces),
    ]
    if whole:
        delta = {"stop_reason": _message_finish(said), "stop_sequence": None}
        usage = {"output_tokens": said.said_tokens}
        told += [
            ("content_block_stop", {"index": 0}),
            ("message_delta", {"delta": delta, "usage": usage}),
            ("message_stop", {}),
        ]
    return [_named_event(kind, value) for kind, value in told]


CHAT = Dialect(_last_message, _chat_body, _chat_events)
DIALECTS = {
    b"/chat/completions": CHAT,
    b"/responses": Dialect(
        _last_item, lambda said: orjson.dumps(_response(said)), _response_events
    ),
    b"/messages": Dialect(
        _last_message, lambda said: orjson.dumps(_message(said)), _message_events
    ),
}


def tool_called(question: dict[str, Any], prompt: str) -> tuple[str, str]:
    """The first tool offered and arguments for it (the prompt's last word for each), or nothing.

    Nothing as well once a tool has answered.
    """
    turns = question.get("messages", question.get("input", ""))
    told = json.dumps(turns)
    if not question.get("tools") or any(
        mark in told for mark in ('"role": "tool"', '"tool_result"', '"function_call_output"')
    ):
        return "", ""
    tool = question["tools"][0]
    tool = tool.get("function", tool)
    schema = tool.get("parameters") or tool.get("input_schema") or {}
    word = prompt.rsplit(None, 1)[-1].strip("?!.") if prompt.strip() else ""
    return tool["name"], json.dumps(dict.fromkeys(schema.get("properties", {}), word))
