"""Over a real SSH server on loopback: few bytes, and a dropped line costs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.terminal.conftest import running, wait_for
from tests.terminal.console import CTRL_Q, ENTER, Console, environment, product
from tools.sshd import SshLine, available, local_sshd

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("terminal")]
START, ROW_MOVE, PAGE = 60_000, 500, 10_000
PAGE_DOWN = b"\x1b[6~"


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshLine]:
    """An SSH server of the test's own."""
    if not available():
        pytest.skip("this machine has no sshd")
    with local_sshd(tmp_path_factory.mktemp("sshd")) as found:
        yield found


def log_in(line: SshLine, path: Path, surroundings: dict[str, str]) -> Console:
    ours = {name: text for name, text in surroundings.items() if name.startswith("LLMOPS_TUI_")}
    ours |= {"HOME": surroundings["HOME"], "LANG": "C.UTF-8", "TERM": "xterm-256color"}
    return Console(line.command(*product("--db", path), environment=ours), environment())


def test_the_budgets_hold_over_ssh(
    line: SshLine, workspace_file: Path, surroundings: dict[str, str]
):
    with log_in(line, workspace_file, surroundings) as console:
        console.until("data gathering")
        console.quiet(1.0)
        assert len(console.raw) < START
        assert console.watch(3.0) == 0
        console.press(b"2")
        console.quiet(0.5)
        console.press(ENTER)
        console.until("264 examples")
        console.quiet(0.5)
        for key, most in ((b"j", ROW_MOVE), (b"j", ROW_MOVE), (PAGE_DOWN, PAGE)):
            console.press(key)
            assert 0 < console.quiet(0.3) < most, key
        console.press(CTRL_Q)
        assert console.ended() == 0


def test_a_line_that_drops_ends_the_app_and_keeps_the_draft_and_the_place(
    line: SshLine, workspace_file: Path, surroundings: dict[str, str]
):
    with log_in(line, workspace_file, surroundings) as console:
        console.until("data gathering")
        console.press(b"3")
        console.until("staging")
        console.press(ENTER)
        console.until("--- user ---")
        console.press(b"Half a thought")
        console.until("Half a thought")
        console.until("draft")
        app = app_of(workspace_file)
        console.process.kill()  # the client is gone, as after a lost connection
        console.process.wait(5)
        wait_for(lambda: not running(app))
    with log_in(line, workspace_file, surroundings) as again:
        again.until("[3 Prompts]")
        again.until("staging")
        again.press(ENTER)
        again.until("Half a thought")


def app_of(path: Path) -> int:
    """The process of the app on this workspace, at the far end of the line."""
    for entry in Path("/proc").iterdir():
        if not re.fullmatch(r"\d+", entry.name):
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"llmops_tui" in words and str(path).encode() in words and b"ssh" not in words:
            return int(entry.name)
    raise AssertionError("the app does not run")
