"""Lists page by key: each list query finds its rows through an index and sorts nothing."""

import re
from pathlib import Path

import pytest

from llmops_tui.store import (
    audits,
    bad_rows,
    call_judgements,
    calls,
    comparing,
    dataset_difference,
    dataset_index,
    datasets,
    example_labels,
    labels,
    prompt_origins,
    prompts,
    removal,
    run_export,
    runs,
    samples,
)
from llmops_tui.store.database import Database

NO_SCAN = {
    "examples of a version": datasets.PAGE,
    "examples that contain a text": datasets.PAGE_FOUND,
    "ids of a version": datasets.IDS,
    "rows that came between two versions": dataset_difference.CAME,
    "rows that went between two versions": dataset_difference.WENT,
    "labels of a data set": example_labels.LABELS,
    "unlabelled rows": example_labels.UNLABELLED,
    "versions of a data set": dataset_difference.VERSIONS,
    "rows of the version before": dataset_difference.OLD_ROWS,
    "examples in the order of a field": dataset_index.FIELD_PAGE,
    "the same, the last first": dataset_index.FIELD_PAGE_DOWN,
    "ids in the order of a field": dataset_index.FIELD_IDS,
    "ids of a data set that never changed": dataset_index.FIELD_IDS_ONLY,
    "first example": dataset_index.FIRST_ID,
    "rows that the index lacks": dataset_index.NEXT_ROWS,
    "bad rows of a version": bad_rows.BAD_ROWS,
    "runs of a project": runs.PAGE,
    "cells of a run": runs.CELLS,
    "newest measurement of a prompt version": runs.NEWEST_CELL,
    "gate runs of a prompt version": runs.FINISHED_CELLS_ON,
    "moves of a prompt's labels": labels.MOVES,
    "what a prompt was imported from": prompt_origins.NEWEST,
    "prompts that include another": prompts.INCLUDED_BY,
    "protected labels": labels.PROTECTIONS,
    "samples of a run": samples.PAGE,
    "samples of a run by outcome": samples.PAGE_OUTCOME,
    "ordinals of a run": samples.DONE,
    "outcomes of a run": samples.OUTCOMES,
    "the cached answer to a question": samples.CACHED_ONE,
    "scores of a sample": samples.SCORES_OF,
    "samples of a run with all that was said": run_export.SAMPLES,
    "outcomes of a run's cell": run_export.FIRST_OUTCOMES,
    "calls that came before any project": calls.ADOPT,
    "calls that may go, the oldest first": removal.CANDIDATES,
    "calls of a while, to be compared": comparing.NEWEST,
    "answers of a run, to be compared": comparing.ANSWERS,
    "where a prompt version was tested": comparing.TESTED,
    "calls that a judge may read": call_judgements.CANDIDATES,
    "calls that nobody judged in time": call_judgements.LEFT,
    "the newest call of the audit": audits.LAST_DRAWN,
    "a data set's version by its content": datasets.SAME_CONTENT,
}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory):
    opened = Database(Path(tmp_path_factory.mktemp("plans")) / "workspace.db")
    yield opened
    opened.close()


def plan(db: Database, sql: str) -> list[str]:
    numbered = [int(number) for number in re.findall(r"\?(\d+)", sql)]
    values = [1] * (max(numbered) if numbered else sql.count("?"))
    return [row["detail"] for row in db.rows(f"EXPLAIN QUERY PLAN {sql}", values)]


@pytest.mark.parametrize("sql", NO_SCAN.values(), ids=NO_SCAN)
def test_no_list_query_scans_or_sorts(db: Database, sql: str):
    steps = plan(db, sql)
    assert steps
    for step in steps:
        assert not step.startswith("SCAN"), steps
        assert "TEMP B-TREE" not in step, steps


@pytest.mark.parametrize("sql", [dataset_index.WORDS_PAGE, dataset_index.WORDS_IDS])
def test_words_are_looked_up_in_their_index_and_nothing_is_sorted(db: Database, sql: str):
    words, *others = plan(db, sql)
    assert words.startswith("SCAN w VIRTUAL TABLE INDEX")
    assert [step for step in others if not step.startswith("SEARCH e USING INTEGER PRIMARY")] == []


def test_the_check_notices_a_scan(db: Database):
    steps = plan(db, "SELECT id FROM sample WHERE reason = ? ORDER BY cost")
    assert any(step.startswith("SCAN") for step in steps)
    assert any("TEMP B-TREE" in step for step in steps)


def test_every_statement_of_the_store_is_valid(db: Database):
    """Prepare each SQL constant of the package: a typo must not wait for its moment."""
    import importlib
    import pkgutil

    import llmops_tui.store as package

    checked = 0
    for module in pkgutil.iter_modules(package.__path__):
        if module.name in {"llm_logs", "archived_calls"}:
            continue  # another program's database, and DuckDB's SQL
        content = vars(importlib.import_module(f"llmops_tui.store.{module.name}"))
        for name, sql in content.items():
            begins = isinstance(sql, str) and sql.strip().split(" ")[0].upper()
            if name.isupper() and begins in ("SELECT", "INSERT", "UPDATE", "DELETE"):
                if not sql.rstrip().upper().endswith(("FROM CALL", "FROM SAMPLE")):
                    explain(db, sql)
                checked += 1
    assert checked > 60


def explain(db: Database, sql: str) -> None:
    named = re.findall(r":([a-z_]+)", sql)
    numbered = [int(number) for number in re.findall(r"\?(\d+)", sql)]
    count = max(numbered) if numbered else sql.count("?")
    db.connection.execute(f"EXPLAIN {sql}", dict.fromkeys(named, 1) if named else [1] * count)
