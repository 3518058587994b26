"""`llmops-tui doctor`: is everything here in order?"""

from __future__ import annotations

import click

from llmops_tui.cli.output import common, print_json, printable
from llmops_tui.core.errors import ExitCode


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Check the terminal, the workspace file, the disk, the clock, the endpoints, the model."""
    from llmops_tui.services.doctor import examine

    findings = examine(common(ctx)["db"])
    if as_json:
        print_json(
            [
                {"check": f.name, "state": f.state.value, "found": f.sentence, "do": f.hint}
                for f in findings
            ]
        )
    else:
        for finding in findings:
            said = f"{finding.name}: {finding.sentence}"
            click.echo(f"{finding.state.value:<5} {printable(said)}")
            if finding.hint:
                click.echo(f"      {printable(finding.hint)}")
    if any(finding.state.value == "bad" for finding in findings):
        ctx.exit(int(ExitCode.FAILED))
