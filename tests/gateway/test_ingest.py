"""Log files as a source of calls: any common shape, each call once, followed through anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.test_commands import assert_error, command

from llmops_tui.core.errors import InputError
from llmops_tui.gateway.logfiles import BadLineError, LogMapping, call_of
from llmops_tui.services import projects
from llmops_tui.services.ingest import Ingester
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.store import calls

NONE = LogMapping()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(tmp_path / "w.db")
    projects.create_project(opened, "topics")
    yield opened
    opened.db.close()


def line(number: int, **more: object) -> str:
    told = {"id": f"c{number}", "prompt": f"Where is {number}?", "response": f"there {number}"}
    return json.dumps({**told, **more}) + "\n"


def answers(workspace: Workspace) -> list[str]:
    return [row.output_head for row in calls.newer(workspace.db, 0, 10_000)]


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ({"prompt": "Hi", "response": "Ho"}, ("Hi", "Ho")),
        ({"messages": [{"role": "user", "content": "Hi"}], "output": "Ho"}, ("user: Hi", "Ho")),
        (
            {
                "request": {"messages": [{"role": "user", "content": "Hi"}]},
                "response": {"choices": [{"message": {"role": "assistant", "content": "Ho"}}]},
            },
            ("user: Hi", "Ho"),
        ),
    ],
)
def test_common_shapes_are_guessed(told: dict, wanted: tuple[str, str]) -> None:
    draft = call_of(json.dumps(told).encode(), NONE, "log")
    assert (draft.input, draft.output) == wanted


def test_fields_are_mapped_and_times_read_in_any_unit() -> None:
    mapping = LogMapping.of(("output=result.text", "time=at"))
    for at in (1_795_000_000, 1_795_000_000_000, "2026-11-18T11:06:40Z", 1_795_000_000_000_000_000):
        told = {"q": "x", "question": "Hi", "result": {"text": "Ho"}, "at": at, "latency_ms": "12"}
        draft = call_of(json.dumps(told).encode(), mapping, "log")
        assert (draft.output, draft.started_at) == ("Ho", 1_795_000_000_000)
        assert draft.duration_ms == 12
    with pytest.raises(InputError, match="maps nothing"):
        LogMapping.of(("colour=red",))
    for bad in (b"[1]", b"no json", b'{"level": "info"}', b"\xff\xfe"):
        with pytest.raises(BadLineError):
            call_of(bad, NONE, "log")


def test_a_file_is_taken_once_and_goes_on_where_it_was_left(
    workspace: Workspace, tmp_path: Path
) -> None:
    log = tmp_path / "calls.jsonl"
    log.write_text(line(1) + "garbage\n" + line(2))
    said = command("ingest", log, db=workspace.path)
    assert (said.returncode, "2 calls stored" in said.stdout) == (1, True)
    assert "no call: garbage" in said.stderr
    with log.open("a") as stream:
        stream.write(line(3) + line(4).rstrip("\n"))
    again = command("ingest", log, db=workspace.path)
    assert "2 calls stored, 0 known already." in again.stdout
    assert answers(workspace) == ["there 1", "there 2", "there 3", "there 4"]
    piped = subprocess.run(
        [sys.executable, "-m", "llmops_tui", "--db", workspace.path, "ingest", "-"],
        input=line(5), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "1 calls stored" in piped.stdout
    assert_error(command("ingest", tmp_path / "gone", db=workspace.path), "There is no file")


@pytest.mark.parametrize("rotated", ["calls.jsonl.1", "calls-20261125.jsonl"])
def test_a_rotated_and_a_cut_file_lose_nothing(
    workspace: Workspace, tmp_path: Path, rotated: str
) -> None:
    log = tmp_path / "calls.jsonl"
    log.write_text(line(1))
    ingester = Ingester(workspace, None, NONE)
    ingester.file(log)
    with log.open("a") as stream:
        stream.write(line(2))
    log.rename(tmp_path / rotated)
    log.write_text(line(3))
    ingester.file(log)
    assert answers(workspace) == ["there 1", "there 2", "there 3"]
    os.truncate(log, 0)
    ingester.file(log)
    log.write_text(line(6))
    found = ingester.file(log)
    assert answers(workspace)[-1] == "there 6"
    assert found.known == 0


@pytest.mark.slow
@pytest.mark.xdist_group("kills")
def test_following_survives_a_kill_and_stores_each_call_once(
    workspace: Workspace, tmp_path: Path
) -> None:
    log = tmp_path / "calls.jsonl"
    log.touch()
    arguments = ["--db", str(workspace.path), "ingest", str(log), "--follow"]
    program = [sys.executable, "-m", "llmops_tui", *arguments]
    number = 0
    for _ in range(3):
        follower = subprocess.Popen(program, stdout=subprocess.DEVNULL)
        try:
            for _ in range(40):
                number += 1
                with log.open("a") as stream:
                    stream.write(line(number))
            wait_for(lambda wanted=number - 20: len(answers(workspace)) >= wanted)
        finally:
            follower.kill()
            follower.wait(10)
    number += 1
    with log.open("a") as stream:
        stream.write(line(number))
    last = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: len(answers(workspace)) == number)
        last.terminate()
        said, _ = last.communicate(timeout=10)
    finally:
        last.kill()
    assert last.returncode == 0
    assert "calls stored" in said
    assert sorted(answers(workspace)) == sorted(f"there {n}" for n in range(1, number + 1))


@pytest.mark.slow
@pytest.mark.xdist_group("kills")
def test_a_gateway_goes_on_in_the_background_and_says_what_it_counts(workspace: Workspace) -> None:
    db = workspace.path
    assert command("gateway", "--status", db=db).returncode == 3
    failed = command("gateway", "--port", "0", "--daemon", "--upstream", "nobody", db=db)
    assert_error(failed, "didn't come up. There is no endpoint named 'nobody'. Endpoints here:")
    started = command("gateway", "--port", "0", "--daemon", "--drop-steps", db=db)
    assert started.returncode == 0, started.stderr
    try:
        status = command("gateway", "--status", db=db)
        assert status.returncode == 0
        assert "http://127.0.0.1:" in status.stdout
        assert "nothing received yet" in status.stdout
    finally:
        stopped = command("gateway", "--stop", db=db)
    assert "1 asked to stop" in stopped.stdout
    wait_for(lambda: command("gateway", "--status", db=db).returncode == 3)
    beside = db.with_name(f"{db.name}-wal")
    wait_for(lambda: beside.stat().st_size == 0)  # all that was committed is in the file itself
