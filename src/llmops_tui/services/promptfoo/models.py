"""promptfoo's providers as models at endpoints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from llmops_tui.core.chat import Endpoint, Json, Model
from llmops_tui.core.errors import InputError
from llmops_tui.interchange.promptfoo.files import Files
from llmops_tui.interchange.promptfoo.model import ProviderItem
from llmops_tui.services.models import ModelView, add_endpoint, list_models
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import endpoints


@dataclass(frozen=True, slots=True)
class Vendor:
    """Where models of a prefix are reached."""

    url: str
    key: str
    """Name of the environment variable with the key; empty for none."""
    kind: str = "openai"


VENDORS: Final[Mapping[str, Vendor]] = {
    "openai": Vendor("https://api.openai.com/v1", "OPENAI_API_KEY"),
    "anthropic": Vendor("https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", "anthropic"),
    "groq": Vendor("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "cerebras": Vendor("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    "deepseek": Vendor("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "fireworks": Vendor("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    "google": Vendor("https://generativelanguage.googleapis.com/v1beta/openai", "GOOGLE_API_KEY"),
    "hyperbolic": Vendor("https://api.hyperbolic.xyz/v1", "HYPERBOLIC_API_KEY"),
    "llamafile": Vendor("http://localhost:8080/v1", ""),
    "llama.cpp": Vendor("http://localhost:8080/v1", ""),
    "localai": Vendor("http://localhost:8080/v1", ""),
    "mistral": Vendor("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "ollama": Vendor("http://localhost:11434/v1", ""),
    "openrouter": Vendor("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "perplexity": Vendor("https://api.perplexity.ai", "PERPLEXITY_API_KEY"),
    "togetherai": Vendor("https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "vllm": Vendor("http://localhost:8000/v1", ""),
    "xai": Vendor("https://api.x.ai/v1", "XAI_API_KEY"),
}
"""Vendors whose chat models answer one of the two protocols that are spoken here."""
KINDS_OF_CHAT: Final = ("chat", "messages", "responses", "completion")
OTHER_KINDS: Final = (
    "assistant", "audio", "embedding", "embeddings", "image", "moderation", "realtime", "speech",
    "transcription", "video", "live", "agents", "codex-sdk",
)  # fmt: skip
PARAMETERS: Final = (
    "temperature", "max_tokens", "max_completion_tokens", "top_p", "top_k", "stop", "seed",
    "frequency_penalty", "presence_penalty", "response_format", "tools", "tool_choice",
    "reasoning_effort", "n", "logit_bias", "functions", "function_call", "min_p",
    "repetition_penalty",
)  # fmt: skip
IGNORED: Final = (
    "apiKey", "apiKeyEnvar", "apiBaseUrl", "apiHost", "organization", "passthrough", "basePath",
    "showThinking", "cost", "headers", "max_retries", "timeout",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """A provider as an endpoint and a model, not yet in any workspace."""

    endpoint: Endpoint
    model: Model
    note: str = ""
    """What is different from promptfoo's, where something is."""


def target_of(provider: ProviderItem, files: Files) -> Target:
    """How a provider is reached from here. Keys are named, never read.

    Raises:
        InputError: it can't be, and why.
    """
    prefix, _, rest = provider.id.partition(":")
    if provider.id.startswith("file://") or prefix in ("exec", "python", "javascript"):
        raise InputError("a provider that is a program of its own")
    if prefix in ("http", "https", "webhook", "ws", "wss"):
        raise InputError("a server with a protocol of its own")
    vendor = VENDORS.get(prefix)
    if vendor is None or not rest:
        raise InputError("none of the protocols spoken here reaches it")
    kind, _, name = rest.partition(":")
    if kind in OTHER_KINDS:
        raise InputError(f"it is no chat model ({kind})")
    if kind not in KINDS_OF_CHAT:
        kind, name = "chat", rest
    if not name:
        raise InputError("it names no model")
    config = provider.config
    url = _url(config, vendor, files.environment if prefix == "openai" else {})
    key = str(config.get("apiKeyEnvar") or "") or _named_key(config) or vendor.key
    if key and url != vendor.url and not config.get("apiKeyEnvar") and key not in files.environment:
        key = ""  # a server of one's own, which may want none
    endpoint = Endpoint(0, prefix, vendor.kind, url, f"env:{key}" if key else "")
    notes = [f"asked as chat, not as {kind}"] if kind in ("responses", "completion") else []
    parameters = _parameters(config, files)
    if unknown := [key for key in config if key not in (*PARAMETERS, *IGNORED)]:
        notes.append(f"not carried over: {', '.join(unknown)}")
    return Target(endpoint, Model(0, 0, name, parameters), "; ".join(notes))


def ensure(workspace: Workspace, target: Target, title: str) -> ModelView:
    """The model in the workspace, added where it isn't there with these parameters.

    Args:
        workspace: where it should be.
        target: what the provider stands for.
        title: tells it apart where the same model is asked with other parameters.
    """
    wanted = target.endpoint
    for view in list_models(workspace):
        place = view.endpoint
        same_place = (place.kind, place.base_url, place.key_ref) == (
            wanted.kind,
            wanted.base_url,
            wanted.key_ref,
        )
        same_model = view.model.name == target.model.name
        if (
            same_place
            and same_model
            and dict(view.model.parameters) == dict(target.model.parameters)
        ):
            return view
    name = _free_name(workspace, target, title)
    stored = add_endpoint(workspace, replace(wanted, name=name), [target.model])
    return next(view for view in list_models(workspace) if view.endpoint.id == stored.id)


def _free_name(workspace: Workspace, target: Target, title: str) -> str:
    taken = {place.name for place in endpoints.endpoints(workspace.db)}
    base = target.endpoint.name
    for name in (base, f"{base} {target.model.name}", f"{base} {title}"):
        if name not in taken:
            return name
    number = 2
    while f"{base} {title} {number}" in taken:
        number += 1
    return f"{base} {title} {number}"


def _url(config: Mapping[str, Json], vendor: Vendor, environment: Mapping[str, str]) -> str:
    given = config.get("apiBaseUrl")
    if isinstance(given, str) and given:
        return given.rstrip("/")
    host = config.get("apiHost")
    if isinstance(host, str) and host:
        return f"https://{host}/v1"
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE_URL"):
        if environment.get(name):
            return environment[name].rstrip("/")
    return vendor.url


def _named_key(config: Mapping[str, Json]) -> str:
    """`{{ env.NAME }}` as the key names where it is; a key that stands there is not taken."""
    found = re.search(r"env\.(\w+)|env\[['\"](\w+)['\"]\]", str(config.get("apiKey") or ""))
    return (found[1] or found[2]) if found else ""


def _parameters(config: Mapping[str, Json], files: Files) -> dict[str, Json]:
    parameters: dict[str, Json] = {}
    for name in PARAMETERS:
        value = config.get(name)
        if value is None:
            continue
        if isinstance(value, str) and value.startswith("file://"):
            value = files.value(files.matching(value)[0])
        parameters[name] = value
    passed = config.get("passthrough")
    return parameters | (dict(passed) if isinstance(passed, dict) else {})
