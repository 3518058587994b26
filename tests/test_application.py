"""What an application sees that reads its prompts from the workspace file."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from tests.workspaces import Bench, make_bench

from llmops_tui import prompt
from llmops_tui.core.errors import NotFoundError, TemplateError
from llmops_tui.gateway.mapping import PROMPT_NAME, PROMPT_VERSION
from llmops_tui.services import labels, projects, prompts


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("LLMOPS_TUI_PROMPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LLMOPS_TUI_DB", str(tmp_path / "w.db"))
    made = make_bench(tmp_path / "w.db", "http://127.0.0.1:9/v1", rows=2)
    labels.move(made.workspace, made.prompt, "live")
    return made


def test_a_prompt_is_rendered_by_label_and_says_who_it_is(bench: Bench):
    read = prompt("repeat", label="live")
    assert read.render(word="hello") == [{"role": "user", "content": "Repeat the last word: hello"}]
    assert (read.version, read.source, read.variables) == (1, "file", ["word"])
    assert read.headers == {"x-llmops-prompt": "repeat", "x-llmops-prompt-version": "1"}
    assert set(read.attributes) == {PROMPT_NAME[0], PROMPT_VERSION[0]}
    with pytest.raises(TemplateError, match="word"):
        read.render()


def test_a_moved_label_is_seen_once_what_is_remembered_is_too_old(bench: Bench):
    assert prompt("repeat", label="live").version == 1
    labels.move(bench.workspace, bench.save_prompt("Another {{ word }}"), "live")
    assert prompt("repeat", label="live").version == 1
    assert prompt("repeat", label="live", max_age_s=0).version == 2
    assert prompt("repeat", version=1).render(word="x")[0]["content"].startswith("Repeat")


@pytest.mark.parametrize("harm", ["missing", "garbage", "label gone"])
def test_the_last_known_good_version_is_given_when_the_file_is_not_well(
    bench: Bench, harm: str, caplog: pytest.LogCaptureFixture
):
    assert prompt("repeat", label="live").version == 1
    path = bench.workspace.path
    if harm == "label gone":
        with bench.workspace.db.write() as connection:
            connection.execute("DELETE FROM prompt_label")
    bench.workspace.db.close()
    if harm != "label gone":
        for left in path.parent.glob("w.db-*"):
            left.unlink()
        path.unlink()
    if harm == "garbage":
        path.write_bytes(b"\xff" * 5000)
    with caplog.at_level(logging.WARNING):
        read = prompt("repeat", label="live", max_age_s=0)
    assert (read.version, read.source) == (1, "memory")
    assert "last known good" in caplog.text
    asked = (
        "import json; from llmops_tui import prompt; p = prompt('repeat', label='live');"
        "print(json.dumps([p.version, p.source, p.render(word='w')[0]['content']]))"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [1, "cache", "Repeat the last word: w"]


def test_what_was_never_known_is_an_error_that_says_where_it_was_looked_for(bench: Bench):
    with pytest.raises(NotFoundError, match="no prompt 'repeat' with the label 'nix'"):
        prompt("repeat", label="nix")
    with pytest.raises(NotFoundError, match=r"nowhere\.db"):
        prompt("repeat", db=bench.workspace.path.with_name("nowhere.db"))


def test_a_name_in_any_script_travels_in_headers(bench: Bench):
    bench.save_prompt("Hi", name="Antwort ü 100%")
    headers = prompt("Antwort ü 100%", version=1).headers
    assert headers["x-llmops-prompt"] == "Antwort %C3%BC 100%25"


def test_a_name_of_two_projects_has_to_be_told_apart(bench: Bench):
    other = projects.create_project(bench.workspace, "other")
    made = prompts.create_prompt(bench.workspace, other.id, "repeat")
    prompts.add_version(bench.workspace, made, [("user", "Other")])
    assert prompt("repeat", version=1, project="other").render()[0]["content"] == "Other"
    from llmops_tui.core.errors import InputError

    with pytest.raises(InputError, match="Several projects"):
        prompt("repeat", version=1)


def test_nothing_is_written_to_the_workspace(bench: Bench):
    bench.workspace.db.close()
    before = bench.workspace.path.read_bytes()
    prompt("repeat", label="live", max_age_s=0)
    assert bench.workspace.path.read_bytes() == before
