"""What the screens about production calls say, from values alone."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from llmops_tui.core.call import CallDetail, CallFlag, CallRow, Review
from llmops_tui.core.clock import ago
from llmops_tui.core.trace import Feedback
from llmops_tui.services.calls import CallLine, Tail
from llmops_tui.ui.widgets.columns import Cell, Column
from llmops_tui.ui.widgets.text_pane import Section, Span

NONE = "–"
STYLES = {"right": "good", "wrong": "bad", "unsure": "doubt"}
LONGEST_QUOTE = 60
_DAY_MS = 86_400_000
_ROLE = re.compile(
    r"^(?:system|developer|user|human|assistant|ai|model|tool|function): ", re.MULTILINE
)


def columns() -> tuple[Column[CallLine], ...]:
    """The columns of the tail."""
    return (
        Column("time", lambda line: clock(line.started_at), width=8),
        Column("model", lambda line: line.model, flex=2, drop=1),
        Column("prompt", prompt_cell, flex=2, drop=2),
        Column("end", end_cell, width=6),
        Column("took", lambda line: took(line.duration_ms), width=7, align="right"),
        Column("tokens", lambda line: tokens_text(line), width=10, align="right", drop=3),
        Column("flags", flags_cell, flex=3, least=12),
        Column("verdict", verdict_cell, width=7),
        Column("answer", answer_cell, flex=7, least=20),
    )


def clock(at_ms: int, now: int | None = None) -> str:
    """The time of day where the person is; the date of a call that is more than a day old."""
    at = datetime.fromtimestamp(at_ms / 1000).astimezone()
    base = datetime.now().astimezone().timestamp() * 1000 if now is None else now
    if base - at_ms > _DAY_MS:
        return at.strftime("%d %b")
    return at.strftime("%H:%M:%S")


def moment(at_ms: int) -> str:
    """Date, time to the millisecond and UTC offset, where the person is."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone()
    return f"{at:%Y-%m-%d %H:%M:%S}.{at_ms % 1000:03d} {at:%z}"


def took(duration_ms: float) -> str:
    """How long a call took, in at most seven cells: `420 ms`, `12.3 s`, `4 min`."""
    if duration_ms < 1000:
        return f"{duration_ms:.0f} ms"
    seconds = duration_ms / 1000
    if seconds < 100:
        return f"{seconds:.1f} s"
    if seconds < 1000:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 60_000 else f"{seconds / 3600:,.0f} h"


def tokens_text(call: CallLine | CallRow) -> str:
    """Tokens in and out: `83+12`."""
    if call.input_tokens is None and call.output_tokens is None:
        return NONE
    known = (call.input_tokens, call.output_tokens)
    return "+".join("?" if tokens is None else f"{tokens:,}" for tokens in known)


def prompt_text(call: CallLine | CallRow) -> str:
    """Prompt and version, where the call named them: `topics v2`."""
    if not call.prompt_name:
        return NONE
    version = call.prompt_version.removeprefix("v")
    return f"{call.prompt_name} v{version}" if version else call.prompt_name


def prompt_cell(line: CallLine) -> Cell:
    """The prompt's column."""
    return prompt_text(line) if line.prompt_name else (NONE, "muted")


def end_cell(line: CallLine) -> Cell:
    """How the call ended."""
    if line.status == "error":
        return "error", "bad"
    if line.finish_reason in ("", "stop"):
        return line.finish_reason or NONE, "muted"
    short = {"content_filter": "filter", "tool_calls": "tools"}.get(line.finish_reason)
    return short or line.finish_reason, "doubt"


def flags_cell(line: CallLine) -> Cell:
    """The rules that flagged it, behind a sign."""
    return (f"! {line.rules}", "doubt") if line.flagged else ""


def verdict_cell(line: CallLine) -> Cell:
    """The verdict in force."""
    return line.review, STYLES.get(line.review, "")


def answer_cell(line: CallLine) -> Cell:
    """The answer's beginning, or what came instead."""
    if line.output_head:
        return line.output_head
    return (line.error or "no answer"), "muted"


def tail_line(tail: Tail, now: int) -> str:
    """How the newest calls went, in a line."""
    if not tail.calls or tail.newest_at is None:
        return ""
    words = [f"latest {tail.calls:,}" if tail.calls > 1 else "latest call"]
    if tail.p50_ms is not None and tail.p95_ms is not None:
        words.append(f"p50 {took(tail.p50_ms)}, p95 {took(tail.p95_ms)}")
    if tail.input_tokens is not None or tail.output_tokens is not None:
        counts = (tail.input_tokens, tail.output_tokens)
        told = " + ".join("?" if mean is None else f"{mean:,.0f}" for mean in counts)
        words.append(f"{told} tokens a call")
    words += [f"{cost_text(nano, currency)} a 1,000 calls" for currency, nano in tail.cost]
    words.append(f"newest {ago(tail.newest_at, now)}")
    return " · ".join(words)


def cost_text(nano: int, currency: str) -> str:
    """An amount with its currency."""
    from llmops_tui.services.run_words import money  # the runs' words load their statistics

    return money(nano, currency)


def rate_text(per_minute: float) -> str:
    """How many calls came over the last minutes: `12 a minute lately`."""
    shown = f"{per_minute:,.0f}" if per_minute >= 10 else f"{per_minute:.1f}".removesuffix(".0")
    return f"{shown} a minute lately"


def call_line(row: CallRow) -> str:
    """What a call was, in a line."""
    words = [f"call {row.id}", clock(row.started_at)]
    if row.prompt_name:
        words.append(prompt_text(row))
    words.append(took(row.duration_ms))
    if row.input_tokens is not None or row.output_tokens is not None:
        words.append(f"{tokens_text(row)} tokens")
    words.append("error" if row.status == "error" else row.finish_reason or "no reason to end")
    words.append(row.model or "model not said")
    return " · ".join(words)


def flag_text(flag: CallFlag, output: str) -> str:
    """Why a rule flagged a call, with the words it is about where the reason doesn't say them."""
    text = f"! {flag.rule} ({flag.severity}): {flag.reason}"
    quoted = _quoted(flag, output)
    if quoted and quoted not in flag.reason:
        text += f" Marked: “{quoted}”."
    return text


def flags_text(detail: CallDetail) -> str:
    """Every flag of a call, a line each."""
    return "\n".join(flag_text(flag, detail.output) for flag in detail.flags)


def turns(conversation: str) -> tuple[str, str]:
    """(what came before, the last turn) of a conversation."""
    begins = [found.start() for found in _ROLE.finditer(conversation)]
    last = begins[-1] if begins else 0
    return conversation[:last].rstrip("\n"), conversation[last:]


def asked_sections(detail: CallDetail) -> list[Section]:
    """The conversation, its end first."""
    before, last = turns(detail.input)
    sections = [_text_section("Asked", last, "The application sent no text along.")]
    if before:
        sections.append(Section("Before that, from the beginning", before))
    return sections


def answer_section(detail: CallDetail) -> Section:
    """The answer, with what the flags are about marked."""
    row = detail.row
    if not detail.output:
        reason = detail.error or (
            "The model's answer is empty." if row.status == "ok" else "The call failed."
        )
        return Section("No answer", reason, style="doubt")
    spans = tuple(
        Span(flag.start, flag.stop, "mark")
        for flag in detail.flags
        if flag.start is not None and flag.stop is not None
    )
    return Section("Answer (marked: what was flagged)" if spans else "Answer", detail.output, spans)


def feedback_sections(detail: CallDetail) -> list[Section]:
    """What users and evaluators said of it; nothing where nobody said anything."""
    if not detail.feedback:
        return []
    told = "\n".join(feedback_text(one) for one in detail.feedback)
    return [Section("What was said of it", told)]


def feedback_text(one: Feedback) -> str:
    """Who said what of a call, and when; what they would have answered on lines of its own."""
    thumbs = {1: "thumbs up", -1: "thumbs down"}.get(one.thumbs or 0, "")
    score = "" if one.score is None else f"{one.name or 'score'} {one.score:g}"
    label = f"{one.name}: {one.label}" if one.name and one.label else one.label
    said = ", ".join(filter(None, (thumbs, score, label))) or ("" if one.comment else one.name)
    who = one.author or {"user": "a user", "evaluation": "an evaluator"}.get(one.source, one.source)
    head = ", ".join(filter(None, (said, who, moment(one.given_at))))
    text = f"{head}: {one.comment}" if one.comment else head
    return text if one.corrected is None else f"{text}\nwould have answered: {one.corrected}"


def call_sections(detail: CallDetail) -> list[Section]:
    """Everything about a call."""
    sections = []
    if detail.flags:
        sections.append(Section("Why it is flagged", flags_text(detail)))
    asked, *before = asked_sections(detail)
    sections += [asked, answer_section(detail), *feedback_sections(detail), *before]
    if detail.error and detail.output:
        sections.append(Section("Error", detail.error))
    if detail.reviews:
        told = "\n".join(review_text(review) for review in detail.reviews)
        sections.append(Section("Verdicts", told))
    sections.append(Section("How it went", _facts(detail)))
    sections.append(Section("Everything that came with it", pretty(detail.attributes)))
    return sections


def review_text(review: Review) -> str:
    """Who judged a call how, and when."""
    severity = f" ({review.severity})" if review.severity not in ("", review.verdict) else ""
    text = f"{review.verdict}{severity}, {review.reviewer}, {moment(review.reviewed_at)}"
    how = {"second": ["second look"], "resolve": ["resolved"]}.get(review.asked_as, [])
    how += ["blind"] if review.blind else []
    how += ["one of many at once"] if review.batch_id is not None else []
    text += f" ({', '.join(how)})" if how else ""
    if review.note:
        text += f": {review.note}"
    return f"{text} (taken back)" if review.undone_at is not None else text


def detail_json(detail: CallDetail) -> str:
    """A call as JSON, for the editor."""
    row = detail.row
    told = {
        "call": row.id,
        "model": row.model,
        "prompt": row.prompt_name,
        "prompt version": row.prompt_version,
        "status": row.status,
        "finish reason": row.finish_reason,
        "duration ms": row.duration_ms,
        "input tokens": row.input_tokens,
        "output tokens": row.output_tokens,
        "flags": [f"{flag.rule}: {flag.reason}" for flag in detail.flags],
        "feedback": [feedback_text(one) for one in detail.feedback],
        "input": detail.input,
        "output": detail.output,
        "error": detail.error,
        "trace": detail.trace_id,
        "span": detail.span_id,
        "response": detail.response_id,
        "attributes": _loaded(detail.attributes),
    }
    return json.dumps(told, ensure_ascii=False, indent=2)


def pretty(attributes: str) -> str:
    """JSON with a line for each member; as it is where it is no JSON."""
    loaded = _loaded(attributes)
    if loaded in ({}, ""):
        return "Nothing."
    if isinstance(loaded, str):
        return loaded
    return json.dumps(loaded, ensure_ascii=False, indent=1)


def _loaded(attributes: str) -> object:
    try:
        loaded: object = json.loads(attributes)
    except (ValueError, RecursionError):
        return attributes
    return loaded


def _facts(detail: CallDetail) -> str:
    row = detail.row
    first = [
        ("model", row.model),
        ("prompt", prompt_text(row)),
        ("came by", {"otlp": "OTLP", "proxy": "the logging proxy"}.get(row.source, row.source)),
        ("started", moment(row.started_at)),
        ("stored", moment(row.received_at)),
        ("took", f"{row.duration_ms:,.1f} ms"),
        ("tokens in", NONE if row.input_tokens is None else f"{row.input_tokens:,}"),
        ("tokens out", NONE if row.output_tokens is None else f"{row.output_tokens:,}"),
        ("ended", row.finish_reason or row.status),
        ("trace", detail.trace_id),
        ("span", detail.span_id),
        ("response", detail.response_id),
    ]
    if row.audit_probability is not None:
        first.append(("audit", f"drawn with a chance of {row.audit_probability:.3g}"))
    if detail.tags:
        first.append(("tags", " ".join(f"#{tag}" for tag in detail.tags)))
    if detail.assignee:
        first.append(("for", detail.assignee))
    return _table([(name, value) for name, value in first if value])


def _table(rows: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"{name:<10}  {value}" for name, value in rows)


def _text_section(heading: str, text: str, instead: str) -> Section:
    return Section(heading, text) if text else Section(heading, instead, style="muted")


def _quoted(flag: CallFlag, output: str) -> str:
    if flag.start is None or flag.stop is None:
        return ""
    words = " ".join(output[flag.start : flag.stop].split())
    return words if len(words) <= LONGEST_QUOTE else f"{words[: LONGEST_QUOTE - 1]}…"
