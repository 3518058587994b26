"""Asking what a production call asked once more: as it was, or on another version of the prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from llmops_tui.core.call import CallDetail
from llmops_tui.core.chat import Answer, ChatRequest, Json, Message
from llmops_tui.core.errors import InputError, NotFoundError
from llmops_tui.core.filled_in import values_of
from llmops_tui.core.prompt import PromptTemplate
from llmops_tui.core.prompt_version import PromptVersion
from llmops_tui.services import models, prompt_trying
from llmops_tui.services.call_examples import last_question
from llmops_tui.services.models import ModelView
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import asked_again as store
from llmops_tui.store import calls, prompts
from llmops_tui.store.asked_again import AskedAgain

__all__ = ["AskedAgain", "Question", "ask", "asked", "model_for", "question", "versions"]

SAMPLING: Final = ("temperature", "top_p", "max_tokens", "max_completion_tokens", "seed", "stop")
MOST_VERSIONS: Final = 50
_TURN = re.compile(r"^(system|developer|user|assistant|tool): ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Question:
    """What would be asked."""

    messages: tuple[Message, ...]
    title: str
    """Of what it is: `as it was sent`, `support-topic v4`."""
    how: str
    """How it was had, where that isn't plain."""
    parameters: Mapping[str, Json] = field(default_factory=dict)
    response_schema: Mapping[str, Json] | None = None
    version_id: int | None = None


def versions(workspace: Workspace, detail: CallDetail) -> list[PromptVersion]:
    """The versions of the prompt that a call names, newest first; none where it names none."""
    row = detail.row
    if not row.prompt_name or row.project_id is None:
        return []
    try:
        prompt = prompts.by_name(workspace.db, row.project_id, row.prompt_name)
    except NotFoundError:
        return []
    return prompts.versions(workspace.db, prompt.id, limit=MOST_VERSIONS)


def model_for(workspace: Workspace, detail: CallDetail) -> ModelView:
    """The model that answered, where the workspace has it; else the only one there is.

    Raises:
        NotFoundError: the workspace has no model.
        InputError: it has several, and none of that name.
    """
    known = models.list_models(workspace)
    same = [view for view in known if view.model.name == detail.row.model]
    if same:
        return same[0]
    if len(known) > 1:
        raise InputError(
            f"No model here is named {detail.row.model!r}.", "Choose another one with m."
        )
    return models.find_model(workspace, None)


def question(
    workspace: Workspace, detail: CallDetail, version: PromptVersion | None = None
) -> Question:
    """What is asked, as it was or on a version of the prompt.

    Of the call's messages those that the version has templates for are made anew, with what the
    call's own were filled in with; the turns that follow stay.

    Raises:
        InputError: nothing is kept of what was asked, or what the version asks for isn't known.
        TemplateError: the version can't be rendered.
    """
    sent, how = _messages(detail)
    if not sent:
        raise InputError(f"Nothing is kept of what call {detail.row.id} asked.")
    if version is None:
        return Question(sent, "as it was sent", how, _parameters(detail))
    values, used = _values(workspace, detail, sent, version)
    rendered = PromptTemplate.of(version.messages).render(values)
    return Question(
        (*rendered, *sent[used:]),
        version.title,
        how,
        {**_parameters(detail), **version.parameters},
        version.response_schema,
        version.id,
    )


def ask(
    workspace: Workspace,
    call_id: int,
    asked_for: Question,
    view: ModelView,
    *,
    on_delta: Callable[[str], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> AskedAgain:
    """Ask a model, and keep the answer with the call. Blocks; for a worker thread.

    Raises:
        AnswerError: no answer was had.
        InputError: it was taken back.
    """
    request = ChatRequest(
        view.model.name,
        asked_for.messages,
        {**view.model.parameters, **asked_for.parameters},
        asked_for.response_schema,
        stream=True,
    )
    answer: Answer = prompt_trying.ask_model(view, request, on_delta, cancelled)
    return store.add(
        workspace.db,
        call_id,
        title=asked_for.title,
        version_id=asked_for.version_id,
        model=view.title,
        answer=answer,
        cost=view.model.cost(answer.usage),
        currency=view.model.currency,
        author=workspace.person,
    )


def asked(workspace: Workspace, call_id: int) -> list[AskedAgain]:
    """What was answered when a call was asked again, newest first."""
    return store.of_call(workspace.db, call_id)


def _values(
    workspace: Workspace, detail: CallDetail, sent: Sequence[Message], version: PromptVersion
) -> tuple[dict[str, Json], int]:
    """(values of the variables, how many of the sent messages they were taken from)."""
    pairs = [(message.role, message.content) for message in sent]
    own = calls.prompt_version_of(workspace.db, detail.row.id)
    known = sorted(versions(workspace, detail), key=lambda one: one.id != own)
    for one in known:
        values = values_of(one.messages, pairs)
        if values is not None and set(version.variables) <= values.keys():
            return dict(values), len(one.messages)
    missing = [name for name in version.variables if name != "conversation"]
    last = next((n for n in reversed(range(len(sent))) if sent[n].role == "user"), None)
    if len(missing) == 1 and last is not None:
        return {missing[0]: last_question(detail)}, len(sent)
    if not version.variables:
        return {}, len(sent) - 1
    raise InputError(
        f"What {version.title} is to be filled in with can't be told from what was sent.",
        f"It asks for {', '.join(version.variables)}.",
    )


def _messages(detail: CallDetail) -> tuple[tuple[Message, ...], str]:
    """(messages that were sent, how they were had)."""
    whole = _from_request(_attributes(detail).get("request"))
    if whole:
        return whole, ""
    text = detail.input
    begins = [found.start() for found in _TURN.finditer(text)]
    if not begins:
        return ((Message("user", text),) if text.strip() else ()), "as one message"
    ends = [*begins[1:], len(text)]
    turns = []
    for begin, end in zip(begins, ends, strict=True):
        role, _, content = text[begin:end].partition(": ")
        turns.append(Message(role, content.rstrip("\n")))
    return tuple(turns), "put together from the text that is kept"


def _from_request(request: Json) -> tuple[Message, ...]:
    """The messages of a request that the proxy saw; none where one isn't plain text."""
    if not isinstance(request, dict) or not isinstance(request.get("messages"), list):
        return ()
    found: list[Message] = []
    system = _plain(request.get("system"))
    if system:
        found.append(Message("system", system))
    listed = request["messages"]
    assert isinstance(listed, list)
    for item in listed:
        role = item.get("role") if isinstance(item, dict) else None
        content = _plain(item.get("content")) if isinstance(item, dict) else None
        if not isinstance(role, str) or content is None or "…[cut here: " in content[-140:]:
            return ()
        if isinstance(item, dict) and item.get("tool_calls"):
            return ()
        found.append(Message(role, content))
    return tuple(found)


def _plain(content: Json) -> str | None:
    """The text of a message's content; None where it isn't all text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    texts = []
    for part in content:
        text = part.get("text") if isinstance(part, dict) else part
        if not isinstance(text, str):
            return None
        texts.append(text)
    return "\n".join(texts)


def _parameters(detail: CallDetail) -> dict[str, Json]:
    """How the call was sampled, as far as it says."""
    told = _attributes(detail)
    request = told.get("request")
    if isinstance(request, dict):
        return {name: request[name] for name in SAMPLING if request.get(name) is not None}
    named = {name: told.get(f"gen_ai.request.{name}") for name in SAMPLING}
    return {name: value for name, value in named.items() if value is not None}


def _attributes(detail: CallDetail) -> dict[str, Json]:
    try:
        told: Json = json.loads(detail.attributes)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
