"""Keys are found by reference and never shown."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from llmops_tui.core.errors import InputError, UnavailableError
from llmops_tui.providers.keys import HIDDEN, Secret, redact, resolve

KEY = "sk-test-0123456789"


def test_a_key_is_found_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", f" {KEY}\n")
    assert resolve("env:SOME_KEY").reveal() == KEY


def test_a_key_is_found_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    assert resolve(f"file:{tmp_path / 'key'}").reveal() == KEY


def test_no_reference_means_no_key() -> None:
    assert not resolve("")


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret(KEY)
    for shown in (str(secret), repr(secret), f"{secret}", f"{secret:>30}", f"{[secret]}"):
        assert KEY not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    with pytest.raises(UnavailableError, match="SOME_KEY") as caught:
        resolve("env:SOME_KEY")
    assert "export SOME_KEY" in caught.value.hint


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_an_unusable_key_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnavailableError, match=str(path)):
        resolve(f"file:{path}")


@pytest.mark.parametrize("reference", [KEY, "env:", "file:", "vault:x"])
def test_a_key_itself_is_no_reference_and_is_not_repeated(reference: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve(reference)
    assert KEY not in str(caught.value) + caught.value.hint


def test_a_key_that_would_break_a_header_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("one\ntwo")
    with pytest.raises(InputError) as caught:
        resolve(f"file:{tmp_path / 'key'}")
    assert "one" not in str(caught.value).replace("no key", "").replace("on one line", "")


def test_secrets_are_taken_out_of_texts() -> None:
    text = f"Incorrect API key provided: {KEY}. See {KEY}."
    assert redact(text, [Secret(KEY), Secret("")]).count(HIDDEN) == 2
    assert KEY not in redact(text, [Secret(KEY)])
    assert redact("abc", [Secret("b")]) == "abc"
