"""Production over a window: counted by slices, however the counting is done."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from tests.calls_made import TRUNCATED, made, store

from llmops_tui.store import figures
from llmops_tui.store.database import Database

MINUTE = 60_000
NOON = 1_790_000_000_000 // MINUTE * MINUTE


@pytest.mark.parametrize("width", [15_000, MINUTE, 24 * MINUTE])
@pytest.mark.parametrize("begin", [NOON, NOON + 17_321])
def test_each_call_of_a_window_is_counted_once_and_in_its_slice(
    tmp_path: Path, width: int, begin: int
) -> None:
    db = Database(tmp_path / "workspace.db")
    with db.write() as connection:
        connection.execute("INSERT INTO project (name, created_at) VALUES ('shop', 0)")
    until = begin + 10 * width
    outside = (begin - 1, until, until + MINUTE)
    inside = [begin, until - 1, *range(begin + 7, until - 1, width // 3 + 11)]
    store(db, *(made(n, started_at=at, flags=[TRUNCATED]) for n, at in enumerate(outside)))
    store(
        db,
        *(
            made(100 + n, started_at=at, cost=5, flags=[TRUNCATED] if n % 3 else ())
            for n, at in enumerate(inside)
        ),
    )
    found = figures.slices(db, begin, until, width, 1)
    assert sum(one.calls for one in found) == len(inside)
    assert sum(one.flagged for one in found) == sum(n % 3 > 0 for n in range(len(inside)))
    assert sum(one.cost for one in found) == 5 * len(inside)
    assert all(0 <= one.number < 10 for one in found)
    if width < MINUTE or begin == NOON:
        exact = Counter((at - begin) // width for at in inside)
        assert {one.number: one.calls for one in found} == exact
    db.close()
