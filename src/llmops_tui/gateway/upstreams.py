"""Where proxied calls go: the workspace's endpoints, by protocol or by name."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from llmops_tui.core.chat import Endpoint
from llmops_tui.core.errors import NotFoundError, UnavailableError
from llmops_tui.providers.keys import NO_KEY, Secret, resolve

_OPENAI_KINDS = frozenset({"openai", "embedded"})


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint ready to be asked."""

    name: str
    kind: str
    base_url: str
    """Up to and including the version, without a slash at the end."""
    key: Secret = NO_KEY
    """The workspace's own key for it."""

    @property
    def is_embedded(self) -> bool:
        """Whether it is the embedded model, whose process may come and go."""
        return self.kind == "embedded"


class Upstreams:
    """The endpoints that calls may be forwarded to.

    Args:
        endpoints: By name. The first of a protocol is its default.
        default: Name of the endpoint that is preferred where it speaks the protocol.
    """

    def __init__(self, endpoints: Mapping[str, Endpoint], default: str = "") -> None:
        self._endpoints = dict(endpoints)
        self._default = default
        self._embedded: Target | None = None
        self._starting = asyncio.Lock()

    def replace(self, endpoints: Mapping[str, Endpoint]) -> None:
        """Have these from now on; requests under way end where they began. For any thread."""
        if endpoints != self._endpoints:
            self._endpoints = dict(endpoints)

    @property
    def names(self) -> list[str]:
        """Names of all endpoints."""
        return list(self._endpoints)

    def choose(self, *, anthropic: bool, name: str = "") -> Endpoint:
        """The endpoint for a request.

        Args:
            anthropic: Whether the request is in Anthropic's protocol, else in OpenAI's.
            name: What the client asks for; empty for the default.

        Raises:
            NotFoundError: There is none that would do.
        """
        wanted = frozenset({"anthropic"}) if anthropic else _OPENAI_KINDS
        protocol = "Anthropic" if anthropic else "OpenAI"
        if name:
            found = self._endpoints.get(name)
            if found is None:
                raise NotFoundError(
                    f"The workspace has no endpoint named {name[:100]!r}.",
                    f"It has: {', '.join(self._endpoints) or 'none'}.",
                )
            if found.kind not in wanted:
                raise NotFoundError(
                    f"The endpoint {name} doesn't speak the {protocol} protocol.",
                    "Name another endpoint, or call the path that belongs to it.",
                )
            return found
        fitting = [one for one in self._endpoints.values() if one.kind in wanted]
        for one in fitting:
            if one.name == self._default:
                return one
        if not fitting:
            kind = " --kind anthropic" if anthropic else ""
            raise NotFoundError(
                f"The gateway has no endpoint of the {protocol} protocol to forward to.",
                f"Add one: `llmops-tui model add MODEL --endpoint NAME --url URL{kind}`. "
                "The gateway notices by itself.",
            )
        return fitting[0]

    async def ready(self, endpoint: Endpoint, *, renew: bool = False) -> Target:
        """Make an endpoint ready to be asked; starts the embedded model where it must.

        Args:
            endpoint: The endpoint.
            renew: Don't believe what was found before: the embedded model's process has gone.

        Raises:
            UnavailableError: The embedded model isn't installed or doesn't start, or the
                endpoint's key isn't where its reference says.
            InputError: The key reference is malformed.
        """
        if endpoint.kind != "embedded":
            return Target(
                endpoint.name,
                endpoint.kind,
                endpoint.base_url.rstrip("/"),
                resolve(endpoint.key_ref),
            )
        before = self._embedded
        if before is not None and not renew:
            return before
        async with self._starting:
            if self._embedded is not None and self._embedded is not before:
                return self._embedded  # another request has just renewed it
            self._embedded = await asyncio.to_thread(_start_embedded, endpoint.name)
            return self._embedded


def _start_embedded(name: str) -> Target:
    # Loaded only where the embedded model is asked.
    from llmops_tui.providers.embedded.client import ensure_running
    from llmops_tui.providers.embedded.state import default_state_dir

    base_url, token = ensure_running(default_state_dir())
    return Target(name, "embedded", base_url.rstrip("/"), Secret(token))


__all__ = ["Target", "UnavailableError", "Upstreams"]
