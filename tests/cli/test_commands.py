"""The command line as a script sees it: real processes, exit codes, JSON, one-sentence errors."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from tests.endpoints.process import MockEndpoint, mock_endpoint
from tests.workspaces import Bench, make_bench

from llmops_tui.core.run import RunStatus
from llmops_tui.services import models

pytestmark = pytest.mark.xdist_group("cli")


@pytest.fixture(scope="module")
def endpoint():
    with mock_endpoint() as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path, endpoint: MockEndpoint):
    endpoint.configure(wrong=0, key="", faults={})
    made = make_bench(tmp_path / "workspace.db", endpoint.base_url, rows=200)
    yield made
    made.workspace.db.close()


def command(*arguments: str | Path, db: Path | None = None, **environment: str):
    """Run `llmops-tui` in a process of its own."""
    options = [] if db is None else ["--db", str(db)]
    return subprocess.run(
        [sys.executable, "-m", "llmops_tui", *options, *map(str, arguments)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        env={**os.environ, **environment},
    )


def assert_error(result: subprocess.CompletedProcess[str], *parts: str, code: int = 4) -> None:
    """One sentence and what to do; no traceback."""
    assert result.returncode == code, (result.stdout, result.stderr)
    assert "Traceback" not in result.stderr
    for part in parts:
        assert part in result.stderr


def test_a_run_within_its_tolerance_ends_with_0(bench: Bench):
    result = command("run", db=bench.workspace.path)
    assert result.returncode == 0, result.stderr
    assert "within. We can say at most 1.5 % are wrong (95 % sure, 200 rows)." in result.stdout
    assert "200 of 200" in result.stderr


def test_a_run_that_exceeds_its_tolerance_ends_with_1(bench: Bench, endpoint: MockEndpoint):
    endpoint.configure(wrong=0.5)
    result = command("run", "--json", db=bench.workspace.path)
    assert result.returncode == 1
    cell = json.loads(result.stdout)["cells"][0]
    assert cell["verdict"] == "exceeded"
    assert cell["right"] + cell["wrong"] == 200
    assert cell["lower"] > 0.02
    assert result.stderr == ""


def test_an_exceeded_tolerance_says_whose_it_is(bench: Bench, endpoint: MockEndpoint):
    endpoint.configure(wrong=0.5)
    said = command("run", "--limit", "40", db=bench.workspace.path).stdout
    assert "Nobody answers for performance testing." in said
    command("project", "owner", "testing", "ada", db=bench.workspace.path)
    said = command("run", "--limit", "40", db=bench.workspace.path).stdout
    assert "Ada answers for performance testing." in said


def test_a_scorer_that_lacks_something_is_refused_when_it_is_chosen(tmp_path: Path):
    result = command("project", "create", "p", "--scorer", "label", db=tmp_path / "w.db")
    assert_error(result, "labels")


def test_a_run_too_small_to_tell_ends_with_3_and_says_how_many_more(bench: Bench):
    result = command("run", "--limit", "50", db=bench.workspace.path)
    assert result.returncode == 3
    assert "99 more rows if none are wrong" in result.stdout


def test_a_run_that_could_not_be_done_ends_with_4_and_says_how_to_go_on(
    bench: Bench, endpoint: MockEndpoint
):
    endpoint.configure(key="another")
    result = command("run", db=bench.workspace.path)
    assert result.returncode == 4
    assert "llmops-tui run --resume 1" in result.stdout
    endpoint.configure(key="")
    resumed = command("run", "--resume", "1", db=bench.workspace.path)
    assert resumed.returncode == 0


def test_a_usage_error_ends_with_2(bench: Bench):
    assert command("run", "--limit", "none", db=bench.workspace.path).returncode == 2
    assert command("no-such-command").returncode == 2


def test_runs_are_listed(bench: Bench):
    command("run", "--limit", "5", db=bench.workspace.path)
    listed = json.loads(command("run", "--list", "--json", db=bench.workspace.path).stdout)
    assert [(run["run"], run["status"], run["done"]) for run in listed] == [(1, "finished", 5)]
    assert "repeat v1 · mock" in command("run", "--list", db=bench.workspace.path).stdout


def test_what_is_named_must_be_there(bench: Bench):
    db = bench.workspace.path
    assert_error(command("run", "--prompt", "nix", db=db), "no prompt named 'nix'")
    assert_error(command("run", "--prompt", "repeat:9", db=db), "no version 9")
    assert_error(command("run", "--prompt", "repeat@live", db=db), "labelled 'live'")
    assert_error(command("run", "--model", "gpt", db=db), "no model named 'gpt'", "mock")
    assert_error(command("run", "--dataset", "d", db=db), "no data set named 'd'", "words")
    assert_error(command("run", "--resume", "77", db=db), "no run 77")
    assert_error(command("--project", "p", "run", db=db), "no project named 'p'", "test")


def test_a_prompt_is_read_by_scripts(bench: Bench):
    db = bench.workspace.path
    assert "Repeat the last word: {{ word }}" in command("prompt", "get", "repeat", db=db).stdout
    got = json.loads(command("prompt", "get", "repeat", "--json", db=db).stdout)
    assert got["version"] == 1
    assert got["variables"] == ["word"]
    assert got["messages"] == [{"role": "user", "content": "Repeat the last word: {{ word }}"}]
    listed = command("prompt", "list", db=db).stdout
    assert "not measured" in listed


def test_a_data_set_is_imported_headless(bench: Bench, tmp_path: Path):
    path = tmp_path / "questions.csv"
    path.write_text("question,answer\nTwo and two?,4\nbroken\nThree and three?,6\n")
    result = command("dataset", "import", path, "--json", db=bench.workspace.path)
    assert result.returncode == 0, result.stderr
    made = json.loads(result.stdout)
    assert made == {
        "dataset": "questions",
        "version": 1,
        "rows": 2,
        "bad_rows": 1,
        "columns": ["question"],
    }
    again = command("dataset", "import", path, db=bench.workspace.path)
    assert "into questions v2" in again.stdout
    assert "line 3" in again.stdout
    assert "questions" in command("dataset", "list", db=bench.workspace.path).stdout


def test_a_dry_run_imports_nothing(bench: Bench, tmp_path: Path):
    path = tmp_path / "questions.csv"
    path.write_text("question;answer\nZwei und zwei?;4\n")
    result = command("dataset", "import", path, "--dry-run", db=bench.workspace.path)
    assert "Inputs: question; expected: answer" in result.stdout
    assert "questions" not in command("dataset", "list", db=bench.workspace.path).stdout


def test_bad_files_are_one_sentence(bench: Bench, tmp_path: Path):
    db = bench.workspace.path
    assert_error(command("dataset", "import", tmp_path / "gone.csv", db=db), "gone.csv")
    (tmp_path / "empty.csv").write_text("")
    assert_error(command("dataset", "import", tmp_path / "empty.csv", db=db), "empty")
    (tmp_path / "data.parquet").write_bytes(b"PAR1" + bytes(100))
    assert_error(command("dataset", "import", tmp_path / "data.parquet", db=db), "Parquet")
    (tmp_path / "a.csv").write_text("q,a\n1,2\n")
    assert_error(
        command("dataset", "import", tmp_path / "a.csv", "--input", "z", db=db), "column 'z'"
    )
    (tmp_path / "nothing").mkdir()
    assert_error(command("dataset", "import", tmp_path / "nothing", db=db), "without files")


def test_bad_workspaces_are_one_sentence_and_left_untouched(tmp_path: Path):
    notes = tmp_path / "notes.txt"
    notes.write_text("these are my notes\n" * 200)
    before = notes.read_bytes()
    assert_error(command("run", "--list", db=notes), "not a workspace", "untouched")
    assert notes.read_bytes() == before
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE invoice (id INTEGER)")
    connection.close()
    assert_error(command("run", "--list", db=other), "another program")
    assert_error(command("run", "--list", db=tmp_path / "notes.txt" / "x.db"), "can't be created")


def test_a_workspace_of_a_newer_version_is_refused(bench: Bench):
    with sqlite3.connect(bench.workspace.path) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    assert_error(command("run", "--list", db=bench.workspace.path), "newer llmops-tui", "Upgrade")


def test_an_empty_workspace_says_what_to_do(tmp_path: Path):
    db = tmp_path / "new.db"
    assert_error(command("run", db=db), "no project yet", "llmops-tui demo")
    assert "no model yet" in command("model", "list", db=db).stdout


def test_the_workspace_is_found_by_environment_variable(bench: Bench):
    result = command("dataset", "list", LLMOPS_TUI_DB=str(bench.workspace.path))
    assert "words" in result.stdout


def test_a_model_is_added_checked_and_never_with_a_key(bench: Bench, endpoint: MockEndpoint):
    db = bench.workspace.path
    added = command("model", "add", "m2", "--endpoint", "second", "--url", endpoint.base_url, db=db)
    assert added.returncode == 0, added.stderr
    assert "second answers" in command("model", "check", "m2", db=db).stdout
    refused = command(
        *("model", "add", "m3", "--endpoint", "third", "--url", endpoint.base_url),
        *("--key", "sk-123"),
        db=db,
    )
    assert_error(refused, "never stored", "env:NAME")
    dead = command(
        "model", "add", "m4", "--endpoint", "dead", "--url", "http://127.0.0.1:9/v1", db=db
    )
    assert dead.returncode == 0
    assert command("model", "check", "m4", db=db).returncode == 4


def test_a_models_limits_and_prices_are_changed(bench: Bench):
    db = bench.workspace.path
    done = command(
        *("model", "set", "mock", "--rpm", "90", "--timeout", "5", "--output-price", "0.5"), db=db
    )
    assert done.returncode == 0, done.stderr
    (view,) = models.list_models(bench.workspace)
    assert view.endpoint.requests_per_minute == 90
    assert (view.endpoint.timeouts.total, view.model.output_price) == (5.0, 500)
    command("model", "set", "mock", "--rpm", "0", db=db)
    (view,) = models.list_models(bench.workspace)
    assert view.endpoint.requests_per_minute is None
    assert view.model.output_price == 500, "what isn't named stays"
    refused = command("model", "set", "mock", "--key", "sk-secret", db=db)
    assert_error(refused, "A key is never stored", code=refused.returncode or -1)


def test_a_missing_key_is_one_sentence(bench: Bench, endpoint: MockEndpoint):
    db = bench.workspace.path
    command(
        *("model", "add", "m2", "--endpoint", "second", "--url", endpoint.base_url),
        *("--key", "env:NO_SUCH_KEY"),
        db=db,
    )
    result = command("run", "--model", "m2", db=db)
    assert_error(result, "NO_SUCH_KEY")


def test_doctor_examines_everything(bench: Bench):
    result = command("doctor", "--json", db=bench.workspace.path)
    found = {finding["check"]: finding["state"] for finding in json.loads(result.stdout)}
    assert found["workspace"] == "ok"
    assert found["endpoint mock"] == "ok"
    assert found["disk"] in ("ok", "bad")
    assert {"terminal", "clock", "embedded model"} <= found.keys()


def test_doctor_creates_nothing(tmp_path: Path):
    result = command("doctor", db=tmp_path / "none.db")
    assert "isn't there yet" in result.stdout
    assert not (tmp_path / "none.db").exists()


def test_debug_shows_where_an_error_comes_from(tmp_path: Path):
    result = command("--debug", "run", db=tmp_path / "new.db")
    assert "Traceback" in result.stderr
    assert "NotFoundError" in result.stderr


def test_hostile_names_reach_the_terminal_as_visible_escapes(bench: Bench, tmp_path: Path):
    path = tmp_path / "evil.csv"
    path.write_text("question,answer\nwhat?,yes\n")
    name = "evil\x1b]0;owned\x07\u202e"
    imported = command("dataset", "import", path, "--name", name, db=bench.workspace.path)
    listed = command("dataset", "list", db=bench.workspace.path)
    for text in (imported.stdout, listed.stdout):
        assert "evil" in text
        assert not {"\x1b", "\x07", "\u202e"} & set(text)


def test_the_app_is_not_opened_where_there_is_no_terminal(bench: Bench):
    result = command(db=bench.workspace.path)
    assert_error(result, "terminal")


def test_a_detached_run_goes_on_by_itself(bench: Bench):
    started = json.loads(
        command("run", "--detach", "--json", "--limit", "20", db=bench.workspace.path).stdout
    )
    assert started["run"] == 1
    for _ in range(100):
        if bench.view(1).run.status.over:
            break
        subprocess.run(["sleep", "0.1"], check=True)
    assert bench.view(1).cells[0].counts.right == 20


def test_a_run_is_steered_from_another_process(bench: Bench, endpoint: MockEndpoint):
    db = bench.workspace.path
    endpoint.configure(latency_ms=200)
    run_id = str(
        json.loads(command("run", "--detach", "--json", "--concurrency", "2", db=db).stdout)["run"]
    )
    told = command("run", "--retune", run_id, "--concurrency", "1", "--max-cost", "2", db=db)
    assert told.stdout == "Run 1: 1 at once, 0.00 USD of at most 2.00 USD.\n"
    assert command("run", "--pause", run_id, db=db).stdout.startswith("Run 1 pauses.")
    assert "Nothing to change." in command("run", "--retune", run_id, db=db).stderr
    for _ in range(100):
        if bench.view(1).status is RunStatus.PAUSED:
            break
        subprocess.run(["sleep", "0.1"], check=True)
    assert bench.view(1).status is RunStatus.PAUSED
    assert command("run", "--cancel", run_id, db=db).stdout == "Run 1 is cancelled.\n"
    assert bench.view(1).status is RunStatus.CANCELLED
    endpoint.configure(latency_ms=0)


def test_a_project_is_made_headless(tmp_path: Path):
    db = tmp_path / "new.db"
    scorer = '{"name": "label", "parameters": {"labels": ["a", "b"]}}'
    made = command(*("project", "create", "topics", "--tolerance", "5%", "--scorer", scorer), db=db)
    assert made.returncode == 0, made.stderr
    assert "at most 5 wrong in 100" in made.stdout
    assert command("project", "tolerance", "10%", db=db).returncode == 0
    assert command("project", "owner", "testing", "Ada", db=db).returncode == 0
    spec = command("project", "spec", "--inputs", "text", "--answer", '{"type": "string"}', db=db)
    assert spec.stdout == "topics: Inputs: text. Answers fit a JSON Schema.\n"
    assert_error(command("project", "spec", "--answer", "nowhere", db=db), "neither JSON nor")
    listed = json.loads(command("project", "list", "--json", db=db).stdout)
    assert listed[0]["max_wrong"] == 0.1
    assert listed[0]["scorers"][0]["parameters"] == {"labels": ["a", "b"]}
    assert_error(command("project", "create", "topics", db=db), "already a project")
    assert_error(command("project", "create", "x", "--scorer", "vibes", db=db), "no scorer 'vibes'")
    assert_error(command("project", "create", "y", "--tolerance", "lots", db=db), "lots")


def test_the_price_of_proof_is_told(tmp_path: Path):
    result = command("plan", "--tolerance", "2%", "--confidence", "95%", "--expect", "0.5%")
    assert result.returncode == 0, result.stderr
    assert "At least 149 rows" in result.stdout
    assert "178 in a run that may stop" in result.stdout
    curve = json.loads(command("plan", "--json").stdout)["curve"]
    assert {
        point["true_rate"]: point["rows"]
        for point in curve
        if point["true_rate"] in (0.0, 0.005, 0.01)
    } == {0.0: 149, 0.005: 386, 0.01: 969}


def test_the_answer_cache_is_shown_and_emptied(bench: Bench, endpoint: MockEndpoint):
    db = bench.workspace.path
    command("run", "--limit", "20", db=db)
    command("run", "--limit", "20", "--seed", "1", db=db)
    shown = json.loads(command("cache", "show", "--json", db=db).stdout)
    assert shown["answers"] >= 20
    assert shown["answered"] == 40
    assert "will not be served again" in command("cache", "clear", "--yes", db=db).stdout
    endpoint.reset()
    command("run", "--limit", "20", "--seed", "1", db=db)
    assert endpoint.stats()["requests"] == 20
