"""Assertions as configurations and CSV cells write them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.interchange.promptfoo.model import AssertionItem

KNOWN = (
    "answer-relevance", "bleu", "classifier", "contains", "contains-all", "contains-any",
    "contains-html", "contains-json", "contains-sql", "contains-xml", "context-faithfulness",
    "context-recall", "context-relevance", "conversation-relevance", "cost", "equals",
    "factuality", "finish-reason", "g-eval", "gleu", "guardrails", "icontains", "icontains-all",
    "icontains-any", "is-html", "is-json", "is-refusal", "is-sql", "is-valid-function-call",
    "is-valid-openai-function-call", "is-valid-openai-tools-call", "is-xml", "javascript",
    "latency", "levenshtein", "llm-rubric", "max-score", "meteor", "model-graded-closedqa",
    "model-graded-factuality", "moderation", "perplexity", "perplexity-score", "pi", "python",
    "regex", "rouge-n", "ruby", "search-rubric", "select-best", "similar", "starts-with",
    "tool-call-f1", "trace-error-spans", "trace-span-count", "trace-span-duration", "webhook",
    "word-count",
)  # fmt: skip
"""Every type that promptfoo documents."""
LISTS = ("contains-all", "contains-any", "icontains-all", "icontains-any")
WITH_THRESHOLD = (
    "answer-relevance", "classifier", "context-faithfulness", "context-recall",
    "context-relevance", "cost", "latency", "levenshtein", "perplexity-score", "perplexity",
    "rouge-n", "similar", "starts-with",
)  # fmt: skip
DEFAULT_THRESHOLD = 0.75
_CELL = re.compile(
    rf"^(?P<negated>not-)?(?P<type>{'|'.join(sorted(KNOWN, key=len, reverse=True))})"
    r"(?:\((?P<threshold>[\d.]+)\))?(?::(?P<value>[\s\S]*))?$"
)


def read_assertions(
    given: Json, where: str, templates: Mapping[str, Json]
) -> tuple[AssertionItem, ...]:
    """A list of assertions.

    Args:
        given: what stands in the file.
        where: its place, for messages.
        templates: what `$ref` may point to.

    Raises:
        InputError: it is no list of assertions.
    """
    if given is None:
        return ()
    if not isinstance(given, list):
        raise InputError(f"{where} is no list of assertions")
    return tuple(
        read_assertion(item, f"{where}[{place}]", templates) for place, item in enumerate(given)
    )


def read_assertion(item: Json, where: str, templates: Mapping[str, Json]) -> AssertionItem:
    """One assertion, or a set of them.

    Raises:
        InputError: it is none.
    """
    if isinstance(item, str):
        return from_cell(item, where)
    if not isinstance(item, dict):
        raise InputError(f"{where} is no assertion")
    if isinstance(reference := item.get("$ref"), str):
        template = templates.get(reference.rpartition("/")[2])
        if not isinstance(template, dict):
            raise InputError(f"{where} refers to {reference}, which isn't there")
        item = {**template, **{name: value for name, value in item.items() if name != "$ref"}}
    kind = item.get("type")
    if not isinstance(kind, str):
        raise InputError(f"{where} has no type")
    parts: tuple[AssertionItem, ...] = ()
    if kind == "assert-set":
        parts = read_assertions(item.get("assert"), f"{where}.assert", templates)
    return AssertionItem(
        type=kind,
        where=where,
        value=item.get("value"),
        threshold=_number(item.get("threshold")),
        weight=weight if (weight := _number(item.get("weight"))) is not None else 1.0,
        metric=str(item.get("metric") or ""),
        transform=str(item.get("transform") or ""),
        parts=parts,
        raw=item,
    )


def from_cell(text: str, where: str) -> AssertionItem:
    """What an `__expected` cell says: `contains: yes`, `similar(0.8): …`; a plain text is equal."""
    text = text.strip()
    raw: dict[str, Json] = {"__expected": text}
    for prefix in ("javascript:", "fn:", "eval:"):
        if text.startswith(prefix):
            return AssertionItem("javascript", where, text[len(prefix) :].strip(), raw=raw)
    for prefix in ("grade:", "llm-rubric:"):
        if text.startswith(prefix):
            return AssertionItem("llm-rubric", where, text[len(prefix) :], raw=raw)
    if text.startswith("file://"):
        kind = "python" if ".py" in text else "javascript"
        return AssertionItem(kind, where, text, raw=raw)
    if text.startswith("python:"):
        return AssertionItem("python", where, text.removeprefix("python:").strip(), raw=raw)
    found = _CELL.match(text)
    if found is None:
        return AssertionItem("equals", where, text, raw=raw)
    kind, given = found["type"], found["value"]
    value: Json = given.strip() if given is not None else None
    if kind in LISTS and isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    threshold = float(found["threshold"]) if found["threshold"] else None
    if kind in WITH_THRESHOLD and threshold is None:
        threshold = DEFAULT_THRESHOLD
    return AssertionItem((found["negated"] or "") + kind, where, value, threshold, raw=raw)


def _number(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def all_leaves(items: Sequence[AssertionItem]) -> list[AssertionItem]:
    """The assertions themselves, those of sets included."""
    return [leaf for item in items for leaf in item.leaves()]
