"""What the server of the embedded model and its clients know of each other.

It lies in a directory that only the user can read:

- `embedded.lock`, held by who starts, looks for or ends the server, never deleted;
- `embedded.json`, who serves and where, readable only by its owner: it holds the token;
- `embedded.lease`, touched by every client that was told where the server is;
- `embedded.log`, what the server printed.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from llmops_tui.core.errors import LlmopsError, UnavailableError

LOG = "embedded.log"
_LOCK = "embedded.lock"
_LEASE = "embedded.lease"
_STATE = "embedded.json"
_LOCK_POLL_S = 0.02


class BusyError(LlmopsError):
    """Somebody else held the lock for longer than we wait."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """A running server, as it wrote itself down."""

    pid: int
    started: str
    """When the process started, in the system's own unit: tells it from a later one of its id."""
    port: int
    token: str
    nonce: str
    """Names the start that the server came from."""

    @property
    def base_url(self) -> str:
        """Where the OpenAI-compatible protocol is spoken."""
        return f"http://127.0.0.1:{self.port}/v1"

    def is_alive(self) -> bool:
        """Whether this very process still runs (it may hang)."""
        return process_started(self.pid) == self.started

    def __repr__(self) -> str:
        return f"ServerState(pid={self.pid}, port={self.port})"


def default_state_dir() -> Path:
    """The directory of this user's embedded model, made with mode 0700 where it is absent.

    `LLMOPS_TUI_STATE` names another. Otherwise it lies in the user's runtime directory, or where
    the system has none, in the temporary directory under a name with the user's id.

    Raises:
        UnavailableError: It can't be made, or somebody else could read or has made it.
    """
    chosen = os.environ.get("LLMOPS_TUI_STATE")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if chosen:
        path = Path(chosen).expanduser()
    elif runtime and Path(runtime).is_dir():
        path = Path(runtime) / "llmops-tui"
    else:
        path = Path(tempfile.gettempdir()) / f"llmops-tui-{os.getuid()}"
    return private_dir(path)


def private_dir(path: Path) -> Path:
    """Make a directory that only this user can read, or make sure that it is one.

    Raises:
        UnavailableError: It can't be made, or isn't.
    """
    hint = "Name another directory in LLMOPS_TUI_STATE, or repair this one: chmod 700."
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = path.lstat()
    except OSError as error:
        raise UnavailableError(
            f"The directory {path} can't be made: {error.strerror}.", hint
        ) from error
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise UnavailableError(f"The directory {path} is not private to this user.", hint)
    return path


@contextmanager
def locked(state_dir: Path, timeout_s: float) -> Iterator[None]:
    """Hold the lock: one process (and thread) at a time looks at or changes who serves.

    The system releases it when its holder dies.

    Raises:
        BusyError: Somebody else held it for longer than `timeout_s` seconds.
        OSError: The directory is gone.
    """
    handle = os.open(state_dir / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise BusyError(
                        f"Another process has been starting the embedded model for {timeout_s:g} s."
                    ) from None
                time.sleep(_LOCK_POLL_S)
        yield
    finally:
        os.close(handle)


def read_state(state_dir: Path) -> ServerState | None:
    """Who serves, or None where nobody does or the file makes no sense."""
    try:
        raw = json.loads((state_dir / _STATE).read_text())
        return ServerState(
            pid=int(raw["pid"]),
            started=str(raw["started"]),
            port=int(raw["port"]),
            token=str(raw["token"]),
            nonce=str(raw["nonce"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_state(state_dir: Path, state: ServerState) -> None:
    """Write down who serves, whole or not at all."""
    draft = state_dir / f"{_STATE}.{state.pid}"
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        json.dump(asdict(state), stream)
    draft.replace(state_dir / _STATE)


def remove_state(state_dir: Path, nonce: str) -> None:
    """Forget the server that came from this start; another's state stays."""
    state = read_state(state_dir)
    if state is not None and state.nonce == nonce:
        with suppress(OSError):
            (state_dir / _STATE).unlink()


def touch_lease(state_dir: Path) -> None:
    """Tell the server that somebody is about to ask it."""
    lease = state_dir / _LEASE
    os.close(os.open(lease, os.O_WRONLY | os.O_CREAT, 0o600))
    os.utime(lease)


def read_lease(state_dir: Path) -> int:
    """When the lease was last touched (nanoseconds), 0 for never."""
    try:
        return (state_dir / _LEASE).stat().st_mtime_ns
    except OSError:
        return 0


def process_started(pid: int) -> str | None:
    """When a process started, in a unit of the system's; None where it doesn't run.

    A process that has ended but was not yet fetched by its parent doesn't run. Systems without
    `/proc` give an empty string for any process that runs.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        if Path("/proc/self/stat").exists():
            return None
        try:
            os.kill(pid, 0)
        except OSError:
            return None
        return ""
    # From `man 5 proc`: the state is field 3, the start time field 22; the split begins at 3.
    return None if fields[0] in (b"Z", b"X") else fields[19].decode()
