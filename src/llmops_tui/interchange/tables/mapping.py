"""Which column is what in an example: a first guess for a person to confirm."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from llmops_tui.core.chat import Json
from llmops_tui.interchange.tables.marks import EXPECTED
from llmops_tui.interchange.tables.model import (
    OWN_SHAPES,
    ColumnMapping,
    ExampleDraft,
    Row,
    Shape,
)
from llmops_tui.interchange.tables.shapes import shape_mapping

_INPUTS = (
    "input",
    "inputs",
    "prompt",
    "question",
    "query",
    "messages",
    "text",
    "user_input",
    "instruction",
    "turns",
    "utterance",
    "sentence",
    "message",
    "content",
    "full_text",
    "article",
    "document",
    "problem",
    "template",
)
"""Names of the main input, likeliest first."""
_COMPANIONS = frozenset(
    {"context", "contexts", "passage", "choices", "options", "history", "system", "documents"}
)
"""Names of what is asked along with it."""
_EXPECTED = (
    "expected",
    "expected_output",
    "expected_answer",
    "ideal",
    "ground_truth",
    "reference_answer",
    "correct_answer",
    "best_answer",
    "gold",
    "answer",
    "answers",
    "output",
    "target",
    "targets",
    "reference",
    "completion",
    "response",
    "solution",
    "canonical_solution",
    "sql",
    "label",
    "labels",
    "sentiment",
    "intent",
    "class",
    "choice",
    "target_scores",
    "category",
)
"""Names of the expected answer, likeliest first. Weak ones last: they may be mere tags."""
_SPLITS = ("split", "subset", "fold", "partition")
_PLAIN_TAGS = frozenset({"tags", "tag", "labels"})
_NAMED_TAGS = frozenset(
    {
        "category", "type", "topic", "subject", "level", "levels", "difficulty", "language", "lang",
        "source", "priority", "domain", "task",
    }
)  # fmt: skip
_NOT_INPUT = frozenset({"actual_output", "masked", "metadata", "meta", "comments", "spans"})
_ID = re.compile(r"(.*_)?(id|idx|index|uuid|hash|key|number)")
_TAG_LENGTH = 60
_NUMBERED = re.compile(r"c\d+")
"""Names of columns in a file without a header."""
_A_NUMBER = re.compile(r"[-+.\d]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_WORD = re.compile(r"\W+")


def columns(rows: Iterable[Row]) -> tuple[str, ...]:
    """The names of all columns in these rows, in the order in which they first appear."""
    return tuple(dict.fromkeys(name for row in rows for name in row.values))


def guess_mapping(
    names: Sequence[str], rows: Sequence[Row], shape: Shape = Shape.PLAIN
) -> ColumnMapping:
    """Guess inputs, expected answer, tags and split from the columns' names and first rows.

    Args:
        names: All columns, from `columns`.
        rows: The first rows.
        shape: Whose rows they are.
    """
    if shape is not Shape.PLAIN:
        mapping = shape_mapping(names, shape)
        if shape in OWN_SHAPES or any(r.values.get(EXPECTED) for r in rows):
            return mapping
        # None of its tests names an answer: perhaps a variable holds it.
        answer = _first({name: _plain(name) for name in mapping.inputs}, _EXPECTED)
        inputs = tuple(name for name in mapping.inputs if name != answer)
        if answer is None or not inputs:
            return mapping
        return replace(mapping, inputs=inputs, expected=answer)
    if {"prompt", "system", "response", "conversation"} <= set(names):
        return _of_llm(names, rows)
    plain = {name: _plain(name) for name in names if not name.startswith("__")}
    split = _first(plain, _SPLITS)
    free = {name: word for name, word in plain.items() if name != split}
    main = _main_input(free, rows)
    expected = _first({name: w for name, w in free.items() if name not in main}, _EXPECTED)
    companions = [name for name, word in free.items() if word in _COMPANIONS]
    inputs = tuple(name for name in names if name in main or name in companions)
    if not inputs:
        if expected is None and all(_NUMBERED.fullmatch(name) for name in names):
            expected = _label_by_content(names, rows)
        inputs = _by_content(free, rows, expected)
    rest = [name for name in free if name not in inputs and name != expected]
    tags = tuple(
        name
        for name in rest
        if free[name] in _PLAIN_TAGS | _NAMED_TAGS
        and _are_tags(row.values.get(name) for row in rows)
    )
    variables = {name: variable_name(name) for name in inputs if not name.isidentifier()}
    answered = expected is None and any(
        free.get(name) == "messages" and _end_with_answer(rows, name) for name in inputs
    )
    return ColumnMapping(inputs, expected, tags, split, variables, answered)


def _of_llm(names: Sequence[str], rows: Sequence[Row]) -> ColumnMapping:
    """Logged calls: what was asked; what a model answered is no expected answer."""
    asked = [name for name in ("prompt", "system", "history") if name in names]
    filled = [n for n in asked if n == "prompt" or any(row.values.get(n) for row in rows)]
    return ColumnMapping(tuple(filled))


def to_example(row: Row, mapping: ColumnMapping) -> ExampleDraft:
    """Read a row as an example.

    An empty cell as expected answer is none. A list with one accepted answer is that answer; a
    list with several stays a list, as JSON text, like every other value that is no text.
    """
    values = row.values
    inputs = {
        mapping.variables.get(name, name): values[name] for name in mapping.inputs if name in values
    }
    if mapping.exact:
        return _exact(row, inputs, mapping)
    expected = None if mapping.expected is None else _expected(values, mapping.expected)
    if mapping.answer_in_messages:
        expected = _take_answer(inputs) or expected
    tags: list[str] = []
    for name in mapping.tags:
        tags += _tags(name, values.get(name))
    split = None if mapping.split is None else as_text(values.get(mapping.split))
    return ExampleDraft(inputs, expected, tuple(dict.fromkeys(tags)), split, row.line)


def _exact(row: Row, inputs: dict[str, Json], mapping: ColumnMapping) -> ExampleDraft:
    """A row that was taken apart already: its values are what they are."""

    def text(column: str | None) -> str | None:
        value = None if column is None else row.values.get(column)
        return value if value is None or isinstance(value, str) else as_text(value)

    tags: list[str] = []
    for name in mapping.tags:
        value = row.values.get(name)
        if isinstance(value, list):
            tags += [str(tag) for tag in value]
        else:
            tags += _tags(name, value)
    return ExampleDraft(inputs, text(mapping.expected), tuple(tags), text(mapping.split), row.line)


def as_text(value: Json) -> str | None:
    """A value as an expected answer: text as it is, anything else as JSON, nothing as None."""
    if isinstance(value, list) and len(value) == 1:
        return as_text(value[0])
    if value is None or value == "" or value == []:
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _expected(values: dict[str, Json], column: str) -> str | None:
    value = values.get(column)
    if isinstance(value, dict) and _plain(column) == "target_scores":
        # Choices with their scores (BIG-bench): the one with the highest is the answer.
        scores = [score for score in value.values() if isinstance(score, int | float)]
        best = [choice for choice, score in value.items() if score == max(scores, default=None)]
        return best[0] if len(best) == 1 else as_text(value)
    return as_text(value)


def variable_name(column: str) -> str:
    """A name that a template can use, for a column whose own name it can't."""
    name = _NO_WORD.sub("_", column.strip()).strip("_").lower()
    if not name:
        return "input"
    return name if name.isidentifier() else f"_{name}"


@lru_cache(maxsize=1024)
def _plain(name: str) -> str:
    return _NO_WORD.sub("_", _CAMEL.sub("_", name.strip())).strip("_").lower()


def _first(plain: dict[str, str], wanted: Sequence[str]) -> str | None:
    for word in wanted:
        for name, given in plain.items():
            if given == word:
                return name
    return None


def _main_input(free: dict[str, str], rows: Sequence[Row]) -> list[str]:
    main = [
        name
        for name, word in free.items()
        if word in _INPUTS or re.fullmatch(r"(input|prompt|question)_?\d+", word)
    ]
    # A second column of such a name that nothing stands in is none.
    filled = [n for n in main if any(row.values.get(n) not in (None, "", []) for row in rows)]
    return filled or main[:1]


def _by_content(free: dict[str, str], rows: Sequence[Row], expected: str | None) -> tuple[str, ...]:
    """The column with the longest texts; where there is none, all that aren't ids."""
    able = [
        name
        for name, word in free.items()
        if name != expected and word not in _NOT_INPUT and not _ID.fullmatch(word)
    ]
    if not able:
        able = [name for name in free if name != expected] or list(free)
    lengths = {
        name: sum(len(v) for row in rows if isinstance(v := row.values.get(name), str))
        for name in able
    }
    longest = max(able, key=lambda name: lengths[name], default=None)
    if longest is None:
        return ()
    if lengths[longest] > 20 * max(1, len(rows)) or len(able) == 1:
        return (longest,)
    return tuple(able)


def _label_by_content(names: Sequence[str], rows: Sequence[Row]) -> str | None:
    """The one column of few, short, repeated words, where there is exactly one."""
    found: list[str] = []
    for name in names:
        cells = [str(row.values.get(name)) for row in rows]
        words = set(cells)
        short = all(0 < len(word) <= 30 and not _A_NUMBER.fullmatch(word) for word in words)
        if short and 2 <= len(words) <= len(cells) // 4:
            found.append(name)
    return found[0] if len(found) == 1 else None


def _are_tags(values: Iterable[Json]) -> bool:
    def fits(value: Json) -> bool:
        if isinstance(value, list):
            return all(isinstance(item, str) and len(item) <= _TAG_LENGTH for item in value)
        return not isinstance(value, dict) and len(str(value)) <= _TAG_LENGTH

    return all(fits(value) for value in values)


def _tags(column: str, value: Json) -> list[str]:
    """Bare tags from a column of tags; `name:value` from any other, so that it says what it is."""
    bare = _plain(column) in _PLAIN_TAGS
    if value is None or value == "":
        return []
    if isinstance(value, list):
        words = [item if isinstance(item, str) else json.dumps(item) for item in value]
    elif isinstance(value, str):
        words = re.split(r"[;,|]", value) if bare else [value]
    else:
        words = [json.dumps(value, ensure_ascii=False)]
    words = [word.strip() for word in words if word.strip()]
    return words if bare else [f"{_plain(column)}:{word}" for word in words]


def _end_with_answer(rows: Sequence[Row], name: str) -> bool:
    ends = [_last_message(row.values.get(name)) for row in rows]
    return bool(ends) and all(end is not None for end in ends)


def _last_message(value: Json) -> str | None:
    """The text of the assistant's message at the end of a conversation, if one is there."""
    if not isinstance(value, list) or len(value) < 2:
        return None
    last = value[-1]
    if not isinstance(last, dict) or last.get("role") != "assistant":
        return None
    content = last.get("content")
    return content if isinstance(content, str) and content else None


def _take_answer(inputs: dict[str, Json]) -> str | None:
    """Move the assistant's last message out of the conversation."""
    for name, value in inputs.items():
        answer = _last_message(value)
        if answer is not None and isinstance(value, list):
            inputs[name] = value[:-1]
            return answer
    return None
