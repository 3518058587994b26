"""One attempt of a job: its request, or its conversation turn by turn, and what that used."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from llmops_tui.core.chat import Answer, AnswerError, ChatRequest, Model, Usage
from llmops_tui.core.scorers.judge_prompts import Ask
from llmops_tui.runner.conversation import converse
from llmops_tui.runner.jobs import Job, request_json
from llmops_tui.runner.lanes import Lane, Step
from llmops_tui.runner.scorers.judging import Reply
from llmops_tui.store.pending_answers import PendingAnswer

AskUser = Callable[[str, Ask], Reply]


class UserSilentError(Exception):
    """The model that plays the user didn't reply: no fault of the endpoint under test."""

    def __init__(self, model: str, error: AnswerError) -> None:
        super().__init__(f"{model}, which plays the user: {error}")
        self.error = error

    def of_row(self) -> AnswerError:
        """How the row ends; nothing that was used there is priced as the tested model's."""
        error = self.error
        return AnswerError(error.kind, str(self), status=error.status, evidence=error.evidence)


@dataclass(slots=True)
class Exchange:
    """Asks for a job. To the lane's breaker and limits, each turn is a request like any other.

    Args:
        lane: where the job is asked.
        step: the job, and what the rate limits were told of its first request.
        model: the one that answers.
        ask_user: asks the model that plays the user; blocks.
        keep: gets each answer of a conversation when it comes.
    """

    lane: Lane
    step: Step
    model: Model
    ask_user: AskUser
    keep: Callable[[PendingAnswer], None]
    sent_at: float = 0.0
    """When the last request went out, by the event loop's clock."""
    _sent: int = 0
    _broke_off: bool = False
    """Whether the last request has no answer."""
    _had: int = 0
    """Answers of the conversation that earlier attempts paid for."""
    _user_costs: list[int] = field(default_factory=list)

    async def answer(self) -> Answer:
        """The answer, the last one of a conversation.

        Raises:
            AnswerError: the lane's endpoint gave none.
            UserSilentError: the model that plays the user said nothing.
        """
        job = self.step.job
        assert job.request is not None
        if job.script is None:
            return await self._ask(job.request)
        self._had = len(job.past)
        last, answer = await converse(self._ask, job.request, job.script, job.past, self._user_says)
        job.request_json = request_json(last).decode("utf-8", "replace")
        return answer

    def cost(self, usage: Usage | None) -> int:
        """Nano-units that this attempt cost, also where it didn't lead to the end.

        Args:
            usage: of the answer, or of what came instead of one.
        """
        job, model = self.step.job, self.model
        if job.script is None:
            return 0 if usage is None else model.cost(usage)
        turns = job.past[self._had :]
        cost = sum(self._user_costs) + sum(model.cost(answer.usage) for answer in turns)
        if self._broke_off and usage is not None:
            cost += model.cost(usage)
        return cost

    async def _ask(self, request: ChatRequest) -> Answer:
        lane, clock = self.lane, asyncio.get_running_loop().time
        # The first request's turn was waited for already.
        if self._sent and (delay := lane.reserve(clock(), self.step.tokens)) > 0:
            await asyncio.sleep(delay)
        self._sent += 1
        self.sent_at = clock()
        self._broke_off = True
        answer = await lane.provider.ask(request)
        self._broke_off = False
        lane.answered(answer, clock(), self.sent_at, self.step.tokens)
        job = self.step.job
        if job.script is not None:
            spent = job.spent + self.cost(None) + self.model.cost(answer.usage)
            self.keep(pending_answer(job, len(job.past), answer, spent))
        return answer

    def _user_says(self, model: str, question: Ask) -> str:
        """In a thread of its own."""
        try:
            reply = self.ask_user(model, question)
        except AnswerError as error:
            raise UserSilentError(model, error) from error
        self._user_costs.append(reply.cost)
        return reply.text


def pending_answer(job: Job, turn: int, answer: Answer, spent: int) -> PendingAnswer:
    """What the file is to keep of an answer, when `spent` is what the job cost until then."""
    cost, job.kept = spent - job.kept, spent
    return PendingAnswer(job.ordinal, turn, answer, cost)


def paid_usage(job: Job, error: AnswerError) -> Usage | None:
    """Tokens that a job without an answer used: turns before it broke off, and what came last."""
    found = error.usage
    for answer in job.past:
        found = answer.usage if found is None else _both(found, answer.usage)
    return found


def _both(one: Usage, other: Usage) -> Usage:
    return replace(
        one,
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cached_tokens=one.cached_tokens + other.cached_tokens,
        estimated=one.estimated or other.estimated,
    )
