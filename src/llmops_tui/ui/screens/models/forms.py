"""Adding endpoints and models."""

from __future__ import annotations

from dataclasses import replace

from llmops_tui.core.chat import Answer, Endpoint, Message, Model
from llmops_tui.core.errors import InputError
from llmops_tui.services import models
from llmops_tui.services.models import ModelView
from llmops_tui.services.workspace import Workspace
from llmops_tui.ui.screens.form import Field, FormScreen, Values, required
from llmops_tui.ui.screens.models.texts import NANO_PER_MILLION

KINDS = tuple((kind, what) for kind, what in models.KINDS.items() if kind != "embedded")
"""The embedded model has a command of its own."""
LONGEST_TRIAL = 200
"""Tokens of an answer that is only to show that there is one."""


def endpoint_form(workspace: Workspace) -> FormScreen[Endpoint]:
    """A new endpoint with its first model."""
    return FormScreen(
        "Add an endpoint",
        [
            Field(
                "name",
                "name",
                "",
                "What you call it: openai, office-gpu.",
                check=required("A name"),
            ),
            Field("kind", "kind", "openai", "← → choose.", choices=KINDS),
            Field("url", "address", "", "Up to the version: http://127.0.0.1:8080/v1."),
            Field("key", "key", "", "Where it is found, never the key: env:NAME or file:PATH."),
            *_pace_fields(Endpoint(0, "", "", "")),
            *_model_fields(),
        ],
        lambda values: models.add_endpoint(
            workspace,
            _paced(
                Endpoint(
                    0, values["name"], values["kind"], values["url"].rstrip("/"), values["key"]
                ),
                values,
            ),
            [_model(values, 0)],
        ),
    )


def change_form(
    workspace: Workspace, endpoint: Endpoint, model: Model | None
) -> FormScreen[Endpoint]:
    """Other limits of an endpoint, and other prices of a model there."""
    place: list[Field] = []
    if endpoint.kind != "embedded":
        place = [
            Field("url", "address", endpoint.base_url, "Up to the version: …/v1."),
            Field("key", "key", endpoint.key_ref, "env:NAME or file:PATH, never the key."),
        ]

    def change(values: Values) -> Endpoint:
        moved = replace(
            endpoint,
            base_url=values.get("url", endpoint.base_url).rstrip("/"),
            key_ref=values.get("key", endpoint.key_ref),
        )
        priced = None
        if model is not None:
            priced = replace(
                _model({**values, "model": model.name}, endpoint.id),
                id=model.id,
                parameters=model.parameters,
            )
        return models.change(workspace, _paced(moved, values), priced)

    return FormScreen(
        f"Change {f'{model.name} at ' if model else ''}{endpoint.name}",
        [*place, *_pace_fields(endpoint), *(_price_fields(model) if model else ())],
        change,
    )


def model_form(workspace: Workspace, endpoint: Endpoint) -> FormScreen[Model]:
    """Another model at an endpoint."""
    return FormScreen(
        f"Add a model at {endpoint.name}",
        _model_fields(),
        lambda values: models.add_model(workspace, _model(values, endpoint.id)),
    )


def ask_form(view: ModelView) -> FormScreen[Answer]:
    """One question, to see that a model answers."""
    return FormScreen(
        f"Ask {view.title}",
        [
            Field(
                "question",
                "question",
                "Say hello in one word.",
                "Enter asks. What it costs is yours to pay.",
                check=required("A question"),
            )
        ],
        lambda values: models.ask(
            view, (Message("user", values["question"]),), max_tokens=LONGEST_TRIAL
        ),
    )


def _model_fields() -> list[Field]:
    return [
        Field("model", "model", "", "As the endpoint calls it.", check=required("A model")),
        *_price_fields(Model(0, 0, "")),
    ]


def _price_fields(model: Model) -> list[Field]:
    window = model.context_window
    return [
        Field(
            "input",
            "input price",
            _price(model.input_price),
            "For a million input tokens.",
            check=_is_price,
        ),
        Field(
            "output",
            "output price",
            _price(model.output_price),
            "For a million output tokens.",
            check=_is_price,
        ),
        Field(
            "currency", "currency", model.currency, "Of the prices.", check=required("A currency")
        ),
        Field(
            "context",
            "context",
            str(window or ""),
            "Tokens that fit; may be empty.",
            check=_is_empty_or_count,
        ),
    ]


def _pace_fields(endpoint: Endpoint) -> list[Field]:
    shared = "Runs at the same time share it; empty for no limit."
    return [
        Field(
            "at_once",
            "requests at once",
            str(endpoint.max_concurrency),
            "At most so many.",
            check=_is_count,
        ),
        Field(
            "rpm",
            "requests a minute",
            str(endpoint.requests_per_minute or ""),
            shared,
            check=_is_empty_or_count,
        ),
        Field(
            "tpm",
            "tokens a minute",
            str(endpoint.tokens_per_minute or ""),
            shared,
            check=_is_empty_or_count,
        ),
        Field(
            "timeout",
            "timeout",
            f"{endpoint.timeouts.total:g}",
            "Seconds for a whole answer.",
            check=_is_seconds,
        ),
    ]


def _paced(endpoint: Endpoint, values: Values) -> Endpoint:
    total = float(values["timeout"])
    timeouts = endpoint.timeouts
    if total != timeouts.total:
        timeouts = replace(timeouts, first_byte=total, total=total)
    return replace(
        endpoint,
        max_concurrency=int(values["at_once"]),
        requests_per_minute=int(values["rpm"]) if values["rpm"] else None,
        tokens_per_minute=int(values["tpm"]) if values["tpm"] else None,
        timeouts=timeouts,
    )


def _model(values: Values, endpoint_id: int) -> Model:
    return Model(
        0,
        endpoint_id,
        values["model"],
        input_price=_nano(values["input"]),
        output_price=_nano(values["output"]),
        currency=values["currency"].upper(),
        context_window=int(values["context"]) if values["context"] else None,
    )


def _price(nano: int) -> str:
    return f"{nano / NANO_PER_MILLION:g}"


def _is_seconds(text: str) -> str | None:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    return None if 0.1 <= seconds <= 86_400 else "Seconds, such as 60."


def _nano(price: str) -> int:
    problem = _is_price(price)
    if problem:
        raise InputError(problem)
    return round(float(price or "0") * NANO_PER_MILLION)


def _is_price(text: str) -> str | None:
    try:
        price = float(text or "0")
    except ValueError:
        return "A price is a number such as 0.15."
    return None if 0 <= price < 1e9 else "A price can't be below zero or that high."


def _is_count(text: str) -> str | None:
    return None if text.isdecimal() and 0 < int(text) <= 10_000 else "A number of at least 1."


def _is_empty_or_count(text: str) -> str | None:
    return None if not text or (text.isdecimal() and int(text) > 0) else "A number, or nothing."
