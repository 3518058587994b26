"""How the server of the embedded model and its clients find each other."""

from __future__ import annotations

import multiprocessing
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from llmops_tui.core.errors import UnavailableError
from llmops_tui.providers.embedded import state

STATE = state.ServerState(
    pid=os.getpid(),
    started=state.process_started(os.getpid()) or "",
    port=1,
    token="secret-token",
    nonce="n1",
)


def test_the_state_is_private_and_read_back_whole(tmp_path: Path) -> None:
    state.write_state(tmp_path, STATE)
    assert state.read_state(tmp_path) == STATE
    assert stat.S_IMODE((tmp_path / "embedded.json").stat().st_mode) == 0o600
    assert STATE.base_url == "http://127.0.0.1:1/v1"
    assert "secret-token" not in repr(STATE)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"pid": "x"}', '{"pid": 1}'])
def test_a_state_that_makes_no_sense_is_no_state(tmp_path: Path, content: str) -> None:
    (tmp_path / "embedded.json").write_text(content)
    assert state.read_state(tmp_path) is None


def test_only_the_own_state_is_removed(tmp_path: Path) -> None:
    state.write_state(tmp_path, STATE)
    state.remove_state(tmp_path, "another")
    assert state.read_state(tmp_path) == STATE
    state.remove_state(tmp_path, "n1")
    assert state.read_state(tmp_path) is None


def test_a_later_process_of_the_same_id_is_not_taken_for_the_server() -> None:
    assert STATE.is_alive()
    reused = state.ServerState(STATE.pid, "1", 1, "t", "n")
    assert not reused.is_alive()


def test_a_process_that_has_ended_is_not_alive_even_before_it_was_fetched() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    deadline = time.monotonic() + 10
    while state.process_started(child.pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert state.process_started(child.pid) is None
    child.wait()
    assert state.process_started(child.pid) is None


def test_the_lease_shows_when_it_was_touched(tmp_path: Path) -> None:
    assert state.read_lease(tmp_path) == 0
    state.touch_lease(tmp_path)
    first = state.read_lease(tmp_path)
    time.sleep(0.01)
    state.touch_lease(tmp_path)
    assert 0 < first < state.read_lease(tmp_path)


def test_threads_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    order: list[str] = []

    def other() -> None:
        with state.locked(tmp_path, timeout_s=5):
            order.append("other")

    with state.locked(tmp_path, timeout_s=1):
        thread = threading.Thread(target=other)
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "other"]


def test_a_lock_held_for_too_long_is_an_error(tmp_path: Path) -> None:
    with (
        state.locked(tmp_path, timeout_s=1),
        pytest.raises(state.BusyError),
        state.locked(tmp_path, timeout_s=0.05),
    ):
        pass


def _hold(path: Path, held: object) -> None:
    with state.locked(path, timeout_s=5):
        held.set()  # type: ignore[attr-defined]
        time.sleep(60)


@pytest.mark.slow
def test_a_killed_process_lets_go_of_the_lock(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    holder = context.Process(target=_hold, args=(tmp_path, held))
    holder.start()
    assert held.wait(20)
    holder.kill()
    with state.locked(tmp_path, timeout_s=5):
        pass
    holder.join()
    holder.close()


def test_the_directory_is_the_one_named_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMOPS_TUI_STATE", str(tmp_path / "mine"))
    assert state.default_state_dir() == tmp_path / "mine"
    assert stat.S_IMODE((tmp_path / "mine").stat().st_mode) == 0o700


def test_the_directory_lies_in_the_users_runtime_directory_if_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LLMOPS_TUI_STATE", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert state.default_state_dir() == tmp_path / "llmops-tui"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "gone"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    assert state.default_state_dir() == tmp_path / f"llmops-tui-{os.getuid()}"


def test_a_directory_that_others_can_read_or_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "open").chmod(0o755)
    (tmp_path / "link").symlink_to(state.private_dir(tmp_path / "private"))
    (tmp_path / "file").write_text("")
    for name in ("open", "link", "file", "file/below"):
        with pytest.raises(UnavailableError) as caught:
            state.private_dir(tmp_path / name)
        assert "LLMOPS_TUI_STATE" in caught.value.hint
