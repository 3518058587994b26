"""What an endpoint's refusal means: one `AnswerError` for the many spellings of the vendors."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from llmops_tui.core.chat import AnswerError, AnswerErrorKind, Json
from llmops_tui.providers.jsonread import JsonObject, as_object, loads, obj, text
from llmops_tui.providers.wire import evidence_of

_CONTEXT_CODES = frozenset(
    {
        "context_length_exceeded",
        "exceed_context_size_error",
        "request_too_large",
        "context_overflow",
    }
)
_CONTEXT_WORDS = re.compile(
    r"""maximum\ context\ length | context[ _](length|window|size) | maximum\ model\ length
    | (prompt|input|request)\ is\ too\ long | too\ many\ (input\ )?tokens | maximum\ prompt\ length
    | exceeds\ the\ maximum\ number\ of\ tokens | max_new_tokens`?\ must\ be
    | (input|prompt)\ length\ exceeds | reduce\ (the|your)\ (length|prompt)
    | context\ the\ overflows""",
    re.IGNORECASE | re.VERBOSE,
)
_FILTER_CODES = frozenset(
    {"content_filter", "content_policy_violation", "responsibleaipolicyviolation", "safety"}
)
_FILTER_WORDS = re.compile(
    r"content (management policy|policy|filter)|flagged by .{0,20}moderation"
    r"|violat\w+ .{0,30}(usage|safety) polic",
    re.IGNORECASE,
)
_QUOTA_CODES = frozenset({"insufficient_quota", "billing_error", "billing_hard_limit_reached"})
_THROTTLE_TYPES = frozenset({"overloaded_error", "rate_limit_error", "rate_limit_exceeded"})
_STATUS_OF_TYPE: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""What an error inside a stream or a 200 body would have been as an HTTP status."""

_LONGEST_WAIT_S = 24 * 3600.0
_MESSAGE_CHARS = 300


def retry_after(headers: Mapping[str, str]) -> float | None:
    """How long the endpoint asks us to wait, in seconds from now.

    Understands `Retry-After` as seconds and as an HTTP date, and `retry-after-ms`. None where
    nothing usable is said; at most a day.
    """
    milliseconds = headers.get("retry-after-ms")
    if milliseconds is not None and (ms := _number(milliseconds)) is not None:
        return min(ms / 1000.0, _LONGEST_WAIT_S)
    value = headers.get("Retry-After")
    if value is None:
        return None
    seconds = _number(value)
    if seconds is None:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return min(max(0.0, seconds), _LONGEST_WAIT_S)


def _number(value: str) -> float | None:
    # Not float(): it takes "nan", "inf" and "1_0".
    return float(value) if re.fullmatch(r"\s*\d{1,15}(\.\d{0,9})?\s*", value) else None


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> AnswerError:
    """The error of a reply whose HTTP status is not 200."""
    detail: JsonObject = {}
    if not looks_like_html(headers, body):
        try:
            detail = error_detail(loads(body))
        except ValueError:
            detail = {"message": evidence_of(body)}
    return _classify(status, detail, retry_after(headers), evidence_of(body))


def refusal_within(detail: JsonObject, evidence: str, *, status: int = 200) -> AnswerError:
    """The error of an error object that came where an answer was expected."""
    code = detail.get("code")
    meant = _STATUS_OF_TYPE.get(text(detail, "type").lower())
    if meant is None:
        meant = _STATUS_OF_TYPE.get(str(code).lower())
    if meant is None and re.fullmatch(r"[45]\d\d", str(code)):
        meant = int(str(code))
    error = _classify(meant or 0, detail, None, evidence)
    error.status = status
    return error


def error_detail(parsed: Json) -> JsonObject:
    """The error object of a body: OpenAI's and Anthropic's, a bare string, FastAPI's, a list's."""
    if isinstance(parsed, list) and parsed:
        parsed = parsed[0]
    source = as_object(parsed)
    error = source.get("error")
    if isinstance(error, dict):
        return error
    if isinstance(error, str):
        return {**source, "message": error}
    if "detail" in source:
        detail = source["detail"]
        return {"message": detail if isinstance(detail, str) else str(detail)}
    return source


def looks_like_html(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a reply is a web page: a proxy's error page, a login page, a wrong address."""
    if "html" in headers.get("Content-Type", "").lower():
        return True
    return body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _classify(status: int, detail: JsonObject, wait_s: float | None, evidence: str) -> AnswerError:
    said = " ".join(text(detail, "message").split())[:_MESSAGE_CHARS]
    codes = {text(detail, "code").lower(), text(detail, "type").lower()}
    codes.add(text(obj(detail, "innererror"), "code").lower())
    kind, what, retryable = _meaning(status, codes, said)
    message = f"{what}: {said}" if said else f"{what}."
    return AnswerError(
        kind,
        message,
        status=status or None,
        retry_after_s=wait_s,
        retryable=retryable,
        evidence=evidence,
    )


def _meaning(status: int, codes: set[str], said: str) -> tuple[AnswerErrorKind, str, bool]:
    """Kind, what happened in words, and whether asking again may help."""
    kinds = AnswerErrorKind
    if codes & _CONTEXT_CODES or (status != 429 and _CONTEXT_WORDS.search(said)):
        return kinds.CONTEXT_LENGTH, "The prompt is longer than the model's context", False
    if codes & _FILTER_CODES or _FILTER_WORDS.search(said):
        return kinds.CONTENT_FILTER, "The endpoint's content filter refused", False
    if codes & _QUOTA_CODES or status == 402:
        # Says 429, but waiting does not fill an account: the same as a refused key.
        return kinds.KEY_REFUSED, "The account's quota is used up", False
    if status in {429, 529} or codes & _THROTTLE_TYPES:
        return kinds.THROTTLED, f"The endpoint is throttling ({status or 429})", True
    simple = {
        401: (kinds.KEY_REFUSED, "The endpoint refused the key (401)", False),
        403: (kinds.KEY_REFUSED, "The endpoint refused the key (403)", False),
        404: (kinds.NOT_FOUND, "The endpoint has no such model or address (404)", False),
        408: (kinds.TIMEOUT, "The endpoint gave up waiting (408)", True),
        409: (kinds.SERVER, "The endpoint reported a conflict (409)", True),
    }
    if status in simple:
        return simple[status]
    if status >= 500:
        return kinds.SERVER, f"The endpoint failed ({status})", True
    if 300 <= status < 400:
        return kinds.NOT_AN_ANSWER, f"The endpoint's address has moved ({status})", False
    if status >= 400:
        return kinds.BAD_REQUEST, f"The endpoint refused the request ({status})", False
    return kinds.SERVER, "The endpoint reported an error", True
