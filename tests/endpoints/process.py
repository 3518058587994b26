"""The mock endpoint in its own process, for tests and benchmarks."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class MockEndpoint:
    """A running mock endpoint."""

    port: int
    pid: int

    @property
    def base_url(self) -> str:
        """Where an OpenAI-compatible client finds it."""
        return f"http://127.0.0.1:{self.port}/v1"

    def stats(self, *, prompts: bool = False) -> dict:
        """What has been asked so far; with `prompts`, how often each was asked and answered."""
        return self._call("/stats?prompts=1" if prompts else "/stats")

    def configure(self, **settings: object) -> None:
        """Change settings (see `tests.endpoints.behaviour.Settings`) while it runs."""
        self._call("/config", json.dumps(settings).encode())

    def reset(self) -> None:
        """Forget the counts."""
        self._call("/reset", b"{}")

    def _call(self, path: str, body: bytes | None = None) -> dict:
        url = f"http://127.0.0.1:{self.port}{path}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(url, data=body), timeout=10) as reply:
            return json.loads(reply.read())


@contextmanager
def mock_endpoint(**settings: object) -> Iterator[MockEndpoint]:
    """Start a mock endpoint, end it afterwards.

    Args:
        **settings: Fields of `tests.endpoints.behaviour.Settings`; `faults` as a dict of fractions.
    """
    command = [sys.executable, "-m", "tests.endpoints.mock", "--watch-stdin"]
    faults = settings.pop("faults", {})
    assert isinstance(faults, dict)
    command += [f"--fault={name}={fraction}" for name, fraction in faults.items()]
    command += [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        yield MockEndpoint(port, process.pid)
    finally:
        # Closes stdin, which ends it.
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
