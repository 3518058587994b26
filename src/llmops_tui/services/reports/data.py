"""A run as JSON for scripts. Rates are shares of 1, money is in the currency's unit."""

from __future__ import annotations

from llmops_tui.services.reports.content import NANO, RunReport
from llmops_tui.services.run_words import verdict_words
from llmops_tui.services.runs import CellView, RunView


def run_data(view: RunView) -> dict[str, object]:
    """A run with its verdicts."""
    return {
        "run": view.run.id,
        "status": view.status.value,
        "cause": view.run.cause,
        "dataset": view.dataset,
        "done": view.run.done,
        "total": view.run.total,
        "saved": view.saved,
        "gate_looks": None if view.wear is None else view.wear.looks,
        "tolerance": {
            "max_wrong": view.tolerance.max_wrong,
            "confidence": view.tolerance.confidence,
            "harmful_max_wrong": view.tolerance.harmful_max_wrong,
            "unit": view.tolerance.unit,
        },
        "cells": [_cell(view, cell) for cell in view.cells],
    }


def report_data(report: RunReport) -> dict[str, object]:
    """A run with its comparisons and the exit code that a script gets."""
    data = run_data(report.view)
    data["comparisons"] = list(report.comparisons)
    data["baseline"] = [
        {
            "cell": item.cell.title,
            "run": item.baseline_run,
            "against": item.baseline.title,
            "state": item.state,
            "sentence": item.sentence(),
            "rows": item.answer.counts.rows if item.answer else 0,
            "mended": item.answer.counts.only_new_right if item.answer else 0,
            "broken": item.answer.counts.only_old_right if item.answer else 0,
            "difference": item.answer.difference if item.answer else None,
            "lower": item.answer.lower if item.answer else None,
            "upper": item.answer.upper if item.answer else None,
            "margin": item.answer.margin if item.answer else None,
            "p_value": item.answer.p_value if item.answer else None,
        }
        for item in report.baseline
    ]
    data["exit_code"] = int(report.exit_code)
    return data


def _cell(view: RunView, cell: CellView) -> dict[str, object]:
    return {
        "prompt": cell.prompt,
        "model": cell.model,
        "verdict": cell.verdict.state.value,
        "sentence": verdict_words(view, cell),
        "right": cell.counts.right,
        "wrong": cell.counts.wrong,
        "errored": cell.counts.errored,
        "from_cache": cell.counts.cached,
        "wrong_rate": cell.verdict.point,
        "lower": cell.verdict.lower,
        "upper": cell.verdict.upper,
        "upper_with_errors_wrong": cell.verdict.worst.upper,
        "more_if_none_wrong": cell.verdict.more_if_none_wrong,
        "more_at_this_rate": cell.verdict.more_at_this_rate,
        "cost": cell.counts.cost / NANO,
        "judging_cost": cell.counts.judging_cost / NANO,
        "estimated_token_counts": cell.counts.estimated,
        "currency": cell.currency,
        "input_tokens": cell.counts.input_tokens,
        "output_tokens": cell.counts.output_tokens,
    }
