"""A workspace, an app over it, and ways to wait that aren't naps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import _wait

from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.project import Project
from llmops_tui.services import datasets, projects
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.ui.app import LlmopsApp

# Textual's pilot looks every 20 ms whether the process is at rest; half of these tests was that.
_wait.SLEEP_GRANULARITY = 1 / 250
_wait.SLEEP_IDLE = _wait.SLEEP_GRANULARITY / 10


@pytest.fixture(autouse=True)
def _own_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOPS_TUI_LOG", str(tmp_path / "app.log"))
    monkeypatch.setenv("LLMOPS_TUI_KEYMAP", str(tmp_path / "keymap.toml"))
    monkeypatch.setenv("LLMOPS_TUI_USER", "tester")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    opened = open_workspace(tmp_path / "workspace.db")
    yield opened
    opened.db.close()


@pytest.fixture
def project(workspace: Workspace) -> Project:
    """A project in it."""
    return projects.create_project(workspace, "support-topic")


@pytest.fixture
def app(workspace: Workspace) -> LlmopsApp:
    """The app over the workspace, as it was left."""
    return LlmopsApp(workspace)


def add_examples(workspace: Workspace, project: Project, name: str, rows: int) -> None:
    """Make a data set of numbered questions."""
    datasets.add_examples(
        workspace,
        project.id,
        name,
        (
            ExampleDraft({"question": f"What is {n} + {n}?"}, str(2 * n), (), "test")
            for n in range(1, rows + 1)
        ),
        source=f"{name}.csv",
    )
