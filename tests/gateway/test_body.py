from __future__ import annotations

import gzip
import zlib

import pytest
import zstandard

from llmops_tui.gateway.body import FREE_INFLATION, BodyRefused, inflate

TEXT = b"how wrong can I be? " * 200


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT)),
        ("GZIP ", gzip.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)),
        ("zstd", zstandard.compress(TEXT)),
        ("gzip, zstd", zstandard.compress(gzip.compress(TEXT))),
    ],
    ids=["no word", "identity", "gzip", "GZIP", "deflate", "zstd", "gzip then zstd"],
)
def test_known_encodings_are_undone(encoding, sent):
    assert inflate(sent, encoding) == TEXT


def test_a_gzip_of_several_members_is_read_whole():
    assert inflate(gzip.compress(TEXT) + gzip.compress(b"more"), "gzip") == TEXT + b"more"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_a_body_that_is_not_what_it_says_is_refused_as_such(encoding):
    with pytest.raises(BodyRefused, match=f"announced as {encoding}") as caught:
        inflate(b"\x0a\x00plainly not compressed", encoding)
    assert caught.value.status == 400


def test_a_gzip_that_was_cut_short_is_refused():
    with pytest.raises(BodyRefused, match="cut short"):
        inflate(gzip.compress(TEXT)[:-12], "gzip")


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_bomb_is_refused_without_being_inflated(pack):
    bomb = pack(bytes(60 * 1024 * 1024))
    with pytest.raises(BodyRefused, match="larger than") as caught:
        inflate(bomb, "gzip" if pack is gzip.compress else "zstd")
    assert caught.value.status == 413


def test_very_repetitive_bodies_of_a_usual_size_are_no_bombs():
    assert len(inflate(gzip.compress(bytes(FREE_INFLATION)), "gzip")) == FREE_INFLATION


def test_an_unknown_encoding_is_refused_with_the_known_ones():
    with pytest.raises(BodyRefused, match="'br'") as caught:
        inflate(TEXT, "br")
    assert caught.value.status == 415
    assert "gzip" in caught.value.hint
