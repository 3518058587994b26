"""The `llmops-tui` command and its subcommands, each loaded when it's called."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from pathlib import Path

import click

from llmops_tui import __version__
from llmops_tui.cli.output import printable, report
from llmops_tui.core.errors import ExitCode, LlmopsError
from llmops_tui.core.role import Role, RoleError

COMMANDS = {
    "alerts": "llmops_tui.cli.alerts:alerts",
    "archive": "llmops_tui.cli.archive:archive",
    "cache": "llmops_tui.cli.cache:cache",
    "compare": "llmops_tui.cli.scoring:compare",
    "completion": "llmops_tui.cli.completion:completion",
    "dataset": "llmops_tui.cli.dataset:dataset",
    "demo": "llmops_tui.cli.demo:demo",
    "doctor": "llmops_tui.cli.doctor:doctor",
    "drift": "llmops_tui.cli.drift:drift",
    "gateway": "llmops_tui.cli.gateway:gateway",
    "import": "llmops_tui.cli.import_:import_",
    "incidents": "llmops_tui.cli.incidents:incidents",
    "ingest": "llmops_tui.cli.ingest:ingest",
    "manual": "llmops_tui.cli.manual:manual",
    "model": "llmops_tui.cli.model:model",
    "plan": "llmops_tui.cli.plan:plan",
    "project": "llmops_tui.cli.project:project",
    "prompt": "llmops_tui.cli.prompt:prompt",
    "prompts": "llmops_tui.cli.prompts:prompts",
    "report": "llmops_tui.cli.report:report",
    "retention": "llmops_tui.cli.retention:retention",
    "rescore": "llmops_tui.cli.scoring:rescore",
    "run": "llmops_tui.cli.run:run",
    "anchors": "llmops_tui.cli.scoring:anchors",
    "self-test": "llmops_tui.cli.scoring:self_test",
    "serve-web": "llmops_tui.cli.web:serve_web",
    "show": "llmops_tui.cli.show:show",
    "triage": "llmops_tui.cli.triage:triage",
}
LOG_VARIABLE = "LLMOPS_TUI_LOG"


class LazyGroup(click.Group):
    """Loads a subcommand's module when it's needed: the app must not wait for all of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="llmops-tui")
@click.option(
    "--db",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="LLMOPS_TUI_DB",
    help="The workspace file. Default: LLMOPS_TUI_DB, or workspace.db in the data directory.",
)
@click.option("--project", help="The project to work on, where there are several.")
@click.option(
    "--theme",
    type=click.Choice(["dark", "light", "ansi"]),
    help="Colours of the app; ansi uses the terminal's own sixteen.",
)
@click.option("--ascii", "plain", is_flag=True, help="Bars and plots of the app in ASCII.")
@click.option("--low-bandwidth", is_flag=True, help="At most four frames a second, for slow lines.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.OWNER.value,
    envvar="LLMOPS_TUI_ROLE",
    help="What this session may do: everything, judge calls, or only look.",
)
@click.option("--debug", is_flag=True, help="Show tracebacks and log everything.")
@click.pass_context
def cli(
    ctx: click.Context,
    db: Path | None,
    project: str | None,
    theme: str | None,
    plain: bool,
    low_bandwidth: bool,
    role: str,
    debug: bool,
) -> None:
    """How wrong can I be? Data, prompts, test runs, monitoring and triage of an LLM feature.

    Without a command: the terminal app.
    """
    session = Role(role)
    ctx.obj = {"db": db, "project": project, "debug": debug, "role": session}
    if session is not Role.OWNER and ctx.invoked_subcommand not in (None, "triage"):
        raise RoleError(session, f"`llmops-tui {ctx.invoked_subcommand}`")
    if ctx.invoked_subcommand is None:
        from llmops_tui.cli.app import Look, open_app

        look = Look(theme=theme, plain=plain, low_bandwidth=low_bandwidth)
        ctx.exit(open_app(db, project, look, session))


def main() -> None:
    """Entry point: errors are sentences, `--debug` shows where they come from."""
    debug = "--debug" in sys.argv
    _set_up_logging(debug)
    try:
        code = cli.main(standalone_mode=False)
    except LlmopsError as error:
        if debug:
            raise
        report(error)
        sys.exit(int(error.exit_code))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # Whoever reads our output has had enough; nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(int(ExitCode.WITHIN))
    except Exception as error:
        if debug:
            raise
        logging.getLogger(__name__).debug("unexpected", exc_info=True)
        text = printable(f"{type(error).__name__}: {error}")
        click.echo(f"Error: something unexpected happened: {text}", err=True)
        click.echo("Run the same again with --debug to see where, and please report it.", err=True)
        sys.exit(int(ExitCode.FAILED))
    sys.exit(code if isinstance(code, int) else 0)


def _set_up_logging(debug: bool) -> None:
    path = os.environ.get(LOG_VARIABLE)
    if path:
        logging.basicConfig(filename=path, level=logging.DEBUG, format=_FORMAT)
    elif debug:
        logging.basicConfig(stream=sys.stderr, level=logging.DEBUG, format=_FORMAT)
    else:
        logging.basicConfig(stream=sys.stderr, level=logging.ERROR, format="%(message)s")


_FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
