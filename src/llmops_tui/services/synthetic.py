"""Synthetic rows: a model writes variations of rows that are there, marked as what they are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from llmops_tui.core.chat import AnswerError, Json, Message
from llmops_tui.core.curation.filter import SYNTHETIC
from llmops_tui.core.curation.splitting import GATE
from llmops_tui.core.dataset import DatasetVersion, Example, ExampleDraft
from llmops_tui.core.errors import InputError
from llmops_tui.services import models
from llmops_tui.services.dataset_editing import Edited, add_rows
from llmops_tui.services.models import ModelView
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import datasets

MOST_PARENTS = 500
TASK = (
    "You write test data. Below is one example as JSON. Write {number} variations of its inputs: "
    "other wording, other details, the same meaning, so that the expected answer stays right. "
    "Keep the keys. Answer with a JSON list of objects and nothing else."
)


@dataclass(frozen=True, slots=True)
class Written:
    """What came of asking for variations."""

    edited: Edited | None
    rows: int
    useless: int
    """Answers of which nothing could be used, or that only repeated their example."""
    failed: int
    """Rows for which no answer was had."""

    @property
    def words(self) -> str:
        """What happened."""
        said = f"{self.rows:,} synthetic rows added (is:synthetic finds them)."
        if self.edited is None:
            said = "No row was added."
        if self.useless:
            said += f" {self.useless:,} answers were of no use."
        if self.failed:
            said += f" {self.failed:,} questions had no answer."
        return said


def write_variations(
    workspace: Workspace,
    version: DatasetVersion,
    ids: Sequence[int],
    model: ModelView,
    *,
    number: int,
    split: str = "",
    tell: Callable[[int], bool] = lambda _: True,
) -> Written:
    """Ask a model for variations of rows and add them as the next version.

    What was paid for is kept: where `tell` stops it, the rows that came are added all the same.

    Args:
        workspace: where.
        version: the newest.
        ids: of the examples to vary.
        model: who writes.
        number: of variations for each.
        split: of the new rows; empty for that of their parent, except the gate split.
        tell: told how many were asked; says whether to go on.

    Raises:
        InputError: nothing to vary, too much of it, or the gate split.
        AnswerError: not one answer was had.
    """
    if split == GATE:
        raise InputError(
            "Synthetic rows don't belong in the gate split: it would judge with made-up data.",
            "Choose another split.",
        )
    if not 0 < len(ids) <= MOST_PARENTS:
        raise InputError(
            f"{len(ids):,} rows would be asked about; at most {MOST_PARENTS} at once.",
            "Choose them with a filter.",
        )
    rows: list[ExampleDraft] = []
    useless, problems = 0, []
    parents = datasets.by_ids(workspace.db, ids)
    for done, id in enumerate(ids):
        if not tell(done):
            break
        parent = parents[id]
        try:
            answer = models.ask(model, _question(parent, number), temperature=1.0)
        except AnswerError as error:
            problems.append(error)
            if len(problems) >= 3 and not rows:
                raise
            continue
        written = _read(answer.text, parent, number)
        useless += not written
        rows += [_draft(inputs, parent, split) for inputs in written]
    if problems and not rows and not useless:
        raise problems[0]
    note = f"{len(rows):,} synthetic rows by {model.title}"
    edited = add_rows(workspace, version, rows, note) if rows else None
    return Written(edited, len(rows), useless, len(problems))


def _question(parent: Example, number: int) -> tuple[Message, ...]:
    shown = {"inputs": dict(parent.inputs), "expected": parent.expected}
    return (
        Message("system", TASK.format(number=number)),
        Message("user", json.dumps(shown, ensure_ascii=False)),
    )


def _read(text: str, parent: Example, number: int) -> list[dict[str, Json]]:
    """Inputs in an answer that can be used: the same keys, and not the example again."""
    match = re.search(r"\[.*\]|\{.*\}", text, re.DOTALL)
    try:
        value = json.loads(match[0]) if match else None
    except (ValueError, RecursionError):
        return []
    found = value if isinstance(value, list) else [value]
    keys = set(parent.inputs)
    written: list[dict[str, Json]] = []
    for item in found:
        inputs = item.get("inputs", item) if isinstance(item, dict) else None
        if isinstance(item, str) and len(keys) == 1:
            inputs = {next(iter(keys)): item}
        if isinstance(inputs, dict) and set(inputs) == keys and inputs != dict(parent.inputs):
            written.append(inputs)
    return written[:number]


def _draft(inputs: Mapping[str, Json], parent: Example, split: str) -> ExampleDraft:
    inherited = None if parent.split == GATE else parent.split
    return ExampleDraft(
        inputs, parent.expected, parent.tags, split or inherited, SYNTHETIC, parent.position
    )
