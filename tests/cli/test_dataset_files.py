"""`dataset import` from a pipe and `dataset export`, as a shell sees them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.program


def command(
    db: Path, *words: str | Path, data: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    line = [sys.executable, "-m", "llmops_tui", "--db", str(db), *map(str, words)]
    return subprocess.run(line, input=data, capture_output=True, check=False, timeout=60)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "workspace.db"
    assert command(path, "project", "create", "p").returncode == 0
    return path


def test_a_pipe_in_and_a_pipe_out_give_the_same_values(db: Path, tmp_path: Path) -> None:
    rows = [{"question": "a\0b 😀", "answer": "x"}, {"question": "=1+1", "answer": ""}]
    lines = "\n".join(map(json.dumps, rows)).encode()
    done = command(db, "dataset", "import", "-", "--name", "d", "--note", "piped", data=lines)
    assert b"Imported 2 rows into d v1." in done.stdout, done.stderr
    out = command(db, "dataset", "export", "d")
    first, second = map(json.loads, out.stdout.splitlines())
    assert first == {"inputs": {"question": "a\0b 😀"}, "expected": "x", "tags": [], "split": None}
    assert second["expected"] is None
    for name in ("o.csv", "o.parquet", "o.yaml"):
        target = tmp_path / name
        assert command(db, "dataset", "export", "d", "-o", target).returncode == 0
        assert command(db, "dataset", "import", target, "--name", name).returncode == 0
        assert command(db, "dataset", "export", name).stdout == out.stdout
    again = command(db, "dataset", "export", "d", "-o", tmp_path / "o.csv")
    assert again.returncode == 4
    assert b"is there already" in again.stderr


def test_overrides_bad_rows_and_what_is_remembered(db: Path, tmp_path: Path) -> None:
    path = tmp_path / "odd.txt"
    path.write_bytes("#made by hand\nq|a\n'x|y'|caf\xe9\nbroken\n".encode("latin-1"))
    stated = ("--delimiter", "|", "--quote", "'", "--encoding", "latin-1", "--skip-lines", "1")
    kind = ("--format", "csv", "--header", "--input", "q", "--expected", "a")
    done = command(db, "dataset", "import", path, *stated, *kind)
    assert b"line 4: 1 cell where 2 are expected" in done.stdout, done.stderr
    (row,) = map(json.loads, command(db, "dataset", "export", "odd").stdout.splitlines())
    assert (row["inputs"], row["expected"]) == ({"q": "x|y"}, "café")
    bad = command(db, "dataset", "export", "odd", "--bad-rows").stdout.decode()
    assert bad.splitlines() == ["line,reason,raw", "4,1 cell where 2 are expected,broken"]
    again = command(db, "dataset", "import", path)
    assert b"mapped as they were before" in again.stdout, again.stderr
    assert b"odd v2" in again.stdout
