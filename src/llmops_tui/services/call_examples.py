"""A reviewed call becomes an example: what was asked, what should have been answered, what was."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace

from llmops_tui.core.call import CallDetail, ReviewVerdict
from llmops_tui.core.chat import Json
from llmops_tui.core.curation.pii import find_personal
from llmops_tui.core.dataset import Dataset, DatasetVersion, ExampleDraft
from llmops_tui.core.errors import ConflictError, InputError
from llmops_tui.services import datasets
from llmops_tui.services.masking import masked
from llmops_tui.services.person_names import name_finder
from llmops_tui.services.selftest import RIGHT_COLUMN, WRONG_COLUMN
from llmops_tui.services.verdicts import GATE
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import calls, dataset_difference, reviews

QUESTION, CONVERSATION = "message", "conversation"
_TURN = re.compile(r"^(system|developer|user|assistant|tool): ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Proposed:
    """The example that a call would become."""

    draft: ExampleDraft
    personal: tuple[str, ...]
    """Kinds of personal or secret things found in it: email, key, …"""
    masked: ExampleDraft
    """The same without them."""


@dataclass(frozen=True, slots=True)
class Made:
    """An example that was made of a call."""

    dataset: str
    version: DatasetVersion
    masked: bool

    def sentence(self) -> str:
        """In words."""
        without = ", personal and secret parts masked" if self.masked else ""
        return f"The call is an example of {self.dataset} v{self.version.number}{without}."


def propose(
    workspace: Workspace,
    call_id: int,
    dataset: Dataset | None,
    *,
    expected: str | None = None,
    is_right: bool | None = None,
) -> Proposed:
    """What a call would be in a data set, or in a new one.

    The question goes into the set's first input column; what was said before stands beside it.
    A corrected answer, or one that was judged right, is what is expected; one that was judged
    wrong is kept as known to be wrong.

    Args:
        workspace: where.
        call_id: the call.
        dataset: where it would go; None for a new one.
        expected: the right answer, where somebody says it here.
        is_right: whether the answer is right, where somebody says it here.

    Raises:
        NotFoundError: there is no such call.
        InputError: nothing was captured of what was asked.
    """
    detail = calls.detail(workspace.db, call_id)
    before, question = asked_of(detail)
    if not question.strip():
        raise InputError(f"Nothing is kept of what call {call_id} asked.")
    columns = dataset.version.columns if dataset is not None and dataset.version else ()
    column = next((c for c in columns if c not in (RIGHT_COLUMN, WRONG_COLUMN)), QUESTION)
    inputs: dict[str, Json] = {column: question}
    if before.strip():
        inputs[CONVERSATION] = before
    review = next((r for r in reversed(detail.reviews) if r.undone_at is None), None)
    if is_right is None and review is not None and review.verdict is not ReviewVerdict.UNSURE:
        is_right = review.verdict is ReviewVerdict.RIGHT
    expected = expected or (review.corrected if review is not None else None)
    if expected is None and is_right:
        expected = detail.output
    if is_right is False and detail.output:
        inputs[WRONG_COLUMN] = detail.output
    draft = ExampleDraft(inputs, expected, ("production", f"call {call_id}"))
    text = "\n".join([*(str(value) for value in inputs.values()), expected or ""])
    names = name_finder()
    kinds = tuple(dict.fromkeys(found.kind for found in find_personal(text, names)))
    return Proposed(draft, kinds, masked(draft, names))


def add(
    workspace: Workspace,
    project_id: int,
    call_id: int,
    name: str,
    *,
    split: str | None = None,
    keep_personal: bool = False,
    into_gate: bool = False,
    expected: str | None = None,
    is_right: bool | None = None,
) -> Made:
    """Make a call an example of a data set, which is made where there is none of that name.

    Args:
        workspace: where.
        project_id: whose data set.
        call_id: the call.
        name: of the data set.
        split: the example's split.
        keep_personal: leave what is personal or secret as it is.
        into_gate: somebody agreed to the gate split: its rows measure, and should be drawn.
        expected: the right answer, where somebody says it here.
        is_right: whether the answer is right, where somebody says it here.

    Raises:
        NotFoundError: there is no such call.
        InputError: it can't be an example, or it would go into the gate split unasked.
        ConflictError: it is one of that data set already.
    """
    if split == GATE and not into_gate:
        raise InputError(
            "A call that was picked by hand would bend what the gate split measures.",
            "Leave the split empty, or agree to it expressly.",
        )
    known = next((d for d in datasets.list_datasets(workspace, project_id) if d.name == name), None)
    if name in (found for found, _ in reviews.examples_of(workspace.db, call_id)):
        raise ConflictError(f"Call {call_id} is an example of {name} already.")
    proposed = propose(workspace, call_id, known, expected=expected, is_right=is_right)
    is_masked = bool(proposed.personal) and not keep_personal
    draft = proposed.masked if is_masked else proposed.draft
    draft = replace(draft, split=split)
    if known is None or known.version is None:
        version = datasets.add_examples(
            workspace, project_id, name, iter([draft]), source="production calls"
        )
    else:
        version = dataset_difference.edit(
            workspace.db,
            known.version,
            {},
            [draft],
            author=workspace.person,
            note=f"call {call_id} became an example",
        )
    reviews.note_example(workspace.db, call_id, version.dataset_id, version.id, workspace.person)
    return Made(name, version, is_masked)


def from_calls(
    workspace: Workspace,
    project_id: int,
    name: str,
    *,
    verdict: str | None = None,
    split: str | None = None,
    keep_personal: bool = False,
    into_gate: bool = False,
) -> tuple[int, int]:
    """Make every reviewed call of a project an example that isn't one yet.

    Args:
        workspace: where.
        project_id: whose.
        name: of the data set.
        verdict: only calls with this verdict; None for right and wrong ones.
        split: of the new examples.
        keep_personal: as in `add`.
        into_gate: as in `add`.

    Returns:
        How many became examples, and how many were left out: known already, or without a text.

    Raises:
        InputError: they would go into the gate split unasked.
    """
    made = left = after = 0
    wanted = (verdict,) if verdict else (ReviewVerdict.RIGHT.value, ReviewVerdict.WRONG.value)
    while page := reviews.page(workspace.db, after=after, project_id=project_id):
        after = page[-1].review.id
        judged = [found.call.id for found in page if found.call.review in wanted]
        for call_id in dict.fromkeys(judged):
            try:
                add(
                    workspace, project_id, call_id, name,
                    split=split, keep_personal=keep_personal, into_gate=into_gate,
                )  # fmt: skip
            except ConflictError:
                left += 1
            except InputError:
                if split == GATE and not into_gate:
                    raise
                left += 1
            else:
                made += 1
    return made, left


def last_question(detail: CallDetail) -> str:
    """The last thing that was asked, without its role."""
    return asked_of(detail)[1]


def asked_of(detail: CallDetail) -> tuple[str, str]:
    """(what came before, the last question), without its role."""
    text = detail.input
    begins = [found.start() for found in _TURN.finditer(text)]
    if not begins:
        return "", _plain(text)
    return text[: begins[-1]].rstrip("\n"), _TURN.sub("", text[begins[-1] :], count=1)


def _plain(text: str) -> str:
    """A question that came as JSON with one text is that text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str) else text
