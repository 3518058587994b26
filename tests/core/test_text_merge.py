"""Two texts made from the same one are put together; what both changed is left to a person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_tui.core.template import render
from llmops_tui.core.text_merge import END, THEIRS, YOURS, merge, open_places

BASE = "--- system ---\nBe brief.\n\n--- user ---\n{{ question }}\n"
TEXTS = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=8).map("\n".join)


def test_changes_in_different_places_both_come_in():
    mine = BASE.replace("{{ question }}", "Question: {{ question }}")
    theirs = BASE.replace("Be brief.", "Be brief.\nBe polite.")
    merged = merge(BASE, mine, theirs)
    assert merged.text == theirs.replace("{{ question }}", "Question: {{ question }}")
    assert merged.open_places == 0


def test_where_both_changed_the_same_line_both_stand_and_the_model_sees_no_mark():
    merged = merge(BASE, BASE.replace("brief", "short"), BASE.replace("brief", "kind"))
    place = f"{YOURS}\nBe short.\n{THEIRS}\nBe kind.\n{END}\n"
    assert merged.text == BASE.replace("Be brief.\n", place)
    assert merged.open_places == open_places(merged.text) == 1
    assert "<<<" not in render(place, {})


@pytest.mark.parametrize("changed", ["", "x", BASE + "more"])
def test_what_only_one_changed_is_as_it_is(changed: str):
    assert merge(BASE, changed, BASE).text == changed
    assert merge(BASE, BASE, changed).text == changed
    assert merge(BASE, changed, changed).text == changed


@given(TEXTS, TEXTS, TEXTS)
def test_no_line_that_somebody_added_is_lost(base: str, mine: str, theirs: str):
    merged = merge(base, mine, theirs)
    for text in (mine, theirs):
        added = set(text.split("\n")) - set(base.split("\n"))
        assert added <= set(merged.text.split("\n"))
    assert merge(base, mine, base).text == mine
    assert merge(base, base, theirs).text == theirs
