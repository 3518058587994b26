"""What reads runs as a grid and judges them anew finds its rows through an index, unsorted."""

from pathlib import Path

import pytest

from llmops_tui.store import judging, matrix, rescoring, samples
from llmops_tui.store.database import Database

NO_SCAN = {
    "answers to be scored again": rescoring.PAGE,
    "when a run was scored again": rescoring.HISTORY,
    "samples of one example": samples.IDS_OF_EXAMPLE,
    "a stretch of the grid": matrix.STRETCH,
    "outcomes of the grid": matrix.OUTCOMES,
    "the place of a sample in the grid": matrix.AT_ORDINAL,
    "what people say of a sample": judging.LABEL_OF,
}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory):
    opened = Database(Path(tmp_path_factory.mktemp("plans")) / "workspace.db")
    yield opened
    opened.close()


@pytest.mark.parametrize("sql", NO_SCAN.values(), ids=NO_SCAN)
def test_no_list_query_scans_or_sorts(db: Database, sql: str):
    values = [1] * sql.count("?")
    steps = [row["detail"] for row in db.rows(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert steps
    for step in steps:
        assert not step.startswith("SCAN"), steps
        assert "TEMP B-TREE" not in step, steps
