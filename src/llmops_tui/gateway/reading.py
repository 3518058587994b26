"""What a model said, read from the bodies and streams of the known APIs.

Chat completions, completions and responses of the OpenAI protocol, messages of Anthropic's. A
reading is fed event by event (or with one whole body) and can be looked at at any time, because
streams end early.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson

from llmops_tui.core.chat import Json
from llmops_tui.gateway.conversation import content, finish, response_text
from llmops_tui.gateway.spans import clean, count
from llmops_tui.providers.sse import SseEvent


@dataclass(slots=True)
class Reading:
    """What has been read so far."""

    response_id: str = ""
    model: str = ""
    finish_reason: str = ""
    error: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    ended: bool = False
    """Whether the answer's end was seen."""
    usage: Json = None
    _texts: dict[int, list[str]] = field(default_factory=dict)
    _tools: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    _whole: str = ""

    @property
    def has_begun(self) -> bool:
        """Whether the model has said anything."""
        return bool(self._texts or self._tools or self._whole)

    @property
    def text(self) -> str:
        """The answer: its texts and tool calls."""
        if self._whole:
            return self._whole
        pieces = ["".join(self._texts[place]) for place in sorted(self._texts)]
        for place in sorted(self._tools):
            name, *arguments = self._tools[place]
            pieces.append(f"[tool call] {name}({''.join(arguments)})")
        return "\n".join(filter(None, pieces))

    def body(self, value: Json) -> None:
        """Take a whole answer that was not streamed."""
        if not isinstance(value, dict):
            return
        self._about(value)
        self._whole = response_text(value)
        choices = value.get("choices")
        if isinstance(choices, list):
            for choice in choices:
                if isinstance(choice, dict):
                    self._finished(choice.get("finish_reason"))
        self._finished(value.get("stop_reason"))
        self._status(value)
        self.ended = not self.error

    def event(self, event: SseEvent) -> None:
        """Take the next event of a stream."""
        if event.data == "[DONE]":
            self.ended = True
            return
        try:
            value = orjson.loads(event.data)
        except (orjson.JSONDecodeError, UnicodeEncodeError):
            return
        if not isinstance(value, dict):
            return
        kind = value.get("type")
        if isinstance(kind, str) and kind.startswith("response."):
            self._responses_event(kind, value)
        elif isinstance(kind, str) and "choices" not in value:
            self._anthropic_event(kind, value)
        else:
            self._chunk(value)

    def conclude(self, end: Reading) -> None:
        """Take from the end of a stream, whose middle was not kept, what only the end says."""
        self._texts.setdefault(0, []).append("…[cut here: the rest was not kept]")
        self.finish_reason = end.finish_reason
        self.error = end.error
        self.ended = end.ended
        if isinstance(end.usage, dict):
            self._used(end.usage)

    # --- the OpenAI protocol

    def _chunk(self, value: dict[str, Json]) -> None:
        self._about(value)
        choices = value.get("choices")
        for choice in choices if isinstance(choices, list) else []:
            if not isinstance(choice, dict):
                continue
            index = count(choice.get("index")) or 0
            delta = choice.get("delta")
            if isinstance(delta, dict):
                self._say(index, delta.get("content"))
                self._say(index, delta.get("refusal"))
                calls = delta.get("tool_calls")
                for call in calls if isinstance(calls, list) else []:
                    self._call(index, call)
            self._say(index, choice.get("text"))
            self._finished(choice.get("finish_reason"))

    def _call(self, choice: int, call: Json) -> None:
        if not isinstance(call, dict):
            return
        pieces = self._tools.setdefault((choice, count(call.get("index")) or 0), [""])
        function = call.get("function")
        if isinstance(function, dict):
            if isinstance(function.get("name"), str):
                pieces[0] += str(function["name"])
            if isinstance(function.get("arguments"), str):
                pieces.append(str(function["arguments"]))

    def _responses_event(self, kind: str, value: dict[str, Json]) -> None:
        whole = value.get("response")
        if kind in {"response.output_text.delta", "response.refusal.delta"}:
            self._say(count(value.get("output_index")) or 0, value.get("delta"))
        elif isinstance(whole, dict):
            self._about(whole)
            if kind in {"response.completed", "response.incomplete", "response.failed"}:
                self._whole = response_text(whole)
                self._status(whole)
                self.ended = True

    def _status(self, value: dict[str, Json]) -> None:
        """The state of a response object; other bodies have none."""
        details = value.get("incomplete_details")
        if isinstance(details, dict):
            self._finished(details.get("reason"))
        elif value.get("object") == "response":
            self._finished(value.get("status"))

    # --- Anthropic's

    def _anthropic_event(self, kind: str, value: dict[str, Json]) -> None:
        index = count(value.get("index")) or 0
        message, block, delta = (value.get(n) for n in ("message", "content_block", "delta"))
        if isinstance(message, dict):
            self._about(message)
        if isinstance(block, dict):
            if isinstance(block.get("name"), str):
                self._tools.setdefault((0, index), [str(block["name"])])
            self._say(index, block.get("text"))
        if isinstance(delta, dict):
            self._say(index, delta.get("text"))
            if isinstance(delta.get("partial_json"), str):
                self._tools.setdefault((0, index), [""]).append(str(delta["partial_json"]))
            self._finished(delta.get("stop_reason"))
        self._about({name: value[name] for name in ("usage", "error") if name in value})
        if kind == "message_stop":
            self.ended = True

    # --- both

    def _say(self, place: int, text: Json) -> None:
        if isinstance(text, str) and text:
            self._texts.setdefault(place, []).append(text)

    def _finished(self, reason: Json) -> None:
        if isinstance(reason, str) and reason and not self.finish_reason:
            self.finish_reason = clean(finish(reason), 100)

    def _about(self, value: dict[str, Json]) -> None:
        if isinstance(value.get("id"), str):
            self.response_id = clean(str(value["id"]), 200)
        if isinstance(value.get("model"), str):
            self.model = clean(str(value["model"]), 200)
        usage = value.get("usage")
        if isinstance(usage, dict):
            self._used(usage)
        error = value.get("error")
        if error:
            told = error.get("message") if isinstance(error, dict) else None
            self.error = clean(told if isinstance(told, str) and told else content(error))

    def _used(self, usage: dict[str, Json]) -> None:
        self.usage = {**self.usage, **usage} if isinstance(self.usage, dict) else usage
        asked = count(usage.get("prompt_tokens"))
        if asked is None:
            asked = count(usage.get("input_tokens"))
            if asked is not None:
                # Anthropic counts cached tokens apart; ours include them.
                for name in ("cache_read_input_tokens", "cache_creation_input_tokens"):
                    asked += count(usage.get(name)) or 0
        told = count(usage.get("completion_tokens"))
        told = count(usage.get("output_tokens")) if told is None else told
        self.input_tokens = self.input_tokens if asked is None else asked
        self.output_tokens = self.output_tokens if told is None else told
