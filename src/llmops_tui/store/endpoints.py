"""Endpoints and the models reached at them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, replace

from llmops_tui.core.chat import Endpoint, Model, Timeouts
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import InputError, NotFoundError
from llmops_tui.store.codec import json_object, to_json
from llmops_tui.store.database import Database

INSERT_ENDPOINT = """
INSERT INTO endpoint (name, kind, base_url, key_ref, max_concurrency, requests_per_minute,
                      tokens_per_minute, timeouts, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
CHANGE_ENDPOINT = """
UPDATE endpoint SET base_url = ?, key_ref = ?, max_concurrency = ?, requests_per_minute = ?,
    tokens_per_minute = ?, timeouts = ?
WHERE id = ?
"""
CHANGE_MODEL = """
UPDATE model SET parameters = ?, input_price = ?, output_price = ?, currency = ?,
    context_window = ?
WHERE id = ?
"""
ENDPOINTS = "SELECT * FROM endpoint ORDER BY id"
ENDPOINT = "SELECT * FROM endpoint WHERE id = ?"
ENDPOINT_BY_NAME = "SELECT * FROM endpoint WHERE name = ?"
INSERT_MODEL = """
INSERT INTO model (endpoint_id, name, parameters, input_price, output_price, currency,
                   context_window, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
MODELS = "SELECT * FROM model ORDER BY id"
MODEL = "SELECT * FROM model WHERE id = ?"


def add_endpoint(db: Database, endpoint: Endpoint) -> Endpoint:
    """Store an endpoint (its `id` is ignored) and return it with its id.

    Raises:
        InputError: the name is taken.
    """
    try:
        with db.write("model") as connection:
            cursor = connection.execute(
                INSERT_ENDPOINT,
                (
                    endpoint.name,
                    endpoint.kind,
                    endpoint.base_url,
                    endpoint.key_ref,
                    endpoint.max_concurrency,
                    endpoint.requests_per_minute,
                    endpoint.tokens_per_minute,
                    to_json(asdict(endpoint.timeouts)),
                    now_ms(),
                ),
            )
    except sqlite3.IntegrityError as error:
        raise InputError(
            f"There is already an endpoint named {endpoint.name!r}.", "Choose another name."
        ) from error
    return replace(endpoint, id=int(cursor.lastrowid or 0))


def change(db: Database, endpoint: Endpoint, model: Model | None) -> None:
    """Store other settings of an endpoint and of a model there; names and kinds stay.

    What finished runs cost stays as it was reckoned then.
    """
    with db.write("model") as connection:
        connection.execute(
            CHANGE_ENDPOINT,
            (
                endpoint.base_url,
                endpoint.key_ref,
                endpoint.max_concurrency,
                endpoint.requests_per_minute,
                endpoint.tokens_per_minute,
                to_json(asdict(endpoint.timeouts)),
                endpoint.id,
            ),
        )
        if model is not None:
            connection.execute(
                CHANGE_MODEL,
                (
                    to_json(dict(model.parameters)),
                    model.input_price,
                    model.output_price,
                    model.currency,
                    model.context_window,
                    model.id,
                ),
            )


def endpoints(db: Database) -> list[Endpoint]:
    """All endpoints; a workspace holds a handful."""
    return [_endpoint(row) for row in db.rows(ENDPOINTS)]


def endpoint(db: Database, endpoint_id: int) -> Endpoint:
    """One endpoint.

    Raises:
        NotFoundError: there is none of that id.
    """
    row = db.row(ENDPOINT, (endpoint_id,))
    if row is None:
        raise NotFoundError(f"There is no endpoint {endpoint_id}.")
    return _endpoint(row)


def endpoint_by_name(db: Database, name: str) -> Endpoint | None:
    """An endpoint by its name."""
    row = db.row(ENDPOINT_BY_NAME, (name,))
    return _endpoint(row) if row else None


def add_model(db: Database, model: Model) -> Model:
    """Store a model (its `id` is ignored) and return it with its id.

    Raises:
        InputError: the endpoint already has a model of that name.
    """
    try:
        with db.write("model") as connection:
            cursor = connection.execute(
                INSERT_MODEL,
                (
                    model.endpoint_id,
                    model.name,
                    to_json(dict(model.parameters)),
                    model.input_price,
                    model.output_price,
                    model.currency,
                    model.context_window,
                    now_ms(),
                ),
            )
    except sqlite3.IntegrityError as error:
        raise InputError(
            f"The endpoint already has a model named {model.name!r}.", "Choose another name."
        ) from error
    return replace(model, id=int(cursor.lastrowid or 0))


def models(db: Database) -> list[Model]:
    """All models; a workspace holds some dozens."""
    return [_model(row) for row in db.rows(MODELS)]


def model(db: Database, model_id: int) -> Model:
    """One model.

    Raises:
        NotFoundError: there is none of that id.
    """
    row = db.row(MODEL, (model_id,))
    if row is None:
        raise NotFoundError(f"There is no model {model_id}.")
    return _model(row)


def _endpoint(row: sqlite3.Row) -> Endpoint:
    return Endpoint(
        id=row["id"],
        name=row["name"],
        kind=row["kind"],
        base_url=row["base_url"],
        key_ref=row["key_ref"],
        max_concurrency=row["max_concurrency"],
        requests_per_minute=row["requests_per_minute"],
        tokens_per_minute=row["tokens_per_minute"],
        timeouts=_timeouts(json_object(row["timeouts"])),
    )


def _timeouts(stored: Mapping[str, object]) -> Timeouts:
    known = {
        name: float(value)
        for name, value in stored.items()
        if name in Timeouts.__slots__ and isinstance(value, int | float)
    }
    return Timeouts(**known)


def _model(row: sqlite3.Row) -> Model:
    return Model(
        id=row["id"],
        endpoint_id=row["endpoint_id"],
        name=row["name"],
        parameters=json_object(row["parameters"]),
        input_price=row["input_price"],
        output_price=row["output_price"],
        currency=row["currency"],
        context_window=row["context_window"],
    )
