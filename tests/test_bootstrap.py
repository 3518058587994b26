"""How a fresh checkout gets its environment. CI itself is the test of a whole installation."""

from __future__ import annotations

import sys
from pathlib import Path

import bootstrap
import pytest


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with locks and an environment that looks installed."""
    (tmp_path / "locks").mkdir()
    for lock in ("runtime", "dev"):
        (tmp_path / "locks" / f"{lock}.txt").write_text(f"{lock}-package==1.0 \\\n    --hash=x\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "check.py").write_text("")
    packages = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    (packages / "textual-8.2.8.dist-info").mkdir(parents=True)
    (packages / "pip").mkdir()
    (packages / "pip" / "__main__.py").write_text("")
    (tmp_path / ".venv" / "bin").mkdir()
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    for name, path in {
        "ROOT": tmp_path,
        "VENV": tmp_path / ".venv",
        "BIN": tmp_path / ".venv" / "bin",
        "PYTHON": tmp_path / ".venv" / "bin" / "python",
        "STAMP": tmp_path / ".venv" / "llmops-tui.stamp",
    }.items():
        monkeypatch.setattr(bootstrap, name, path)
    return tmp_path


@pytest.fixture
def pip_calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What pip would have been asked to do."""
    calls: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "call_pip", lambda command, _: calls.append(command))
    return calls


def test_installs_exactly_what_is_locked_hash_by_hash(
    checkout: Path, pip_calls: list[list[str]]
) -> None:
    bootstrap.install("runtime")
    packages, project = pip_calls
    assert packages[-4:] == [
        "--no-deps",
        "--require-hashes",
        "-r",
        str(checkout / "locks" / "runtime.txt"),
    ]
    assert project[-4:] == ["--no-deps", "--no-build-isolation", "-e", str(checkout)]


def test_what_is_installed_is_compiled_whatever_the_environment_says(
    checkout: Path, pip_calls: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (packages,) = (checkout / ".venv").glob("lib/*/site-packages")
    (packages / "some.py").write_text("print('never run')\n")
    (packages / "template.py").write_text("{{ no Python }}\n")
    (packages / "tests").mkdir()
    (packages / "tests" / "some.py").write_text("print('never run')\n")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    bootstrap.install("runtime")
    assert "--no-compile" in pip_calls[0]
    compiled = [path.relative_to(packages).parts for path in packages.rglob("*.pyc")]
    assert {(*folders, name.split(".")[0]) for *folders, _, name in compiled} == {
        ("some",),
        ("pip", "__main__"),
    }


@pytest.mark.parametrize("installed", ["runtime", "dev"])
def test_a_second_start_installs_nothing(
    installed: str, checkout: Path, pip_calls: list[list[str]]
) -> None:
    bootstrap.install(installed)
    pip_calls.clear()
    bootstrap.install("runtime")
    assert pip_calls == []


def test_development_tools_are_added_to_an_environment_without_them(
    checkout: Path, pip_calls: list[list[str]]
) -> None:
    bootstrap.install("runtime")
    pip_calls.clear()
    bootstrap.install("dev")
    assert str(checkout / "locks" / "dev.txt") in pip_calls[0]


@pytest.mark.parametrize("changed", ["locks/runtime.txt", "pyproject.toml"])
def test_a_changed_lock_or_project_is_installed_again(
    changed: str, checkout: Path, pip_calls: list[list[str]]
) -> None:
    bootstrap.install("runtime")
    pip_calls.clear()
    with (checkout / changed).open("a") as file:
        file.write("# changed\n")
    bootstrap.install("runtime")
    assert pip_calls


def test_what_another_tool_changed_in_the_environment_is_noticed(
    checkout: Path, pip_calls: list[list[str]]
) -> None:
    bootstrap.install("runtime")
    pip_calls.clear()
    (dist_info,) = (checkout / ".venv").glob("lib/*/site-packages/*.dist-info")
    dist_info.rename(dist_info.with_name("textual-9.0.0.dist-info"))
    bootstrap.install("runtime")
    assert pip_calls


def test_an_interrupted_installation_is_not_taken_for_a_whole_one(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(command: list[str], total: int) -> None:
        raise bootstrap.BootstrapError("the line dropped")

    monkeypatch.setattr(bootstrap, "call_pip", fail)
    for _ in range(2):
        with pytest.raises(bootstrap.BootstrapError, match="the line dropped"):
            bootstrap.install("runtime")


def test_pips_own_words_are_shown_when_it_fails(checkout: Path) -> None:
    script = "print('Collecting x'); print('ERROR: no such hash'); raise SystemExit(1)"
    with pytest.raises(bootstrap.BootstrapError, match="ERROR: no such hash"):
        bootstrap.call_pip([sys.executable, "-c", script], 1)


def test_scripts_of_the_checkout_get_the_development_tools(checkout: Path) -> None:
    assert bootstrap.own_script("check.py") == checkout / "check.py"
    assert bootstrap.own_script("llmops-tui") is None
    assert bootstrap.own_script("absent.py") is None


def test_an_old_python_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 2))
    with pytest.raises(bootstrap.BootstrapError, match=r"Python 3\.11 or newer is needed"):
        bootstrap.require_python()


def test_an_unknown_command_is_named(checkout: Path) -> None:
    with pytest.raises(bootstrap.BootstrapError, match="no command 'nonsense-command'"):
        bootstrap.run(["nonsense-command"], None)
