"""What was answered when a production call was asked again."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_tui.core.chat import Answer
from llmops_tui.core.clock import now_ms
from llmops_tui.store.codec import pack, unpack
from llmops_tui.store.database import Database

ADD = """
INSERT INTO asked_again (call_id, title, prompt_version_id, model, answer, finish_reason,
                         input_tokens, output_tokens, cost, currency, duration_ms, author, asked_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
OF_CALL = "SELECT * FROM asked_again WHERE call_id = ? ORDER BY id DESC LIMIT 50"


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """One answer."""

    title: str
    """Of what was asked: `as it was sent`, or a prompt version."""
    model: str
    text: str
    finish_reason: str
    input_tokens: int
    output_tokens: int
    cost: int
    """In nano-units of the currency."""
    currency: str
    duration_ms: float
    author: str
    asked_at: int


def add(
    db: Database,
    call_id: int,
    *,
    title: str,
    version_id: int | None,
    model: str,
    answer: Answer,
    cost: int,
    currency: str,
    author: str,
) -> AskedAgain:
    """Keep an answer with the call that it is about."""
    usage = answer.usage
    made = AskedAgain(
        title,
        model,
        answer.text,
        answer.finish_reason,
        usage.input_tokens,
        usage.output_tokens,
        cost,
        currency,
        answer.latency_ms,
        author,
        now_ms(),
    )
    with db.write("review") as connection:
        connection.execute(
            ADD,
            (
                call_id,
                title,
                version_id,
                model,
                pack(answer.text),
                made.finish_reason,
                made.input_tokens,
                made.output_tokens,
                cost,
                currency,
                made.duration_ms,
                author,
                made.asked_at,
            ),
        )
    return made


def of_call(db: Database, call_id: int) -> list[AskedAgain]:
    """The answers about a call, newest first."""
    return [
        AskedAgain(
            row["title"],
            row["model"],
            unpack(row["answer"]),
            row["finish_reason"],
            row["input_tokens"],
            row["output_tokens"],
            row["cost"],
            row["currency"],
            row["duration_ms"],
            row["author"],
            row["asked_at"],
        )
        for row in db.rows(OF_CALL, (call_id,))
    ]
