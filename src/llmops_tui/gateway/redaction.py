"""Keys in what passes through: recognised, so that they are kept out of everything that stays."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from llmops_tui.providers.keys import Secret

_NAMES = frozenset({"authorization", "proxy-authorization", "cookie"})
_PARTS = ("key", "token", "secret", "auth", "password", "credential")


def secrets_of(
    headers: Mapping[str, str], query: Mapping[str, str], own: Secret
) -> tuple[Secret, ...]:
    """The secrets in a request's headers and query, and the gateway's own token.

    Words that clients put where a key must be (`unused`, `ollama`) are not secrets: hiding them
    would tear holes into ordinary texts.
    """
    found: dict[str, None] = {}
    for name, value in headers.items():
        lower = name.lower()
        if lower == "cookie":
            for pair in value.split(";"):
                found[pair.partition("=")[2].strip()] = None
        elif lower in _NAMES or any(part in lower for part in _PARTS):
            found[value.strip()] = None
            found[bearer(value)] = None
    for name, value in query.items():
        if any(part in name.lower() for part in _PARTS):
            found[value] = None
    if own:
        found[own.reveal()] = None
    longest_first = sorted(filter(_worth_hiding, found), key=len, reverse=True)
    return tuple(Secret(value) for value in longest_first)


def bearer(value: str) -> str:
    """The key in an Authorization header, or in a header that holds nothing else."""
    scheme, _, key = value.strip().partition(" ")
    return key.strip() if key and scheme.lower() in {"bearer", "basic", "token"} else value.strip()


def is_own(value: str, token: Secret) -> bool:
    """Whether a header shows the gateway's token. Takes the same time for any wrong one."""
    if not token:
        return False
    shown = bearer(value).encode("utf-8", "surrogateescape")
    return hmac.compare_digest(shown, token.reveal().encode())


def _worth_hiding(value: str) -> bool:
    if len(value) >= 12:
        return True
    return len(value) >= 6 and any(letter.isdigit() for letter in value)
