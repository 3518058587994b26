"""What an installation from a wheel gets."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import llmops_tui

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "llmops_tui"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it would be published, built without the network."""
    target = tmp_path_factory.mktemp("dist")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (found,) = target.glob("*.whl")
    return found


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(SOURCE.parent).as_posix()
        for path in SOURCE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted - packed == set()
    assert "llmops_tui/py.typed" in packed
    assert any(entry.endswith(".sql") for entry in packed)


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    packed = zipfile.ZipFile(wheel).namelist()
    version = llmops_tui.__version__
    strays = [
        entry
        for entry in packed
        if not entry.startswith(("llmops_tui/", f"llmops_tui-{version}.dist-info/"))
    ]
    assert strays == []
    assert f"llmops_tui-{version}.dist-info/licenses/LICENSE" in packed


def test_an_installed_wheel_opens_a_workspace(wheel: Path, tmp_path: Path) -> None:
    """Installed away from the checkout, the package finds its own data files."""
    home = tmp_path / "env"
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    (packages,) = home.glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)
    # The dependencies of the tests' environment, but not its editable llmops-tui.
    theirs = [entry for entry in sys.path if entry.endswith("site-packages")]
    code = (
        f"import sys; sys.path.extend({theirs!r})\n"
        "import llmops_tui, pathlib\n"
        "from llmops_tui.services.workspace import open_workspace\n"
        "print(llmops_tui.__file__)\n"
        "print(open_workspace(pathlib.Path(sys.argv[1])).path)\n"
    )
    done = subprocess.run(
        [str(python), "-c", code, str(tmp_path / "new.db")],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    where, workspace = done.stdout.split()
    assert where.startswith(str(packages))
    assert Path(workspace).stat().st_mode & 0o777 == 0o600
