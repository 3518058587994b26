"""`POST /v1/feedback`: what users say of answers, in one line of JSON and without an SDK."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING

from llmops_tui.core.trace import FeedbackDraft
from llmops_tui.gateway.body import BodyRefused
from llmops_tui.gateway.conversation import dumps
from llmops_tui.gateway.otlp_json import parse
from llmops_tui.gateway.spans import clean, cut

if TYPE_CHECKING:
    from pydantic import BaseModel

MOST = 1000
"""Pieces of feedback that one post may hold."""

_THUMBS = {"up": 1, "down": -1, "1": 1, "-1": -1, "true": 1, "false": -1, "👍": 1, "👎": -1}
_EXAMPLE = '{"response_id": "chatcmpl-…", "thumbs": "down", "comment": "…"}'
_LONGEST = 100_000


def drafts_of(body: bytes, now: int) -> list[FeedbackDraft]:
    """The feedback in a body: one object, a list of them, or `{"feedback": [...]}`.

    Raises:
        BodyRefused: It can't be understood; nothing of it is taken (400).
    """
    told = parse(body)
    if isinstance(told, dict) and isinstance(told.get("feedback"), list):
        told = told["feedback"]
    items = told if isinstance(told, list) else [told]
    if not items or len(items) > MOST:
        raise _refused(f"holds {len(items)} pieces of feedback; 1 to {MOST} are taken")
    shape = _shape()
    return [_draft(shape, item, f"item {place}: ", now) for place, item in enumerate(items, 1)]


def _shape() -> type[BaseModel]:
    """What one piece may look like; made here because pydantic is slow to import."""
    from pydantic import BaseModel, ConfigDict, create_model

    class Base(BaseModel):
        model_config = ConfigDict(extra="ignore", allow_inf_nan=False, coerce_numbers_to_str=True)

    text = (str, "")
    made: type[BaseModel] = create_model(
        "Feedback",
        __base__=Base,
        trace_id=text,
        span_id=text,
        response_id=text,
        id=text,
        name=text,
        thumbs=(bool | int | str | None, None),
        score=(float | None, None),
        label=text,
        comment=text,
        corrected=(str | None, None),
        author=text,
    )
    return made


def _draft(shape: type[BaseModel], item: object, which: str, now: int) -> FeedbackDraft:
    from pydantic import ValidationError

    try:
        told = shape.model_validate(item).model_dump()
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "it"
        raise _refused(f"can't be read: {which}{place}: {first['msg']}") from error
    thumbs = told["thumbs"]
    if thumbs is not None:
        thumbs = _THUMBS.get(str(thumbs).strip().lower())
        if thumbs is None:
            raise _refused(f"can't be read: {which}thumbs is up or down")
    trace, span = _hexadecimal(told["trace_id"], 32), _hexadecimal(told["span_id"], 16)
    if not (trace or told["response_id"]):
        raise _refused(f"says of no call: {which}it needs a trace_id of 32 digits or a response_id")
    says = (thumbs, told["score"], told["label"], told["comment"], told["corrected"])
    if all(one in (None, "") for one in says):
        raise _refused(f"says nothing: {which}thumbs, score, label, comment or corrected")
    key = told["id"] or dumps({**told, "thumbs": thumbs})
    digest = hashlib.blake2b(f"{trace}{told['response_id']}\0{key}".encode("utf-8", "replace"))
    corrected = told["corrected"]
    return FeedbackDraft(
        identity=digest.digest()[:24],
        source="user",
        given_at=now,
        trace_id=trace,
        span_id=span,
        response_id=clean(told["response_id"]),
        name=clean(told["name"], 200),
        thumbs=thumbs,
        score=told["score"],
        label=clean(told["label"], 200),
        comment=clean(told["comment"], _LONGEST),
        corrected=None if corrected is None else clean(cut(corrected, _LONGEST), 2 * _LONGEST),
        author=clean(told["author"], 200),
    )


def _hexadecimal(value: str, length: int) -> str:
    lowered = value.strip().lower().replace("-", "")
    fits = len(lowered) == length and all(digit in "0123456789abcdef" for digit in lowered)
    return lowered if fits and lowered.strip("0") else ""


def _refused(what: str) -> BodyRefused:
    return BodyRefused(HTTPStatus.BAD_REQUEST, f"The body {what}.", f"Such as {_EXAMPLE}.")
