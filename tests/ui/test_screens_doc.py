"""`screens.md` is what the app is: its captures, words and keys."""

from __future__ import annotations

import re

import pytest
from tools.scenes import SCENES, Scene, all_pages
from tools.screens import DOCUMENT, contents, difference, everywhere, screen

from llmops_tui.ui.areas import AREAS

HOW = "`make docs` writes screens.md again; look at what changed."


@pytest.fixture(autouse=True)
def _own_surroundings() -> None:
    """The captures bring their own surroundings; those of the other tests stay out."""


def committed(heading: str) -> str:
    """The part of the document below a heading, with the heading."""
    text = DOCUMENT.read_text("utf-8")
    found = re.search(rf"^{re.escape(heading)}\n.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"screens.md has no part “{heading}”. {HOW}"
    return found[0].strip()


def assert_same(part: str, fresh: str) -> None:
    differs = difference(part, fresh.strip())
    assert not differs, f"screens.md isn't what the app shows. {HOW}\n{differs}"


def test_every_page_of_the_app_has_its_place_in_the_document():
    missing = all_pages() - {scene.page for scene in SCENES}
    assert {page.__qualname__ for page in missing} == set()
    assert {area.target.partition(":")[2] for area in AREAS} <= {s.page.__name__ for s in SCENES}
    assert contents() in DOCUMENT.read_text("utf-8"), HOW


def test_every_page_says_what_it_is_for():
    assert [scene.title for scene in SCENES if len(scene.page.PURPOSE) < 20] == []


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.title)
async def test_the_document_shows_a_screen_as_it_is(scene: Scene):
    assert_same(committed(f"## {scene.title}"), await screen(scene))


async def test_the_document_shows_what_opens_over_any_screen():
    assert_same(committed("## Over any screen"), await everywhere())
