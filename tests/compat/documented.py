"""The snippets of docs/clients.md as somebody would run them: copied, in a process of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "clients.md"
ADDRESS = "http://127.0.0.1:4318"
"""Where the page says that the gateway listens."""

OTLP = "By OpenTelemetry"
"""The section with what every instrumentation needs."""

KEY = "sk-live-0123456789abcdefghij"
LONGEST_S = 120


@dataclass(frozen=True)
class Section:
    """What stands under one heading."""

    exports: dict[str, str]
    code: str


@cache
def sections(page: Path = PAGE) -> dict[str, Section]:
    """The sections of a page that have anything to run, by heading."""
    found = {}
    for part in re.split(r"^#{2,3} ", page.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        code = "\n".join(_blocks(body, "python"))
        exports = re.findall(r"^export (\w+)=(.*)$", "".join(_blocks(body, "sh")), re.MULTILINE)
        if code or exports:
            found[title] = Section(dict(exports), code)
    return found


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def program(
    *titles: str, gateway: str, by_otlp: bool = False, more: Mapping[str, str] | None = None
) -> str:
    """The snippets under some headings as one program, talking to a gateway at its real address."""
    common = sections()[OTLP].exports if by_otlp else {}
    parts = [Section({}, ""), *(sections()[title] for title in titles)]
    return "\n\n".join(
        f"import os\n\nos.environ.update({common | part.exports | dict(more or {})!r})\n\n"
        + part.code
        for part in parts
    ).replace(ADDRESS, gateway)


def readme() -> str:
    """The README's snippet for an unmodified client."""
    found = re.search(
        r"^    from openai import OpenAI\n.*?^(?=\S)",
        (ROOT / "README.md").read_text("utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )
    assert found
    return textwrap.dedent(found[0])


@contextmanager
def started(folder: Path, code: str, model: str) -> Iterator[subprocess.Popen[str]]:
    """A program under way, with `telemetry.py` beside it.

    Args:
        folder: Where it lies.
        code: The program.
        model: Where a client finds its model, unless the program says otherwise.
    """
    (folder / "app.py").write_text(code, "utf-8")
    (folder / "telemetry.py").write_text(sections()[OTLP].code, "utf-8")
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONUNBUFFERED": "1",
            "HOME": str(folder),
            # `sitecustomize.py` of the first keeps the program off any network but loopback.
            "PYTHONPATH": f"{Path(__file__).parent / 'loopback'}{os.pathsep}{ROOT}",
            "OPENAI_API_KEY": KEY,
            "ANTHROPIC_API_KEY": KEY,
            "OPENAI_BASE_URL": f"{model}/v1",
            "ANTHROPIC_BASE_URL": model,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def run(folder: Path, code: str, model: str) -> str:
    """Run a program to its end; what it printed."""
    with started(folder, code, model) as process:
        printed, said = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 0, said
    for trouble in ("Failed to export", "is not for tests"):
        assert trouble not in said, said
    return printed
