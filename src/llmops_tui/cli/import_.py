"""`llmops-tui import`: other tools' finished runs, and what of their configurations runs here."""

from __future__ import annotations

from pathlib import Path

import click

from llmops_tui.cli.output import common, print_json, say, table, workspace_of
from llmops_tui.services import suites
from llmops_tui.services.finished_runs import import_run
from llmops_tui.services.models import ModelView, find_model
from llmops_tui.services.suites import Coverage
from llmops_tui.services.workspace import Workspace

FILES = click.Path(path_type=Path)


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=FILES)
@click.option("--check", is_flag=True, help="Only say what of configurations would run here.")
@click.option("--judge", "judge_name", help="With --check: a model that judges where one is to.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def import_(
    ctx: click.Context, files: tuple[Path, ...], check: bool, judge_name: str | None, as_json: bool
) -> None:
    """Bring in finished runs: promptfoo's results (JSON) and Inspect logs (.eval, .json).

    With --check, FILES are configurations of promptfoo or of OpenAI's evals, or folders of them:
    how much of each would run here, and what would not.
    """
    workspace = workspace_of(ctx)
    if check:
        judge = None if judge_name is None else find_model(workspace, judge_name)
        _check(workspace, files, judge, as_json)
        return
    found = [import_run(workspace, file, common(ctx)["project"]) for file in files]
    if as_json:
        print_json(
            [
                {
                    "run": item.run_id,
                    "tool": item.tool,
                    "project": item.project,
                    "samples": item.samples,
                }
                for item in found
            ]
        )
        return
    for item in found:
        say(f"Run {item.run_id} of {item.project}: {item.samples:,} samples from {item.tool}.")
        for note in item.notes:
            say(f"  {note}")


def _check(
    workspace: Workspace, files: tuple[Path, ...], judge: ModelView | None, as_json: bool
) -> None:
    paths = [path for file in files for path in suites.configs_in(file)]
    found = [suites.survey(path, workspace, judge) for path in paths]
    if as_json:
        print_json([_data(item) for item in found])
        return
    table(
        ("file", "kind", "assertions", "tests", "prompts", "providers", "runs"),
        [_row(item) for item in found],
        frozenset({2, 3, 4, 5, 6}),
    )
    read = [item for item in found if not item.problem]
    run, total = (sum(item.assertions[place] for item in read) for place in (0, 1))
    share = f"{100 * run / total:.0f} %" if total else "none"
    say("")
    files_read = f"{len(read):,} of {len(found):,} files read"
    say(f"{files_read}; {run:,} of {total:,} assertions run ({share}).")
    reasons: dict[str, int] = {}
    for item in read:
        for note in item.notes:
            if note.fatal:
                why = f"{note.what.partition(' ')[0]}: {note.why}"
                reasons[why] = reasons.get(why, 0) + 1
    for why, count in sorted(reasons.items(), key=lambda pair: -pair[1])[:20]:
        say(f"{count:>6,}  {why}")


def _row(item: Coverage) -> tuple[str, ...]:
    name = "/".join(item.file.parts[-2:])
    if item.problem:
        return (name, item.problem, "", "", "", "", "")
    counts = (item.assertions, item.tests, item.prompts, item.providers)
    return (
        name,
        item.kind,
        *(f"{run:,}/{total:,}" for run, total in counts),
        f"{100 * item.share:.0f} %",
    )


def _data(item: Coverage) -> dict[str, object]:
    return {
        "file": str(item.file),
        "kind": item.kind,
        "problem": item.problem,
        "share": item.share,
        **{
            name: {"run": run, "total": total}
            for name, (run, total) in (
                ("assertions", item.assertions),
                ("tests", item.tests),
                ("prompts", item.prompts),
                ("providers", item.providers),
            )
        },
        "notes": [
            {
                "where": note.where,
                "what": note.what,
                "why": note.why,
                "runs_otherwise": not note.fatal,
                "verbatim": note.verbatim,
            }
            for note in item.notes
        ],
    }
