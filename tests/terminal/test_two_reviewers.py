"""Two people triage the same file over SSH at once, and one line drops in the middle."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.calls_made import TRUNCATED, made, store
from tests.terminal.conftest import running, wait_for
from tests.terminal.console import Console
from tests.terminal.test_ssh import app_of, log_in
from tools.sshd import SshLine, available, local_sshd

from llmops_tui.core.tolerance import Tolerance
from llmops_tui.services import projects, triage
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.store import calls

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("terminal")]
CALLS = 60
"""Every fifth answer is wrong."""
SHOWN = re.compile(r"parcel (\d+) is (fine|lost)")
NOTHING = "Nothing waits"


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshLine]:
    """An SSH server of the test's own."""
    if not available():
        pytest.skip("this machine has no sshd")
    with local_sshd(tmp_path_factory.mktemp("sshd")) as found:
        yield found


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Workspace]:
    """Flagged answers that wait."""
    opened = open_workspace(tmp_path / "workspace.db")
    project = projects.create_project(opened, "support", tolerance=Tolerance(max_wrong=0.3))
    new = (
        made(
            n,
            project_id=project.id,
            flags=[TRUNCATED],
            input=f"user: Where is parcel {n}?",
            output=f"Your parcel {n} is {'lost' if n % 5 == 0 else 'fine'}.",
        )
        for n in range(CALLS)
    )
    store(opened.db, *new)
    yield opened
    opened.db.close()


class Reviewer:
    """Somebody who reads what is on the screen and judges it."""

    def __init__(self, line: SshLine, path: Path, surroundings: dict[str, str], name: str) -> None:
        self._where = line, path, {**surroundings, "LLMOPS_TUI_USER": name}
        self._path = path
        self.seen: list[int] = []
        self.bytes: list[int] = []
        """That each verdict put on the line."""
        self.console: Console
        self.log_in()

    def log_in(self) -> None:
        self.console = log_in(*self._where)
        self.console.until(lambda text: "Overview" in text)
        self.console.quiet(0.3)
        self.console.press(b"6")
        self.console.until(lambda text: SHOWN.search(text) or NOTHING in text)

    def drop(self) -> None:
        """Lose the line, and wait until the far end has noticed."""
        app = app_of(self._path)
        self.console.process.kill()
        self.console.__exit__()
        wait_for(lambda: not running(app))

    def judge(self) -> bool:
        """Give a verdict on what is shown; whether there was something."""
        found = SHOWN.search(self.console.text)
        if found is None:
            self.console.watch(0.5)  # what the other one leaves comes by itself
            found = SHOWN.search(self.console.text)
        if found is None:
            return False
        self.seen.append(int(found[1]))
        before = len(self.console.raw)
        self.console.press(b"w" if found[2] == "lost" else b"r")
        self.console.until(
            lambda text: NOTHING in text or ((m := SHOWN.search(text)) and m[1] != found[1])
        )
        self.console.quiet(0.05)
        self.bytes.append(len(self.console.raw) - before)
        return True


def test_nothing_is_lost_and_nothing_asked_twice(
    line: SshLine, queue: Workspace, surroundings: dict[str, str]
) -> None:
    ada = Reviewer(line, queue.path, surroundings, "ada")
    for _ in range(5):
        assert ada.judge()
    ada.drop()
    ada.log_in()
    bo = Reviewer(line, queue.path, surroundings, "bo")
    with ada.console, bo.console:
        while any([ada.judge(), bo.judge()]):
            assert len(ada.seen) + len(bo.seen) <= CALLS + 2
    given = [review for n in range(1, CALLS + 1) for review in calls.detail(queue.db, n).reviews]
    first = [review for review in given if not review.asked_as]
    assert sorted(review.call_id for review in first) == list(range(1, CALLS + 1))
    by = {name: [r.call_id - 1 for r in first if r.reviewer == name] for name in ("ada", "bo")}
    assert (sorted(by["ada"]), sorted(by["bo"])) == (sorted(ada.seen), sorted(bo.seen))
    assert min(len(ada.seen), len(bo.seen)) > CALLS // 4
    assert {r.call_id - 1 for r in first if r.verdict == "wrong"} == set(range(0, CALLS, 5))
    live = triage.live_estimate(
        queue, projects.tolerance_of(queue, 1), projects.list_projects(queue)[0].id
    )
    assert (live.lanes.flagged_reviewed, live.lanes.flagged_wrong) == (CALLS, CALLS // 5)
    assert max(ada.bytes + bo.bytes) < 4096, "bytes on the line for a verdict and the next call"
