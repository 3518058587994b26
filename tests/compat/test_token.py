"""A gateway that other machines may reach, and a client that has its token."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.compat import documented
from tests.endpoints.process import mock_endpoint
from tests.gateway.process import stored

from llmops_tui.core.chat import Endpoint
from llmops_tui.services import models
from llmops_tui.services.workspace import open_workspace

pytestmark = pytest.mark.slow

TOKEN = "a-token-of-our-own-0123456789"
UPSTREAM_KEY = "sk-upstream-0123456789abcdefghij"


@contextmanager
def commanded(path: Path) -> Iterator[str]:
    """`llmops-tui gateway` in its own process; where it listens."""
    environment = {
        **os.environ,
        "LLMOPS_TUI_GATEWAY_TOKEN": TOKEN,
        "UPSTREAM_KEY": UPSTREAM_KEY,
        "PYTHONUNBUFFERED": "1",
    }
    command = [str(Path(sys.executable).with_name("llmops-tui")), "--db", str(path)]
    process = subprocess.Popen(
        [*command, "gateway", "--port", "0"], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert process.stdout is not None
        told = process.stdout.readline()
        assert told.startswith("Listening at http://127.0.0.1:"), told
        yield told.split()[2].rstrip(":")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_the_token_opens_both_ways_and_the_endpoints_key_stays_with_the_gateway(
    tmp_path: Path,
) -> None:
    path = tmp_path / "w.db"
    page = documented.sections()
    with mock_endpoint(answer="=Paris.", key=UPSTREAM_KEY) as mock:
        workspace = open_workspace(path)
        there = Endpoint(0, "openai", "openai", mock.base_url, "env:UPSTREAM_KEY")
        models.add_endpoint(workspace, there, [])
        workspace.db.close()
        with commanded(path) as address:
            shown = page["From another machine"].exports | page["The OpenAI SDK"].exports
            exports = {name: said.replace("THE-TOKEN", TOKEN) for name, said in shown.items()}
            code = documented.program("OpenInference", gateway=address, by_otlp=True, more=exports)
            printed = documented.run(tmp_path, code, "http://127.0.0.1:9")
            rows = stored(path, 2)
    assert printed == "Paris.\n"
    assert sorted((row.source, row.output_head) for row in rows) == [
        ("otlp", "Paris."),
        ("proxy", "Paris."),
    ]
    for file in tmp_path.glob("w.db*"):
        for secret in (TOKEN, UPSTREAM_KEY):
            assert secret.encode() not in file.read_bytes()
