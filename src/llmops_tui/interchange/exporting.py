"""Examples on their way out: as tables, or as the files that other tools read.

What is written reads back as the same values, byte for byte, in every format but fine-tuning's,
which has room for the conversation alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, TypeVar

from llmops_tui.core.chat import Json
from llmops_tui.core.dataset import Example
from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables import owncolumns, promptfoo
from llmops_tui.interchange.tables.marks import EXPECTED, SPLIT, TAGS
from llmops_tui.interchange.tables.writing import json_bytes, opened, write_csv, write_jsonl

Rows = Callable[[], Iterable[Example]]
"""All examples from the start, each time it is called: some formats look at them twice."""
Messages = Callable[[Example], "list[Json]"]
_Item = TypeVar("_Item")


class ExportFormat(StrEnum):
    """What can be written."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    OPENAI_EVALS = "openai-evals"
    PROMPTFOO = "promptfoo"
    FINE_TUNE = "fine-tune"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    rows: int
    unlabelled: int = 0
    """Examples left out because the format wants an answer and they have none."""
    replaced: int = 0
    """Cells with text that no file can carry (half of a surrogate pair), now �."""
    held_out: int = 0
    """Examples of the gate split, left out because nothing may learn from them."""


def export(
    rows: Rows,
    target: Path | BinaryIO,
    to: ExportFormat,
    *,
    spreadsheet_safe: bool = False,
    messages: Messages | None = None,
    yaml: bool = False,
) -> Exported:
    """Write examples.

    Args:
        rows: The examples.
        target: A path, which is replaced only when all is written; or a stream, left open.
        to: How.
        spreadsheet_safe: In CSV, an apostrophe before what a spreadsheet would run as a formula:
            such cells no longer read back as they were.
        messages: What would be sent for an example, where the format wants a conversation;
            without it, `chat_of`.
        yaml: promptfoo's tests as YAML instead of JSON.

    Raises:
        InputError: the file can't be written, or nothing was to be written.
    """
    if to is ExportFormat.JSONL:
        written = write_jsonl((_plain(example) for example in rows()), target)
        return Exported(written.rows, replaced=written.replaced)
    if to in {ExportFormat.CSV, ExportFormat.PARQUET}:
        return _in_columns(rows, target, to, spreadsheet_safe)
    if to is ExportFormat.PROMPTFOO:
        tests = (promptfoo.to_test(e.inputs, e.expected, e.tags, e.split) for e in rows())
        return Exported(_write_yaml(tests, target) if yaml else _write_array(tests, target))
    ask = messages or chat_of
    if to is ExportFormat.OPENAI_EVALS:
        written = write_jsonl((_sample(example, ask(example)) for example in rows()), target)
        return Exported(written.rows)
    counted = _Labelled(rows())
    written = write_jsonl((_conversation(e, ask(e)) for e in counted), target)
    if not written.rows:
        raise InputError(
            "None of the examples has an expected answer, and fine-tuning learns from those.",
            "Label some, or choose another format.",
        )
    return Exported(written.rows, counted.unlabelled)


def chat_of(example: Example) -> list[Json]:
    """An example as a conversation: the one it holds, else its inputs as what a user says."""
    for value in example.inputs.values():
        if isinstance(value, list) and value and all(_is_message(item) for item in value):
            return list(value)
    texts = {name: _text(value) for name, value in example.inputs.items()}
    if len(texts) == 1:
        return [{"role": "user", "content": next(iter(texts.values()))}]
    said = "\n\n".join(f"{name}: {text}" for name, text in texts.items())
    return [{"role": "user", "content": said}]


class _Labelled:
    """The examples with an expected answer; counts the others."""

    def __init__(self, rows: Iterable[Example]) -> None:
        self._rows = rows
        self.unlabelled = 0

    def __iter__(self) -> Iterator[Example]:
        for example in self._rows:
            if example.expected is None:
                self.unlabelled += 1
            else:
                yield example


def _in_columns(
    rows: Rows, target: Path | BinaryIO, to: ExportFormat, spreadsheet_safe: bool
) -> Exported:
    columns = owncolumns.Columns(_marked(example) for example in rows())
    if to is ExportFormat.CSV:
        cells = (columns.cells(_marked(example)) for example in rows())
        written = write_csv(cells, target, columns.names, spreadsheet_safe=spreadsheet_safe)
        return Exported(written.rows, replaced=written.replaced)
    from llmops_tui.interchange.tables.parquet import load_pyarrow, write_parquet

    load_pyarrow(target.name if isinstance(target, Path) else "The export")
    with opened(target) as stream:
        count, replaced = write_parquet(
            (columns.cells(_marked(example)) | {"tags": list(example.tags)} for example in rows()),
            stream,
            columns.names,
        )
    return Exported(count, replaced=replaced)


def _marked(example: Example) -> dict[str, Json]:
    return {
        **example.inputs,
        EXPECTED: example.expected,
        TAGS: list[Json](example.tags),
        SPLIT: example.split,
    }


def _plain(example: Example) -> dict[str, Json]:
    return {
        "inputs": dict(example.inputs),
        "expected": example.expected,
        "tags": list[Json](example.tags),
        "split": example.split,
    }


def _sample(example: Example, messages: list[Json]) -> dict[str, Json]:
    accepted: list[Json] = list(promptfoo.several(example.expected))
    ideal: Json = accepted or ("" if example.expected is None else example.expected)
    # The framework ignores what it doesn't know; reading it back needs this.
    return {"input": messages, "ideal": ideal, "metadata": _plain(example)}


def _conversation(example: Example, messages: list[Json]) -> dict[str, Json]:
    accepted = promptfoo.several(example.expected)
    answer = accepted[0] if accepted else example.expected
    return {"messages": [*messages, {"role": "assistant", "content": answer}]}


def _write_array(items: Iterable[Mapping[str, Json]], target: Path | BinaryIO) -> int:
    count = 0
    with opened(target) as stream:
        stream.write(b"[")
        for item in items:
            stream.write((b",\n" if count else b"\n") + json_bytes(item))
            count += 1
        stream.write(b"\n]\n")
    return count


def _write_yaml(items: Iterable[Mapping[str, Json]], target: Path | BinaryIO) -> int:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Quotes every text in which YAML would see a line end or more."""

    def text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        style = None if text.isprintable() else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, text_node)
    count = 0
    with opened(target) as stream:
        for item in items:
            text = yaml.dump(
                [item], None, Dumper, allow_unicode=True, sort_keys=False, width=sys.maxsize
            )
            stream.write(text.encode("utf-8", "replace"))
            count += 1
        if not count:
            stream.write(b"[]\n")
    return count


def _is_message(value: Json) -> bool:
    return isinstance(value, dict) and isinstance(value.get("role"), str) and "content" in value


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json_bytes(value).decode()
