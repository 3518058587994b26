"""promptfoo's results (`promptfoo eval -o results.json`) as a finished run.

A test without assertions passes in promptfoo. Here it is nothing that was judged: errored, with
its answer kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from llmops_tui.core.chat import AnswerErrorKind, Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.run import Outcome, SampleScore
from llmops_tui.interchange.finished import ForeignPrompt, ForeignRun, ForeignSample

NANO = 1_000_000_000
ERROR = 2
"""`failureReason` of a result without an answer."""
NOT_JUDGED = "promptfoo judged nothing: the test has no assertions"


def is_results(value: Json) -> bool:
    """Whether a document is what promptfoo writes of an evaluation."""
    if not isinstance(value, dict):
        return False
    results = value.get("results")
    return isinstance(results, dict) and isinstance(results.get("results"), list)


def read_results(value: Json, path: Path) -> ForeignRun:
    """A finished run.

    Raises:
        InputError: the document holds no result.
    """
    document = _object(value)
    results = _object(document.get("results"))
    rows = results.get("results")
    samples = tuple(_samples(rows if isinstance(rows, list) else []))
    if not samples:
        raise InputError(f"“{path.name}” holds no result of promptfoo.")
    config = _object(document.get("config"))
    return ForeignRun(
        tool="promptfoo",
        name=str(config.get("description") or path.stem),
        identity=str(document.get("evalId") or ""),
        when=str(results.get("timestamp") or ""),
        samples=samples,
    )


def _samples(rows: list[Json]) -> Iterator[ForeignSample]:
    seen: dict[str, int] = {}
    for row in rows:
        if not isinstance(row, dict):
            continue
        sample = _sample(row)
        key = json.dumps(
            [
                sample.prompt.name,
                sample.prompt.messages,
                sample.model,
                dict(sample.inputs),
                sample.expected,
            ],
            sort_keys=True,
        )
        repeat = seen.get(key, 0)
        seen[key] = repeat + 1
        yield sample if repeat == 0 else _repeated(sample, repeat)


def _repeated(sample: ForeignSample, repeat: int) -> ForeignSample:
    return replace(sample, repeat=repeat)


def _sample(row: Mapping[str, Json]) -> ForeignSample:
    prompt, response = _object(row.get("prompt")), _object(row.get("response"))
    test, grading = _object(row.get("testCase")), _object(row.get("gradingResult"))
    output = response.get("output")
    error = str(row.get("error") or response.get("error") or "")
    scores = tuple(_scores(grading))
    outcome, reason, kind = _outcome(row, test, grading, error, output)
    tokens = _object(response.get("tokenUsage"))
    total = _whole(tokens.get("total"))
    asked, said = _whole(tokens.get("prompt")), _whole(tokens.get("completion"))
    raw = str(prompt.get("raw") or "")
    return ForeignSample(
        prompt=_prompt(str(prompt.get("label") or raw or "prompt")),
        model=_provider(row.get("provider")),
        inputs=_object(row.get("vars")) or _object(test.get("vars")),
        expected=_expected(test),
        repeat=0,
        outcome=outcome,
        reason=reason,
        answer=None if output is None else _text(output),
        request=raw,
        scores=scores,
        error=error if outcome is Outcome.ERRORED else "",
        error_kind=kind,
        finish_reason=str(response.get("finishReason") or "stop"),
        latency_ms=_real(row.get("latencyMs")),
        input_tokens=asked or max(0, total - said),
        output_tokens=said,
        cost=round(_real(row.get("cost")) * NANO),
        cached=response.get("cached") is True,
    )


def _outcome(
    row: Mapping[str, Json],
    test: Mapping[str, Json],
    grading: Mapping[str, Json],
    error: str,
    output: Json,
) -> tuple[Outcome, str, str | None]:
    """(outcome, why, kind of the error)."""
    if row.get("failureReason") == ERROR or (error and output is None):
        return Outcome.ERRORED, error or "no answer", AnswerErrorKind.NOT_AN_ANSWER.value
    if not test.get("assert") and not grading.get("componentResults"):
        return Outcome.ERRORED, NOT_JUDGED, AnswerErrorKind.SCORER.value
    passed = row.get("success") is True
    reason = str(grading.get("reason") or error or ("passed" if passed else "failed"))
    return (Outcome.RIGHT if passed else Outcome.WRONG), reason, None


def _scores(grading: Mapping[str, Json]) -> Iterator[SampleScore]:
    components = grading.get("componentResults")
    for item in components if isinstance(components, list) else []:
        part = _object(item)
        assertion = _object(part.get("assertion"))
        yield SampleScore(
            scorer=str(assertion.get("type") or "assertion"),
            value=min(1.0, max(0.0, _real(part.get("score")))),
            passed=part.get("pass") is True,
            reason=str(part.get("reason") or ""),
        )


def _prompt(label: str) -> ForeignPrompt:
    """The template as promptfoo shows it: its label, unless it was given another."""
    name = " ".join(label.split())
    name = name if len(name) <= 60 else f"{name[:59]}…"
    return ForeignPrompt(
        name.replace("@", " ").replace(":", " ").strip() or "prompt", (("user", label),)
    )


def _provider(value: Json) -> str:
    if isinstance(value, dict):
        return str(value.get("label") or value.get("id") or "unknown")
    return str(value or "unknown")


def _expected(test: Mapping[str, Json]) -> str | None:
    asserts = test.get("assert")
    equal = [
        item.get("value")
        for item in (asserts if isinstance(asserts, list) else [])
        if isinstance(item, dict) and item.get("type") == "equals"
    ]
    return equal[0] if len(equal) == 1 and isinstance(equal[0], str) else None


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _object(value: Json) -> dict[str, Json]:
    return dict(value) if isinstance(value, dict) else {}


def _whole(value: Json) -> int:
    return int(value) if isinstance(value, int | float) and value > 0 else 0


def _real(value: Json) -> float:
    return float(value) if isinstance(value, int | float) and value == value else 0.0
