"""A draft while it is written: rendered with an example, and asked of a model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llmops_tui.core.chat import Answer, ChatRequest, Message
from llmops_tui.core.dataset import Example
from llmops_tui.core.errors import InputError, TemplateError
from llmops_tui.core.prompt import (
    MessageError,
    PromptTemplate,
    VariableProblem,
    check_variables,
    first_lines,
    odd_heading,
)
from llmops_tui.services.composition import Composed, Composer
from llmops_tui.services.models import ModelView
from llmops_tui.services.prompt_settings import PromptSettings


@dataclass(frozen=True, slots=True)
class Preview:
    """A draft, rendered with an example."""

    messages: tuple[Message, ...]
    problem: str
    """Why it can't be rendered; empty where it can."""
    variables: tuple[VariableProblem, ...]
    """What doesn't fit between the prompt and the data set."""
    tokens: int
    """Estimated from the length: four bytes a token."""
    found: tuple[str, ...] = ()
    """Names of the variables that the prompt asks for."""
    line: int | None = None
    """Line of the whole text, from 1, that the problem is about, where that is known."""
    odd: str = ""
    """What looks like a mistake and need not be one."""
    included: tuple[str, ...] = ()
    """Which versions it takes in, in words."""


def preview(
    text: str,
    example: Example | None,
    columns: Sequence[str],
    composer: Composer,
    inputs: Sequence[str] = (),
) -> Preview:
    """A draft, rendered with an example; without one, its templates as they stand.

    Its variables are held against the columns of the data set and the inputs of the project, where
    there are any. Never raises for what a person may type.
    """
    problems: tuple[VariableProblem, ...] = ()
    found: tuple[str, ...] = ()
    composed: Composed | None = None
    try:
        composed = composer(PromptTemplate.parse(text).messages)
        template = composed.template
        found = template.variables()
        problems = check_variables(template, columns, inputs) if columns or inputs else ()
        if example is None:
            messages = tuple(Message(role, body) for role, body in template.messages)
        else:
            messages = template.render(example.inputs)
    except TemplateError as error:
        if composed is not None and isinstance(error, MessageError):
            error = composed.whole.written_error(error)
        line = _line_of(error, text)
        return Preview((), _problem_words(error), problems, 0, found, line, odd_heading(text))
    texts = [message.content for message in messages]
    texts += [call.name + call.arguments for one in messages for call in one.tool_calls]
    size = sum(len(text.encode("utf-8", "replace")) for text in texts)
    tokens = size // 4 + 4 * len(messages)
    odd = odd_heading(text)
    return Preview(messages, "", problems, tokens, found, None, odd, included(composed))


def included(composed: Composed) -> tuple[str, ...]:
    """Which versions a draft takes in at this moment: `tone@production is v3`."""
    return tuple(
        one.title if one.written == one.title else f"{one.written} is v{one.number}"
        for one in composed.includes
    )


def _line_of(error: TemplateError, text: str) -> int | None:
    """The line of the whole text that an error in one of its messages is about."""
    if not isinstance(error, MessageError) or error.line is None:
        return None
    return first_lines(text)[error.index] + error.line - 1


def _problem_words(error: TemplateError) -> str:
    problem = error.problem if isinstance(error, MessageError) and error.line else str(error)
    return f"{problem} {error.hint}".strip()


def try_prompt(
    view: ModelView,
    text: str,
    example: Example | None,
    *,
    composer: Composer,
    settings: PromptSettings | None = None,
    on_delta: Callable[[str], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Answer:
    """Ask a model the draft with an example, streaming. Blocks; for a worker thread.

    Raises:
        TemplateError: the draft can't be rendered.
        AnswerError: no answer was had.
        InputError: it was cancelled.
    """
    template = composer(PromptTemplate.parse(text).messages).template
    messages = template.render(example.inputs if example else {})
    request = ChatRequest(
        view.model.name,
        messages,
        {**view.model.parameters, **(settings.parameters if settings else {})},
        settings.response_schema if settings else None,
        stream=True,
    )
    return ask_model(view, request, on_delta, cancelled)


def ask_model(
    view: ModelView,
    request: ChatRequest,
    on_delta: Callable[[str], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Answer:
    """Ask a model. Blocks; for a worker thread.

    Raises:
        AnswerError: no answer was had.
        InputError: it was cancelled.
    """
    return asyncio.run(_ask(view, request, on_delta, cancelled))


async def _ask(
    view: ModelView,
    request: ChatRequest,
    on_delta: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> Answer:
    from llmops_tui.providers.factory import open_provider
    from llmops_tui.providers.wire import Wire

    async with Wire() as wire:
        provider = open_provider(view.endpoint, wire)
        asking = asyncio.create_task(provider.ask(request, on_delta=on_delta))
        while not asking.done():
            await asyncio.wait({asking}, timeout=0.1)
            if cancelled():
                asking.cancel()
                raise InputError("The question was taken back.", "")
        return asking.result()
