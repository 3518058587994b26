"""The workspace file at its doors: what it accepts, refuses and survives."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from llmops_tui.core.errors import (
    NewerSchemaError,
    NotADatabaseError,
    StoreBusyError,
    StoreFullError,
)
from llmops_tui.store import database
from llmops_tui.store.database import SCHEMA_VERSION, Database, check_integrity
from llmops_tui.store.migrations import migrate
from llmops_tui.store.schema.steps import STEPS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "workspace.db"


def test_a_new_file_is_private_has_wal_and_large_pages(path: Path):
    db = Database(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert db.row("PRAGMA journal_mode")[0] == "wal"
    assert db.row("PRAGMA page_size")[0] == 16384
    assert db.row("PRAGMA user_version")[0] == SCHEMA_VERSION
    assert check_integrity(db) == []
    db.close()


def test_opening_again_changes_nothing(path: Path):
    Database(path).close()
    before = path.read_bytes()
    Database(path).close()
    assert path.read_bytes() == before


SCHEMA = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"


@pytest.mark.parametrize("version", range(SCHEMA_VERSION), ids=lambda n: f"from schema {n}")
def test_a_file_of_any_older_schema_becomes_like_a_new_one(path: Path, version: int):
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, path, STEPS[:version])
    if version:
        connection.execute("INSERT INTO project (name, created_at) VALUES ('kept', 1)")
    connection.close()
    upgraded, fresh = Database(path), Database(path.with_name("fresh.db"))
    assert [tuple(r) for r in upgraded.rows(SCHEMA)] == [tuple(r) for r in fresh.rows(SCHEMA)]
    assert upgraded.row("PRAGMA user_version")[0] == SCHEMA_VERSION
    kept = upgraded.rows("SELECT name FROM project")
    assert [row["name"] for row in kept] == (["kept"] if version else [])
    assert check_integrity(upgraded) == []
    upgraded.close()
    fresh.close()


def test_a_file_of_a_newer_version_is_refused_and_left_untouched(path: Path):
    Database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(NewerSchemaError, match="newer llmops-tui") as caught:
        Database(path)
    assert "Upgrade" in caught.value.hint
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_untouched(path: Path):
    path.write_text("these are my notes, " * 500)
    before = path.read_bytes()
    with pytest.raises(NotADatabaseError, match="not a workspace"):
        Database(path)
    assert path.read_bytes() == before


def test_another_programs_database_is_refused_and_left_untouched(path: Path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE invoice (id INTEGER)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(NotADatabaseError, match="another program"):
        Database(path)
    assert path.read_bytes() == before


def test_a_directory_is_refused(tmp_path: Path):
    with pytest.raises(NotADatabaseError, match="is a directory"):
        Database(tmp_path)


def test_a_place_that_can_not_be_made_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFullError, match="can't be created"):
        Database(tmp_path / "file" / "workspace.db")


def test_a_file_locked_by_another_process_is_reported_after_the_busy_timeout(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 200)
    db = Database(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusyError, match="another process"), db.write("run"):
        pass
    other.execute("ROLLBACK")
    with db.write("run"):
        pass  # and works again afterwards
    assert db.counters()["run"] == 1
    other.close()
    db.close()


def fill(db: Database) -> None:
    with db.write() as connection:
        for number in range(100):
            connection.execute(
                "INSERT INTO setting VALUES ('x', ?, ?)", (str(number), "y" * 100_000)
            )


def write_and_fail(db: Database) -> None:
    with db.write("run") as connection:
        connection.execute("INSERT INTO setting VALUES ('a', 'b', 'c')")
        raise ZeroDivisionError


def test_a_full_disk_is_reported_and_what_was_committed_is_safe(path: Path):
    db = Database(path)
    with db.write() as connection:
        connection.execute("INSERT INTO setting VALUES ('a', 'b', 'kept')")
    pages = db.row("PRAGMA page_count")[0]
    db.connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreFullError, match="can't be written"):
        fill(db)
    assert db.row("SELECT count(*) FROM setting")[0] == 1
    assert not db.connection.in_transaction
    db.close()


def test_a_failed_transaction_leaves_nothing_behind(path: Path):
    db = Database(path)
    with pytest.raises(ZeroDivisionError):
        write_and_fail(db)
    assert db.row("SELECT count(*) FROM setting")[0] == 0
    assert db.counters() == {}
    db.close()


def test_another_connection_notices_a_change_by_data_version_and_topic(path: Path):
    watcher, writer = Database(path), Database(path)
    before = watcher.data_version()
    assert watcher.data_version() == before
    with writer.write("call", "review"):
        pass
    assert watcher.data_version() != before
    assert watcher.counters() == {"call": 1, "review": 1}
    watcher.close()
    writer.close()


def test_each_thread_gets_its_own_connection(path: Path):
    db = Database(path)
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(id(db.connection))) for _ in range(3)]
    for thread in threads:
        thread.start()
        thread.join()
    assert len({*seen, id(db.connection)}) == 4
    db.close()


def test_two_processes_may_create_the_same_file_at_the_same_moment(path: Path):
    command = [
        sys.executable,
        "-c",
        "import sys; from llmops_tui.store.database import Database; Database(sys.argv[1]).close()",
        str(path),
    ]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]
    errors = [process.communicate()[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, errors
    db = Database(path)
    assert db.row("SELECT count(*) FROM _sqlite_migrations")[0] == SCHEMA_VERSION
    db.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_file_is_reported(path: Path):
    Database(path).close()
    path.chmod(0o400)
    db = Database(path)
    with pytest.raises(StoreFullError), db.write():
        pass
    db.close()


def test_other_tools_can_read_the_views(path: Path):
    db = Database(path)
    for view in ("v_examples", "v_samples", "v_calls"):
        assert db.rows(f"SELECT * FROM {view}") == []
    db.close()


def test_a_workspace_is_made_without_the_large_libraries_that_may_be_installed(path: Path) -> None:
    code = (
        "import sys; from llmops_tui.store.database import Database; Database(sys.argv[1]);"
        "print([name for name in ('numpy', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"
