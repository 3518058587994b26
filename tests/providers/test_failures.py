"""Refusals in all their spellings end as one kind of error each."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from llmops_tui.core.chat import AnswerErrorKind as Kind
from llmops_tui.providers.failures import refusal, retry_after

JSON = {"Content-Type": "application/json"}


def openai_error(
    message: str, code: str | None = None, kind: str = "invalid_request_error"
) -> bytes:
    return json.dumps({"error": {"message": message, "type": kind, "code": code}}).encode()


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (307, Kind.NOT_AN_ANSWER, False),
        (400, Kind.BAD_REQUEST, False),
        (401, Kind.KEY_REFUSED, False),
        (402, Kind.KEY_REFUSED, False),
        (403, Kind.KEY_REFUSED, False),
        (404, Kind.NOT_FOUND, False),
        (408, Kind.TIMEOUT, True),
        (409, Kind.SERVER, True),
        (413, Kind.BAD_REQUEST, False),
        (422, Kind.BAD_REQUEST, False),
        (429, Kind.THROTTLED, True),
        (500, Kind.SERVER, True),
        (502, Kind.SERVER, True),
        (503, Kind.SERVER, True),
        (504, Kind.SERVER, True),
        (529, Kind.THROTTLED, True),
    ],
)
@pytest.mark.parametrize("body", [b"", b'{"error":{"message":"no"}}', b"<html>no</html>", b"\xff"])
def test_each_status_has_its_kind_whatever_the_body(
    status: int, kind: Kind, retryable: bool, body: bytes
) -> None:
    error = refusal(status, JSON, body)
    assert (error.kind, error.retryable, error.status) == (kind, retryable, status)
    assert str(status) in str(error) or status == 402


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, openai_error("too long", "context_length_exceeded")),
        (
            400,
            b'{"error":{"code":400,"message":"the request exceeds the available context size, try '
            b'increasing it","type":"exceed_context_size_error","n_prompt_tokens":9,"n_ctx":4}}',
        ),
        (
            400,
            b'{"object":"error","message":"This model\'s maximum context length is 2048 tokens. '
            b'However, you requested 3000 tokens","type":"BadRequestError","code":400}',
        ),
        (400, openai_error("The decoder prompt is longer than the maximum model length of 10")),
        (400, b'{"error":{"type":"invalid_request_error","message":"prompt is too long: 9 > 8"}}'),
        (400, b'{"error":"input length exceeds maximum context length"}'),
        (422, b'{"error":"`inputs` tokens + `max_new_tokens` must be <= 2048"}'),
        (413, b'{"error":{"type":"request_too_large","message":"Request exceeds the maximum"}}'),
        (500, b'{"error":{"message":"context size has been exceeded"}}'),
        (400, b'{"detail":"too many tokens"}'),
        (
            400,
            b'[{"error":{"code":400,"message":"The input token count (9) exceeds the maximum '
            b'number of tokens allowed (8).","status":"INVALID_ARGUMENT"}}]',
        ),
    ],
)
def test_a_prompt_too_long_for_the_model_is_known_by_its_many_spellings(
    status: int, body: bytes
) -> None:
    error = refusal(status, JSON, body)
    assert (error.kind, error.retryable) == (Kind.CONTEXT_LENGTH, False)
    assert error.evidence == body.decode()


@pytest.mark.parametrize(
    "body",
    [
        openai_error("The response was filtered", "content_filter"),
        b'{"error":{"code":"x","message":"no","innererror":{"code":"ResponsibleAIPolicyViolation"}}}',
        openai_error("Your input was flagged by our moderation system"),
        openai_error("triggering Azure OpenAI's content management policy"),
    ],
)
def test_a_content_filter_is_told_from_a_bad_request(body: bytes) -> None:
    assert refusal(400, JSON, body).kind is Kind.CONTENT_FILTER


def test_a_throttle_that_speaks_of_tokens_is_still_a_throttle() -> None:
    body = openai_error(
        "Request too large: reduce the length of the messages", "rate_limit_exceeded"
    )
    assert refusal(429, JSON, body).kind is Kind.THROTTLED


def test_a_used_up_quota_is_not_waited_for() -> None:
    error = refusal(429, JSON, openai_error("You exceeded your quota", "insufficient_quota"))
    assert (error.kind, error.retryable) == (Kind.KEY_REFUSED, False)
    assert "quota" in str(error)


def test_a_web_page_is_evidence_and_not_part_of_the_message() -> None:
    error = refusal(502, {"Content-Type": "text/html"}, b"<html><h1>502 Bad Gateway</h1></html>")
    assert "<" not in str(error)
    assert "<h1>" in error.evidence


def test_evidence_is_the_beginning_of_the_body() -> None:
    assert refusal(500, JSON, b"x" * 9000).evidence == "x" * 4000
    assert refusal(500, JSON, "🦙".encode() * 9000).evidence == "🦙" * 4000


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "20"}, 20.0),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": "0"}, 0.0),
        ({"retry-after-ms": "250", "Retry-After": "1"}, 0.25),
        ({"Retry-After": formatdate(time.time() - 60, usegmt=True)}, 0.0),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "999999999"}, 86400.0),
    ],
)
def test_retry_after_is_read_in_its_spellings(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers) == seconds


def test_retry_after_as_a_date_counts_from_now() -> None:
    wait = retry_after({"Retry-After": formatdate(time.time() + 60, usegmt=True)})
    assert wait is not None
    assert 58 < wait <= 60


def test_recorded_refusals_get_the_kind_of_their_status(shared_data: Path) -> None:
    yaml = pytest.importorskip("yaml")
    kinds: dict[str, set[Kind]] = {}
    for path in sorted((shared_data / "monitoring/errors").glob("4*.yaml")):
        for interaction in yaml.safe_load(path.read_text())["interactions"]:
            response = interaction["response"]
            status = response["status"]["code"]
            if status < 400:
                continue
            body = response.get("body", {}).get("string") or json.dumps(response.get("parsed_body"))
            raw = body if isinstance(body, bytes) else body.encode()
            error = refusal(status, {}, raw)
            assert not error.retryable or status == 429, path.name
            kinds.setdefault(str(status), set()).add(error.kind)
    assert kinds["401"] == kinds["403"] == {Kind.KEY_REFUSED}
    assert kinds["404"] == {Kind.NOT_FOUND}
    assert kinds["400"] == {Kind.BAD_REQUEST}
    assert kinds["429"] == {Kind.THROTTLED}


def test_the_collected_provider_errors_are_understood(shared_data: Path) -> None:
    lines = (shared_data / "made/provider_errors.jsonl").read_text().splitlines()
    cases = [json.loads(line) for line in lines]
    headers = [{k.title(): v for k, v in case.get("headers", {}).items()} for case in cases]
    errors = [
        refusal(case["status"], header, case["body"].encode())
        for case, header in zip(cases, headers, strict=True)
    ]
    assert [(error.kind, error.retryable) for error in errors] == [
        (Kind.THROTTLED, True),
        (Kind.KEY_REFUSED, False),
        (Kind.CONTEXT_LENGTH, False),
        (Kind.SERVER, True),
    ]
    assert errors[0].retry_after_s == 20
