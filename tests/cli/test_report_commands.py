"""A run in CI: what it writes beside its exit code, and how it shows its progress."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pexpect
import pytest
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
