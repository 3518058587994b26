"""What the data set screens say, from values alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from llmops_tui.core.clock import ago
from llmops_tui.core.dataset import BadRow, Dataset, DatasetVersion, Example
from llmops_tui.ui.widgets.text_pane import Section

if TYPE_CHECKING:
    from llmops_tui.core.chat import Json
    from llmops_tui.services.dataset_import import ImportPreview
    from llmops_tui.services.datasets import DatasetsView

NO_PROJECT = (
    "There is no project yet, and a data set belongs to one.\n\n"
    "Press 1 for the Overview, where n makes a project."
)
NO_DATASET = (
    "No data set yet.\n\n"
    "A data set holds examples: inputs with the answer that is expected. Prompts and models are "
    "measured on them, and how many there are decides how sure a verdict can be.\n\n"
    "Press i to import one from a file or directory, or paste a table here. CSV, JSON, Parquet, "
    "Excel and the files of many other tools are understood."
)


def counted(number: int, noun: str) -> str:
    """`1 bad row`, `2,000 bad rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def splits_text(splits: Mapping[str, int]) -> str:
    """`train 7,473 · test 1,319`; empty where the data set has none."""
    named = [(name or "no split", rows) for name, rows in splits.items()]
    if not named or [name for name, _ in named] == ["no split"]:
        return ""
    return " · ".join(f"{name} {rows:,}" for name, rows in named)


def source_text(version: DatasetVersion | None) -> str:
    """The file's name, without the way to it."""
    return version.source.rpartition("/")[2] if version else ""


def when_text(version: DatasetVersion | None, now: int) -> str:
    """How long ago the version was made."""
    return ago(version.created_at, now) if version else ""


def moment(at_ms: int) -> str:
    """A date and a time, where the person is."""
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def enough_text(view: DatasetsView) -> str:
    """The line above the list: what the tolerance asks for."""
    return (
        f"Tolerance {view.tolerance.max_wrong * 100:g} % wrong, "
        f"{view.tolerance.confidence * 100:g} % sure: a verdict needs at least "
        f"{view.least_examples:,} examples"
    )


def rows_cell(dataset: Dataset, least: int) -> tuple[str, str]:
    """The number of rows, marked where it is too small for any verdict."""
    rows = dataset.version.rows if dataset.version else 0
    return (f"{rows:,}", "") if rows >= least else (f"{rows:,} !", "doubt")


def dataset_sections(dataset: Dataset, view: DatasetsView) -> list[Section]:
    """Everything about a data set's newest version."""
    version = dataset.version
    if version is None:
        return [Section(dataset.name, "No version yet: its import did not come to its end.")]
    enough = (
        "Enough for a verdict if few are wrong."
        if version.rows >= view.least_examples
        else f"Too few: at least {view.least_examples - version.rows:,} more are needed before any "
        "run can be within the tolerance."
    )
    facts = [
        f"version    {version.number} of {dataset.versions}",
        f"rows       {version.rows:,}",
        f"bad rows   {version.bad_rows:,}",
        f"splits     {splits_text(version.splits) or 'none'}",
        f"made       {moment(version.created_at)} by {version.author}",
        f"source     {version.source or 'made in the program'}",
    ]
    sections = [
        Section(dataset.name, "\n".join(facts)),
        Section("Inputs", "\n".join(version.columns)),
        Section("For the tolerance", enough),
    ]
    if version.note:
        sections.append(Section("Note", version.note))
    return sections


def value_text(value: Json) -> str:
    """An input as text: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def input_text(example: Example, column: str) -> str:
    """One input of an example; empty where it has none of that name."""
    return value_text(example.inputs[column]) if column in example.inputs else ""


def whole_text(value: Json) -> str:
    """An input to be read whole: JSON, also where it came as text, laid out over lines."""
    if isinstance(value, str):
        if not value.lstrip().startswith(("{", "[")):
            return value
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return str(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=2)
    return json.dumps(value, ensure_ascii=False)


def example_sections(example: Example) -> list[Section]:
    """A whole example."""
    sections = [Section(name, whole_text(value)) for name, value in example.inputs.items()]
    expected = example.expected
    if expected is None:
        sections.append(Section("expected", "not labelled", (), "muted"))
    else:
        sections.append(Section("expected", whole_text(expected)))
    if example.origin:
        made = f"{example.origin}, from example {example.parent:,}" if example.parent else ""
        sections.append(Section("origin", made or example.origin, (), "doubt"))
    if example.tags:
        sections.append(Section("tags", ", ".join(example.tags)))
    if example.split:
        sections.append(Section("split", example.split))
    return sections


def bad_row_sections(row: BadRow) -> list[Section]:
    """A row that was kept aside, whole."""
    sections = [
        Section(f"line {row.line:,}", row.reason, (), "bad"),
        Section("as it stands", row.raw + (" …" if row.cut else "")),
    ]
    if row.mended is not None:
        sections.append(Section("as you mended it", row.mended))
    return sections


def mapping_text(preview: ImportPreview) -> str:
    """Which column is what, in words."""
    mapping = preview.mapping
    unused = [
        name
        for name in preview.columns
        if name not in {*mapping.inputs, mapping.expected, *mapping.tags, mapping.split}
    ]
    expected = mapping.expected or (
        "the last message of the conversation" if mapping.answer_in_messages else "none: unlabelled"
    )
    lines = [
        f"name      {preview.name}",
        f"inputs    {_names(mapping.inputs, mapping.variables)}",
        f"expected  {expected}",
        f"tags      {_names(mapping.tags)}",
        f"split     {mapping.split or 'none'}",
    ]
    if unused:
        lines.append(f"left out  {_names(unused)}")
    return "\n".join(lines)


def _from_here(origin: str) -> str:
    """A path as one would type it here."""
    path, here = Path(origin), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else origin


def preview_sections(preview: ImportPreview) -> list[Section]:
    """What will be imported and how, for a person to look at first."""
    notes = "".join(f"\n{note}" for note in preview.format.notes)
    sections = [
        Section("File", f"{_from_here(preview.origin)}\n{preview.format.label}{notes}"),
        Section(mapping_title(preview), mapping_text(preview)),
    ]
    if preview.bad_rows:
        rows = "\n".join(f"line {row.line:,}: {row.reason}" for row in preview.bad_rows[:5])
        sections.append(Section("Bad rows among the first, kept aside", rows, (), "bad"))
    return sections


def mapping_title(preview: ImportPreview) -> str:
    """Says where the mapping comes from."""
    return "Mapping, as before (m changes it)" if preview.remembered else "Mapping (m changes it)"


def _names(names: Sequence[str], variables: Mapping[str, str] | None = None) -> str:
    shown = [
        f"{name} (as {variables[name]})" if variables and name in variables else name
        for name in names
    ]
    return ", ".join(shown) or "none"
