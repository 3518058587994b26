"""What the command line prints. Text from elsewhere is made safe here."""

from __future__ import annotations

import codecs
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypedDict, cast

import click

from llmops_tui.core.errors import LlmopsError
from llmops_tui.core.role import Role
from llmops_tui.core.text import visible
from llmops_tui.services.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from llmops_tui.core.project import Project


class Common(TypedDict):
    """The options that every command shares."""

    db: Path | None
    project: str | None
    debug: bool
    role: Role


def common(ctx: click.Context) -> Common:
    """The shared options."""
    return cast(Common, ctx.obj)


def workspace_of(ctx: click.Context) -> Workspace:
    """Open the workspace that the options name."""
    options = common(ctx)
    return open_workspace(options["db"], read_only=options["role"] is Role.VIEWER)


def project_of(ctx: click.Context, workspace: Workspace) -> Project:
    """The project that the options name, or the only one."""
    from llmops_tui.services.projects import find_project

    return find_project(workspace, common(ctx)["project"])


def printable(text: str) -> str:
    """Text that may come from anywhere, safe for a terminal, on one line."""
    return visible(text, newlines=False)


def say(text: str) -> None:
    """Print a line for people."""
    click.echo(visible(text))


def whole(text: str) -> None:
    """Print a text for whoever reads it: escapes for a terminal, to a pipe or a file as it is."""
    click.echo(visible(text) if sys.stdout.isatty() else text)


def standard_output() -> BinaryIO:
    """Where bytes go: as they are to a pipe or a file, as visible escapes to a terminal."""
    return cast(BinaryIO, _TerminalBytes()) if sys.stdout.isatty() else sys.stdout.buffer


class _TerminalBytes(io.RawIOBase):
    """Takes UTF-8 and shows it; nothing in it is a command to the terminal."""

    def __init__(self) -> None:
        super().__init__()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def writable(self) -> bool:
        """It can be written to."""
        return True

    def write(self, data: Buffer) -> int:
        """Show bytes; a character may be split between two calls."""
        given = bytes(data)
        sys.stdout.write(visible(self._decoder.decode(given).replace("\r\n", "\n")))
        return len(given)

    def flush(self) -> None:
        """Let the terminal have it."""
        sys.stdout.flush()


def report(error: LlmopsError) -> None:
    """Print an error: what happened, what to do."""
    click.echo(f"Error: {printable(str(error))}", err=True)
    if error.hint:
        click.echo(printable(error.hint), err=True)


def print_json(value: object) -> None:
    """Print for a script. ASCII only, so no control character reaches a terminal as such."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=True))


def table(header: tuple[str, ...], rows: list[tuple[str, ...]], right: frozenset[int]) -> None:
    """Print columns, those in `right` aligned to the right."""
    from llmops_tui.core.text import cells

    safe = [header, *[tuple(printable(value) for value in row) for row in rows]]
    widths = [max(cells(row[place]) for row in safe) for place in range(len(header))]
    for row in safe:
        parts = []
        for place, value in enumerate(row):
            pad = " " * (widths[place] - cells(value))
            parts.append(pad + value if place in right else value + pad)
        click.echo("  ".join(parts).rstrip())
