"""Prompts in an application's own code: `from llmops_tui import prompt`.

    reply = prompt("support-reply", label="production")
    client.chat.completions.create(
        model="…", messages=reply.render(ticket=text), extra_headers=reply.headers
    )

The workspace file is opened read-only for a moment, whether or not anything else of the program
runs. What was read is kept for half a minute; where the file can't be read or holds the prompt no
more, the last known good version is given, from memory or from the cache directory, and a warning
is logged. `headers` (for the gateway's proxy) and `attributes` (for OpenTelemetry spans) say which
version answered. Importing this loads nothing; rendering loads jinja2.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_AGE_S = 30.0
"""How long a label is taken to point where it pointed. A version never changes."""
CACHE_VARIABLE = "LLMOPS_TUI_PROMPT_CACHE"
"""A directory for last known good versions; empty for none."""
HEADER_SAFE = " !#$&'()*+,/:;=?@[]~"


class LoadedPrompt:
    """One version of a prompt."""

    __slots__ = ("messages", "name", "parameters", "project", "response_schema", "source",
                 "variables", "version")  # fmt: skip

    def __init__(self, content: dict[str, Any], source: str) -> None:
        self.name: str = content["name"]
        self.project: str = content["project"]
        self.version: int = content["version"]
        self.messages: list[tuple[str, str]] = [(r, t) for r, t in content["messages"]]
        """(role, template text) pairs."""
        self.variables: list[str] = content["variables"]
        self.parameters: dict[str, Any] = content["parameters"]
        self.response_schema: dict[str, Any] | None = content["response_schema"]
        self.source = source
        """`file`; or `memory` or `cache` where the file couldn't be read."""

    def render(self, **values: Any) -> list[dict[str, Any]]:
        """The messages with these values, as chat interfaces take them.

        Raises:
            llmops_tui.core.errors.TemplateError: a variable has no value.
        """
        from llmops_tui.core.chat import chat_message
        from llmops_tui.core.prompt import PromptTemplate  # loads jinja2

        made = PromptTemplate.of(self.messages).render(values)
        return [dict(chat_message(message)) for message in made]

    @property
    def headers(self) -> dict[str, str]:
        """For a call through the gateway's proxy, which keeps them and sends them no further."""
        from urllib.parse import quote

        name = quote(self.name, safe=HEADER_SAFE)
        return {"x-llmops-prompt": name, "x-llmops-prompt-version": str(self.version)}

    @property
    def attributes(self) -> dict[str, str]:
        """For the span of a call that OpenTelemetry reports to the gateway."""
        return {"llmops.prompt.name": self.name, "llmops.prompt.version": str(self.version)}

    def __repr__(self) -> str:
        return f"<prompt {self.name!r} v{self.version} of {self.project!r} from {self.source}>"


_known: dict[tuple[str, str, str | int, str | None], tuple[float, LoadedPrompt]] = {}


def prompt(
    name: str,
    *,
    label: str = "production",
    version: int | None = None,
    project: str | None = None,
    db: str | os.PathLike[str] | None = None,
    max_age_s: float = MAX_AGE_S,
) -> LoadedPrompt:
    """A prompt's version by label or number.

    Args:
        name: of the prompt.
        label: the version that it points to.
        version: its number, instead of a label.
        project: needed where several projects have a prompt of that name.
        db: the workspace file; default: LLMOPS_TUI_DB, or the one in the data directory.
        max_age_s: how old may be what is remembered.

    Raises:
        llmops_tui.core.errors.NotFoundError: it can't be had, now or from before.
    """
    import time

    path = os.path.abspath(os.path.expanduser(os.fspath(db or _default_path())))
    wanted: str | int = label if version is None else version
    key = (path, name, wanted, project)
    before = _known.get(key)
    now = time.monotonic()
    if before is not None and (version is not None or now - before[0] < max_age_s):
        return before[1]
    try:
        loaded = _from_file(path, name, wanted, project)
    except Exception as error:  # noqa: BLE001 - whatever it is, the application goes on
        loaded = _last_good(key, before[1] if before else None, error)
    _known[key] = (now, loaded)
    return loaded


def _from_file(path: str, name: str, wanted: str | int, project: str | None) -> LoadedPrompt:
    from llmops_tui.core.errors import InputError, NotFoundError
    from llmops_tui.store.reading import read

    found = read(path, name, wanted, project)
    if not found:
        which = f"version {wanted}" if isinstance(wanted, int) else f"label {wanted!r}"
        raise NotFoundError(
            f"There is no prompt {name!r} with the {which} in {path}.",
            "`llmops-tui prompt list` shows what there is.",
        )
    if len(found) > 1:
        raise InputError(f"Several projects have a prompt {name!r}.", "Name one with project=….")
    loaded = LoadedPrompt(found[0], "file")
    _keep((path, name, wanted, project), found[0])
    return loaded


def _last_good(
    key: tuple[str, str, str | int, str | None], remembered: LoadedPrompt | None, error: Exception
) -> LoadedPrompt:
    """What was had before; the error where nothing was."""
    import logging

    from llmops_tui.core.errors import InputError, LlmopsError, NotFoundError

    kept = None if isinstance(error, InputError) else _kept(key)
    if remembered is not None:
        found, source = remembered, "memory"
        found.source = source
    elif kept is not None:
        found = LoadedPrompt(kept, "cache")
    elif isinstance(error, LlmopsError):
        raise error
    else:
        raise NotFoundError(
            f"The prompt {key[1]!r} can't be read from {key[0]}: {error}.",
            "Check the path (LLMOPS_TUI_DB, or db=…) and that the file may be read.",
        ) from error
    logging.getLogger("llmops_tui").warning(
        "prompt %r: %s; going on with version %d, the last known good one",
        key[1], error, found.version,
    )  # fmt: skip
    return found


def _cache_file(key: tuple[str, str, str | int, str | None]) -> str | None:
    import hashlib

    directory = os.environ.get(CACHE_VARIABLE)
    if directory is None:
        if sys.platform == "darwin":
            base = os.path.expanduser("~/Library/Caches")
        else:
            base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        directory = os.path.join(base, "llmops-tui", "prompts")
    if not directory:
        return None
    digest = hashlib.blake2b(repr(key).encode("utf-8", "replace"), digest_size=16).hexdigest()
    return os.path.join(directory, f"{digest}.json")


def _keep(key: tuple[str, str, str | int, str | None], content: dict[str, Any]) -> None:
    """Leave the version for a time when the file can't be read. Never hinders."""
    import json
    import logging
    import tempfile

    path = _cache_file(key)
    if path is None or _kept(key) == content:
        return
    try:
        directory = os.path.dirname(path)
        os.makedirs(directory, mode=0o700, exist_ok=True)
        descriptor, made = tempfile.mkstemp(dir=directory)  # readable by this person alone
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump(content, out)
        os.replace(made, path)
    except OSError as error:
        logging.getLogger("llmops_tui").info("the prompt can't be kept at %s: %s", path, error)


def _kept(key: tuple[str, str, str | int, str | None]) -> dict[str, Any] | None:
    import json

    path = _cache_file(key)
    if path is None:
        return None
    try:
        with open(path, encoding="utf-8") as kept:
            content = json.load(kept)
        LoadedPrompt(content, "cache")  # a file that was cut short has no version to give
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return content if isinstance(content, dict) else None


def _default_path() -> str:
    named = os.environ.get("LLMOPS_TUI_DB")
    if named:
        return named
    if sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Application Support")
    else:
        base = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return os.path.join(base, "llmops-tui", "workspace.db")
