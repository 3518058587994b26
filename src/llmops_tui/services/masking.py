"""Masking what is personal or secret in examples: a new version; the one before keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from llmops_tui.core.chat import Json
from llmops_tui.core.curation.pii import NameFinder, mask
from llmops_tui.core.dataset import DatasetVersion, ExampleDraft
from llmops_tui.services.dataset_editing import Edited, change_all
from llmops_tui.services.person_names import name_finder
from llmops_tui.services.workspace import Workspace


def mask_personal(
    workspace: Workspace, version: DatasetVersion, tell: Callable[[int], bool] = lambda _: True
) -> Edited:
    """Put `[email]`, `[phone]` and the like in place of what is personal or secret, in every row.

    Raises:
        InputError: there is nothing to mask, or `tell`, which hears of rows done, said to stop.
        ConflictError: the version isn't the newest any more.
    """
    names = name_finder()

    def change(draft: ExampleDraft) -> ExampleDraft:
        return masked(draft, names)

    return change_all(workspace, version, change, "masked what is personal", tell)


def masked(draft: ExampleDraft, names: NameFinder | None) -> ExampleDraft:
    """The example with everything masked, in inputs and in the expected answer."""
    return replace(
        draft,
        inputs={name: _masked(value, names) for name, value in draft.inputs.items()},
        expected=None if draft.expected is None else mask(draft.expected, names),
    )


def _masked(value: Json, names: NameFinder | None) -> Json:
    if isinstance(value, str):
        return mask(value, names)
    if isinstance(value, list):
        return [_masked(item, names) for item in value]
    if isinstance(value, dict):
        return {name: _masked(item, names) for name, item in value.items()}
    return value
