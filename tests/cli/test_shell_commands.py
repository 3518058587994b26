"""What helps in a shell: completion, the manual, one text printed whole, the app in a browser."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from tests.cli.test_commands import assert_error, command

from llmops_tui.cli.main import COMMANDS
from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.services import datasets, projects
from llmops_tui.services.workspace import open_workspace

pytestmark = pytest.mark.xdist_group("cli")
HOSTILE = "\x1b]0;taken over\x07 and \u202e back"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_the_program(shell: str):
    result = command("completion", shell)
    assert result.returncode == 0
    assert "_LLMOPS_TUI_COMPLETE" in result.stdout or f"{shell}_complete" in result.stdout


def test_bash_completes_commands():
    asked = {"COMP_WORDS": "llmops-tui pr", "COMP_CWORD": "1"}
    found = subprocess.run(
        [str(Path(sys.executable).with_name("llmops-tui"))],
        env={**os.environ, **asked, "_LLMOPS_TUI_COMPLETE": "bash_complete"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert {"plain,project", "plain,prompt"} <= set(found.stdout.split())


def test_the_manual_has_every_command_and_the_exit_codes():
    text = command("manual").stdout
    missing = [name for name in COMMANDS if f"LLMOPS-TUI {name.upper()}\n" not in text]
    assert missing == []
    assert "EXIT CODES" in text
    assert "undecided" in text


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "workspace.db"
    workspace = open_workspace(path)
    project = projects.create_project(workspace, "p")
    rows = [ExampleDraft({"q": HOSTILE}, "x")]
    datasets.add_examples(workspace, project.id, "words", iter(rows), source="")
    workspace.db.close()
    return path


def test_an_example_is_printed_whole_to_a_pipe(database: Path):
    result = command("show", "example", "words", "1", db=database)
    assert result.returncode == 0
    assert '"expected": "x"' in result.stdout
    assert "\u202e back" in result.stdout  # as it is: JSON keeps the rest from being a control


def test_what_is_not_there_is_said(database: Path):
    assert_error(command("show", "example", "words", "2", db=database), "has no row 2")
    assert_error(command("show", "sample", "7", db=database), "7")
    assert_error(command("show", "call", "7", db=database), "7")


@pytest.fixture
def browser_address(database: Path) -> Iterator[str]:
    """The address that `serve-web` prints."""
    pytest.importorskip("textual_serve")
    port = "43817"
    process = subprocess.Popen(
        [sys.executable, "-m", "llmops_tui", "--db", str(database), "serve-web", "--port", port],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watchdog = threading.Timer(30, process.kill)
    watchdog.start()
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    deadline = time.monotonic() + 20
    while not listens(int(port)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield address
    watchdog.cancel()
    process.terminate()
    process.wait(10)
    process.stdout.close()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def get(path: str, port: int, **headers: str):
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_a_browser_needs_the_token_and_asks_nobody_else(browser_address: str):
    found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)(/\?token=.{32})", browser_address)
    assert found is not None, browser_address
    port, path = int(found[1]), found[2]
    for refused in ("/", "/?token=guessed", "/ws", "/static/css/xterm.css"):
        assert get(refused, port).status == 401, refused
    assert get(path, port, Host="attacker.example").status == 403
    let_in = get(path, port)
    assert let_in.status == 303
    cookie = let_in.headers["Set-Cookie"].split(";")[0]
    assert "HttpOnly" in let_in.headers["Set-Cookie"]
    page = get("/", port, Cookie=cookie)
    assert page.status == 200
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
