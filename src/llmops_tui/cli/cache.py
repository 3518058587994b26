"""`llmops-tui cache`: the answers that runs need not pay for again."""

from __future__ import annotations

import click

from llmops_tui.cli.output import print_json, say, workspace_of
from llmops_tui.services import cache as service


@click.group()
def cache() -> None:
    """The answer cache: equal questions are paid for once."""


@cache.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def show(ctx: click.Context, as_json: bool) -> None:
    """Say what the cache holds and what it saved."""
    found = service.cache_stats(workspace_of(ctx))
    if as_json:
        print_json(
            {
                "answers": found.answers,
                "kept_for_samples": found.kept,
                "bytes": found.size,
                "hits": found.hits,
                "answered": found.answered,
            }
        )
        return
    share = f" ({found.hits / found.answered:.0%})" if found.answered else ""
    say(f"{found.answers:,} answers, {found.size / 1e6:.1f} MB.")
    say(f"{found.hits:,} of {found.answered:,} answered samples came from it{share}.")


@cache.command()
@click.confirmation_option(prompt="Pay for all answers anew in later runs?")
@click.pass_context
def clear(ctx: click.Context) -> None:
    """Serve no answer of before again. Finished runs keep theirs."""
    forgotten = service.clear_cache(workspace_of(ctx))
    say(f"{forgotten:,} answers will not be served again.")
