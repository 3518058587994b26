"""What every provider can do, and what all of them need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from llmops_tui.core.chat import (
    Answer,
    AnswerError,
    AnswerErrorKind,
    ChatRequest,
    ToolCall,
    Usage,
)

_BYTES_PER_TOKEN = 4
_TOKENS_PER_MESSAGE = 4


class Provider(Protocol):
    """An endpoint that can be asked. Safe to share between the tasks of one event loop."""

    async def ask(
        self, request: ChatRequest, *, on_delta: Callable[[str], None] | None = None
    ) -> Answer:
        """Ask once: no retries here, the runner decides about them.

        Args:
            request: What to ask.
            on_delta: Gets each piece of a streamed answer's text as it arrives; only called when
                `request.stream` is set.

        Raises:
            AnswerError: No answer was had; says why and whether asking again may help.
        """

    async def list_models(self) -> list[str]:
        """The names of the models that the endpoint offers; raises like `ask`."""

    async def close(self) -> None:
        """Let go of what the provider holds. The wire belongs to who made it."""


def estimated_usage(request: ChatRequest, answer: str) -> Usage:
    """A guess at the tokens where the endpoint said nothing: four bytes of UTF-8 for a token."""
    asked = sum(
        _TOKENS_PER_MESSAGE + len(message.content.encode("utf-8", "replace")) // _BYTES_PER_TOKEN
        for message in request.messages
    )
    said = -(-len(answer.encode("utf-8", "replace")) // _BYTES_PER_TOKEN)
    return Usage(input_tokens=asked, output_tokens=said, estimated=True)


def require_messages(request: ChatRequest) -> None:
    """Refuse a question without messages: some endpoints answer it, with nonsense.

    Raises:
        AnswerError: There is nothing to ask.
    """
    if not any(message.content or message.tool_calls for message in request.messages):
        raise AnswerError(AnswerErrorKind.BAD_REQUEST, "There is nothing to ask: no message.")


def require_content(
    text: str, tool_calls: tuple[ToolCall, ...], finish_reason: str, evidence: str
) -> None:
    """Refuse an answer that says nothing: it is neither right nor wrong.

    Raises:
        AnswerError: The text is empty or blank and no tool is called.
    """
    if tool_calls or text.strip():
        return
    message = (
        "The answer is empty: all tokens it was allowed went elsewhere (finish reason length)."
        if finish_reason == "length"
        else f"The answer is empty (finish reason {finish_reason or 'not given'})."
    )
    raise AnswerError(AnswerErrorKind.EMPTY, message, status=200, evidence=evidence)
