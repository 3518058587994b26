"""`compare`, `rescore`, `self-test`, `anchors`: what the app does with answers that are there."""

from __future__ import annotations

import click

from llmops_tui.cli.output import print_json, printable, project_of, say, table, workspace_of
from llmops_tui.cli.report import run_named
from llmops_tui.cli.scorers import scorer_of
from llmops_tui.core.errors import ExitCode, InputError
from llmops_tui.core.tolerance import parse_share, percent
from llmops_tui.core.tolerance.paired import Comparison
from llmops_tui.services import anchors as anchoring
from llmops_tui.services import compare as comparing
from llmops_tui.services import datasets, rescoring, selftest
from llmops_tui.services.anchors import AnchorView
from llmops_tui.services.compare import CompareView, Side
from llmops_tui.services.workspace import Workspace

MOST_FLIPS = 1_000
MOST_SLICES = 12
CODES = {
    Comparison.NOT_WORSE: ExitCode.WITHIN,
    Comparison.WORSE: ExitCode.EXCEEDED,
    Comparison.UNDECIDED: ExitCode.UNDECIDED,
}


@click.command()
@click.argument("old")
@click.argument("new", default="latest")
@click.option("--margin", default="2%", show_default=True, help="How much worse NEW may be.")
@click.option("--flips", type=click.IntRange(0, MOST_FLIPS), default=10, help="Rows to list.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def compare(ctx: click.Context, old: str, new: str, margin: str, flips: int, as_json: bool) -> None:
    """Compare the runs OLD and NEW on the rows that both answered.

    Each is a run's number or `latest`, with :CELL behind it where the run has several (3:2).

    Exit code: 0 NEW is not worse by the margin, 1 worse, 3 undecided.
    """
    workspace = workspace_of(ctx)
    sides = _side(ctx, workspace, old), _side(ctx, workspace, new)
    found = comparing.compare(workspace, *sides, margin=parse_share(margin))
    rows = comparing.flip_rows(workspace, found.flips[:flips])
    if as_json:
        print_json(_data(found, rows))
    else:
        _show(found, rows)
    ctx.exit(int(CODES[found.gate.state]))


@click.command()
@click.argument("run", metavar="RUN")
@click.option(
    "--scorer",
    "scorers",
    multiple=True,
    help="A name, or JSON with its parameters; repeatable. Default: the project's own.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def rescore(ctx: click.Context, run: str, scorers: tuple[str, ...], as_json: bool) -> None:
    """Judge the stored answers of RUN anew, asking no model but those that judge."""
    workspace = workspace_of(ctx)
    specs = [scorer_of(text) for text in scorers]
    found = rescoring.rescore_run(workspace, run_named(ctx, workspace, run), specs)
    if as_json:
        print_json(
            {
                "run": found.run_id,
                "scored": found.scored,
                "changed": found.changed,
                "finished": found.finished,
            }
        )
    else:
        say(found.sentence())


@click.command("self-test")
@click.option("--dataset", "dataset_name", help="The data set. Default: the only one.")
@click.option(
    "--scorer",
    "scorers",
    multiple=True,
    help="A name, or JSON with its parameters; repeatable. Default: the project's own.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def self_test(
    ctx: click.Context, dataset_name: str | None, scorers: tuple[str, ...], as_json: bool
) -> None:
    """Judge answers that are known to be right or wrong: which does a scorer get wrong?

    What a row expects is known to be right; the columns known_right and known_wrong hold more.

    Exit code: 0 all are judged as they should be, 1 some are not.
    """
    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    specs = [scorer_of(text) for text in scorers] or [dict(s) for s in project.scorers]
    if not specs:
        raise InputError("Nothing says by what to score: the project has no scorer.", "--scorer")
    version = datasets.find_dataset(workspace, project.id, dataset_name).version
    assert version is not None
    found = selftest.self_test(workspace, version.id, specs)
    if as_json:
        faults = [
            {
                "scorer": fault.scorer,
                "fault": fault.kind.value,
                "row": fault.position,
                "answer": fault.answer,
                "reason": fault.reason,
            }
            for fault in found.faults
        ]
        print_json(
            {
                "known_right": found.right,
                "known_wrong": found.wrong,
                "faults": faults,
                "always_right": list(found.always_right),
                "always_wrong": list(found.always_wrong),
            }
        )
    else:
        say(found.sentence())
        for fault in found.faults:
            where = f"row {fault.position}: {fault.scorer} {fault.kind.value}"
            say(printable(f"{where}: {fault.answer!r}: {fault.reason}"))
        say(found.separation_sentence())
    ctx.exit(int(ExitCode.EXCEEDED if found.faults else ExitCode.WITHIN))


@click.command()
@click.option(
    "--scorer",
    "scorers",
    multiple=True,
    help="A judge with its parameters, as JSON; repeatable. Default: the project's own.",
)
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=anchoring.MOST, show_default=True,
    help="At most so many answers, those labelled last.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def anchors(ctx: click.Context, scorers: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Have judges judge again what people labelled: what does another model or prompt change?

    Exit code: 0 no difference beyond chance, 1 a judge judges otherwise than the one before.
    """
    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    specs = [scorer_of(text) for text in scorers] or [dict(s) for s in project.scorers]
    found = anchoring.anchor(workspace, project.id, specs, limit=limit)
    if as_json:
        print_json([_anchor_data(view) for view in found])
    else:
        for view in found:
            say(printable(view.sentence()))
    ctx.exit(int(ExitCode.EXCEEDED if any(view.differs for view in found) else ExitCode.WITHIN))


def _anchor_data(view: AnchorView) -> dict[str, object]:
    return {
        "scorer": view.scorer,
        "model": view.now.model,
        "prompt": view.now.prompt,
        "before": view.before and {"model": view.before.model, "prompt": view.before.prompt},
        "rows": view.flips.rows,
        "passes_what_failed": view.flips.only_new_right,
        "fails_what_passed": view.flips.only_old_right,
        "p_value": view.p_value,
        "differs": view.differs,
        "labelled_wrong": view.labels.wrong,
        "found_wrong": view.labels.wrong_called_wrong,
        "labelled_right": view.labels.right,
        "passed_right": view.labels.right_called_right,
        "cost": view.cost,
    }


def _side(ctx: click.Context, workspace: Workspace, named: str) -> Side:
    run, _, cell = named.partition(":")
    if cell and not (cell.isdecimal() and int(cell)):
        raise InputError(f"{named!r} is no run.", "Write RUN or RUN:CELL, such as 3:2.")
    run_id = run_named(ctx, workspace, run)
    known = comparing.cells_of(workspace, run_id)
    if not cell and known > 1:
        raise InputError(
            f"Run {run_id} has {known} cells.", f"Write {run_id}:1 to {run_id}:{known}."
        )
    number = int(cell or 1)
    if number > known:
        raise InputError(f"Run {run_id} has no cell {number}.", f"It has {known}.")
    return run_id, number - 1


def _show(found: CompareView, rows: list[comparing.FlipRow]) -> None:
    say(f"{found.new} against {found.old}")
    gate = found.gate
    say(f"{gate.sentence()}.")
    bounds = f"[{100 * gate.lower:+.1f} to {100 * gate.upper:+.1f}]"
    say(
        f"Share right: {100 * gate.difference:+.1f} points {bounds}, "
        f"{percent(found.confidence)} sure; McNemar p {gate.p_value:.3g}."
    )
    if found.unpaired:
        say(f"{found.unpaired:,} rows were answered on one side only.")
    worse = [part for part in found.slices if part.got_worse][:MOST_SLICES]
    if worse:
        say("Parts that got worse, p values adjusted for having looked at all:")
        table(
            ("part", "rows", "mended", "broken", "p"),
            [
                (
                    f"{part.kind} {part.name}",
                    f"{part.counts.rows:,}",
                    f"{part.counts.only_new_right:,}",
                    f"{part.counts.only_old_right:,}",
                    f"{part.p_value:.3g}",
                )
                for part in worse
            ],
            frozenset({1, 2, 3, 4}),
        )
    if rows:
        table(
            ("row", "", "input", "expected", "old", "new"),
            [
                (
                    str(row.position),
                    "broken" if row.flip.broken else "mended",
                    row.input[:40],
                    (row.expected or "")[:20],
                    row.old.answer_head[:20],
                    row.new.answer_head[:20],
                )
                for row in rows
            ],
            frozenset({0}),
        )


def _data(found: CompareView, rows: list[comparing.FlipRow]) -> dict[str, object]:
    gate, counts = found.gate, found.counts
    return {
        "old": found.old,
        "new": found.new,
        "state": gate.state.value,
        "margin": gate.margin,
        "difference": gate.difference,
        "lower": gate.lower,
        "upper": gate.upper,
        "confidence": found.confidence,
        "p_value": gate.p_value,
        "rows": counts.rows,
        "mended": counts.only_new_right,
        "broken": counts.only_old_right,
        "unpaired": found.unpaired,
        "slices": [
            {
                "kind": part.kind,
                "name": part.name,
                "rows": part.counts.rows,
                "mended": part.counts.only_new_right,
                "broken": part.counts.only_old_right,
                "p_value": part.p_value,
            }
            for part in found.slices
        ],
        "flips": [
            {
                "row": row.position,
                "broken": row.flip.broken,
                "input": row.input,
                "expected": row.expected,
                "old": row.old.answer_head,
                "new": row.new.answer_head,
            }
            for row in rows
        ],
    }
