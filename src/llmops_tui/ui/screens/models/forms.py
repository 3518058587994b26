"""Adding endpoints and models."""

from __future__ import annotations

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
            Field("at_once", "requests at once", "8", "At most so many.", check=_is_count),
            *_model_fields(),
        ],
        lambda values: models.add_endpoint(
            workspace,
            Endpoint(
                0,
                values["name"],
                values["kind"],
                values["url"].rstrip("/"),
                values["key"],
                int(values["at_once"]),
            ),
            [_model(values, 0)],
        ),
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
        Field("input", "input price", "0", "For a million input tokens.", check=_is_price),
        Field("output", "output price", "0", "For a million output tokens.", check=_is_price),
        Field("currency", "currency", "USD", "Of the prices.", check=required("A currency")),
        Field("context", "context", "", "Tokens that fit; may be empty.", check=_is_empty_or_count),
    ]


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
