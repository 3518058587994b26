"""Tests of promptfoo, in and out: `vars`, `assert` and the magic columns of its CSV files.

What a test asserts becomes the expected answer where it names one. Everything else that it asserts
(a script, a second check) is kept as it stands in an input named `checks`: nothing is dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import product

from llmops_tui.core.chat import Json
from llmops_tui.interchange.tables.marks import EXPECTED, SPLIT, TAGS, answer_text, scalar_tags

CHECKS = "checks"
_ANSWERS = (
    "equals", "contains", "icontains", "contains-any", "icontains-any", "contains-all",
    "icontains-all", "starts-with", "similar", "levenshtein", "rouge-n", "bleu", "factuality",
    "answer-relevance", "model-graded-factuality", "model-graded-closedqa", "llm-rubric", "regex",
    "is-json", "contains-json", "classifier",
)  # fmt: skip
"""Assertions whose value says what the right answer is, likeliest first."""
_LISTS = frozenset({"contains-any", "contains-all", "icontains-any", "icontains-all"})
_OTHERS = (
    "javascript", "python", "fn", "eval", "grade", "latency", "cost", "perplexity",
    "perplexity-score", "webhook", "is-valid-openai-function-call", "is-valid-openai-tools-call",
    "is-sql", "is-xml", "contains-xml", "contains-sql", "is-refusal", "guardrails", "moderation",
    "context-recall", "context-relevance", "context-faithfulness", "g-eval",
)  # fmt: skip
_STATED = re.compile(
    r"(?P<type>(?:not-)?(?:"
    + "|".join(sorted(map(re.escape, (*_ANSWERS, *_OTHERS)), key=len, reverse=True))
    + r"))(?:\((?P<threshold>[\d.]+)\))?(?:\s*:\s*(?P<value>.*))?",
    re.DOTALL,
)
_ALONE = frozenset({"is-json", "contains-json", "is-sql", "is-xml", "contains-xml", "is-refusal"})
_SAME = {"fn": "javascript", "eval": "javascript", "grade": "llm-rubric"}
_MOST_COMBINATIONS = 10_000


def flat(test: Mapping[str, Json]) -> Iterator[dict[str, Json]]:
    """A test as flat rows: one, or one for each combination where a variable lists its values.

    Raises:
        ValueError: it is no test.
    """
    variables = test.get("vars")
    if not isinstance(variables, dict):
        raise ValueError("a test without vars")
    metadata = test.get("metadata")
    facts = dict(metadata) if isinstance(metadata, dict) else {}
    expected, tags, checks = _judged(test.get("assert"))
    own = facts.pop("llmops_tui", None)
    if isinstance(own, dict):
        expected = answer if isinstance(answer := own.get("expected"), str) else None
        given = own.get("tags")
        tags = [str(tag) for tag in given] if isinstance(given, list) else []
        split = own.get("split")
        checks = []
    else:
        split = facts.pop("split", None)
        tags += scalar_tags(facts)
    description = test.get("description")
    for values in _combinations(variables, test.get("options")):
        yield {
            **({"description": description} if description and "description" not in values else {}),
            **values,
            **({CHECKS: checks} if checks else {}),
            EXPECTED: expected,
            TAGS: list[Json](tags),
            SPLIT: split,
        }


def is_own(test: Mapping[str, Json]) -> bool:
    """Whether this program wrote the test."""
    metadata = test.get("metadata")
    return isinstance(metadata, dict) and isinstance(metadata.get("llmops_tui"), dict)


def from_columns(row: Mapping[str, Json]) -> dict[str, Json]:
    """A row of a table with magic columns as a test."""
    variables: dict[str, Json] = {}
    asserts: list[Json] = []
    metadata: dict[str, Json] = {}
    test: dict[str, Json] = {"vars": variables, "assert": asserts, "metadata": metadata}
    kept: dict[str, Json] = {}
    for name, value in row.items():
        if not name.startswith("__"):
            variables[name] = value
        elif value in ("", None):
            continue
        elif re.fullmatch(r"__expected\d*(_\d+)?", name):
            asserts.append(stated(str(value)))
        elif name.startswith("__metadata:"):
            key = name.removeprefix("__metadata:")
            listed = key.endswith("[]")
            words = [part.strip() for part in re.split(r"(?<!\\),", str(value))]
            metadata[key.removesuffix("[]")] = list[Json](words) if listed else value
        elif name == "__description":
            test["description"] = value
        else:
            kept[name] = value
    if kept:
        asserts.append(dict(kept))
    # A cell is one value, whatever stands in it.
    test["options"] = {"disableVarExpansion": True}
    return test


def stated(text: str) -> dict[str, Json]:
    """An assertion as a cell states it: `contains: Paris`; without a type it is `equals`."""
    found = _STATED.fullmatch(text.strip())
    if found is None or (found["value"] is None and found["type"] not in _ALONE):
        return {"type": "equals", "value": text}
    kind = _SAME.get(found["type"], found["type"])
    made: dict[str, Json] = {"type": kind}
    value = found["value"]
    if value is not None:
        bare = kind.removeprefix("not-")
        listed = [part.strip() for part in value.split(",")] if bare in _LISTS else []
        made["value"] = list[Json](listed) if listed else value
    if found["threshold"]:
        made["threshold"] = float(found["threshold"])
    return made


def to_test(
    inputs: Mapping[str, Json], expected: str | None, tags: tuple[str, ...], split: str | None
) -> dict[str, Json]:
    """An example as a test; what promptfoo has no room for stands in its metadata."""
    test: dict[str, Json] = {"vars": dict(inputs)}
    accepted = several(expected)
    if accepted:
        equal: list[Json] = [{"type": "equals", "value": answer} for answer in accepted]
        test["assert"] = [{"type": "assert-set", "threshold": 1 / len(accepted), "assert": equal}]
    elif expected is not None:
        test["assert"] = [{"type": "equals", "value": expected}]
    own: dict[str, Json] = {"expected": expected, "tags": list[Json](tags), "split": split}
    test["metadata"] = {"llmops_tui": own}
    if any(isinstance(value, list) for value in inputs.values()):
        test["options"] = {"disableVarExpansion": True}
    return test


def several(expected: str | None) -> list[str]:
    """The answers that are accepted, where an expected answer lists several."""
    if expected is None or not expected.startswith("["):
        return []
    try:
        found = json.loads(expected)
    except (ValueError, RecursionError):
        return []
    if isinstance(found, list) and len(found) > 1 and all(isinstance(one, str) for one in found):
        return found
    return []


def _judged(given: Json) -> tuple[str | None, list[str], list[Json]]:
    """Expected answer, tags and what is left of a test's assertions."""
    left = list(given) if isinstance(given, list) else []
    best: dict[str, Json] | None = None
    for check in left:
        if isinstance(check, dict) and _rank(check) < (_rank(best) if best else len(_ANSWERS)):
            best = check
    if best is None:
        return None, [], left
    left.remove(best)
    kind = str(best["type"])
    extra = best.keys() - {"type", "value"}
    if extra:
        left.insert(0, best)
    return answer_text(best["value"]), [] if kind == "equals" else [f"check:{kind}"], left


def _rank(check: Mapping[str, Json]) -> int:
    kind = check.get("type")
    if kind in _ANSWERS and check.get("value") is not None:
        return _ANSWERS.index(str(kind))
    return len(_ANSWERS)


def _combinations(variables: Mapping[str, Json], options: Json) -> Iterator[dict[str, Json]]:
    whole = isinstance(options, dict) and options.get("disableVarExpansion") is True
    lists = {
        name: values
        for name, values in variables.items()
        if isinstance(values, list) and values and not whole
    }
    size = 1
    for values in lists.values():
        size *= len(values)
    if size > _MOST_COMBINATIONS:
        raise ValueError(f"its variables combine to {size:,} tests")
    for chosen in product(*lists.values()):
        yield {**variables, **dict(zip(lists, chosen, strict=True))}
