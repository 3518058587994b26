"""The rules of the house that no linter knows. CONTRIBUTING.md says why each is there."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import llmops_tui

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "llmops_tui"
LONGEST_FILE = 400
LONGEST_FUNCTION = 60

# In pieces, so that this file does not hold what it looks for.
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("proxy", "golang", "org"),
        ("index", "crates", "io"),
        ("conda", "anaconda", "org"),
    )
)


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def committed_files() -> list[Path]:
    """Files in the index; from a source archive without git, every file that would be there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("this is not a git checkout")
    found = [ROOT / entry for entry in listed.stdout.split("\0") if entry]
    return [path for path in found if path.is_file()]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_a_source_file_is_short_enough_to_read_in_one_sitting() -> None:
    too_long = {
        name(path): lines
        for path in modules()
        if (lines := len(path.read_text("utf-8").splitlines())) > LONGEST_FILE
    }
    assert too_long == {}


def test_a_function_is_short_enough_to_see_at_once() -> None:
    too_long = {
        f"{name(path)}:{node.lineno} {node.name}": lines
        for path in modules()
        for node in functions(path)
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert too_long == {}


def test_a_package_file_only_says_what_the_package_is_for() -> None:
    """`__init__.py` holds a docstring, re-exports and constants: importing a package does nothing.

    The command line's package is the exception in one point: its `main` is what the installed
    program calls, and it imports the rest only then.
    """
    with_logic = []
    for path in SOURCE.rglob("__init__.py"):
        allowed: tuple[type[ast.stmt], ...] = (ast.Import, ast.ImportFrom, ast.Assign)
        if path.parent == SOURCE / "cli":
            allowed = (*allowed, ast.FunctionDef)
        with_logic += [
            f"{name(path)}:{node.lineno}"
            for node in ast.parse(path.read_text("utf-8")).body
            if not isinstance(node, allowed)
            and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        ]
    assert with_logic == []


def test_every_package_and_module_says_what_it_is_for() -> None:
    silent = [
        name(path)
        for path in modules()
        if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


def test_no_committed_file_names_a_package_registry() -> None:
    naming = [
        f"{name(path)}: {host}"
        for path in committed_files()
        for host in REGISTRY_HOSTS
        if host.encode() in path.read_bytes()
    ]
    assert naming == []


def test_every_locked_package_is_pinned_and_hashed() -> None:
    for path in sorted((ROOT / "locks").glob("*.txt")):
        entries = re.split(r"\n(?=\S)", path.read_text("utf-8").strip())
        assert entries, path
        unsure = [
            entry.splitlines()[0]
            for entry in entries
            if not re.match(r"[\w.-]+==[\w.!+-]+", entry) or "--hash=sha256:" not in entry
        ]
        assert unsure == [], f"not pinned or not hashed in {name(path)}"


def test_the_locks_agree_with_each_other_and_with_the_project() -> None:
    runtime, dev = (
        set(re.findall(r"^\S+==\S+", (ROOT / "locks" / lock).read_text("utf-8"), re.MULTILINE))
        for lock in ("runtime.txt", "dev.txt")
    )
    assert runtime - dev == set()
    pinned = {entry.split("==")[0] for entry in runtime}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = project["dependencies"] + project["optional-dependencies"]["local"]
    wanted = {re.split(r"[\s<>=!\[;~]", entry)[0].lower() for entry in asked}
    assert wanted - pinned == set()


def test_the_version_is_the_same_wherever_it_stands() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == llmops_tui.__version__
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_ci_runs_the_test_command_of_the_readme() -> None:
    command = (ROOT / ".ci" / "run").read_text("utf-8").strip().splitlines()[-1]
    assert f"    {command}\n" in (ROOT / "README.md").read_text("utf-8")


def test_every_benchmark_stands_in_the_table_of_figures() -> None:
    from benchmarks.registry import BENCHMARKS

    table = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
    assert [entry for entry in BENCHMARKS if f"`{entry}`" not in table] == []


def test_every_environment_variable_stands_in_the_readme() -> None:
    read = {
        variable
        for path in modules()
        for variable in re.findall(r"\bLLMOPS_TUI_[A-Z]+(?:_[A-Z]+)*", path.read_text("utf-8"))
    }
    readme = (ROOT / "README.md").read_text("utf-8")
    assert {variable for variable in read if f"`{variable}`" not in readme} == set()


def test_every_command_stands_in_the_readme() -> None:
    cli = importlib.import_module("llmops_tui.cli.main")
    readme = (ROOT / "README.md").read_text("utf-8")
    missing = [command for command in command_names(cli.cli) if command not in readme]
    assert missing == []


def command_names(group: object, prefix: str = "") -> list[str]:
    """Names of all visible commands, with those of groups: `dataset import`."""
    import click

    assert isinstance(group, click.Group)
    context = click.Context(group)
    names: list[str] = []
    for entry in group.list_commands(context):
        command = group.get_command(context, entry)
        if command is None or command.hidden:
            continue
        if isinstance(command, click.Group):
            names += command_names(command, f"{prefix}{entry} ")
        else:
            names.append(f"{prefix}{entry}")
    return names
