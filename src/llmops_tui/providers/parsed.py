"""What an endpoint said, whoever the vendor is, before it becomes an answer or an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from llmops_tui.core.chat import AnswerError, AnswerErrorKind, Json, ToolCall, Usage
from llmops_tui.providers.failures import error_detail, looks_like_html, refusal_within
from llmops_tui.providers.jsonread import JsonObject, as_object, loads
from llmops_tui.providers.wire import EVIDENCE_CHARS, evidence_of


@dataclass(slots=True)
class Parsed:
    """What an endpoint said, before anybody judged whether it is an answer."""

    text: str = ""
    finish_reason: str = ""
    usage: Usage | None = None
    model: str = ""
    response_id: str = ""
    refusal: str = ""
    tool_calls: tuple[ToolCall, ...] = ()

    def require_allowed(self, evidence: str) -> None:
        """Refuse what the endpoint itself marks as filtered or refused.

        Raises:
            AnswerError: A content filter cut the answer, or the model refused in the field that
                is meant for refusing.
        """
        if self.finish_reason == "content_filter":
            message = "The endpoint's content filter cut the answer."
        elif self.refusal and not self.text:
            message = f"The model refused: {' '.join(self.refusal.split())[:300]}"
        else:
            return
        raise AnswerError(AnswerErrorKind.CONTENT_FILTER, message, status=200, evidence=evidence)


class ReplyStream(Protocol):
    """Puts the pieces of a streamed answer together."""

    done: bool
    """Whether the endpoint has said that nothing more comes."""

    def take(self, data: str, seen: bytes | bytearray) -> str:
        """Take the data of one event; returns the text that it adds.

        Args:
            data: As the event stream carried it.
            seen: The beginning of the stream, for evidence.

        Raises:
            AnswerError: The event is no JSON, or an error.
        """

    def finish(self, seen: bytes | bytearray) -> Parsed:
        """The stream has ended: what was said.

        Raises:
            AnswerError: It ended without saying that it was complete.
        """


@dataclass(slots=True)
class PartialCall:
    """A tool call that is still arriving."""

    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)

    def complete(self) -> ToolCall:
        """The call as far as it has arrived."""
        return ToolCall(self.id, self.name, "".join(self.arguments))


def read_json(headers: Mapping[str, str], body: bytes) -> JsonObject:
    """The JSON object of a successful reply.

    Raises:
        AnswerError: It is a web page, no JSON, no object, or an error object.
    """
    try:
        parsed = loads(body)
    except ValueError as error:
        evidence = evidence_of(body)
        if looks_like_html(headers, body):
            raise AnswerError(
                AnswerErrorKind.NOT_AN_ANSWER,
                "The endpoint answered with a web page; is the base URL right?",
                status=200,
                evidence=evidence,
            ) from error
        what = "an empty reply" if not body.strip() else "no valid JSON"
        raise AnswerError(
            AnswerErrorKind.INVALID_JSON,
            f"The endpoint sent {what}.",
            status=200,
            evidence=evidence,
        ) from error
    source = as_object(parsed)
    if source.get("error") or not source:
        raise not_an_answer(parsed, evidence_of(body))
    return source


def not_an_answer(parsed: Json, evidence: str) -> AnswerError:
    """The error of JSON that is no answer: an error object, or something else."""
    if isinstance(parsed, dict) and parsed.get("error"):
        return refusal_within(error_detail(parsed), evidence)
    return AnswerError(
        AnswerErrorKind.NOT_AN_ANSWER,
        "The endpoint sent JSON that is no answer of a model.",
        status=200,
        evidence=evidence,
    )


def read_event(data: str, seen: bytes | bytearray) -> JsonObject:
    """The JSON object of one event of a stream.

    Raises:
        AnswerError: It is no JSON, or an error object.
    """
    try:
        source = as_object(loads(data))
    except ValueError as error:
        raise AnswerError(
            AnswerErrorKind.INVALID_JSON,
            "The endpoint's stream holds an event that is no valid JSON.",
            status=200,
            evidence=_evidence(data, seen),
        ) from error
    if source.get("error"):
        raise refusal_within(error_detail(dict(source)), _evidence(data, seen))
    return source


def truncated(seen: bytes | bytearray) -> AnswerError:
    """The error of a stream that ended without saying that it was complete."""
    return AnswerError(
        AnswerErrorKind.TRUNCATED,
        "The endpoint's stream ended before the answer was complete.",
        status=200,
        evidence=evidence_of(seen),
    )


def _evidence(data: str, seen: bytes | bytearray) -> str:
    # The event at fault first: the beginning of a long stream seldom shows it.
    return f"{data[:1000]}\n\n{evidence_of(seen)}"[:EVIDENCE_CHARS]
