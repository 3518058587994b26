"""The texts of a call, packed together, with a dictionary that the workspace trains for itself.

Question, answer and the attributes that came along repeat each other, and calls of one application
repeat its prompts. So the three are one zstd frame, and after some hundred calls a dictionary is
trained on them: 0.6 instead of 2.7 KB for a call of 2.4 KB text, in a third of the time
(benchmarks/README.md, `gateway`). A frame names its dictionary.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import StoreError
from llmops_tui.store.database import Database

if TYPE_CHECKING:
    import zstandard

TRAIN_AT: Final = (500, 20_000)
"""Numbers of calls at which a dictionary is trained: soon, and again on a wider choice."""

_SIZE: Final = 112 * 1024
_LEVEL: Final = 3
_FIRST_ID: Final = 32768  # lower ids are reserved by the format
_LENGTHS: Final = struct.Struct("<II")
_FEW: Final = 8
_LONGEST_SAMPLE: Final = 64 * 1024

NEWEST_DICTIONARY = "SELECT max(id) FROM text_dictionary"
GET_DICTIONARY = "SELECT data FROM text_dictionary WHERE id = ?"
COUNT_DICTIONARIES = "SELECT count(*) FROM text_dictionary"
INSERT_DICTIONARY = "INSERT INTO text_dictionary (id, data, created_at) VALUES (?, ?, ?)"
BODIES_BELOW = "SELECT body FROM call_body WHERE call_id <= ? ORDER BY call_id DESC LIMIT ?"
NEWEST_BODY = "SELECT max(call_id) FROM call_body"

_local = threading.local()


class _Books:
    """The packers of one thread for one workspace: they can't be shared between threads."""

    def __init__(self) -> None:
        self.packers: dict[int, zstandard.ZstdCompressor] = {}
        self.unpackers: dict[int, zstandard.ZstdDecompressor] = {}


def pack_texts(db: Database, texts: Sequence[tuple[str, str, str]]) -> list[bytes]:
    """Pack (question, answer, attributes) of several calls with the newest dictionary."""
    row = db.row(NEWEST_DICTIONARY)
    engine = _packer(db, int(row[0]) if row and row[0] else 0)
    whole = [_joined(*one) for one in texts]
    together = getattr(engine, "multi_compress_to_buffer", None)  # not in each build of the library
    if together is None or len(whole) < _FEW:
        return [engine.compress(one) for one in whole]
    # In one go other threads have the interpreter meanwhile, instead of being asked for it back
    # after each text (see `bulk`).
    packed = together(whole)
    return [packed[place].tobytes() for place in range(len(whole))]


def unpack_texts(db: Database, body: bytes) -> tuple[str, str, str]:
    """What `pack_texts` was given.

    Raises:
        StoreError: Its dictionary is not in the workspace.
    """
    import zstandard

    dictionary = zstandard.get_frame_parameters(body).dict_id
    data = _unpacker(db, dictionary).decompress(body)
    asked, answered = _LENGTHS.unpack_from(data)
    start = _LENGTHS.size
    parts = data[start : start + asked], data[start + asked : start + asked + answered]
    rest = data[start + asked + answered :]
    told = [part.decode("utf-8", "surrogatepass") for part in (*parts, rest)]
    return told[0], told[1], told[2]


def is_training_due(db: Database) -> bool:
    """Whether so many calls are there that another dictionary pays."""
    done, newest = db.row(COUNT_DICTIONARIES), db.row(NEWEST_BODY)
    trained = int(done[0]) if done else 0
    calls = int(newest[0]) if newest and newest[0] else 0
    return trained < len(TRAIN_AT) and calls >= TRAIN_AT[trained]


def train(db: Database) -> None:
    """Train a dictionary on the newest calls; later ones are packed with it. Takes a second."""
    import zstandard

    newest = db.row(NEWEST_BODY)
    below = int(newest[0]) if newest and newest[0] else 0
    samples: list[bytes | bytearray | memoryview[int]] = [
        _joined(*unpack_texts(db, row[0]))[:_LONGEST_SAMPLE]
        for row in db.rows(BODIES_BELOW, (below, 2000))
    ]
    count = db.row(COUNT_DICTIONARIES)
    number = _FIRST_ID + (int(count[0]) if count else 0)
    try:
        made = zstandard.train_dictionary(_SIZE, samples, dict_id=number)
        data = made.as_bytes()
    except zstandard.ZstdError:
        data = b""  # texts with nothing in common: an empty dictionary says that it was tried
    with db.write() as connection:
        taken = connection.execute(GET_DICTIONARY, (number,)).fetchone()
        if taken is None:
            connection.execute(INSERT_DICTIONARY, (number, data, now_ms()))


def _joined(asked: str, answered: str, attributes: str) -> bytes:
    first = asked.encode("utf-8", "surrogatepass")
    second = answered.encode("utf-8", "surrogatepass")
    third = attributes.encode("utf-8", "surrogatepass")
    return b"".join((_LENGTHS.pack(len(first), len(second)), first, second, third))


def _books(db: Database) -> _Books:
    shelf: WeakKeyDictionary[Database, _Books] | None = getattr(_local, "shelf", None)
    if shelf is None:
        shelf = _local.shelf = WeakKeyDictionary()
    found = shelf.get(db)
    if found is None:
        found = shelf[db] = _Books()
    return found


def _packer(db: Database, dictionary: int) -> zstandard.ZstdCompressor:
    import zstandard  # 10 ms: not on the way to the first ink

    books = _books(db)
    found = books.packers.get(dictionary)
    if found is None:
        book = _dictionary(db, dictionary)
        if book is None:
            found = zstandard.ZstdCompressor(level=_LEVEL)
        else:
            book.precompute_compress(level=_LEVEL)
            found = zstandard.ZstdCompressor(level=_LEVEL, dict_data=book)
        books.packers[dictionary] = found
    return found


def _unpacker(db: Database, dictionary: int) -> zstandard.ZstdDecompressor:
    import zstandard

    books = _books(db)
    found = books.unpackers.get(dictionary)
    if found is None:
        book = _dictionary(db, dictionary)
        found = (
            zstandard.ZstdDecompressor()
            if book is None
            else zstandard.ZstdDecompressor(dict_data=book)
        )
        books.unpackers[dictionary] = found
    return found


def _dictionary(db: Database, number: int) -> zstandard.ZstdCompressionDict | None:
    """A stored dictionary; None for none, which number 0 and an empty one stand for."""
    import zstandard

    if not number:
        return None
    row = db.row(GET_DICTIONARY, (number,))
    if row is None:
        raise StoreError(
            f"The texts of a call are packed with dictionary {number}, which is not in the file.",
            "Was the row removed from text_dictionary? Restore it from a backup.",
        )
    return zstandard.ZstdCompressionDict(row[0]) if row[0] else None
