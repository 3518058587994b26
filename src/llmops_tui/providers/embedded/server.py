"""The process that serves the embedded model: `python -m llmops_tui.providers.embedded.server`.

It detaches itself, serves llama.cpp's OpenAI-compatible protocol on loopback under a random port
and token, writes down where, and ends when nobody has asked for a while.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import secrets
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from llmops_tui.providers.embedded import model, state

_LONGEST_ANSWER = 1024
"""Tokens of an answer where the question sets no limit."""
_THREADS = 1
"""A second thread gains nothing and loses much on a busy machine."""
_ERRORS_AND_WARNINGS = 2
_ACTIVITY = re.compile(
    rb"^llamacpp:(prompt_tokens_total|prompt_tokens_cached_total|tokens_predicted_total"
    rb"|requests_processing|requests_deferred) (\S+)$",
    re.MULTILINE,
)


class _StopError(BaseException):
    """Somebody asked the process to end."""


def main(arguments: list[str] | None = None) -> None:
    """Detach, print the process id of the server, and serve.

    The parent prints and ends at once, so that nobody has a child to wait for.
    """
    parser = argparse.ArgumentParser(description="Serve the embedded model.")
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--nonce", default="")
    parser.add_argument("--idle-s", type=float, default=300.0, help="end after so many seconds")
    chosen = parser.parse_args(arguments)
    # Before anything starts a thread: only the forking thread lives on in the child.
    child = os.fork()
    if child:
        print(child, flush=True)
        os._exit(0)
    _detach(chosen.state_dir)
    try:
        serve(chosen.state_dir, chosen.model, chosen.nonce or secrets.token_hex(8), chosen.idle_s)
    except _StopError:
        pass
    except BaseException as error:  # noqa: BLE001 - the log is all that is left to tell
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    # llama.cpp's threads are not worth waiting for: there is nothing to save.
    os._exit(0)


def serve(state_dir: Path, model_path: Path, nonce: str, idle_s: float) -> None:
    """Serve until nobody has asked for `idle_s` seconds."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    token = secrets.token_urlsafe(24)
    server, port = _start(model_path, token)
    pid = os.getpid()
    own = state.ServerState(
        pid=pid, started=state.process_started(pid) or "", port=port, token=token, nonce=nonce
    )
    try:
        state.write_state(state_dir, own)
        _wait_until_idle(state_dir, own, idle_s)
    finally:
        state.remove_state(state_dir, nonce)
        del server


def _start(model_path: Path, token: str) -> tuple[object, int]:
    # Loads 106 MB of code, so only here.
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model_path)
    parameters.model_alias = [model.NAME]
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [token]
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.endpoint_metrics = True
    parameters.n_gpu_layers = 0
    parameters.cpuparams.n_threads = _THREADS
    parameters.cpuparams_batch.n_threads = _THREADS
    parameters.n_parallel = model.SLOTS
    parameters.n_ctx = model.SLOTS * model.CONTEXT
    # One cache shared by the slots would be smaller, but then an answer at temperature 0 depends
    # on what else is being answered.
    parameters.kv_unified = False
    # Set by hand, not fitted to the memory that is free: the same answers on every machine.
    parameters.fit_params = False
    parameters.cache_ram_mib = 0
    parameters.cache_idle_slots = False
    parameters.n_predict = _LONGEST_ANSWER
    parameters.warmup = False
    parameters.verbosity = _ERRORS_AND_WARNINGS
    server = xllamacpp.Server(parameters)
    port = urlsplit(str(server.listening_address)).port
    if not port:
        raise RuntimeError("the server of the embedded model listens nowhere")
    return server, port


def _wait_until_idle(state_dir: Path, own: state.ServerState, idle_s: float) -> None:
    pause = min(max(idle_s / 10, 0.1), 5.0)
    seen = _activity(state_dir, own)
    quiet_since = time.monotonic()
    while True:
        time.sleep(pause)
        now = _activity(state_dir, own)
        if now is None or now != seen:
            seen, quiet_since = now, time.monotonic()
        elif time.monotonic() - quiet_since >= idle_s and _may_end(state_dir, own, seen):
            return


def _may_end(state_dir: Path, own: state.ServerState, seen: tuple[bytes | int, ...]) -> bool:
    # Under the lock no client can be on its way from reading where we are to asking: it touches
    # the lease before it lets go. From the moment the state is gone, clients start another server.
    try:
        with state.locked(state_dir, timeout_s=0):
            if _activity(state_dir, own) != seen:
                return False
            state.remove_state(state_dir, own.nonce)
            return True
    except state.BusyError:
        return False
    except OSError:
        # The directory is gone, and with it whoever could find us.
        return True


def _activity(state_dir: Path, own: state.ServerState) -> tuple[bytes | int, ...] | None:
    """What changes when somebody asks; None while a question is being answered."""
    connection = http.client.HTTPConnection("127.0.0.1", own.port, timeout=30)
    try:
        connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {own.token}"})
        metrics = dict(_ACTIVITY.findall(connection.getresponse().read()))
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    if any(float(metrics.get(name, 1)) for name in (b"requests_processing", b"requests_deferred")):
        return None
    return (*sorted(metrics.values()), state.read_lease(state_dir))


def _stop(number: int, frame: FrameType | None) -> None:
    raise _StopError


def _detach(state_dir: Path) -> None:
    """Leave the session, the terminal, the working directory and the caller's pipes behind."""
    os.setsid()
    os.umask(0o077)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    log = os.open(state_dir / state.LOG, flags, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    with suppress(OSError):
        os.chdir("/")


if __name__ == "__main__":
    main()
