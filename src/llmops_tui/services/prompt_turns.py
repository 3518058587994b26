"""Writing turns into a prompt: few-shot examples of a data set, and a conversation that goes on."""

from __future__ import annotations

from collections.abc import Sequence

from llmops_tui.core.dataset import DatasetVersion, Example
from llmops_tui.core.errors import InputError
from llmops_tui.core.prompt import PromptTemplate
from llmops_tui.interchange.prompts.model import literal
from llmops_tui.services import datasets
from llmops_tui.services.composition import Composer
from llmops_tui.services.few_shot import normal
from llmops_tui.services.verdicts import GATE
from llmops_tui.services.workspace import Workspace

PAGE = 512


def continued(text: str, answer: str) -> str:
    """The draft with an answer as the assistant's turn, and an empty turn of the user after it."""
    messages = PromptTemplate.parse(text).messages
    return PromptTemplate((*messages, ("assistant", literal(answer)), ("user", ""))).format()


def with_shots(
    workspace: Workspace,
    text: str,
    version: DatasetVersion,
    shots: Sequence[Example],
    composer: Composer | None = None,
) -> str:
    """The draft with examples as turns of user and assistant before its last user message.

    Each is asked as the last user message asks, with the example's values, and answered as the
    example expects.

    Raises:
        InputError: an example lies in the gate split or also stands there, has no expected answer,
            or there is no user message to ask with.
        TemplateError: the last user message can't be rendered with an example.
    """
    messages = PromptTemplate.parse(text).messages
    last = max((n for n, (role, _) in enumerate(messages) if role == "user"), default=None)
    if last is None:
        raise InputError("There is no user message to ask the examples with.", "Write it first.")
    if not shots:
        raise InputError("No example was found.", "Give a tag that the data set has.")
    _refuse_leaks(workspace, version, shots)
    question = PromptTemplate((messages[last],))
    if composer is not None:
        question = composer(question.messages).template
    turns: list[tuple[str, str]] = []
    for shot in shots:
        if not (shot.expected or "").strip():
            raise InputError(
                f"Example {shot.position:,} has no expected answer to show.", "Choose another one."
            )
        asked = question.render(shot.inputs)[0].content
        turn = [("user", literal(asked)), ("assistant", literal(shot.expected or ""))]
        if not all(one in messages for one in turn):
            turns += turn
    if not turns:
        raise InputError("The prompt shows these examples already.", "Choose other ones.")
    return PromptTemplate((*messages[:last], *turns, *messages[last:])).format()


def _refuse_leaks(workspace: Workspace, version: DatasetVersion, shots: Sequence[Example]) -> None:
    """A prompt that shows rows of the gate split would be measured on what it was told."""
    for shot in shots:
        if shot.split == GATE:
            raise InputError(
                f"Example {shot.position:,} is in the gate split: shown in the prompt, it would "
                "make the gate say less than it seems.",
                "Choose one of another split.",
            )
    if GATE not in version.splits:
        return
    asked = {normal(shot) for shot in shots}
    after = 0
    while page := datasets.example_page(workspace, version, after=after, limit=PAGE):
        after = page[-1].position
        for one in page:
            if one.split == GATE and normal(one) in asked:
                raise InputError(
                    f"One of these examples stands in the gate split too, as {one.position:,}.",
                    "Choose another one, or take the duplicate out of the data set.",
                )
