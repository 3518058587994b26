"""A run's samples as a table: CSV, JSON Lines or Parquet, one row for each sample."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError, UnavailableError
from llmops_tui.interchange.tables.writing import write_csv, write_jsonl
from llmops_tui.services.reports.content import NANO, RunReport, run_samples
from llmops_tui.services.workspace import Workspace

COLUMNS = (
    "run", "row", "repeat", "prompt", "model", "outcome", "reason", "answer", "expected", "inputs",
    "tags", "scores", "error_kind", "error", "finish_reason", "latency_ms", "first_token_ms",
    "input_tokens", "output_tokens", "cost", "currency", "from_cache", "attempts", "finished_at",
)  # fmt: skip
_AT_ONCE = 2_000


def sample_rows(workspace: Workspace, report: RunReport) -> Iterator[dict[str, Json]]:
    """The run's samples, each as one flat row; `inputs`, `tags` and `scores` are JSON texts."""
    cells = {cell.cell: cell for cell in report.view.cells}
    for sample in run_samples(workspace, report.view.run.id):
        cell = cells[sample.cell]
        scores: list[Json] = [
            {
                "scorer": score.scorer,
                "value": score.value,
                "passed": score.passed,
                "reason": score.reason,
            }
            for score in sample.scores
        ]
        yield {
            "run": report.view.run.id,
            "row": sample.position,
            "repeat": sample.repeat,
            "prompt": cell.prompt,
            "model": cell.model,
            "outcome": sample.outcome.value,
            "reason": sample.reason,
            "answer": sample.answer,
            "expected": sample.expected,
            "inputs": json.dumps(dict(sample.inputs), ensure_ascii=False),
            "tags": json.dumps(list(sample.tags), ensure_ascii=False),
            "scores": json.dumps(scores, ensure_ascii=False),
            "error_kind": sample.error_kind,
            "error": sample.error,
            "finish_reason": sample.finish_reason,
            "latency_ms": sample.latency_ms,
            "first_token_ms": sample.first_token_ms,
            "input_tokens": sample.input_tokens,
            "output_tokens": sample.output_tokens,
            "cost": sample.cost / NANO,
            "currency": cell.currency,
            "from_cache": sample.cached,
            "attempts": sample.attempts,
            "finished_at": sample.finished_at,
        }


def write_table(workspace: Workspace, report: RunReport, target: Path) -> None:
    """Write the samples in the format that the file's name ends in.

    A spreadsheet runs no formula of a CSV written here: an answer that looks like one gets an
    apostrophe before it. JSON Lines and Parquet carry every answer as it was.

    Raises:
        InputError: the file can't be written.
        UnavailableError: Parquet is wanted and its library isn't installed.
    """
    rows = sample_rows(workspace, report)
    if target.suffix == ".parquet":
        _write_parquet(rows, target)
    elif target.suffix == ".csv":
        write_csv(rows, target, COLUMNS, spreadsheet_safe=True)
    else:
        write_jsonl(rows, target)


def _write_parquet(rows: Iterator[Mapping[str, Json]], target: Path) -> None:
    try:
        # The extra `parquet`: 100 MB that few need.
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UnavailableError(
            "Parquet needs pyarrow, which is not installed.", "pip install 'llmops-tui[parquet]'"
        ) from error
    text, whole, real = pyarrow.string(), pyarrow.int64(), pyarrow.float64()
    others = {
        **dict.fromkeys(
            ("run", "row", "repeat", "input_tokens", "output_tokens", "attempts"), whole
        ),
        **dict.fromkeys(("latency_ms", "first_token_ms", "cost"), real),
        "from_cache": pyarrow.bool_(),
        "finished_at": pyarrow.timestamp("ms", "UTC"),
    }
    schema = pyarrow.schema([(name, others.get(name, text)) for name in COLUMNS])
    part = target.with_name(f".{target.name}.part")
    try:
        with pyarrow.parquet.ParquetWriter(part, schema, compression="zstd") as writer:
            while batch := [_storable(row) for row in islice(rows, _AT_ONCE)]:
                writer.write_table(pyarrow.Table.from_pylist(batch, schema))
        part.replace(target)
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(f"“{target}” can't be written: {why}.", "Choose another place.") from error
    finally:
        part.unlink(missing_ok=True)


def _storable(row: Mapping[str, Json]) -> dict[str, Json]:
    """Halves of surrogate pairs are no text to Parquet."""
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in row.items()
    }
