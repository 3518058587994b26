"""Examples of several turns: scripted ones, and ones that a model plays the user for.

What an example brings in these columns, as far as its prompt doesn't use them as variables:

- `turns`: what the user says next, a list of texts (or one as JSON), one after each answer;
- `simulated_user`: who the user is and what they want, told to the model `user_model`, which then
  says what the user says, at most `most_turns` times (4 unless said), or that they are done.

The last answer is the sample's; the whole conversation stands in its request. Time and tokens are
those of all answers; the cost, too, and what the user's model cost with it. What that model is
asked is kept like a judge's words.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from llmops_tui.core.chat import Answer, ChatRequest, Json, Message, Usage
from llmops_tui.core.errors import InputError
from llmops_tui.core.json_text import find_json
from llmops_tui.core.scorers.judge_prompts import Ask, data

TURNS, PERSONA, USER_MODEL, MOST = "turns", "simulated_user", "user_model", "most_turns"
MOST_TURNS = 4
LONGEST_SCRIPT = 50
USER_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "properties": {"message": {"type": "string"}, "done": {"type": "boolean"}},
    "required": ["message", "done"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Script:
    """How a conversation goes on after the first answer."""

    turns: tuple[str, ...] = ()
    persona: str = ""
    user_model: str = ""
    most_turns: int = MOST_TURNS

    @property
    def most_answers(self) -> int:
        """Answers that are asked for at most."""
        return 1 + (self.most_turns if self.persona else len(self.turns))

    def to_json(self) -> bytes:
        """What sets the conversation apart from another with the same beginning."""
        return json.dumps([self.turns, self.persona, self.user_model, self.most_turns]).encode()


def script_of(inputs: Mapping[str, Json], used: Collection[str]) -> Script | None:
    """The script that an example brings along; None where it has one turn.

    Raises:
        InputError: it brings one that can't be followed.
    """
    persona = inputs.get(PERSONA) if PERSONA not in used else None
    if isinstance(persona, str) and persona.strip():
        model, most = inputs.get(USER_MODEL), inputs.get(MOST, MOST_TURNS)
        if not isinstance(model, str) or not model:
            raise InputError(f"A simulated user needs the column {USER_MODEL}.")
        try:
            number = int(str(most))
        except ValueError as error:
            raise InputError(f"{MOST} is no number: {most!r}.") from error
        return Script((), persona, model, max(1, min(LONGEST_SCRIPT, number)))
    turns = _texts(inputs.get(TURNS)) if TURNS not in used else ()
    return Script(turns[:LONGEST_SCRIPT]) if turns else None


async def converse(
    ask: Callable[[ChatRequest], Awaitable[Answer]],
    request: ChatRequest,
    script: Script,
    past: list[Answer],
    ask_user: Callable[[str, Ask], str],
) -> tuple[ChatRequest, Answer]:
    """Hold a conversation to its end.

    Args:
        ask: asks the model under test.
        request: the first question.
        script: how it goes on.
        past: gets each answer, so that a conversation that broke off goes on from there.
        ask_user: what the model that plays the user replies; blocks.

    Returns:
        The last question, with everything said before it, and the last answer with the time and
        tokens of all.
    """
    messages = list(request.messages)
    for number, answer in enumerate(past):
        said = await _next(script, number, messages, answer, ask_user)
        if said is None:
            return replace(request, messages=tuple(messages)), joined(past)
        messages += [Message("assistant", answer.text), Message("user", said)]
    while True:
        asked = replace(request, messages=tuple(messages))
        answer = await ask(asked)
        past.append(answer)
        said = await _next(script, len(past) - 1, messages, answer, ask_user)
        if said is None:
            return asked, joined(past)
        messages += [Message("assistant", answer.text), Message("user", said)]


def joined(answers: Sequence[Answer]) -> Answer:
    """The last answer, with the time and tokens of all."""
    usages = [answer.usage for answer in answers]
    usage = Usage(
        sum(usage.input_tokens for usage in usages),
        sum(usage.output_tokens for usage in usages),
        sum(usage.cached_tokens for usage in usages),
        any(usage.estimated for usage in usages),
    )
    latency = sum(answer.latency_ms for answer in answers)
    return replace(answers[-1], usage=usage, latency_ms=latency)


async def _next(
    script: Script,
    number: int,
    messages: Sequence[Message],
    answer: Answer,
    ask_user: Callable[[str, Ask], str],
) -> str | None:
    """What the user says after the answer with that number; None where they are done."""
    if not script.persona:
        return script.turns[number] if number < len(script.turns) else None
    if number >= script.most_turns:
        return None
    talk = [*messages, Message("assistant", answer.text)]
    reply = await asyncio.to_thread(ask_user, script.user_model, user_question(script, talk))
    return user_words(reply)


def user_question(script: Script, talk: Sequence[Message]) -> Ask:
    """What the model that plays the user is asked."""
    system = (
        "You play the user of an assistant in a test. Say only what the user says next, in their "
        "own words; never answer as the assistant. Reply with one JSON object with `message` and "
        "`done`; `done` is true when the user has what they want or gives up."
    )
    shown = "\n\n".join(f"{m.role}: {m.content}" for m in talk if m.role != "system")
    asked = f"{data('You are', script.persona)}\n\n{data('So far', shown)}"
    return Ask((Message("system", system), Message("user", asked)), USER_SCHEMA)


def user_words(reply: str) -> str | None:
    """What the user says, read leniently; None where they are done."""
    try:
        value = find_json(reply)
    except ValueError:
        return reply.strip() or None
    if not isinstance(value, dict):
        return reply.strip() or None
    said = str(value.get("message") or "").strip()
    return None if value.get("done") is True or not said else said


def _texts(value: Json) -> tuple[str, ...]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            return (str(value),)
    if isinstance(value, list):
        return tuple(str(text) for text in value)
    return (value,) if isinstance(value, str) and value.strip() else ()
