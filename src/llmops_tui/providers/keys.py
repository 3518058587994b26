"""Keys: found by reference, handed on, never shown."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from llmops_tui.core.errors import InputError, UnavailableError

HIDDEN = "[key hidden]"
_SHORTEST_SECRET = 6


class Secret:
    """A string that shows itself only to who asks for it by `reveal()`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(…)" if self._value else "Secret(none)"

    def __str__(self) -> str:
        return HIDDEN if self._value else ""

    def __format__(self, spec: str) -> str:
        return str(self)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Secret is not written anywhere")


NO_KEY = Secret("")


def resolve(key_ref: str) -> Secret:
    """Find the key that a reference names.

    Args:
        key_ref: `env:NAME`, `file:PATH` (`~` is expanded; the file holds nothing but the key), or
            empty for no key.

    Raises:
        InputError: The reference is none of these, or the key can't be part of an HTTP header.
        UnavailableError: The variable is not set, or the file can't be read or is empty.
    """
    if not key_ref:
        return NO_KEY
    kind, _, name = key_ref.partition(":")
    if kind == "env" and name:
        value = os.environ.get(name, "").strip()
        if not value:
            raise UnavailableError(
                f"The environment variable {name}, which should hold the key, is not set.",
                f"Set it in the shell that starts llmops-tui: export {name}=…",
            )
    elif kind == "file" and name:
        value = _read(Path(name).expanduser())
    else:
        raise InputError(
            "The key reference is neither env:NAME nor file:PATH.",
            "A key itself is never stored; name the variable or the file that holds it.",
        )
    if not value.isascii() or not value.isprintable():
        raise InputError(
            f"The key found at {kind}:{name} has characters that no key has.",
            "The variable or file should hold the key on one line and nothing else.",
        )
    return Secret(value)


def _read(path: Path) -> str:
    hint = "The file should hold the key on one line, readable only by you (chmod 600)."
    try:
        value = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UnavailableError(f"The key file {path} can't be read: {reason}.", hint) from error
    if not value:
        raise UnavailableError(f"The key file {path} is empty.", hint)
    return value


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """The text with every secret in it replaced; for evidence, logs and messages.

    Values shorter than six characters are left: replacing them would tear up ordinary words.
    """
    for secret in secrets:
        value = secret.reveal()
        if len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, HIDDEN)
    return text
