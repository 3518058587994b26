"""From an endpoint as stored to a provider; and what that costs a program that asks nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from llmops_tui.core.chat import Endpoint
from llmops_tui.core.errors import InputError, UnavailableError
from llmops_tui.providers.anthropic import AnthropicProvider
from llmops_tui.providers.embedded import model
from llmops_tui.providers.factory import open_provider
from llmops_tui.providers.openai import OpenAIProvider
from llmops_tui.providers.wire import Wire

URL = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("kind", "provider"), [("openai", OpenAIProvider), ("anthropic", AnthropicProvider)]
)
async def test_each_kind_has_its_provider(kind: str, provider: type) -> None:
    async with Wire() as wire:
        assert isinstance(open_provider(Endpoint(1, "e", kind, URL), wire), provider)


@pytest.mark.parametrize(
    ("endpoint", "error"),
    [
        (Endpoint(1, "e", "telepathy", URL), InputError),
        (Endpoint(1, "e", "openai", ""), InputError),
        (Endpoint(1, "e", "anthropic", "127.0.0.1:80"), InputError),
        (Endpoint(1, "e", "openai", URL, key_ref="env:NOT_SET_ANYWHERE"), UnavailableError),
    ],
)
async def test_an_endpoint_that_cannot_be_asked_is_refused_with_a_hint(
    endpoint: Endpoint, error: type[InputError | UnavailableError]
) -> None:
    async with Wire() as wire:
        with pytest.raises(error) as caught:
            open_provider(endpoint, wire)
    assert caught.value.hint


async def test_the_embedded_kind_says_so_when_it_is_not_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(model, "find_model", lambda: None)
    async with Wire() as wire:
        with pytest.raises(UnavailableError):
            open_provider(Endpoint(1, "e", "embedded", ""), wire)


def test_importing_the_providers_loads_no_http_client() -> None:
    code = (
        "import sys, llmops_tui.providers.factory, llmops_tui.providers.embedded.install\n"
        "heavy = {'aiohttp', 'httpx', 'pydantic', 'xllamacpp', 'platformdirs', 'textual'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
