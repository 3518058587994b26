"""What was said for what was expected in a run whose answers are labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from llmops_tui.core import parameters as params
from llmops_tui.core.chat import Json
from llmops_tui.core.classification import Confusion, confusion
from llmops_tui.core.errors import InputError
from llmops_tui.core.scorers.base import accepted
from llmops_tui.core.scorers.equals import EqualsParameters, normalizer
from llmops_tui.core.scorers.label import LabelParameters, label_reader
from llmops_tui.core.scorers.registry import ScorerSpec
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import datasets, rescoring, runs

PAGE = 1_000
MOST_LABELS = 200
"""More different answers than this are no labels."""
Read = Callable[[str], str | None]
"""The label that a text names."""


def run_confusion(workspace: Workspace, run_id: int, cell: int) -> Confusion:
    """Count the labels of a cell's answers; rows without a label or an answer are left out.

    Raises:
        InputError: the run isn't judged by labels, or its answers are too many different ones.
    """
    run = runs.get(workspace.db, run_id)
    read = label_reading(run.spec.scorers)
    found = confusion(_pairs(workspace, run_id, cell, read))
    if len({wanted for wanted, _ in found.counts}) > MOST_LABELS:
        raise InputError(
            "The expected answers are too many different ones to be labels.",
            "A confusion matrix is for classification: use the scorer label.",
        )
    return found


def label_reading(scorers: tuple[Mapping[str, Json], ...]) -> Read:
    """How the run's scorers read a label from a text.

    Raises:
        InputError: none of them does.
    """
    for name in ("label", "equals"):
        for scorer in scorers:
            if scorer.get("name") == name:
                spec = ScorerSpec.from_json(scorer)
                of = f"scorer {name}"
                if name == "label":
                    return label_reader(params.read(LabelParameters, spec.parameters, of))
                return normalizer(params.read(EqualsParameters, spec.parameters, of))
    raise InputError(
        "The run isn't judged by labels.", "The scorers `label` and `equals` are; s judges anew."
    )


def _pairs(
    workspace: Workspace, run_id: int, cell: int, read: Read
) -> Iterator[tuple[str, str | None]]:
    after = 0
    while page := rescoring.answers_after(workspace.db, run_id, after, PAGE):
        after = page[-1].sample_id
        of_cell = [stored for stored in page if stored.cell == cell]
        ids = sorted({stored.example_id for stored in of_cell})
        examples = datasets.by_ids(workspace.db, ids)
        for stored in of_cell:
            expected = examples[stored.example_id].expected
            if expected is None:
                continue
            right = [read(text) or text for text in accepted(expected)]
            said = read(stored.answer.text)
            yield (said if said in right and said is not None else right[0]), said
