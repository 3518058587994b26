"""What a run says to others: Markdown, JUnit, HTML, tables, Inspect logs, and its baseline."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.endpoints.process import MockEndpoint, mock_endpoint
from tests.workspaces import Bench, make_bench

from llmops_tui.core.errors import ExitCode, InputError, NotFoundError
from llmops_tui.services import labels, runs
from llmops_tui.services.reports.content import gather
from llmops_tui.services.reports.markdown import markdown
from llmops_tui.services.reports.writing import write_report
from llmops_tui.services.run_words import verdict_words

HOSTILE = "<script>alert(1)</script> \x1b]0;owned\x07 | **bold** [x](http://127.0.0.1/) & ]]>"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[MockEndpoint]:
    with mock_endpoint() as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path, endpoint: MockEndpoint) -> Iterator[Bench]:
    endpoint.configure(wrong=0, answer="last-word", key="", faults={})
    made = make_bench(tmp_path / "workspace.db", endpoint.base_url, rows=200)
    yield made
    made.workspace.db.close()


def run(bench: Bench, **changes: object) -> int:
    run_id = bench.plan(**changes)
    runs.work(bench.workspace, run_id, lambda outcome: None)
    return run_id


class Loads(HTMLParser):
    """What a page would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [
            f"{tag} {name}"
            for name, value in attrs
            if name in ("src", "href", "action", "srcset", "data") or name.startswith("on")
        ]


def test_every_report_says_the_verdict_in_the_apps_words(bench: Bench, tmp_path: Path) -> None:
    run_id = run(bench)
    report = gather(bench.workspace, run_id)
    words = verdict_words(report.view, report.view.cells[0])
    said = f"{words[:1].upper()}{words[1:]}."
    assert said.startswith("We can say at most 1.5 % are wrong")
    files = tuple(tmp_path / f"run{ending}" for ending in (".md", ".html", ".xml", ".json"))
    write_report(bench.workspace, run_id, files)
    for file in files:
        text = file.read_text("utf-8").replace("\\", "")
        assert (words if file.suffix == ".json" else said) in text, file.name
    assert report.exit_code is ExitCode.WITHIN


def test_junit_holds_the_verdict_and_tells_wrong_from_errored(
    bench: Bench, endpoint: MockEndpoint, tmp_path: Path
) -> None:
    endpoint.configure(wrong=0.1, faults={"empty": 0.05})
    run_id = run(bench)
    counts = gather(bench.workspace, run_id).view.cells[0].counts
    target = tmp_path / "results.xml"
    write_report(bench.workspace, run_id, (target,))
    verdicts, samples = ElementTree.parse(target).getroot()
    assert verdicts.get("name") == "tolerance:test"
    case = verdicts.find("testcase")
    assert case is not None
    assert case.get("name") == "tolerance:test: repeat v1 · mock"
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("type") == "exceeded"
    assert str(failure.get("message")).startswith("FAIL: exceeded. ")
    assert samples.get("name") == "repeat v1 · mock"
    assert counts.wrong > 0 < counts.errored
    for name, count, tag in (
        ("failures", counts.wrong, "failure"),
        ("errors", counts.errored, "error"),
    ):
        assert samples.get(name) == str(count)
        assert len(samples.findall(f"testcase/{tag}")) == count
    assert samples.get("tests") == str(len(samples.findall("testcase"))) == "200"
    wrong = samples.find("testcase/system-out")
    assert wrong is not None
    assert wrong.text == "wrong answer"


def test_an_undecided_run_is_skipped_in_junit_and_not_yet_in_markdown(
    bench: Bench, tmp_path: Path
) -> None:
    run_id = run(bench, limit=20)
    target = tmp_path / "results.xml"
    report = write_report(bench.workspace, run_id, (target,))
    assert report.exit_code is ExitCode.UNDECIDED
    skipped = ElementTree.parse(target).getroot().find("testsuite/testcase/skipped")
    assert skipped is not None
    assert str(skipped.get("message")).startswith("NOT YET: undecided. ")
    assert markdown(bench.workspace, report).startswith("# NOT YET: run 1 of test")


def test_the_step_summary_of_a_job_is_added_to_and_other_files_are_replaced(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = run(bench, limit=5)
    summary, other = tmp_path / "summary.md", tmp_path / "other.md"
    summary.write_text("before\n")
    other.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    write_report(bench.workspace, run_id, (summary, other))
    assert summary.read_text().startswith("before\n# NOT YET")
    assert other.read_text().startswith("# NOT YET")


def test_hostile_answers_do_nothing_in_any_report(
    bench: Bench, endpoint: MockEndpoint, tmp_path: Path
) -> None:
    endpoint.configure(answer=f"={HOSTILE}")
    run_id = run(bench, limit=5)
    files = tuple(
        tmp_path / f"run{ending}" for ending in (".md", ".html", ".xml", ".csv", ".jsonl", ".eval")
    )
    write_report(bench.workspace, run_id, files)
    page = files[1].read_text("utf-8")
    loads = Loads()
    loads.feed(page)
    assert loads.found == []
    assert loads.tags.isdisjoint({"script", "img", "link", "iframe", "object", "form", "a"})
    assert "default-src 'none'" in page
    for file in files[:3]:
        assert "\x1b" not in file.read_text("utf-8"), file.name
    assert "<script" not in files[0].read_text()
    assert "**bold**" not in files[0].read_text()
    assert ElementTree.parse(files[2]).getroot().findall(".//failure")
    rows = [json.loads(line) for line in files[4].read_text().splitlines()]
    assert {row["answer"] for row in rows} == {HOSTILE}


def test_tables_carry_every_sample_once_with_all_that_was_said(
    bench: Bench, tmp_path: Path
) -> None:
    run_id = run(bench)
    write_report(bench.workspace, run_id, (tmp_path / "run.csv", tmp_path / "run.jsonl"))
    with (tmp_path / "run.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert sorted(int(row["row"]) for row in rows) == list(range(1, 201))
    assert {row["outcome"] for row in rows} == {"right"}
    assert all(row["answer"] == row["expected"] for row in rows)
    lines = (tmp_path / "run.jsonl").read_text().splitlines()
    assert json.loads(json.loads(lines[0])["scores"])[0]["passed"] is True


def test_parquet_carries_the_same_with_types(bench: Bench, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    run_id = run(bench)
    write_report(bench.workspace, run_id, (tmp_path / "run.parquet",))
    table = parquet.read_table(tmp_path / "run.parquet")
    assert table.num_rows == 200
    assert str(table.schema.field("finished_at").type) == "timestamp[ms, tz=UTC]"
    assert sum(table.column("input_tokens").to_pylist()) > 0
    assert set(table.column("outcome").to_pylist()) == {"right"}


def test_an_inspect_log_has_its_header_and_every_sample(bench: Bench, tmp_path: Path) -> None:
    run_id = run(bench)
    write_report(bench.workspace, run_id, (tmp_path / "run.eval",))
    with zipfile.ZipFile(tmp_path / "run.eval") as archive:
        header = json.loads(archive.read("header.json"))
        samples = [name for name in archive.namelist() if name.startswith("samples/")]
        first = json.loads(archive.read("samples/1_epoch_1.json"))
    assert header["version"] == 2
    assert header["status"] == "success"
    assert header["results"]["scores"][0]["metrics"]["accuracy"]["value"] == 1.0
    assert len(samples) == 200
    assert first["scores"]["verdict"]["value"] == "C"
    assert first["messages"][-1]["content"] == first["target"]


def test_a_baseline_by_number_or_label_is_compared_on_the_same_rows(
    bench: Bench, endpoint: MockEndpoint
) -> None:
    first = run(bench)
    labels.move(bench.workspace, bench.prompt, "production", "the first", override=True)
    same = run(bench)
    report = gather(bench.workspace, same, "production")
    assert [item.baseline_run for item in report.baseline] == [first]
    assert report.baseline[0].state == "not worse"
    assert report.exit_code is ExitCode.WITHIN
    endpoint.configure(wrong=0.3)
    worse = run(bench, use_cache=False)
    report = gather(bench.workspace, worse, str(first))
    assert report.baseline[0].state == "worse"
    assert "0 mended" in report.baseline[0].sentence()
    assert report.exit_code is ExitCode.EXCEEDED


def test_a_baseline_that_cant_be_one_is_refused(bench: Bench) -> None:
    run_id = run(bench, limit=5)
    with pytest.raises(InputError, match="its own baseline"):
        gather(bench.workspace, run_id, str(run_id))
    with pytest.raises(NotFoundError, match="no run 99"):
        gather(bench.workspace, run_id, "99")
    with pytest.raises(NotFoundError, match="labelled 'live'"):
        gather(bench.workspace, run_id, "live")


def test_a_format_that_is_not_known_is_refused_before_anything_is_written(
    bench: Bench, tmp_path: Path
) -> None:
    run_id = run(bench, limit=5)
    with pytest.raises(InputError, match="pdf") as caught:
        write_report(bench.workspace, run_id, (tmp_path / "run.md", tmp_path / "run.pdf"))
    assert ".html (one self-contained page)" in caught.value.hint
    assert not (tmp_path / "run.md").exists()


@pytest.mark.slow
def test_the_page_opens_in_a_browser_without_a_request_or_an_error(
    bench: Bench, endpoint: MockEndpoint, tmp_path: Path
) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if browser is None:
        pytest.skip("no chromium on this machine")
    endpoint.configure(wrong=0.1)
    run_id = run(bench)
    page = tmp_path / "run.html"
    write_report(bench.workspace, run_id, (page,))
    seen = subprocess.run(
        [
            browser,
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *("--no-first-run", "--disable-background-networking", "--disable-sync"),
            f"--user-data-dir={tmp_path / 'profile'}",
            *("--enable-logging=stderr", "--v=0", "--dump-dom"),
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    assert seen.returncode == 0, seen.stderr[-2000:]
    assert "Run 1 of test" in seen.stdout
    assert "exceeded" in seen.stdout
    assert seen.stdout.count("<svg") == 3
    assert seen.stdout.count('class="sample"') == 200
    assert "CONSOLE" not in seen.stderr, seen.stderr[-2000:]
