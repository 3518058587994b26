"""`llmops-tui model`: list, add and check models; install the embedded one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace

import click

from llmops_tui.cli.output import print_json, say, table, workspace_of
from llmops_tui.core.chat import Endpoint, Model, Timeouts
from llmops_tui.core.errors import ExitCode
from llmops_tui.services import models

NANO_PER_MILLION = 1000
"""A price of 1 a million tokens is 1,000 nano-units a token."""


@click.group()
def model() -> None:
    """Models and the endpoints where they are reached."""


@model.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List the workspace's models."""
    found = models.list_models(workspace_of(ctx))
    if as_json:
        print_json(
            [
                {
                    "model": view.model.name,
                    "endpoint": view.endpoint.name,
                    "kind": view.endpoint.kind,
                    "base_url": view.endpoint.base_url,
                    "key": view.endpoint.key_ref,
                    "input_price": view.model.input_price / NANO_PER_MILLION,
                    "output_price": view.model.output_price / NANO_PER_MILLION,
                    "currency": view.model.currency,
                    "concurrency": view.endpoint.max_concurrency,
                    "requests_per_minute": view.endpoint.requests_per_minute,
                    "tokens_per_minute": view.endpoint.tokens_per_minute,
                }
                for view in found
            ]
        )
        return
    if not found:
        say("The workspace has no model yet. `llmops-tui model add --help` says how to add one.")
        return
    table(
        ("model", "endpoint", "kind", "address", "key", "in/M", "out/M"),
        [
            (
                view.model.name,
                view.endpoint.name,
                view.endpoint.kind,
                view.endpoint.base_url or "-",
                view.endpoint.key_ref or "none",
                f"{view.model.input_price / NANO_PER_MILLION:.2f}",
                f"{view.model.output_price / NANO_PER_MILLION:.2f}",
            )
            for view in found
        ],
        frozenset({5, 6}),
    )


@model.command()
@click.argument("name")
@click.option("--endpoint", required=True, help="A name for where it's reached.")
@click.option("--kind", default="openai", help=f"One of {', '.join(models.KINDS)}.")
@click.option("--url", default="", help="Such as http://127.0.0.1:8080/v1.")
@click.option("--key", "key_ref", default="", help="env:NAME or file:PATH; never the key itself.")
@click.option("--concurrency", type=click.IntRange(1), default=8, help="Requests at once.")
@click.option("--rpm", type=click.IntRange(1), help="Requests a minute, at most.")
@click.option("--tpm", type=click.IntRange(1), help="Tokens a minute, at most.")
@click.option("--timeout", type=click.FloatRange(0.1), help="Seconds for a whole answer.")
@click.option("--input-price", type=float, default=0.0, help="For a million input tokens.")
@click.option("--output-price", type=float, default=0.0, help="For a million output tokens.")
@click.option("--currency", default="USD")
@click.option("--context", "context_window", type=int, help="Tokens that fit.")
@click.pass_context
def add(
    ctx: click.Context,
    name: str,
    endpoint: str,
    kind: str,
    url: str,
    key_ref: str,
    concurrency: int,
    rpm: int | None,
    tpm: int | None,
    timeout: float | None,
    input_price: float,
    output_price: float,
    currency: str,
    context_window: int | None,
) -> None:
    """Add the model NAME at a new endpoint."""
    limits = Timeouts() if timeout is None else Timeouts(first_byte=timeout, total=timeout)
    place = Endpoint(0, endpoint, kind, url.rstrip("/"), key_ref, concurrency, rpm, tpm, limits)
    entry = Model(
        0,
        0,
        name,
        input_price=round(input_price * NANO_PER_MILLION),
        output_price=round(output_price * NANO_PER_MILLION),
        currency=currency,
        context_window=context_window,
    )
    models.add_endpoint(workspace_of(ctx), place, [entry])
    say(f"Added {name} at {endpoint}. `llmops-tui model check {name}` asks whether it answers.")


@model.command("set")
@click.argument("name")
@click.option("--url", help="Such as http://127.0.0.1:8080/v1.")
@click.option("--key", "key_ref", help="env:NAME or file:PATH; never the key itself.")
@click.option("--concurrency", type=click.IntRange(1), help="Requests at once.")
@click.option("--rpm", type=click.IntRange(0), help="Requests a minute, at most; 0: no limit.")
@click.option("--tpm", type=click.IntRange(0), help="Tokens a minute, at most; 0: no limit.")
@click.option("--timeout", type=click.FloatRange(0.1), help="Seconds for a whole answer.")
@click.option("--input-price", type=click.FloatRange(0), help="For a million input tokens.")
@click.option("--output-price", type=click.FloatRange(0), help="For a million output tokens.")
@click.option("--context", "context_window", type=click.IntRange(1), help="Tokens that fit.")
@click.pass_context
def set_(ctx: click.Context, /, name: str, **given: str | float | None) -> None:
    """Change the model NAME, or the limits of its endpoint; what isn't named stays."""
    workspace = workspace_of(ctx)
    view = models.find_model(workspace, name)
    endpoint, found = changed(view.endpoint, view.model, given)
    models.change(workspace, endpoint, found)
    say(f"Changed {view.title}. The next run has it so.")


def changed(
    endpoint: Endpoint, entry: Model, given: Mapping[str, str | float | None]
) -> tuple[Endpoint, Model]:
    """An endpoint and a model with the options that were given."""
    values = {name: value for name, value in given.items() if value is not None}
    if "url" in values:
        endpoint = replace(endpoint, base_url=str(values["url"]).rstrip("/"))
    if "key_ref" in values:
        endpoint = replace(endpoint, key_ref=str(values["key_ref"]))
    if "concurrency" in values:
        endpoint = replace(endpoint, max_concurrency=int(values["concurrency"]))
    if "rpm" in values:
        endpoint = replace(endpoint, requests_per_minute=int(values["rpm"]) or None)
    if "tpm" in values:
        endpoint = replace(endpoint, tokens_per_minute=int(values["tpm"]) or None)
    if "timeout" in values:
        total = float(values["timeout"])
        limits = replace(endpoint.timeouts, first_byte=total, total=total)
        endpoint = replace(endpoint, timeouts=limits)
    if "input_price" in values:
        entry = replace(entry, input_price=round(float(values["input_price"]) * NANO_PER_MILLION))
    if "output_price" in values:
        entry = replace(entry, output_price=round(float(values["output_price"]) * NANO_PER_MILLION))
    if "context_window" in values:
        entry = replace(entry, context_window=int(values["context_window"]))
    return endpoint, entry


@model.command()
@click.argument("name", required=False)
@click.pass_context
def check(ctx: click.Context, name: str | None) -> None:
    """Ask the endpoint of a model whether it answers."""
    view = models.find_model(workspace_of(ctx), name)
    found = models.check_endpoint(view.endpoint)
    say(found.sentence)
    if found.hint:
        say(found.hint)
    if not found.ok:
        ctx.exit(int(ExitCode.FAILED))
    if found.models and view.model.name not in found.models and view.endpoint.kind != "embedded":
        say(f"It does not name {view.model.name} among them: {', '.join(found.models[:10])}.")


@model.command()
def install() -> None:
    """Install the embedded model's weights (89 MB) into the data directory."""
    from llmops_tui.services.embedded import install_weights

    terminal = sys.stderr.isatty()

    def show(done: int, total: int) -> None:
        if terminal:
            share = f"{done / total:.0%}" if total else f"{done / 1e6:.0f} MB"
            click.echo(f"\r\x1b[K{share}", nl=False, err=True)

    path = install_weights(show)
    if terminal:
        click.echo("\r\x1b[K", nl=False, err=True)
    say(f"The embedded model is installed at {path}.")
