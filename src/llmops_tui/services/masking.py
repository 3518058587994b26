"""Masking what is personal or secret in examples: a new version; the one before keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from llmops_tui.core.chat import Json
from llmops_tui.core.curation.pii import mask
from llmops_tui.core.dataset import DatasetVersion, ExampleDraft
from llmops_tui.core.errors import InputError
from llmops_tui.services.dataset_editing import Edited, change_each
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import dataset_difference


def mask_personal(
    workspace: Workspace, version: DatasetVersion, positions: Sequence[int]
) -> Edited:
    """Put `[email]`, `[phone]` and the like in place of what is personal or secret.

    Raises:
        InputError: there is nothing to mask.
    """
    wanted = set(positions)
    ids = [
        example.id
        for example in dataset_difference.all_examples(workspace.db, version)
        if example.position in wanted
    ]
    if not ids:
        raise InputError("There is nothing to mask.")
    return change_each(workspace, version, ids, masked, "masked what is personal")


def masked(draft: ExampleDraft) -> ExampleDraft:
    """The example with everything masked, in inputs and in the expected answer."""
    return replace(
        draft,
        inputs={name: _masked(value) for name, value in draft.inputs.items()},
        expected=None if draft.expected is None else mask(draft.expected),
    )


def _masked(value: Json) -> Json:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if isinstance(value, dict):
        return {name: _masked(item) for name, item in value.items()}
    return value
