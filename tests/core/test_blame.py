"""Each line of a prompt belongs to the version that it came with."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llmops_tui.core.blame import blame

LINES = st.lists(st.sampled_from("abcd"), max_size=8).map("\n".join)


def test_lines_belong_to_the_version_that_brought_them():
    assert blame(["a\nb", "a\nx\nb", "a\nx\nB\nc"]) == [0, 1, 2, 2]


def test_what_went_and_came_back_belongs_to_the_return():
    assert blame(["a\nb", "a", "a\nb"]) == [0, 2]


@given(st.lists(LINES, min_size=1, max_size=5))
def test_each_line_has_a_version_in_which_it_stands(texts: list[str]):
    lines = texts[-1].removesuffix("\n").split("\n") if texts[-1] else []
    came = blame(texts)
    assert len(came) == len(lines)
    for line, number in zip(lines, came, strict=True):
        assert line in texts[number].split("\n")
