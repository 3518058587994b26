"""One text whole, to be copied, printed or read in a pager."""

from __future__ import annotations

import json

from llmops_tui.core.dataset import Example
from llmops_tui.core.errors import NotFoundError
from llmops_tui.services import calls, datasets, runs
from llmops_tui.services.workspace import Workspace


def example_json(example: Example) -> str:
    """An example as one JSON object."""
    return json.dumps(
        {
            "inputs": dict(example.inputs),
            "expected": example.expected,
            "tags": list(example.tags),
            "split": example.split,
        },
        ensure_ascii=False,
        indent=2,
    )


def example(workspace: Workspace, project_id: int, name: str, row: int) -> str:
    """A row of a data set's newest version.

    Raises:
        NotFoundError: there is no such data set or row.
    """
    found = datasets.find_dataset(workspace, project_id, name)
    rows = (
        datasets.example_page(workspace, found.version, after=row - 1, limit=1)
        if found.version
        else []
    )
    if not rows or rows[0].position != row:
        raise NotFoundError(f"The data set {name} has no row {row:,}.", "See `dataset list`.")
    return example_json(rows[0])


def sample(workspace: Workspace, sample_id: int) -> str:
    """A sample's answer; for an errored one what the endpoint sent, or the error.

    Raises:
        NotFoundError: there is none of that id.
    """
    detail = runs.sample_view(workspace, sample_id).detail
    return detail.answer.text if detail.answer else detail.evidence or detail.error_message


def call(workspace: Workspace, call_id: int) -> str:
    """A production call's answer, or its error.

    Raises:
        NotFoundError: there is none of that id.
    """
    detail = calls.call_detail(workspace, call_id)
    return detail.output or detail.error
