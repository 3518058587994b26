"""From a stored plan to the requests that are still to be made."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from llmops_tui.core.chat import Answer, ChatRequest, Endpoint, Json, Message, Model
from llmops_tui.core.dataset import Example
from llmops_tui.core.errors import InputError, TemplateError
from llmops_tui.core.plan import Place, Plan
from llmops_tui.core.prompt import PromptTemplate
from llmops_tui.core.prompt_version import PromptVersion
from llmops_tui.core.run import Run
from llmops_tui.providers.anthropic import DEFAULT_MAX_TOKENS
from llmops_tui.runner.budget import Aside
from llmops_tui.runner.conversation import Script, script_of
from llmops_tui.store import datasets, endpoints, pending_answers, prompts, samples
from llmops_tui.store.database import Database
from llmops_tui.store.finished_sample import FinishedSample
from llmops_tui.store.pending_answers import PendingAnswer
from llmops_tui.store.samples import CachedAnswer

PAGE = 64
"""Examples read at a time: half a millisecond during which no answer is heard."""
_BYTES_PER_TOKEN = 4


@dataclass(slots=True)
class Job:
    """One sample to be made."""

    ordinal: int
    place: Place
    example: Example
    request: ChatRequest | None
    """None where the prompt can't be rendered with this example."""
    request_json: str
    key: bytes
    cached: CachedAnswer | None
    render_error: str = ""
    size: int = 0
    """Bytes of what is asked: no tokenizer makes more tokens of them."""
    attempts: int = 0
    spared: int = 0
    """Attempts that failed while the endpoint was away: they don't count against the row."""
    suspect: bool = False
    """Whether it failed while others were answered."""
    spent: int = 0
    """Nano-units, failed attempts that were paid for included."""
    shared: Answer | None = None
    """An answer to the same question that this run got, perhaps not yet committed."""
    answer: Answer | None = None
    """Its own, once it came."""
    followers: list[Job] = field(default_factory=list)
    """Jobs of the run that ask the same and wait for this one's answer."""
    script: Script | None = None
    """How the conversation goes on after the first answer; None where it doesn't."""
    past: list[Answer] = field(default_factory=list)
    """Its own answers so far: of a conversation that broke off, or one that was to be judged."""
    aside: Aside | None = None
    """What the cost cap set aside for its attempt, until it was judged."""
    kept: int = 0
    """Of `spent`, what the file knows of."""

    @property
    def needs_no_request(self) -> bool:
        """Whether it can be finished as it is."""
        is_answered = self.script is None and bool(self.past)
        had = self.cached is not None or self.shared is not None
        return self.request is None or had or is_answered

    def go_on_from(self, pending: Sequence[PendingAnswer]) -> None:
        """Have what an earlier worker was answered."""
        self.past = [one.answer for one in pending]
        self.spent = self.kept = sum(one.cost for one in pending)
        if self.script is None and pending:
            self.attempts = 1

    def share(self, leader: Job, answer: Answer) -> None:
        """Have the answer of another job; in a conversation it answers what was said there."""
        self.shared = answer
        self.request_json = leader.request_json


@dataclass(frozen=True, slots=True)
class CellTarget:
    """What a cell asks: a prompt version, rendered, of a model at an endpoint."""

    version: PromptVersion
    template: PromptTemplate
    model: Model
    endpoint: Endpoint
    parameters: Mapping[str, Json]

    @property
    def output_tokens_bound(self) -> int | None:
        """The most tokens that an answer can have, where the request or the protocol says so."""
        found = self.parameters.get("max_completion_tokens", self.parameters.get("max_tokens"))
        if found is None and self.endpoint.kind == "anthropic":
            found = DEFAULT_MAX_TOKENS
        choices = self.parameters.get("n", 1)
        if not isinstance(found, int) or not isinstance(choices, int):
            return None
        return found * choices

    def highest_price(self, job: Job) -> int | None:
        """What the job can cost at most, in nano-units; None where that is unknown."""
        model = self.model
        if model.input_price == 0 and model.output_price == 0:
            return 0
        output = self.output_tokens_bound
        if output is None or (job.script is not None and job.script.persona):
            return None  # what the model that plays the user says has no known price
        answers = job.script.most_answers if job.script is not None else 1
        # Each question of a conversation holds everything said before it.
        asked = answers * job.size + output * answers * (answers - 1)
        return asked * model.input_price + answers * output * model.output_price

    def expected_tokens(self, job: Job) -> int:
        """What a tokens-per-minute limit is told beforehand; corrected by what was used."""
        return job.size // _BYTES_PER_TOKEN + (self.output_tokens_bound or 0)


def load_targets(db: Database, run: Run) -> list[CellTarget]:
    """The run's cells, ready to be asked."""
    targets = []
    for cell in run.spec.cells:
        version = prompts.version(db, cell.prompt_version_id)
        model = endpoints.model(db, cell.model_id)
        targets.append(
            CellTarget(
                version=version,
                template=PromptTemplate.of(version.messages),
                model=model,
                endpoint=endpoints.endpoint(db, model.endpoint_id),
                parameters={**model.parameters, **version.parameters},
            )
        )
    return targets


@dataclass(slots=True)
class Feed:
    """Jobs of a run that have no sample yet, in the order of the plan; read page by page."""

    db: Database
    run: Run
    targets: list[CellTarget]
    plan: Plan = field(init=False)
    _ids: array[int] = field(init=False)
    _pending: dict[int, list[PendingAnswer]] = field(init=False)
    _done: bytearray = field(init=False)
    _next: int = 0
    _page: deque[tuple[int, Place, Example]] = field(default_factory=deque)
    _asked: dict[bytes, Job] = field(default_factory=dict)
    """By answer key: what is under way or answered and not yet committed."""

    def __post_init__(self) -> None:
        run, spec = self.run, self.run.spec
        version = datasets.version(self.db, run.dataset_version_id)
        self._ids = datasets.example_ids(self.db, version, spec.split, spec.only)
        self.plan = Plan(len(self._ids), len(spec.cells), spec.repeats, spec.seed, spec.limit)
        self._pending = pending_answers.of_run(self.db, run.id)
        self._done = bytearray(self.plan.total)
        for ordinal in samples.done_ordinals(self.db, run.id):
            self._done[ordinal] = 1

    @property
    def done(self) -> bytearray:
        """For each ordinal 1 where a sample was there when the feed was opened."""
        return self._done

    @property
    def missing(self) -> int:
        """Samples that were missing when the feed was opened."""
        return self._done.count(0)

    @property
    def pending_cost(self) -> int:
        """Nano-units of the answers that an earlier worker was given and made no sample of."""
        return sum(one.cost for pending in self._pending.values() for one in pending)

    @property
    def has_pending(self) -> bool:
        """Whether there are such answers."""
        return bool(self._pending)

    def take(self) -> Job | None:
        """The next job, or None when all were handed out.

        What asks the same as a job under way follows that one: equal questions are paid for once,
        whatever the timing. (Repeats ask on purpose; their keys differ.)
        """
        while True:
            while not self._page:
                places = list(self._missing(PAGE))
                if not places:
                    return None
                self._read(places)
            job = self._job(*self._page.popleft())
            if job.request is None or job.cached is not None or not self.run.spec.use_cache:
                return job
            leader = self._asked.setdefault(job.key, job)
            if leader is job:
                return job
            if leader.answer is not None:
                job.share(leader, leader.answer)
                return job
            leader.followers.append(job)

    def answered(self, job: Job, answer: Answer) -> list[Job]:
        """A job has its answer; returns the ones that have it with it."""
        if self._asked.get(job.key) is not job:
            return []
        followers, job.followers = job.followers, []
        job.answer = answer
        for follower in followers:
            follower.share(job, answer)
        return followers

    def gave_up(self, job: Job) -> Job | None:
        """A job gets no answer; returns the follower that asks in its place, if there is one."""
        if self._asked.get(job.key) is not job:
            return None
        if not job.followers:
            del self._asked[job.key]
            return None
        heir, *rest = job.followers
        job.followers = []
        heir.followers = rest
        self._asked[job.key] = heir
        return heir

    def committed(self, batch: Sequence[FinishedSample]) -> None:
        """From now on the file knows these answers."""
        for sample in batch:
            leader = self._asked.get(sample.answer_key)
            if leader is not None and leader.ordinal == sample.ordinal:
                del self._asked[sample.answer_key]

    def _missing(self, limit: int) -> Iterator[tuple[int, Place]]:
        while limit and self._next < self.plan.total:
            ordinal = self._next
            self._next += 1
            if not self._done[ordinal]:
                limit -= 1
                yield ordinal, self.plan[ordinal]

    def _read(self, places: list[tuple[int, Place]]) -> None:
        wanted = {self._ids[place.example] for _, place in places}
        examples = datasets.by_ids(self.db, sorted(wanted))
        self._page.extend(
            (ordinal, place, examples[self._ids[place.example]]) for ordinal, place in places
        )

    def _job(self, ordinal: int, place: Place, example: Example) -> Job:
        target = self.targets[place.cell]
        try:
            messages = target.template.render(example.inputs)
            script = script_of(example.inputs, target.version.variables)
        except (TemplateError, InputError) as error:
            return Job(ordinal, place, example, None, "", b"", None, render_error=str(error))
        request = ChatRequest(
            model=target.model.name,
            messages=messages,
            parameters=target.parameters,
            response_schema=target.version.response_schema,
            stream=self.run.spec.stream,
        )
        asked = request_json(request)
        told = asked if script is None else asked + script.to_json()
        key = answer_key(target.endpoint, told, place.repeat)
        cached = samples.cached_answer(self.db, key) if self.run.spec.use_cache else None
        shown = asked.decode("utf-8", "replace")
        if cached is not None and script is not None:
            shown = cached.request  # with all that was said before the answer
        job = Job(
            ordinal,
            place,
            example,
            request,
            shown,
            key,
            cached,
            size=len(told),
            script=script,
        )
        if self._pending:
            job.go_on_from(self._pending.pop(ordinal, ()))
        return job


def request_json(request: ChatRequest) -> bytes:
    """What is asked, as JSON with sorted keys: shown to people, and hashed for the cache."""
    asked = {
        "model": request.model,
        "messages": [_message(message) for message in request.messages],
        "parameters": dict(request.parameters),
    }
    if request.response_schema is not None:
        asked["response_schema"] = dict(request.response_schema)
    try:
        return orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, TypeError):  # lone surrogates, which orjson refuses
        return json.dumps(asked, sort_keys=True, separators=(",", ":")).encode()


def question_in(request: str) -> str:
    """What a request asks, as a judge reads it: its one question, or the whole conversation."""
    try:
        messages = json.loads(request)["messages"]  # orjson refuses lone surrogates
        said = [message for message in messages if message["role"] != "system"]
        if len(said) == 1:
            return str(said[0]["content"])
        return "\n\n".join(f"{message['role']}: {message['content']}" for message in messages)
    except (ValueError, KeyError, TypeError):
        return request


def answer_key(endpoint: Endpoint, asked: bytes, repeat: int) -> bytes:
    """16 bytes that are equal when exactly the same was asked, in the same repeat."""
    place = f"{endpoint.kind}\0{endpoint.base_url}\0{repeat}\0".encode()
    return hashlib.blake2b(place + asked, digest_size=16).digest()


def _message(message: Message) -> dict[str, Json]:
    shown: dict[str, Json] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        shown["tool_calls"] = [
            {"id": call.id, "name": call.name, "arguments": call.arguments}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        shown["tool_call_id"] = message.tool_call_id
    return shown
