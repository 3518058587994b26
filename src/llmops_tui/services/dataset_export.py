"""Taking a data set out: to a file in another tool's format, or to a pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from llmops_tui.core.chat import Json, chat_message
from llmops_tui.core.curation.sameness import input_digest, normal_values
from llmops_tui.core.curation.splitting import GATE
from llmops_tui.core.dataset import DatasetVersion, Example
from llmops_tui.core.errors import InputError, LlmopsError
from llmops_tui.core.prompt_version import PromptVersion
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import bad_rows, datasets, tuning

if TYPE_CHECKING:
    from llmops_tui.interchange.exporting import Exported as Exported

FORMATS: dict[str, str] = {
    "csv": "a table; reads back exactly",
    "jsonl": "JSON Lines; reads back exactly",
    "parquet": "a table with types; reads back exactly",
    "openai-evals": "samples for OpenAI evals (JSON Lines)",
    "promptfoo": "tests for promptfoo (JSON, or YAML by its name)",
    "fine-tune": "conversations for fine-tuning (JSON Lines)",
}
"""Formats of an export and what they are, for forms and help."""
_OF_SUFFIX = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".json": "promptfoo",
    ".yaml": "promptfoo",
    ".yml": "promptfoo",
}
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What is to be written, and how."""

    target: Path | BinaryIO
    format: str = ""
    """One of `FORMATS`; empty: by the name of the file."""
    split: str | None = None
    """Only the examples of this split."""
    spreadsheet_safe: bool = False
    """Apostrophes before formulas in CSV: the cells then don't read back as they were."""
    prompt: PromptVersion | None = None
    """Renders the conversation of formats that want one."""
    overwrite: bool = False
    gate_too: bool = False
    """Fine-tuning may learn from the gate split, which then proves nothing any more."""


class ExportCancelledError(InputError):
    """Somebody cancelled the export; the file is as it was before."""


def format_of(name: str) -> str:
    """The format that a file's name promises; empty where it promises none."""
    return _OF_SUFFIX.get(Path(name).suffix.lower(), "")


def export_dataset(
    workspace: Workspace,
    version: DatasetVersion,
    request: ExportRequest,
    *,
    on_progress: Callable[[int], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Exported:
    """Write a version's examples. `on_progress` hears how many rows were read.

    What is written for fine-tuning is remembered, so that measuring on it can be warned of.

    Raises:
        InputError: the file is there already, can't be written, there is nothing to write, or a
            model would be tuned on the gate split.
        ExportCancelledError: `cancelled` said so.
    """
    from llmops_tui.interchange.exporting import ExportFormat, export

    target = request.target
    chosen = _checked_format(version, request)
    refuse_existing(target, request.overwrite)
    tuning_set = _TuningSet(request.gate_too) if chosen == ExportFormat.FINE_TUNE else None

    def rows() -> Iterator[Example]:
        for number, example in enumerate(_examples(workspace, version, request.split)):
            if number % _AT_ONCE == 0:
                if cancelled():
                    raise ExportCancelledError("The export was cancelled.", "No file was written.")
                on_progress(number)
            if tuning_set is None or tuning_set.takes(example):
                yield example

    made = export(
        rows,
        target,
        ExportFormat(chosen),
        spreadsheet_safe=request.spreadsheet_safe,
        messages=_rendered(request.prompt) if request.prompt else None,
        yaml=isinstance(target, Path) and target.suffix.lower() in {".yaml", ".yml"},
    )
    if tuning_set is None:
        return made
    tuning.keep(
        workspace.db,
        version.id,
        tuple(tuning_set.digests),
        rows=made.rows,
        split=request.split or "",
        person=workspace.person,
    )
    return replace(made, held_out=tuning_set.held_out)


class _TuningSet:
    """What a model is to learn from: all but the gate split; the inputs are remembered."""

    def __init__(self, gate_too: bool) -> None:
        self._gate_too = gate_too
        self.held_out = 0
        self.digests: dict[bytes, None] = {}

    def takes(self, example: Example) -> bool:
        """Whether the example is written."""
        if example.split == GATE and not self._gate_too:
            self.held_out += 1
            return False
        if example.expected is not None:
            self.digests[input_digest(normal_values(example.inputs))] = None
        return True


def _checked_format(version: DatasetVersion, request: ExportRequest) -> str:
    name = request.target.name if isinstance(request.target, Path) else ""
    chosen = request.format or format_of(name)
    if chosen not in FORMATS:
        raise InputError(
            f"“{chosen or name}” says no format of an export.", f"One of: {', '.join(FORMATS)}."
        )
    if request.split is not None and request.split not in version.splits:
        known = ", ".join(one for one in version.splits if one) or "none"
        raise InputError(f"There is no split “{request.split}”.", f"Splits: {known}.")
    if chosen == "fine-tune" and request.split == GATE and not request.gate_too:
        raise InputError(
            "A model that is tuned on the gate split can't be judged by it any more.",
            "Choose the split train, or say --gate-too.",
        )
    return chosen


def export_bad_rows(
    workspace: Workspace,
    version: DatasetVersion,
    target: Path | BinaryIO,
    *,
    overwrite: bool = False,
) -> int:
    """Write the rows that were kept aside as CSV: line, reason, text. Returns how many.

    Raises:
        InputError: there are none, or the file can't be written.
    """
    from llmops_tui.interchange.tables import write_csv

    if not version.bad_rows:
        raise InputError("This version has no bad rows.", "Nothing was written.")
    refuse_existing(target, overwrite)

    def rows() -> Iterator[dict[str, Json]]:
        after = 0
        while page := bad_rows.page(workspace.db, version.id, after=after, limit=_AT_ONCE):
            for row in page:
                yield {"line": row.line, "reason": row.reason, "raw": row.raw}
            after = page[-1].id

    return write_csv(rows(), target, ("line", "reason", "raw")).rows


def refuse_existing(target: Path | BinaryIO, overwrite: bool) -> None:
    """Refuse to replace a file unless somebody said so.

    Raises:
        InputError: it is there.
    """
    if isinstance(target, Path) and target.exists() and not overwrite:
        raise InputError(
            f"“{target}” is there already.", "Choose another name, or overwrite it (--force)."
        )


def _examples(
    workspace: Workspace, version: DatasetVersion, split: str | None
) -> Iterator[Example]:
    after = 0
    while page := datasets.page(workspace.db, version, after=after, limit=_AT_ONCE):
        for example in page:
            if split is None or example.split == split:
                yield example
        after = page[-1].position


def _rendered(prompt: PromptVersion) -> Callable[[Example], list[Json]]:
    from llmops_tui.core.prompt import PromptTemplate

    template = PromptTemplate.of(prompt.messages)

    def messages(example: Example) -> list[Json]:
        try:
            rendered = template.render(example.inputs)
        except LlmopsError as error:
            raise InputError(f"Example {example.position}: {error}", error.hint) from error
        return [chat_message(one) for one in rendered]

    return messages
