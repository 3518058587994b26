"""The weights of the embedded model: found, and proved to be the right ones."""

from __future__ import annotations

import hashlib
import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from llmops_tui.core.errors import UnavailableError
from llmops_tui.providers.embedded import model


@pytest.fixture
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No runtime, no package, an empty data directory."""
    monkeypatch.setattr(model, "data_dir", lambda: tmp_path / "data")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    return tmp_path


def install_runtime(monkeypatch: pytest.MonkeyPatch, package: Path | None = None) -> None:
    def find_spec(name: str) -> ModuleSpec | None:
        if name == "xllamacpp":
            return ModuleSpec(name, None)
        if package is None:
            return None
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(package)]
        return spec

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)


def put_small_model(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the weights, with the size and checksum to expect of it."""
    content = b"not really a model"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / model.FILE
    path.write_bytes(content)
    monkeypatch.setattr(model, "SIZE", len(content))
    monkeypatch.setattr(model, "SHA256", hashlib.sha256(content).hexdigest())
    return path


def test_without_the_runtime_one_sentence_says_how_to_get_it(nothing_installed: Path) -> None:
    missing = model.availability()
    assert isinstance(missing, model.Missing)
    assert "runtime" in missing.reason
    assert "llmops-tui[local]" in missing.hint


def test_without_the_weights_one_sentence_says_how_to_get_them(
    nothing_installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_runtime(monkeypatch)
    with pytest.raises(UnavailableError, match="weights") as caught:
        model.require_model()
    assert "llmops-tui model install" in caught.value.hint


def test_the_weights_are_found_in_the_data_directory_and_in_the_package(
    nothing_installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = nothing_installed / "package"
    carried = put_small_model(package, monkeypatch)
    install_runtime(monkeypatch, package)
    assert model.availability() == model.Available(carried)
    own = put_small_model(model.data_dir(), monkeypatch)
    assert model.availability() == model.Available(own)


def test_weights_cut_short_are_not_found(
    nothing_installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_small_model(model.data_dir(), monkeypatch).write_bytes(b"not really")
    install_runtime(monkeypatch)
    assert isinstance(model.availability(), model.Missing)


def test_right_weights_are_read_only_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put_small_model(tmp_path / "data", monkeypatch)
    reads: list[Path] = []
    real = model.sha256_of
    monkeypatch.setattr(model, "sha256_of", lambda path: reads.append(path) or real(path))
    for _ in range(3):
        model.verify(path, tmp_path)
    assert reads == [path]
    path.write_bytes(path.read_bytes())
    model.verify(path, tmp_path)
    assert len(reads) == 2


def test_wrong_weights_are_refused_however_often_one_tries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put_small_model(tmp_path / "data", monkeypatch)
    path.write_bytes(b"not really a mOdel")
    for _ in range(2):
        with pytest.raises(UnavailableError, match="checksum"):
            model.verify(path, tmp_path)


def test_weights_that_are_gone_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"gone\.gguf"):
        model.verify(tmp_path / "gone.gguf", tmp_path)


@pytest.mark.model
def test_the_installed_weights_are_the_pinned_ones() -> None:
    path = model.find_model()
    if path is None:
        pytest.skip("the weights of the embedded model are not installed")
    assert model.sha256_of(path) == model.SHA256
