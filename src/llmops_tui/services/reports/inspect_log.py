"""A run as an Inspect log, so that its viewer and its analyses can be used on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.run import Outcome, RunStatus
from llmops_tui.interchange.inspect_ai.writing import write_eval
from llmops_tui.services.reports.content import RunReport, run_samples
from llmops_tui.services.runs import CellView
from llmops_tui.services.workspace import Workspace
from llmops_tui.store.run_export import ExportedSample

STATUS = {RunStatus.FINISHED: "success", RunStatus.CANCELLED: "cancelled"}
VALUES = {Outcome.RIGHT: "C", Outcome.WRONG: "I", Outcome.ERRORED: "N"}
"""Correct, incorrect, and no answer."""


def write_log(workspace: Workspace, report: RunReport, target: Path) -> None:
    """Write the run's only cell as an Inspect log, or each of several beside each other.

    An Inspect log is about one task and one model: of a run with several cells, `name.eval`
    becomes `name-1.eval`, `name-2.eval`, and so on.

    Raises:
        InputError: the file can't be written, or the run has no cell.
    """
    cells = report.view.cells
    if not cells:
        raise InputError("The run has no prompt and model to write a log of.")
    for cell, place in zip(cells, places(report, target), strict=True):
        write_eval(_header(report, cell), _samples(workspace, report, cell), place)


def places(report: RunReport, target: Path) -> tuple[Path, ...]:
    """The file of each cell."""
    cells = report.view.cells
    if len(cells) == 1:
        return (target,)
    return tuple(
        target.with_name(f"{target.stem}-{cell.cell + 1}{target.suffix}") for cell in cells
    )


def _header(report: RunReport, cell: CellView) -> dict[str, Json]:
    run, view = report.view.run, report.view
    answered = cell.counts.right + cell.counts.wrong
    accuracy = cell.counts.right / answered if answered else 0.0
    return {
        "version": 2,
        "status": STATUS.get(view.status, "error"),
        "eval": {
            "eval_id": f"llmops-tui-{run.id}-{cell.cell}",
            "run_id": f"llmops-tui-{run.id}",
            "created": _time(run.created_at),
            "task": cell.prompt,
            "task_id": f"{report.project}/{cell.prompt}",
            "task_version": 0,
            "task_attribs": {},
            "task_args": {},
            "dataset": {"name": view.dataset, "samples": cell.counts.done, "shuffled": True},
            "model": cell.model,
            "model_args": {},
            "config": {"epochs": run.spec.repeats, "limit": run.spec.limit},
            "scorers": [{"name": "verdict", "options": {}, "metrics": [], "metadata": {}}],
        },
        "plan": {"name": "plan", "steps": [], "config": {}},
        "results": {
            "total_samples": cell.counts.done,
            "completed_samples": answered,
            "scores": [
                {
                    "name": "verdict",
                    "scorer": "verdict",
                    "params": {},
                    "metrics": {"accuracy": {"name": "accuracy", "value": accuracy, "params": {}}},
                }
            ],
        },
        "stats": {
            "started_at": _time(run.started_at or run.created_at),
            "completed_at": _time(run.finished_at or run.created_at),
            "model_usage": {
                cell.model: {
                    "input_tokens": cell.counts.input_tokens,
                    "output_tokens": cell.counts.output_tokens,
                    "total_tokens": cell.counts.input_tokens + cell.counts.output_tokens,
                }
            },
        },
        "metadata": {
            "tolerance": {
                "max_wrong": view.tolerance.max_wrong,
                "confidence": view.tolerance.confidence,
            },
            "verdict": cell.verdict.state.value,
            "sentence": cell.verdict.sentence(),
        },
    }


def _samples(workspace: Workspace, report: RunReport, cell: CellView) -> Iterator[dict[str, Json]]:
    for sample in run_samples(workspace, report.view.run.id):
        if sample.cell == cell.cell:
            yield _sample(sample, cell)


def _sample(sample: ExportedSample, cell: CellView) -> dict[str, Json]:
    asked = _messages(sample)
    said: list[Json] = []
    if sample.answer is not None:
        said = [{"role": "assistant", "content": sample.answer, "source": "generate"}]
    made: dict[str, Json] = {
        "id": sample.position,
        "epoch": sample.repeat + 1,
        "input": [*asked],
        "target": sample.expected or "",
        "messages": [*asked, *said],
        "output": {
            "model": sample.answered_by or cell.model,
            "choices": [
                {"message": message, "stop_reason": sample.finish_reason or "stop"}
                for message in said
            ],
            "usage": {
                "input_tokens": sample.input_tokens,
                "output_tokens": sample.output_tokens,
                "total_tokens": sample.input_tokens + sample.output_tokens,
            },
            "time": sample.latency_ms / 1000,
        },
        "scores": _scores(sample),
        "metadata": {"inputs": dict(sample.inputs), "tags": [*sample.tags]},
        "store": {},
        "events": [],
        "total_time": sample.latency_ms / 1000,
    }
    if sample.error:
        made["error"] = {"message": sample.error, "traceback": "", "traceback_ansi": ""}
    return made


def _scores(sample: ExportedSample) -> dict[str, Json]:
    scores: dict[str, Json] = {
        "verdict": {
            "value": VALUES[sample.outcome],
            "answer": sample.answer or "",
            "explanation": sample.reason,
        }
    }
    for place, score in enumerate(sample.scores, 1):
        name = score.scorer if score.scorer not in scores else f"{score.scorer} {place}"
        scores[name] = {
            "value": score.value,
            "answer": sample.answer or "",
            "explanation": score.reason,
        }
    return scores


def _messages(sample: ExportedSample) -> list[Json]:
    """What was asked; the example's inputs where the prompt could not be rendered."""
    try:
        asked = json.loads(sample.request) if sample.request else {}
    except ValueError:
        asked = {}
    messages = asked.get("messages") if isinstance(asked, dict) else None
    if isinstance(messages, list):
        return [message for message in messages if isinstance(message, dict)]
    return [{"role": "user", "content": json.dumps(dict(sample.inputs), ensure_ascii=False)}]


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()
