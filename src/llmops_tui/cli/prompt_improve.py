"""`llmops-tui prompt improve`: a model proposes, a paired run tests, a person decides."""

from __future__ import annotations

import click

from llmops_tui.cli.output import project_of, say, workspace_of
from llmops_tui.core.errors import InputError


@click.command()
@click.argument("name")
@click.option("--model", "model_name", help="Who is asked for a change.")
@click.option("--run", "run_id", type=int, help="Whose wrong samples. Default: the newest run.")
@click.option("--test", is_flag=True, help="Test the proposal on the dev split, here and now.")
@click.option("--accept", is_flag=True, help="Make the open proposal the newest version.")
@click.option("--reject", is_flag=True, help="Put the open proposal aside.")
@click.pass_context
def improve(
    ctx: click.Context,
    name: str,
    model_name: str | None,
    run_id: int | None,
    test: bool,
    accept: bool,
    reject: bool,
) -> None:
    """Ask a model to change the prompt NAME, from wrong samples of its newest version.

    Prints the proposal as a diff. Nothing is changed until you say --accept; --test runs both
    versions on the same rows of the dev split, never of the gate split.
    """
    from llmops_tui.services import improving, models, prompts, runs

    if accept and reject:
        raise InputError("--accept and --reject were both given.", "Give one of them.")
    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    prompt = prompts.get_prompt(workspace, project.id, name)
    proposal = improving.open_proposal(workspace, prompt.id)
    if proposal is None:
        if accept or reject:
            raise InputError(f"There is no open proposal for {name}.", "--model asks for one.")
        newest = prompts.get_version(workspace, project.id, name)
        if run_id is None:
            run_id = prompts.measured_in(workspace, newest)
        cell = improving.worst_cell(workspace, run_id, newest.id)
        view = models.find_model(workspace, model_name)
        proposal = improving.propose(workspace, run_id, cell, view)
    if reject:
        improving.reject(workspace, proposal)
        say("The proposal is put aside.")
        return
    if accept:
        say(f"{improving.accept(workspace, proposal).title} is the newest version now.")
        return
    say(proposal.words())
    for line in prompts.diff_lines(proposal.base, proposal.version):
        say(f"  {line}")
    if test:
        runs.work(workspace, improving.plan_test(workspace, proposal), lambda _: None)
        proposal = improving.again(workspace, proposal)
    say(improving.test_of(workspace, proposal).sentence)
