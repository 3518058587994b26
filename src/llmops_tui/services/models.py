"""Endpoints and models: which there are, whether they answer, how to add one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from llmops_tui.core.chat import Answer, ChatRequest, Endpoint, Message, Model
from llmops_tui.core.errors import InputError, LlmopsError, NotFoundError
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import endpoints

EMBEDDED_ENDPOINT = "embedded"
KINDS = {
    "openai": "any server that speaks OpenAI's chat completions",
    "anthropic": "Anthropic's messages",
    "embedded": "the small model that comes with the program",
}


@dataclass(frozen=True, slots=True)
class ModelView:
    """A model and where it is reached."""

    model: Model
    endpoint: Endpoint

    @property
    def title(self) -> str:
        """Model at endpoint."""
        return f"{self.model.name} at {self.endpoint.name}"


def list_models(workspace: Workspace) -> list[ModelView]:
    """All models of the workspace."""
    places = {place.id: place for place in endpoints.endpoints(workspace.db)}
    return [ModelView(model, places[model.endpoint_id]) for model in endpoints.models(workspace.db)]


def find_model(workspace: Workspace, name: str | None) -> ModelView:
    """A model by name, or by `name at endpoint`; without a name, the only one.

    Raises:
        NotFoundError: there is none of that name, or none at all.
        InputError: several fit.
    """
    all_models = list_models(workspace)
    found = [view for view in all_models if name is None or name in (view.model.name, view.title)]
    titles = ", ".join(view.title for view in (found or all_models))
    if not all_models:
        raise NotFoundError(
            "The workspace has no model yet.",
            "`llmops-tui model add` adds one; so does a on Models.",
        )
    if not found:
        raise NotFoundError(f"There is no model named {name!r}.", f"Models here: {titles}.")
    if len(found) > 1:
        raise InputError("Several models fit.", f"Name one with --model: {titles}.")
    return found[0]


def add_endpoint(workspace: Workspace, endpoint: Endpoint, models: list[Model]) -> Endpoint:
    """Add an endpoint with its models (their `endpoint_id` is set here).

    Raises:
        InputError: something about it can't be right, or the name is taken.
    """
    _check_endpoint(endpoint)
    with workspace.db.write("model"):
        stored = endpoints.add_endpoint(workspace.db, endpoint)
        for model in models:
            endpoints.add_model(workspace.db, _at(model, stored))
    return stored


def change(workspace: Workspace, endpoint: Endpoint, model: Model | None) -> Endpoint:
    """Change where and how fast an endpoint is asked, and what a model there costs.

    Runs under way go on as they began; the next worker of a run has the new settings.

    Raises:
        InputError: something about it can't be right.
    """
    _check_endpoint(endpoint)
    endpoints.change(workspace.db, endpoint, model)
    return endpoint


def ensure_embedded(workspace: Workspace) -> ModelView:
    """The embedded model's entry, added where it's missing."""
    from llmops_tui.providers.embedded.client import MOST_AT_ONCE
    from llmops_tui.providers.embedded.model import CONTEXT, NAME

    endpoint = endpoints.endpoint_by_name(workspace.db, EMBEDDED_ENDPOINT)
    if endpoint is None:
        endpoint = add_endpoint(
            workspace,
            Endpoint(0, EMBEDDED_ENDPOINT, "embedded", "", max_concurrency=MOST_AT_ONCE),
            [Model(0, 0, NAME, {"temperature": 0, "seed": 1}, context_window=CONTEXT)],
        )
    for view in list_models(workspace):
        if view.endpoint.id == endpoint.id:
            return view
    raise NotFoundError(
        "The embedded endpoint has no model.", "Add one with `llmops-tui model add`."
    )


@dataclass(frozen=True, slots=True)
class Check:
    """Whether an endpoint answers."""

    ok: bool
    sentence: str
    hint: str = ""
    models: tuple[str, ...] = ()
    """What the endpoint itself says it has."""


def check_endpoint(endpoint: Endpoint) -> Check:
    """Ask an endpoint which models it has. Blocks; for a worker or the command line."""
    try:
        found = asyncio.run(_list_models(endpoint))
    except LlmopsError as error:
        return Check(False, str(error), error.hint)
    return Check(True, f"{endpoint.name} answers: {len(found)} model(s).", models=tuple(found))


def ask(view: ModelView, messages: tuple[Message, ...], **parameters: float | int) -> Answer:
    """Ask a model one question. Blocks; for a worker or the command line.

    Raises:
        AnswerError: no answer was had.
    """
    request = ChatRequest(view.model.name, messages, {**view.model.parameters, **parameters})
    return asyncio.run(_ask(view.endpoint, request))


async def _list_models(endpoint: Endpoint) -> list[str]:
    from llmops_tui.providers.factory import open_provider
    from llmops_tui.providers.wire import Wire

    async with Wire() as wire:
        return await open_provider(endpoint, wire).list_models()


async def _ask(endpoint: Endpoint, request: ChatRequest) -> Answer:
    from llmops_tui.providers.factory import open_provider
    from llmops_tui.providers.wire import Wire

    async with Wire() as wire:
        return await open_provider(endpoint, wire).ask(request)


def _check_endpoint(endpoint: Endpoint) -> None:
    if not endpoint.name.strip():
        raise InputError("An endpoint needs a name.", "Give it a short one, such as openai.")
    if endpoint.kind not in KINDS:
        raise InputError(
            f"{endpoint.kind!r} is no kind of endpoint.", f"Kinds: {', '.join(KINDS)}."
        )
    if endpoint.kind != "embedded" and not endpoint.base_url.startswith(("http://", "https://")):
        raise InputError(
            f"{endpoint.base_url!r} is no address.", "Give one such as http://127.0.0.1:8080/v1."
        )
    if endpoint.key_ref and not endpoint.key_ref.startswith(("env:", "file:")):
        raise InputError(
            "A key is never stored: say where it is found.",
            "Write env:NAME for an environment variable or file:PATH for a file.",
        )
    if endpoint.max_concurrency < 1:
        raise InputError("At least one request must be allowed at once.")


def _at(model: Model, endpoint: Endpoint) -> Model:
    from dataclasses import replace

    return replace(model, endpoint_id=endpoint.id)


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An endpoint and its models, the cheapest first."""

    endpoint: Endpoint
    models: tuple[Model, ...]


def list_endpoints(workspace: Workspace) -> tuple[EndpointView, ...]:
    """All endpoints of the workspace, those without a model included."""
    models = endpoints.models(workspace.db)
    return tuple(
        EndpointView(
            place,
            tuple(
                sorted(
                    (model for model in models if model.endpoint_id == place.id),
                    key=lambda model: (model.output_price, model.name),
                )
            ),
        )
        for place in endpoints.endpoints(workspace.db)
    )


def add_model(workspace: Workspace, model: Model) -> Model:
    """Add a model to an endpoint that is there.

    Raises:
        InputError: it has no name, or the endpoint already has one of that name.
    """
    if not model.name.strip():
        raise InputError("A model needs a name.", "Give it as the endpoint calls it.")
    return endpoints.add_model(workspace.db, model)
