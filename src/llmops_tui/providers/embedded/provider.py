"""The embedded model as a provider: any OpenAI-compatible endpoint that may come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from llmops_tui.core.chat import Answer, AnswerError, AnswerErrorKind, ChatRequest, Endpoint
from llmops_tui.core.errors import UnavailableError
from llmops_tui.providers.embedded.client import IDLE_S, ensure_running
from llmops_tui.providers.keys import Secret
from llmops_tui.providers.openai import OpenAIProvider
from llmops_tui.providers.wire import Wire


class EmbeddedProvider:
    """Starts the embedded model with the first question, and again when its server has ended.

    Args:
        endpoint: Of the kind `embedded`; its timeouts count.
        wire: The connections, shared with other providers.
        state_dir: The user's private directory, see `default_state_dir`.
        idle_s: When the server ends itself for want of questions.
    """

    def __init__(
        self, endpoint: Endpoint, wire: Wire, state_dir: Path, *, idle_s: float = IDLE_S
    ) -> None:
        self._endpoint = endpoint
        self._wire = wire
        self._state_dir = state_dir
        self._idle_s = idle_s
        self._current: OpenAIProvider | None = None
        self._starting = asyncio.Lock()

    async def ask(
        self, request: ChatRequest, *, on_delta: Callable[[str], None] | None = None
    ) -> Answer:
        """Ask once, or twice where the server had ended; see `Provider.ask`."""
        provider = self._current or await self._renewed(None)
        try:
            return await provider.ask(request, on_delta=on_delta)
        except AnswerError as error:
            if not _server_has_ended(error, request.stream):
                raise
        return await (await self._renewed(provider)).ask(request, on_delta=on_delta)

    async def list_models(self) -> list[str]:
        """See `Provider.list_models`."""
        provider = self._current or await self._renewed(None)
        try:
            return await provider.list_models()
        except AnswerError as error:
            if not _server_has_ended(error, streamed=False):
                raise
        return await (await self._renewed(provider)).list_models()

    async def close(self) -> None:
        """See `Provider.close`. The server stays: others may use it, and it ends itself."""

    async def _renewed(self, old: OpenAIProvider | None) -> OpenAIProvider:
        async with self._starting:
            if self._current is not None and self._current is not old:
                return self._current
            try:
                base_url, token = await asyncio.to_thread(
                    ensure_running, self._state_dir, idle_s=self._idle_s
                )
            except UnavailableError as error:
                refused = AnswerError(AnswerErrorKind.CONNECT, str(error), evidence=error.hint)
                refused.hint = error.hint
                raise refused from error
            endpoint = replace(self._endpoint, base_url=base_url)
            self._current = OpenAIProvider(endpoint, self._wire, Secret(token))
            return self._current


def _server_has_ended(error: AnswerError, streamed: bool) -> bool:
    """Whether the error looks like a server that isn't there any more.

    A refused key means that another server has its port. A stream that broke has already been
    handed out in part, so whoever asked must decide.
    """
    gone = {AnswerErrorKind.CONNECT, AnswerErrorKind.KEY_REFUSED}
    return error.kind in gone or (error.kind is AnswerErrorKind.TRUNCATED and not streamed)
