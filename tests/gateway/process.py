"""A gateway in its own process, and what it has stored."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from llmops_tui.core.call import CallDetail, CallRow
from llmops_tui.store import calls
from llmops_tui.store.database import Database

_ROOT = Path(__file__).parents[2]
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Answer:
    """What the gateway said."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


@dataclass
class GatewayProcess:
    """A running gateway."""

    process: subprocess.Popen[bytes]
    url: str
    db_path: Path
    log_path: Path

    def post(self, path: str, body: bytes, **headers: str) -> Answer:
        """Send a body; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask(urllib.request.Request(self.url + path, body, named))

    def get(self, path: str, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask(urllib.request.Request(self.url + path, headers=named))

    def traces(self, body: bytes) -> Answer:
        """Post spans in protobuf."""
        return self.post("/v1/traces", body, Content_Type="application/x-protobuf")

    def health(self) -> dict:
        return self.get("/health").json()

    def ask(self, request: urllib.request.Request) -> Answer:
        try:
            with _OPENER.open(request, timeout=60) as reply:
                return Answer(reply.status, dict(reply.headers), reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def stop(self) -> int:
        """Ask it politely; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def kill(self) -> None:
        """Give it no time at all."""
        self.process.kill()
        self.process.wait()

    def rows(self, expected: int = 0, *, texts: bool = False) -> list[CallRow]:
        """The stored calls, oldest first; waits until there are as many as expected."""
        return stored(self.db_path, expected, texts=texts)

    def details(self, expected: int, *, texts: bool = False) -> list[CallDetail]:
        """The stored calls whole, oldest first; waits until there are as many as expected."""
        rows = self.rows(expected, texts=texts)
        db = Database(self.db_path)
        try:
            return [calls.detail(db, row.id) for row in rows]
        finally:
            db.close()

    def only(self) -> CallDetail:
        """The one stored call."""
        [call] = self.details(1)
        return call


def stored(path: Path, expected: int = 0, *, texts: bool = False) -> list[CallRow]:
    """The calls in a workspace, oldest first; waits until there are as many as expected.

    Args:
        path: The workspace.
        expected: How many calls.
        texts: Whether to wait for their answers too, which may come apart.
    """
    db = Database(path)
    try:
        deadline = time.monotonic() + 10
        while True:
            found = calls.newer(db, 0, limit=1_000_000)
            ready = sum(bool(row.output_head) for row in found) if texts else len(found)
            if ready >= expected or time.monotonic() > deadline:
                return found
            time.sleep(0.02)
    finally:
        db.close()


@contextmanager
def gateway(db_path: Path, *arguments: str, token: str = "") -> Iterator[GatewayProcess]:
    """Start a gateway on a free port of loopback, end it afterwards."""
    log_path = db_path.with_suffix(".log")
    environment = {**os.environ, "LLMOPS_TUI_GATEWAY_TOKEN": token}
    command = [sys.executable, "-m", "llmops_tui.gateway", "--db", str(db_path), "--port", "0"]
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [*command, *arguments],
            cwd=_ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, log_path.read_text()
        yield GatewayProcess(process, json.loads(line)["url"], db_path, log_path)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        assert process.stdout is not None
        process.stdout.close()
