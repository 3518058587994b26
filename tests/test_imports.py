"""What is loaded when: each question is asked of a fresh process."""

from __future__ import annotations

import importlib.util
import os
import pkgutil
import subprocess
import sys

import pytest

import llmops_tui

BELOW_THE_SCREEN = ("core", "store", "providers", "runner", "gateway", "interchange", "services")
HEAVY = (
    "numpy",
    "scipy",
    "pandas",
    "aiohttp",
    "httpx",
    "pydantic",
    "sqlite_utils",
    "jinja2",
    "zstandard",
    "orjson",
    "google.protobuf",
    "opentelemetry",
    "xllamacpp",
)
"""Each costs tens of milliseconds or more, and none is needed to paint the first screen."""

REPORT = """
import importlib, sys
for name in sys.argv[1].split(","):
    importlib.import_module(name)
print("\\n".join(sys.modules))
"""


def loaded_by(*names: str) -> set[str]:
    """Everything in `sys.modules` of a new process after importing `names`.

    Coverage would load its own modules into the process, so it must not measure this one.
    """
    unmeasured = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", REPORT, ",".join(names)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=unmeasured,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def modules_under(package: str) -> list[str]:
    """The package and every module in it, except programs."""
    root = importlib.import_module(f"llmops_tui.{package}")
    found = pkgutil.walk_packages(root.__path__, f"{root.__name__}.")
    return [
        root.__name__,
        *(entry.name for entry in found if not entry.name.endswith("__main__")),
    ]


@pytest.mark.parametrize("package", BELOW_THE_SCREEN)
def test_nothing_below_the_screen_loads_textual(package: str) -> None:
    loaded = loaded_by(*modules_under(package))
    assert "textual" not in loaded
    assert not any(entry.startswith("llmops_tui.ui") for entry in loaded)


def test_core_loads_neither_database_nor_network() -> None:
    loaded = loaded_by(*modules_under("core"))
    assert loaded & {"sqlite3", "http.client", "aiohttp", "httpx", "click", "rich"} == set()


def test_opening_a_workspace_loads_nothing_heavy() -> None:
    assert loaded_by("llmops_tui.services.workspace") & set(HEAVY) == set()


def test_the_app_paints_its_first_screen_without_anything_heavy() -> None:
    if importlib.util.find_spec("llmops_tui.ui.app") is None:
        pytest.skip("the app is not there yet")
    assert loaded_by("llmops_tui.ui.app") & set(HEAVY) == set()


def test_the_command_line_answers_without_loading_the_app() -> None:
    if importlib.util.find_spec("llmops_tui.cli") is None:
        pytest.skip("the command line is not there yet")
    loaded = loaded_by("llmops_tui.cli")
    assert "textual" not in loaded
    assert loaded & set(HEAVY) == set()


def test_the_packages_asked_about_are_all_there_are() -> None:
    present = {entry.name for entry in pkgutil.iter_modules(llmops_tui.__path__) if entry.ispkg}
    assert present - {"ui", "cli"} == set(BELOW_THE_SCREEN)


def test_an_application_that_reads_prompts_loads_next_to_nothing() -> None:
    loaded = loaded_by("llmops_tui")
    assert loaded & {*HEAVY, "textual", "sqlite3", "json", "click", "dataclasses"} == set()
    assert {entry for entry in loaded if entry.startswith("llmops_tui.")} == {
        "llmops_tui.application"
    }
