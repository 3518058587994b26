"""What is asked of a model and what comes back, whoever the vendor is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from llmops_tui.core.errors import LlmopsError

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
"""A value as JSON has it."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model wants called."""

    id: str
    name: str
    arguments: str
    """The arguments as the model wrote them: JSON text, not necessarily valid."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: str
    """`system`, `user`, `assistant` or `tool`."""
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


def chat_message(message: Message) -> dict[str, Json]:
    """A message as OpenAI's chat interface takes it, which most others take too."""
    sent: dict[str, Json] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        sent["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        sent["tool_call_id"] = message.tool_call_id
    return sent


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to a model."""

    model: str
    messages: tuple[Message, ...]
    parameters: Mapping[str, Json] = field(default_factory=dict)
    """Sampling parameters under OpenAI's names: temperature, top_p, max_tokens, seed, stop, …"""
    response_schema: Mapping[str, Json] | None = None
    """JSON Schema that the answer must satisfy, enforced where the endpoint can."""
    stream: bool = False
    """Ask for a stream, so that the time to the first token is measured."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer. `input_tokens` includes the cached ones."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    estimated: bool = False
    """True where the endpoint said nothing and the counts are a guess from the text's length."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said."""

    text: str
    finish_reason: str
    """`stop`, `length`, `tool_calls`, `content_filter`, or what else the endpoint says."""
    usage: Usage
    model: str
    """The model's name as the endpoint reports it."""
    response_id: str
    latency_ms: float
    first_token_ms: float | None = None
    """Only where the answer was streamed."""
    between_tokens_ms: float | None = None
    """Mean time between two pieces of a streamed answer; None where it came as one."""
    tool_calls: tuple[ToolCall, ...] = ()


class AnswerErrorKind(StrEnum):
    """Why no answer was had. The names appear on screens and in exports."""

    CONNECT = "connect"
    TIMEOUT = "timeout"
    THROTTLED = "throttled"
    SERVER = "server error"
    KEY_REFUSED = "key refused"
    NOT_FOUND = "not found"
    BAD_REQUEST = "bad request"
    CONTEXT_LENGTH = "context too long"
    CONTENT_FILTER = "content filter"
    TRUNCATED = "truncated stream"
    INVALID_JSON = "invalid JSON"
    NOT_AN_ANSWER = "not an answer"
    EMPTY = "empty answer"
    RENDER = "template error"
    SCORER = "scorer error"


class AnswerError(LlmopsError):
    """A model was asked and no answer was had."""

    def __init__(
        self,
        kind: AnswerErrorKind,
        message: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        retryable: bool = False,
        evidence: str = "",
        latency_ms: float = 0.0,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status
        self.retry_after_s = retry_after_s
        """What `Retry-After` asked for, in seconds from now."""
        self.retryable = retryable
        """Whether asking again may help."""
        self.evidence = evidence
        """The beginning of what the endpoint really sent (at most 4,000 characters)."""
        self.latency_ms = latency_ms
        self.usage = usage
        """Tokens that were paid for although nothing usable came; None where none were."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait for an endpoint, in seconds."""

    connect: float = 10.0
    first_byte: float = 120.0
    between_bytes: float = 60.0
    total: float = 300.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is reached."""

    id: int
    name: str
    kind: str
    """`openai` (any OpenAI-compatible server), `anthropic` or `embedded`."""
    base_url: str
    """Up to and including the version, e.g. `http://127.0.0.1:8080/v1`; empty for `embedded`."""
    key_ref: str = ""
    """Where the key is found, never the key: `env:NAME` or `file:PATH`; empty for none."""
    max_concurrency: int = 8
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    timeouts: Timeouts = Timeouts()


@dataclass(frozen=True, slots=True)
class Model:
    """A name at an endpoint, with its default parameters and prices."""

    id: int
    endpoint_id: int
    name: str
    parameters: Mapping[str, Json] = field(default_factory=dict)
    input_price: int = 0
    """Nano-units of the currency for one input token (USD per million tokens × 1000)."""
    output_price: int = 0
    """Nano-units of the currency for one output token."""
    currency: str = "USD"
    context_window: int | None = None

    def cost(self, usage: Usage) -> int:
        """Price of one answer in nano-units of the currency."""
        return usage.input_tokens * self.input_price + usage.output_tokens * self.output_price
