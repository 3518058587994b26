"""An answer that was had while a prompt was written becomes part of the data set.

What it becomes follows from what is known: of a row that nobody has labelled it is what is
expected; of a labelled one it is an answer known to be right or wrong, by which the scorers are
tested from then on (`services/selftest.py`).
"""

from __future__ import annotations

from dataclasses import replace

from llmops_tui.core.chat import Json
from llmops_tui.core.dataset import Dataset, Example, ExampleDraft
from llmops_tui.core.errors import ConflictError, InputError
from llmops_tui.core.run import Outcome
from llmops_tui.services import dataset_editing, datasets
from llmops_tui.services.selftest import RIGHT_COLUMN, WRONG_COLUMN
from llmops_tui.services.verdicts import GATE
from llmops_tui.services.workspace import Workspace


def keep(
    workspace: Workspace, dataset: Dataset, example: Example, answer: str, outcome: Outcome | None
) -> str:
    """Keep an answer with the row that it was about, in the next version; what was done, in words.

    Args:
        workspace: where.
        dataset: whose newest version has the row.
        example: what was asked.
        answer: what the model said.
        outcome: what the project's scorers say of it; None where they say nothing.

    Raises:
        InputError: it is empty, already there, or nobody knows whether it is right.
        ConflictError: somebody has changed the data set since.
    """
    assert dataset.version is not None
    if not answer.strip():
        raise InputError("An empty answer says nothing worth keeping.", "")
    example = _as_it_is_now(workspace, dataset, example)
    row = f"row {example.position:,} of {dataset.name}"
    if example.expected is None:
        if example.split == GATE:
            raise InputError(
                f"R{row[1:]} is in the gate split: what is expected there says a person, not the "
                "model that is measured.",
                "Label it on Datasets: 2, then l.",
            )
        made = dataset_editing.set_expected(workspace, dataset.version, [example.id], answer)
        return f"R{row[1:]} v{made.version.number} expects this answer."
    if outcome not in (Outcome.RIGHT, Outcome.WRONG):
        raise InputError(
            "Nobody knows whether this answer is right: it was not scored.",
            "Give the project a scorer: 1, then the project.",
        )
    is_right = outcome is Outcome.RIGHT
    column = RIGHT_COLUMN if is_right else WRONG_COLUMN
    known = _known(example.inputs.get(column))
    if answer in known or (is_right and answer.strip() == example.expected.strip()):
        raise InputError(f"R{row[1:]} knows this answer already.", "")

    def change(draft: ExampleDraft) -> ExampleDraft:
        kept: list[Json] = [*known, answer]
        return replace(draft, inputs={**draft.inputs, column: kept})

    word = "right" if is_right else "wrong"
    note = f"an answer known to be {word}"
    made = dataset_editing.change_each(workspace, dataset.version, [example.id], change, note)
    return f"R{row[1:]} v{made.version.number} knows this answer as {word}: it tests the scorers."


def _as_it_is_now(workspace: Workspace, dataset: Dataset, example: Example) -> Example:
    """The row in the newest version, with what was kept with it since it was asked about."""
    assert dataset.version is not None
    found = datasets.examples_at(workspace, dataset.version, [example.position])
    if not found or _asked(found[0]) != _asked(example):
        raise ConflictError(
            f"Row {example.position:,} of {dataset.name} is another one by now.",
            "Ask again, then keep the answer.",
        )
    return found[0]


def _asked(example: Example) -> dict[str, Json]:
    known = (RIGHT_COLUMN, WRONG_COLUMN)
    return {name: value for name, value in example.inputs.items() if name not in known}


def _known(value: Json) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return [value] if isinstance(value, str) and value else []
