"""promptfoo's files as they are: configurations run, agree with promptfoo, and results come in."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.test_commands import assert_error, command
from tests.endpoints.process import MockEndpoint, mock_endpoint

from llmops_tui.store.codec import unpack

CONFIG = """
description: What an echo says
prompts:
  - "Say {{word}} to {{name}}"
providers:
  - id: openai:chat:mock
    config: {temperature: 0}
  - bedrock:some.model
defaultTest:
  assert:
    - {type: icontains, value: "{{name}}"}
tests:
  - vars: {word: hello, name: [Ada, Bob]}
    assert:
      - {type: starts-with, value: Say}
      - {type: javascript, value: "output.length > 3"}
  - vars: {word: bye, name: Eve}
    assert:
      - {type: equals, value: "Say bye to Adam"}
"""
SIDE_BY_SIDE = """
description: Every deterministic assertion, on both sides of passing
prompts:
  - "{{answer}}"
  - "Note: {{answer}}"
providers:
  - openai:chat:mock
tests:
  - vars: {answer: Yarr}
    assert: [{type: equals, value: Yarr}]
  - vars: {answer: "Ada was in Rome", name: Ada}
    assert:
      - {type: contains, value: "{{name}}"}
      - {type: not-contains, value: Paris}
      - {type: icontains, value: rome}
  - vars: {answer: "one, two"}
    assert:
      - {type: contains-all, value: [one, two]}
      - {type: contains-any, value: "three, two"}
      - {type: not-icontains-any, value: [FOUR]}
      - {type: icontains-all, value: "ONE, TWO"}
  - vars: {answer: "Once upon a time"}
    assert: [{type: starts-with, value: Once}]
  - vars: {answer: "in 2024\\nand 2025"}
    assert: [{type: regex, value: "^in \\\\d{4}"}, {type: regex, value: "(?<year>\\\\d{4})$"}]
  - vars: {answer: 'Here it is: {"a": "x"} and so on'}
    assert:
      - {type: contains-json, value: {type: object, properties: {a: {type: number}}}}
      - {type: not-is-json}
  - vars: {answer: "<a><b>1</b></a>"}
    assert: [{type: is-xml, value: a.b}, {type: contains-xml}]
  - vars: {answer: sitting}
    assert: [{type: levenshtein, value: kitten, threshold: 3}]
  - vars: {answer: "two words"}
    assert: [{type: word-count, value: {min: 2, max: 2}}, {type: finish-reason, value: stop}]
  - vars: {answer: "python says"}
    assert: [{type: python, value: "output.startswith('python')"}]
  - vars: {answer: "a b"}
    threshold: 0.5
    assert: [{type: contains, value: a, weight: 2}, {type: contains, value: z}]
  - vars: {answer: "a b"}
    threshold: 0.7
    assert: [{type: contains, value: a, weight: 2}, {type: contains, value: z}]
  - vars: {answer: "c d"}
    assert:
      - type: assert-set
        threshold: 0.5
        assert: [{type: contains, value: c}, {type: contains, value: z}]
      - {type: contains, value: d, weight: 0}
  - vars: {answer: "e f"}
    assert: [{type: contains, value: z, weight: 0}, {type: contains, value: e}]
"""
OF_JSON = """
prompts: ["Say {{answer}}", "Answer with {{answer}}"]
providers: [openai:chat:mock]
tests:
  - vars: {answer: '{"a":1,"b":[2]}'}
    assert:
      - {type: is-json}
      - {type: is-json, value: {type: object, required: [a], properties: {a: {type: number}}}}
      - {type: equals, value: {a: 1, b: [2]}}
  - vars: {answer: '{"a":"x"}'}
    assert: [{type: is-json, value: {type: object, properties: {a: {type: number}}}}]
  - vars: {answer: '```json'}
    assert: [{type: is-json}]
  - vars: {answer: '42'}
    assert: [{type: is-json}, {type: equals, value: 42}, {type: contains, value: 4}]
"""
EXAMPLES = ("ollama-comparison", "named-metrics", "summarization")
"""Of the collection: with OpenAI's models among their providers."""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[MockEndpoint]:
    with mock_endpoint() as running:
        yield running


@pytest.fixture(autouse=True)
def echo(endpoint: MockEndpoint) -> None:
    endpoint.configure(answer="echo")


def run(config: Path, db: Path, endpoint: MockEndpoint, *more: str | Path):
    return command(
        "run", config, *more, db=db, OPENAI_BASE_URL=endpoint.base_url, OPENAI_API_KEY="x"
    )


def outcomes(db: Path) -> dict[tuple[str, str], str]:
    """What came of each question that was asked, by prompt sent and model."""
    with sqlite3.connect(db) as connection:
        rows = connection.execute("SELECT answer_head, model, outcome, reason FROM v_samples")
        return {(str(head), str(model)): str(outcome) for head, model, outcome, _ in rows}


def test_a_configuration_runs_as_it_is_and_says_what_of_it_doesnt(
    tmp_path: Path, endpoint: MockEndpoint
) -> None:
    folder = tmp_path / "echo"
    folder.mkdir()
    config, db = folder / "promptfooconfig.yaml", tmp_path / "workspace.db"
    config.write_text(CONFIG)
    first = run(config, db, endpoint)
    assert first.returncode == 3, first.stderr
    assert "6 of 8 assertions run here, 3 of 3 tests can be judged" in first.stderr
    assert "not run: providers[1]: provider bedrock:some.model" in first.stderr
    assert "assertion javascript: JavaScript is not run here" in first.stderr
    assert outcomes(db) == {
        ("Say hello to Ada", "mock"): "right",
        ("Say hello to Bob", "mock"): "right",
        ("Say bye to Eve", "mock"): "wrong",
    }
    again = run(config, db, endpoint, "--baseline", "1", "--json")
    said = json.loads(again.stdout)
    assert said["run"] == 2
    assert said["baseline"][0]["rows"] == 3
    assert said["cells"][0]["from_cache"] == 3
    check = command("import", "--check", folder, db=db)
    assert "promptfooconfig.yaml" in check.stdout
    assert "assertions run" in check.stdout


def test_a_configuration_that_cant_run_says_why(tmp_path: Path, endpoint: MockEndpoint) -> None:
    db, config = tmp_path / "workspace.db", tmp_path / "promptfooconfig.yaml"
    config.write_text("prompts: ['{{a}}']\nproviders: ['bedrock:x']\ntests: [{vars: {a: b}}]\n")
    assert_error(run(config, db, endpoint), "None of its providers", "--model")
    config.write_text("prompts: ['{{a}}']\nproviders: ['openai:x']\ntests: [{vars: {a: b}}]\n")
    assert_error(run(config, db, endpoint), "None of the 1 tests can be judged", "unjudged")
    config.write_text("prompts: [file://p.js]\nproviders: ['openai:x']\ntests: [{vars: {a: b}}]\n")
    assert_error(run(config, db, endpoint), "None of its prompts", "a program (.js)")
    config.write_text("prompts: [")
    assert_error(run(config, db, endpoint), "is no YAML")
    assert_error(run(tmp_path / "gone.yaml", db, endpoint), "gone.yaml")


def promptfoo() -> str:
    """The program, where it is installed (`python -m tools.peers` installs it)."""
    root = Path(__file__).parents[2]
    here = root / ".peers" / "node_modules" / ".bin" / "promptfoo"
    found = os.environ.get("PROMPTFOO") or shutil.which("promptfoo")
    if not found and here.exists():
        found = str(here)
    if not found or not shutil.which("node"):
        pytest.skip("promptfoo is not installed: python -m tools.peers installs it from npm")
    return found


def evaluated(config: Path, folder: Path, endpoint: MockEndpoint) -> list[dict]:
    """What promptfoo itself says, on the same endpoint."""
    out = folder / "out.json"
    done = subprocess.run(
        [
            *(promptfoo(), "eval", "-c", str(config), "-o", str(out)),
            *("--no-cache", "--no-progress-bar", "--no-table", "--filter-providers", "openai"),
        ],
        capture_output=True,
        text=True,
        timeout=200,
        stdin=subprocess.DEVNULL,
        cwd=config.parent,
        env={
            **os.environ,
            "OPENAI_BASE_URL": endpoint.base_url,
            "OPENAI_API_KEY": "x",
            "PROMPTFOO_CONFIG_DIR": str(folder / "promptfoo"),
            "PROMPTFOO_DISABLE_TELEMETRY": "1",
            "PROMPTFOO_DISABLE_UPDATE": "1",
            "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1",
            "PROMPTFOO_PYTHON": shutil.which("python3") or "python3",
        },
    )
    assert out.exists(), done.stdout + done.stderr
    return json.loads(out.read_text())["results"]["results"]


def asked(row: dict) -> str:
    """The question."""
    return str(row["prompt"]["raw"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "answer", "tests"), [(SIDE_BY_SIDE, "echo", 28), (OF_JSON, "last-word", 8)]
)
def test_results_agree_with_promptfoos_own_on_every_deterministic_assertion(
    text: str, answer: str, tests: int, tmp_path: Path, endpoint: MockEndpoint
) -> None:
    endpoint.configure(answer=answer)
    folder = tmp_path / "agree"
    folder.mkdir()
    config, db = folder / "promptfooconfig.yaml", tmp_path / "workspace.db"
    config.write_text(text)
    theirs = sorted(
        (asked(row), str(row["vars"]["answer"]), "right" if row["success"] else "wrong")
        for row in evaluated(config, tmp_path, endpoint)
    )
    run(config, db, endpoint)
    with sqlite3.connect(db) as connection:
        rows = connection.execute(
            "SELECT a.request, e.inputs, s.outcome FROM v_samples s "
            "JOIN sample p ON p.id = s.id JOIN example e ON e.id = s.example_id "
            "JOIN answer a ON a.id = p.answer_id"
        ).fetchall()
    ours = sorted(
        (json.loads(unpack(request))["messages"][-1]["content"], json.loads(inputs)["answer"], said)
        for request, inputs, said in rows
    )
    assert len(theirs) == tests
    assert ours == theirs
    assert {verdict for _, _, verdict in theirs} == {"right", "wrong"}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_unmodified_examples_agree_with_promptfoo(
    name: str, shared_data: Path, tmp_path: Path, endpoint: MockEndpoint
) -> None:
    """What a row's checks say together, those left out that promptfoo alone can run."""
    config = shared_data / "configs" / "promptfoo" / name / "promptfooconfig.yaml"
    theirs = evaluated(config, tmp_path, endpoint)
    db = tmp_path / "workspace.db"
    run(config, db, endpoint, "--model", models_of(endpoint, db))
    ours = {head: outcome for (head, _), outcome in outcomes(db).items()}
    compared = 0
    for row in theirs:
        parts = [
            part
            for part in row["gradingResult"]["componentResults"]
            if part.get("assertion") and part["assertion"]["type"] in DETERMINISTIC
        ]
        kinds = {item["type"] for item in row["testCase"]["assert"]}
        head = str(row["response"]["output"])[:160]
        if not parts or kinds & OTHERWISE or head not in ours:
            continue
        expected = "right" if all(part["pass"] for part in parts) else "wrong"
        assert ours[head] == expected, (head, parts)
        compared += 1
    assert compared > 0


DETERMINISTIC = {
    negated + kind
    for kind in (
        *("contains", "contains-all", "contains-any", "icontains", "icontains-all"),
        *("icontains-any", "equals", "is-json", "contains-json", "levenshtein", "regex"),
        *("starts-with", "python"),
    )
    for negated in ("", "not-")
}
OTHERWISE = {"similar", "latency", "cost", "is-sql", "finish-reason"}
"""Run here and there, but measured in other ways or of other things."""


def models_of(endpoint: MockEndpoint, db: Path) -> str:
    """A model at the mock endpoint, asked instead of the example's own providers."""
    command("model", "add", "mock", "--endpoint", "mock", "--url", endpoint.base_url, db=db)
    return "mock"


def test_results_of_promptfoo_come_in_as_a_finished_run(shared_data: Path, tmp_path: Path) -> None:
    db = tmp_path / "workspace.db"
    file = shared_data / "configs" / "promptfoo_outputs" / "simple-cli__output.json"
    brought = command("import", file, db=db)
    assert brought.returncode == 0, brought.stderr
    assert "8 samples from promptfoo" in brought.stdout
    with sqlite3.connect(db) as connection:
        rows = connection.execute(
            "SELECT answer_head, outcome, reason FROM v_samples ORDER BY id"
        ).fetchall()
    assert len(rows) == 8
    assert ("J'ai faim.", "errored", "promptfoo judged nothing: the test has no assertions") in rows


@pytest.mark.parametrize(
    ("log", "outcomes"),
    [
        ("log__test_eval_log__log_read_sample.eval", {"right": 1}),
        ("log__test_eval_log__log_streaming.eval", {"right": 3, "wrong": 1}),
        ("scorer__logs__2025-02-11T15-17-00-05-00_popularity_dPiJifoWeEQBrfWsAopzWr.eval", None),
        ("log__test_eval_log__log_tool_call_error.json", None),
    ],
)
def test_inspect_logs_come_in_as_finished_runs(
    log: str, outcomes: dict[str, int] | None, shared_data: Path, tmp_path: Path
) -> None:
    db = tmp_path / "workspace.db"
    brought = command("import", shared_data / "configs" / "inspect_logs" / log, db=db)
    assert brought.returncode == 0, brought.stderr
    with sqlite3.connect(db) as connection:
        found = dict(connection.execute("SELECT outcome, count(*) FROM v_samples GROUP BY outcome"))
        status = connection.execute("SELECT status, total FROM run").fetchone()
    assert status == ("finished", sum(found.values()))
    assert outcomes is None or found == outcomes
    listed = json.loads(command("run", "--list", "--json", db=db).stdout)
    assert listed[0]["status"] == "finished"


def test_an_inspect_log_of_ours_comes_back_the_same(tmp_path: Path, endpoint: MockEndpoint) -> None:
    db, config = tmp_path / "workspace.db", tmp_path / "promptfooconfig.yaml"
    config.write_text(CONFIG)
    run(config, db, endpoint)
    command("report", "1", tmp_path / "out.eval", db=db)
    other = tmp_path / "other.db"
    assert command("import", tmp_path / "out.eval", db=other).returncode == 0
    with sqlite3.connect(db) as first, sqlite3.connect(other) as second:
        sql = "SELECT answer_head, outcome, reason FROM v_samples ORDER BY 1"
        mine, theirs = first.execute(sql).fetchall(), second.execute(sql).fetchall()
    assert [row[:2] for row in mine] == [row[:2] for row in theirs]


def test_what_is_no_finished_run_is_refused(tmp_path: Path) -> None:
    db, file = tmp_path / "workspace.db", tmp_path / "x.json"
    file.write_text("{}")
    assert_error(command("import", file, db=db), "no finished run that is known", "promptfoo")
    file.write_text("{")
    assert_error(command("import", file, db=db), "is no JSON")
    (tmp_path / "x.eval").write_text("no archive")
    assert_error(command("import", tmp_path / "x.eval", db=db), "no Inspect log")
    assert_error(command("import", tmp_path / "gone.json", db=db), "can't be read")
