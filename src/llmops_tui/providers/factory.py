"""From an endpoint as stored to a provider that can be asked."""

from __future__ import annotations

from llmops_tui.core.chat import Endpoint
from llmops_tui.core.errors import InputError
from llmops_tui.providers.anthropic import AnthropicProvider
from llmops_tui.providers.base import Provider
from llmops_tui.providers.embedded.model import require_model
from llmops_tui.providers.embedded.provider import EmbeddedProvider
from llmops_tui.providers.embedded.state import default_state_dir
from llmops_tui.providers.keys import resolve
from llmops_tui.providers.openai import OpenAIProvider
from llmops_tui.providers.wire import Wire


def open_provider(endpoint: Endpoint, wire: Wire) -> Provider:
    """The provider for an endpoint's kind.

    Raises:
        InputError: The kind is unknown, or there is no usable base URL or key reference.
        UnavailableError: The key isn't where its reference says, or the embedded model is not
            installed.
    """
    if endpoint.kind == "openai":
        _require_base_url(endpoint)
        return OpenAIProvider(endpoint, wire, resolve(endpoint.key_ref))
    if endpoint.kind == "anthropic":
        _require_base_url(endpoint)
        return AnthropicProvider(endpoint, wire, resolve(endpoint.key_ref))
    if endpoint.kind == "embedded":
        require_model()
        return EmbeddedProvider(endpoint, wire, default_state_dir())
    raise InputError(
        f"The endpoint {endpoint.name} is of the unknown kind {endpoint.kind!r}.",
        "Known kinds: openai, anthropic, embedded.",
    )


def _require_base_url(endpoint: Endpoint) -> None:
    if not endpoint.base_url.startswith(("http://", "https://")):
        raise InputError(
            f"The endpoint {endpoint.name} has no usable base URL: {endpoint.base_url!r}.",
            "It should look like http://127.0.0.1:8080/v1.",
        )
