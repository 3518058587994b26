"""Event streams, however they are written and wherever the network cuts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_tui.providers.sse import SseEvent, SseParser


def parse(*chunks: bytes) -> list[SseEvent]:
    parser = SseParser()
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    return events + parser.close()


def data(*chunks: bytes) -> list[str]:
    return [event.data for event in parse(*chunks)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_lines_may_end_in_all_three_ways(end: bytes) -> None:
    stream = b"event: a" + end + b"data: 1" + end + end + b"data: 2" + end + end
    assert parse(stream) == [SseEvent("1", "a"), SseEvent("2")]


def test_a_crlf_cut_in_two_is_one_line_end() -> None:
    assert data(b"data: 1\r", b"\ndata: 2\r", b"\n\r", b"\n") == ["1\n2"]


def test_several_data_lines_are_one_text() -> None:
    assert data(b"data: a\ndata:\ndata: b\n\n") == ["a\n\nb"]


def test_only_one_space_after_the_colon_is_dropped() -> None:
    assert data(b"data:x\n\ndata:  y\n\n") == ["x", " y"]


def test_comments_unknown_fields_and_events_without_data_are_passed_over() -> None:
    stream = b": hello\nretry: 5\nnonsense\nevent: ping\n\ndata: 1\n\n"
    assert parse(stream) == [SseEvent("1")]


def test_an_id_lasts_until_the_next_one() -> None:
    assert [event.id for event in parse(b"id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n")] == [
        "7",
        "7",
        "",
    ]


def test_a_byte_order_mark_at_the_start_is_dropped() -> None:
    assert data(b"\xef\xbb", b"\xbfdata: 1\n\n") == ["1"]


def test_a_character_cut_in_two_arrives_whole() -> None:
    raw = "data: naïve 🦙\n\n".encode()
    for cut in range(len(raw)):
        assert data(raw[:cut], raw[cut:]) == ["naïve 🦙"]


def test_bytes_that_are_not_utf8_do_not_stop_the_stream() -> None:
    assert data(b"data: a\xffb\n\ndata: 2\n\n") == ["a\ufffdb", "2"]


def test_an_event_that_no_blank_line_completed_is_handed_out_at_the_end() -> None:
    assert data(b"data: [DONE]") == ["[DONE]"]


def test_unicode_line_separators_do_not_end_a_line() -> None:
    assert data("data: a\u2028b\x0bc\x85d\n\n".encode()) == ["a\u2028b\x0bc\x85d"]


@given(
    events=st.lists(
        st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1)
    ),
    end=st.sampled_from([b"\n", b"\r\n", b"\r"]),
    size=st.integers(1, 9),
)
def test_where_the_network_cuts_makes_no_difference(
    events: list[str], end: bytes, size: int
) -> None:
    raw = b"".join(b"data: " + event.encode() + end + end for event in events)
    assert data(*[raw[at : at + size] for at in range(0, len(raw), size)]) == events
