"""`llmops-tui triage`: verdicts on production calls, for scripts and for files."""

from __future__ import annotations

from pathlib import Path

import click

from llmops_tui.cli import triage_marks
from llmops_tui.cli.output import (
    common,
    print_json,
    printable,
    project_of,
    say,
    table,
    whole,
    workspace_of,
)
from llmops_tui.core.call import CallRow, Lane
from llmops_tui.core.errors import ExitCode
from llmops_tui.core.queue_order import Order
from llmops_tui.core.role import Role, RoleError
from llmops_tui.services import call_examples, call_marks, projects, queues, reviews
from llmops_tui.services import triage as service
from llmops_tui.services.workspace import Workspace

FILE = click.Path(path_type=Path, dir_okay=False)
LANES = (Lane.FLAGGED.value, Lane.AUDIT.value, Lane.SECOND.value, Lane.RESOLVE.value)


READING = ("list", "show", "rules")
"""What a session that only looks may call."""
JUDGING = (*READING, "label", "tag", "assign")
"""What a reviewer's may."""


@click.group()
@click.pass_context
def triage(ctx: click.Context) -> None:
    """Production calls that wait for a verdict, and the verdicts."""
    role = common(ctx)["role"]
    allowed = JUDGING if role is Role.REVIEWER else READING
    if role is not Role.OWNER and ctx.invoked_subcommand not in allowed:
        raise RoleError(role, f"`llmops-tui triage {ctx.invoked_subcommand}`")


for _command in (
    triage_marks.tag,
    triage_marks.assign,
    triage_marks.second,
    triage_marks.audit,
):
    triage.add_command(_command)


@triage.command("list")
@click.option("--lane", type=click.Choice([*LANES, "all"]), default="all", show_default=True)
@click.option(
    "--order",
    "by",
    type=click.Choice([order.value for order in Order]),
    default=Order.OLDEST.value,
    show_default=True,
    help="What comes first in each lane; alike: what failed alike, the largest group first.",
)
@click.option("--tag", default="", help="Only calls with this tag.")
@click.option("--assignee", default="", help="Only calls of this person; me, or none.")
@click.option("--rule", default="", help="Only calls that this rule flagged.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def list_(
    ctx: click.Context,
    lane: str,
    by: str,
    tag: str,
    assignee: str,
    rule: str,
    limit: int,
    as_json: bool,
) -> None:
    """List the calls that wait for you, lane by lane; all: flagged and audit.

    second: calls that somebody else judged and you haven't. resolve: calls on which two differ.

    Exit code: 0 some wait, 3 none does.
    """
    workspace = workspace_of(ctx)
    project_id = _project(ctx, workspace)
    order = Order(by)
    whose = workspace.person if assignee == "me" else assignee
    wanted = queues.Wanted(rule=rule, tag=tag.removeprefix("#"), assignee=whose)
    lanes = [Lane(lane)] if lane != "all" else [Lane.FLAGGED, Lane.AUDIT]
    found: list[tuple[Lane, CallRow, int]] = []
    for each in lanes:
        arranged = queues.arrange(workspace, each, order, project_id, wanted)
        rows = queues.queue(
            workspace, each, order, limit=limit, project_id=project_id, arranged=arranged
        )
        for call in rows:
            group = arranged.group(call.id) if arranged is not None else None
            found.append((each, call, len(group.ids) if group is not None else 1))
    with_alike = order is Order.ALIKE
    if as_json:
        alike = [{"alike": number} if with_alike else {} for _, _, number in found]
        print_json([_call_data(e, call) | a for (e, call, _), a in zip(found, alike, strict=True)])
    elif found:
        names = ("call", "lane", "flags", "model", "prompt", "answer")
        table(
            (*names, "alike") if with_alike else names,
            [
                (
                    str(call.id),
                    each.value,
                    str(call.flagged),
                    call.model[:24],
                    f"{call.prompt_name} {call.prompt_version}".strip()[:20] or "-",
                    printable(call.output_head)[:50],
                    *([f"{number:,}"] if with_alike else []),
                )
                for each, call, number in found
            ],
            frozenset({0, 2, 6} if with_alike else {0, 2}),
        )
    else:
        say("Nothing waits.")
    ctx.exit(int(ExitCode.WITHIN if found else ExitCode.UNDECIDED))


@triage.command()
@click.argument("call", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def show(ctx: click.Context, call: int, as_json: bool) -> None:
    """Print a CALL: what was asked and answered, why it is flagged, the verdicts."""
    detail = service.open_call(workspace_of(ctx), call)
    verdicts = [
        {
            "verdict": review.verdict.value,
            "severity": review.severity,
            "reason": review.reason,
            "note": review.note,
            "corrected": review.corrected,
            "reviewer": review.reviewer,
            "stands": review.undone_at is None,
        }
        for review in detail.reviews
    ]
    flags = [
        {"rule": flag.rule, "severity": flag.severity, "reason": flag.reason}
        for flag in detail.flags
    ]
    if as_json:
        about = _call_data(service.lane_of(detail.row)[0], detail.row)
        print_json(
            {
                **about,
                "input": detail.input,
                "output": detail.output,
                "flags": flags,
                "reviews": verdicts,
                "tags": detail.tags,
                "assignee": detail.assignee or None,
            }
        )
        return
    whole(f"{detail.input}\n\n--- answer ---\n{detail.output}")
    for flag in detail.flags:
        say(f"flagged: {flag.rule} ({flag.severity}): {flag.reason}")
    marks = call_marks.marks_words(detail)
    if marks:
        say(f"marks: {marks}")
    for review in detail.reviews:
        undone = " (taken back)" if review.undone_at is not None else ""
        words = " ".join(filter(None, (review.verdict.value, review.severity, review.reason)))
        say(f"verdict: {words} by {review.reviewer}{undone}")


@triage.command()
@click.argument("call", type=int)
@click.argument("verdict", type=click.Choice(["right", "wrong", "unsure"]))
@click.option("--severity", type=click.Choice(service.SEVERITIES), help="How bad a wrong one is.")
@click.option("--reason", default="", help="Why, in a word or two.")
@click.option("--note", default="", help="A line that is kept with it.")
@click.option("--corrected", help="What the answer should have been.")
@click.pass_context
def label(
    ctx: click.Context,
    call: int,
    verdict: str,
    severity: str | None,
    reason: str,
    note: str,
    corrected: str | None,
) -> None:
    """Give a VERDICT on a CALL, in the name of whoever is logged in (LLMOPS_TUI_USER)."""
    workspace = workspace_of(ctx)
    is_new = reviews.give(
        workspace,
        call,
        verdict,
        severity=severity or "",
        reason=reason,
        note=note,
        corrected=corrected,
    )
    said = f"Call {call}: {verdict}, says {workspace.person}."
    say(said if is_new else f"{said} That was said already; nothing changed.")


@triage.command()
@click.option("--days", type=click.IntRange(1), help="Calls of so many days. Default: the window.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def rules(ctx: click.Context, days: int | None, as_json: bool) -> None:
    """How often each rule is right, and how far people agree."""
    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    window = days or projects.tolerance_of(workspace, project.id).window_days
    found = reviews.rule_precision(workspace, window, project.id)
    both = reviews.second_opinion(workspace, project.id)
    if as_json:
        print_json(
            {
                "rules": [
                    {
                        "rule": item.counts.rule,
                        "flagged": item.counts.flagged,
                        "judged": item.judged,
                        "wrong": item.counts.wrong,
                        "precision": item.precision,
                    }
                    for item in found
                ],
                "agreement": None
                if both is None
                else {
                    "calls": both.agreement.items,
                    "observed": both.agreement.observed,
                    "kappa": both.agreement.cohen_kappa,
                    "alpha": both.agreement.krippendorff_alpha,
                    "wrong_share": both.wrong_share,
                    "disputed": list(both.disputed),
                    "blind": both.blind,
                },
            }
        )
        return
    for item in found:
        say(item.sentence())
    if not found:
        say(f"No rule flagged a call in the last {window} days.")
    say(both.sentence() if both is not None else "No call was judged by two people.")


@triage.command()
@click.argument("wanted", metavar="[REASON]...", nargs=-1)
@click.pass_context
def reasons(ctx: click.Context, wanted: tuple[str, ...]) -> None:
    """List the reasons that a wrong answer may have, or have REASONs instead."""
    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    known = (
        service.set_reasons(workspace, project.id, wanted)
        if wanted
        else service.reasons(workspace, project.id)
    )
    for reason in known:
        say(reason)


@triage.command()
@click.argument("file", type=FILE)
@click.option(
    "--shape",
    type=click.Choice(["all", "judge"]),
    default="all",
    show_default=True,
    help="judge: id, judge, human, cluster, as statistics tools read it.",
)
@click.pass_context
def export(ctx: click.Context, file: Path, shape: str) -> None:
    """Write the verdicts that stand to FILE, .csv or .jsonl."""
    workspace = workspace_of(ctx)
    project_id = _project(ctx, workspace)
    count = reviews.export_reviews(workspace, file, shape=shape, project_id=project_id)
    say(f"{count:,} verdicts are in {file}.")


@triage.command("import")
@click.argument("file", type=FILE)
@click.pass_context
def import_(ctx: click.Context, file: Path) -> None:
    """Take verdicts from FILE (.csv, .jsonl): columns call or response_id, and verdict.

    Exit code: 0 all were taken or known, 1 some could not be.
    """
    found = reviews.import_reviews(workspace_of(ctx), file)
    say(f"{found.taken:,} verdicts taken, {found.known:,} known already.")
    for sentence in found.refused:
        click.echo(printable(f"refused: {sentence}"), err=True)
    ctx.exit(int(ExitCode.EXCEEDED if found.refused else ExitCode.WITHIN))


@triage.command()
@click.argument("dataset")
@click.option("--call", "call_id", type=int, help="Only this call. Default: all that are judged.")
@click.option("--verdict", type=click.Choice(["right", "wrong"]), help="Only calls judged so.")
@click.option("--split", help="Of the new examples.")
@click.option("--keep-personal", is_flag=True, help="Don't mask emails, keys and the like.")
@click.option("--into-gate", is_flag=True, help="Agree to rows picked by hand in the gate split.")
@click.pass_context
def examples(
    ctx: click.Context,
    dataset: str,
    call_id: int | None,
    verdict: str | None,
    split: str | None,
    keep_personal: bool,
    into_gate: bool,
) -> None:
    """Make judged calls examples of DATASET: the question, the right answer, the wrong one."""
    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    if call_id is not None:
        made = call_examples.add(
            workspace, project.id, call_id, dataset,
            split=split, keep_personal=keep_personal, into_gate=into_gate,
        )  # fmt: skip
        say(made.sentence())
        return
    count, left = call_examples.from_calls(
        workspace, project.id, dataset,
        verdict=verdict, split=split, keep_personal=keep_personal, into_gate=into_gate,
    )  # fmt: skip
    say(f"{count:,} calls became examples of {dataset}; {left:,} were left out.")


def _project(ctx: click.Context, workspace: Workspace) -> int | None:
    """The project that is named; without a name all of them."""
    return project_of(ctx, workspace).id if common(ctx)["project"] else None


def _call_data(lane: Lane, call: CallRow) -> dict[str, object]:
    return {
        "call": call.id,
        "lane": lane.value,
        "model": call.model,
        "prompt": call.prompt_name,
        "prompt_version": call.prompt_version,
        "status": call.status,
        "flags": call.flagged,
        "audit_probability": call.audit_probability,
        # Who looks a second time isn't told what the first said.
        "review": call.review if lane is not Lane.SECOND else None,
        "started_at": call.started_at,
        "input_head": call.input_head,
        "output_head": call.output_head,
    }
