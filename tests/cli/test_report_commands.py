"""A run in CI: what it writes beside its exit code, and how it shows its progress."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pexpect
import pytest
import yaml
from tests.cli.test_commands import assert_error, command
from tests.endpoints.process import MockEndpoint, mock_endpoint
from tests.workspaces import Bench, make_bench


@pytest.fixture(scope="module")
def endpoint() -> Iterator[MockEndpoint]:
    with mock_endpoint() as found:
        yield found


@pytest.fixture
def bench(tmp_path: Path, endpoint: MockEndpoint) -> Iterator[Bench]:
    endpoint.configure(wrong=0, latency_ms=0)
    made = make_bench(tmp_path / "workspace.db", endpoint.base_url, rows=200)
    yield made
    made.workspace.db.close()


def test_a_run_writes_what_ci_reads_and_compares_with_its_baseline(
    bench: Bench, endpoint: MockEndpoint, tmp_path: Path
) -> None:
    db = bench.workspace.path
    first = command(
        *("run", "--junit", tmp_path / "a.xml", "--markdown", tmp_path / "a.md"),
        *("--html", tmp_path / "a.html"),
        db=db,
    )
    assert first.returncode == 0, first.stderr
    assert ElementTree.parse(tmp_path / "a.xml").getroot().tag == "testsuites"
    assert (tmp_path / "a.md").read_text().startswith("# PASS: run 1 of test")
    assert (tmp_path / "a.html").read_text().startswith("<!doctype html>")
    endpoint.configure(wrong=0.4)
    second = command("run", "--no-cache", "--baseline", "1", "--json", db=db)
    assert second.returncode == 1
    said = json.loads(second.stdout)
    assert said["exit_code"] == 1
    assert said["baseline"][0]["state"] == "worse"
    assert said["baseline"][0]["rows"] == 200


def test_a_report_is_written_afterwards_in_the_formats_that_the_names_end_in(
    bench: Bench, tmp_path: Path
) -> None:
    db = bench.workspace.path
    assert_error(command("report", "latest", tmp_path / "x.md", db=db), "no run yet")
    command("run", "--limit", "10", db=db)
    written = command("report", "latest", tmp_path / "x.md", tmp_path / "x.csv", db=db)
    assert written.returncode == 0, written.stderr
    assert written.stdout.startswith("Run 1 (undecided) is in ")
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 11
    assert_error(command("report", "1", tmp_path / "x.pdf", db=db), "x.pdf", ".html")
    assert_error(command("report", "one", tmp_path / "x.md", db=db), "'one' is no run")
    assert_error(command("report", "1", tmp_path / "no" / "x.md", db=db), "can't be written")


def test_on_a_terminal_a_bar_moves_and_the_verdict_stands_at_the_end(
    bench: Bench, endpoint: MockEndpoint
) -> None:
    endpoint.configure(latency_ms=20)
    seen = pexpect.spawn(
        sys.executable,
        ["-m", "llmops_tui", "--db", str(bench.workspace.path), "run", "--concurrency", "4"],
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=60,
        env={**os.environ, "TERM": "xterm-256color", "PYTHONWARNINGS": "ignore"},
    )
    seen.expect_exact("200/200")
    seen.expect_exact("within. We can say at most 1.5 %")
    seen.expect(pexpect.EOF)
    seen.close()
    assert seen.exitstatus == 0


def test_the_sample_workflow_of_the_documentation_runs_as_it_stands(
    endpoint: MockEndpoint, tmp_path: Path
) -> None:
    endpoint.configure(answer="last-word", wrong=0, latency_ms=0)
    text = (Path(__file__).parents[2] / "docs" / "ci.md").read_text("utf-8")
    workflow = yaml.safe_load(text.split("```yaml")[1].split("```")[0])
    job = workflow["jobs"]["gate"]
    assert workflow[True] == ["pull_request"]  # YAML 1.1's `on`
    (tmp_path / "promptfooconfig.yaml").write_text(
        "prompts: ['Name the capital: {{city}}']\nproviders: [openai:gpt-4o-mini]\n"
        f"tests: [{{vars: {{city: {[f'C{n}' for n in range(40)]}}}, "
        "assert: [{type: equals, value: '{{city}}'}]}]\n"
    )
    summary = tmp_path / "summary.md"
    environment = {
        **os.environ,
        **job["env"],
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "OPENAI_API_KEY": "x",
        "OPENAI_BASE_URL": endpoint.base_url,
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    ran = 0
    for step in job["steps"]:
        if "run" not in step or step.get("name") == "install":
            continue
        done = subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, (step, done.stdout, done.stderr)
        ran += 1
    assert ran == 2
    assert summary.read_text().startswith("# PASS: run 1 of topics")
    upload = job["steps"][-1]["with"]["path"].split()
    assert [name for name in upload if not (tmp_path / name).exists()] == []
