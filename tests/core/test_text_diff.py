"""What differs between two versions of a text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llmops_tui.core.text_diff import (
    DiffRow,
    Side,
    Skipped,
    changed_words,
    diff_rows,
    is_same,
    with_context,
)

texts = st.lists(
    st.sampled_from(["one two three", "one two four", "", "alpha", "beta \x85 gamma", "中文 字"])
).map("\n".join)


@given(texts, texts)
def test_both_texts_can_be_read_off_a_diff_again(old: str, new: str) -> None:
    rows = diff_rows(old, new)
    assert "\n".join(row.old.text for row in rows if row.old) == old.removesuffix("\n")
    assert "\n".join(row.new.text for row in rows if row.new) == new.removesuffix("\n")


@given(texts)
def test_a_text_is_the_same_as_itself(text: str) -> None:
    assert is_same(diff_rows(text, text))


def test_a_changed_word_is_marked_within_its_line() -> None:
    rows = diff_rows("same\nsay yes or no\n", "same\nsay yes or maybe\n")
    assert rows[1] == DiffRow(
        Side(2, "say yes or no", ((11, 13),)), Side(2, "say yes or maybe", ((11, 16),))
    )


def test_neighbouring_changes_are_one_stretch() -> None:
    assert changed_words("a b c", "a x y c") == (((2, 3),), ((2, 5),))


def test_a_line_that_came_is_no_change_of_the_one_beside_it() -> None:
    rows = diff_rows("answer in one word", "be brief\nanswer in one short word")
    assert rows[0] == DiffRow(None, Side(1, "be brief"))
    assert rows[1].old is not None
    assert rows[1].new is not None


def test_equal_lines_far_from_any_change_are_only_counted() -> None:
    old = "\n".join(f"line {n}" for n in range(20))
    kept = with_context(diff_rows(old, old.replace("line 10", "line ten")), 2)
    assert kept[0] == Skipped(8)
    assert kept[-1] == Skipped(7)
    assert len(kept) == 7


def test_a_rewritten_text_is_compared_in_time() -> None:
    old = "\n".join(f"old words of line {n}" for n in range(3000))
    new = "\n".join(f"new text {n} here" for n in range(3000))
    assert len(diff_rows(old, new)) == 6000
