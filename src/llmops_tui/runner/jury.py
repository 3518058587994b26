"""Asks judging models for scorers, from any thread; what was asked before costs nothing again."""

from __future__ import annotations

import asyncio
import random
import threading
from concurrent.futures import Future
from dataclasses import dataclass

from llmops_tui.core.chat import Answer, AnswerError, AnswerErrorKind, ChatRequest, Json, Model
from llmops_tui.core.errors import InputError
from llmops_tui.core.scorers.judge_prompts import Ask
from llmops_tui.providers.base import Provider
from llmops_tui.providers.factory import open_provider
from llmops_tui.providers.wire import Wire
from llmops_tui.runner.jobs import answer_key, request_json
from llmops_tui.runner.pace import Pace, Paces
from llmops_tui.runner.retry import wait_before_retry
from llmops_tui.runner.scorers.judging import Reply
from llmops_tui.store import answers, endpoints, samples
from llmops_tui.store.database import Database

PARAMETERS: dict[str, Json] = {"temperature": 0}
"""Besides the model's own: a judge should say the same of the same."""

CHARS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class _Place:
    """An endpoint where judges are asked."""

    provider: Provider
    concurrency: asyncio.Semaphore
    pace: Pace


class ModelJury:
    """Judging models of a workspace, asked over one event loop in a thread of its own."""

    def __init__(self, db: Database, paces: Paces) -> None:
        """Open nothing yet.

        Args:
            db: the workspace.
            paces: what the endpoints' limits leave to this worker.
        """
        self._db = db
        self._paces = paces
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._wire: Wire | None = None
        self._places: dict[int, _Place] = {}
        self._models: dict[str, Model] = {}
        self._plain: set[int] = set()
        """Models whose endpoint refuses schemas."""
        self._under_way: dict[bytes, Future[Answer]] = {}
        """By answer key: what is asked and not yet kept."""
        self._chance = random.Random()

    def check(self, model: str) -> None:
        """See `Jury.check`."""
        self._find(model)

    def ask(self, model: str, question: Ask) -> Reply:
        """See `Jury.ask`.

        Raises:
            AnswerError: no judgement was had.
            InputError: there is no such model.
        """
        found = self._find(model)
        parameters = {**PARAMETERS, **found.parameters}
        request = ChatRequest(found.name, question.messages, parameters, question.schema)
        endpoint = endpoints.endpoint(self._db, found.endpoint_id)
        asked = request_json(request)
        key = answer_key(endpoint, asked, 0)
        loop = self._running()
        with self._lock:  # equal questions at the same time are paid for once
            future = self._under_way.get(key)
            is_first = future is None
            if future is None:
                cached = samples.cached_answer(self._db, key)
                if cached is not None:
                    return Reply(cached.answer.text, 0, dict(parameters))
                future = asyncio.run_coroutine_threadsafe(self._ask(found, request), loop)
                self._under_way[key] = future
        if not is_first:
            return Reply(future.result().text, 0, dict(parameters))
        try:
            answer = future.result()
            answers.keep_answer(self._db, key, asked.decode("utf-8", "replace"), answer)
        finally:
            del self._under_way[key]
        return Reply(answer.text, found.cost(answer.usage), dict(parameters))

    def close(self) -> None:
        """End the connections and the thread."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._close(), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()
        self._loop = None

    def _find(self, name: str) -> Model:
        found = self._models.get(name)
        if found is None:
            places = {endpoint.id: endpoint.name for endpoint in endpoints.endpoints(self._db)}
            for model in endpoints.models(self._db):
                for alias in (f"{places.get(model.endpoint_id)}/{model.name}", model.name):
                    self._models.setdefault(alias, model)
            found = self._models.get(name)
        if found is None:
            raise InputError(
                f"There is no model {name!r} to judge with.",
                f"Models are {', '.join(sorted(self._models)) or 'none yet'}.",
            )
        return found

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="llmops-jury", daemon=True
                )
                self._thread.start()
                asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
            return self._loop

    async def _open(self) -> None:
        self._wire = await Wire().__aenter__()

    async def _close(self) -> None:
        for place in self._places.values():
            await place.provider.close()
        if self._wire is not None:
            await self._wire.__aexit__(None, None, None)

    def _place(self, endpoint_id: int) -> _Place:
        found = self._places.get(endpoint_id)
        if found is None:
            endpoint = endpoints.endpoint(self._db, endpoint_id)
            assert self._wire is not None
            found = self._places[endpoint_id] = _Place(
                open_provider(endpoint, self._wire),
                asyncio.Semaphore(endpoint.max_concurrency),
                self._paces.of(endpoint),
            )
        return found

    async def _ask(self, model: Model, request: ChatRequest) -> Answer:
        place = self._place(model.endpoint_id)
        tokens = sum(len(message.content) for message in request.messages) // CHARS_PER_TOKEN
        attempts = 0
        while True:
            if model.id in self._plain:
                request = ChatRequest(request.model, request.messages, request.parameters)
            attempts += 1
            try:
                async with place.concurrency:
                    delay = place.pace.reserve(asyncio.get_running_loop().time(), tokens)
                    await asyncio.sleep(delay)
                    answer = await place.provider.ask(request)
                usage = answer.usage
                place.pace.settle(tokens, usage.input_tokens + usage.output_tokens)
                return answer
            except AnswerError as error:
                refused = error.kind is AnswerErrorKind.BAD_REQUEST
                if refused and request.response_schema is not None:
                    self._plain.add(model.id)  # the form is asked for in words alone then
                    continue
                wait = wait_before_retry(error, attempts, self._chance)
                if wait is None:
                    raise
            await asyncio.sleep(wait)
