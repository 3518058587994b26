"""The rows that a table holds: all of a short list, or some pages of a long one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from llmops_tui.ui.widgets.sources import LiveSource, Source

Row = TypeVar("Row")

BLOCK = 64
"""Rows of one page: more than a terminal is high, so that a screen needs two pages at most."""
MOST_BLOCKS = 32


@dataclass(frozen=True, slots=True)
class Fetched(Generic[Row]):
    """What came back from a source."""

    generation: int
    count: int | None
    """None while nobody has counted yet: counting may take longer than reading a page."""
    blocks: Mapping[int, Sequence[Row]]
    again: bool
    """Older pages are out of date."""
    news: int = 0
    found: int | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    """What a table asks of its source in one go."""

    blocks: tuple[int, ...]
    again: bool = False
    """Because the file changed: pages that aren't asked for are out of date."""
    take: bool = False
    """Let new rows of a live source in."""
    count: bool = False
    """Also count all rows."""
    find: int | None = None
    """Also find this key, and read the page it is on."""

    def joined(self, other: Fetch) -> Fetch:
        """One request that does the later one, with what the earlier one had to do once."""
        return replace(
            other,
            again=self.again or other.again,
            take=other.take,
            count=self.count or other.count,
            find=other.find if other.find is not None else self.find,
        )

    def run(self, source: Source[Row], generation: int) -> Fetched[Row]:
        """Ask the source. In a thread."""
        news = 0
        if isinstance(source, LiveSource) and self.again:
            if self.take:
                source.take_news()
            else:
                news = source.news()
        wanted = dict.fromkeys(self.blocks)
        found = None
        if self.find is not None:
            found = source.find(self.find)
            if found is not None:
                wanted[found // BLOCK] = None
        blocks = {block: source.rows(block * BLOCK, BLOCK) for block in wanted}
        first = blocks.get(0)
        count: int | None = None
        if self.count or self.again or found is not None:
            count = source.count()
        elif first is not None and len(first) < BLOCK:
            count = len(first)
        return Fetched(generation, count, blocks, self.again, news, found)


class RowStore(Generic[Row]):
    """Rows by index, whatever is held of them."""

    def __init__(self) -> None:
        self.count = 0
        self.known = False
        """Whether anything was read yet."""
        self.count_known = False
        """Whether `count` is more than what was seen so far."""
        self.source: Source[Row] | None = None
        self.generation = 0
        """Changes with the source, so that late answers of an earlier one are told apart."""
        self._rows: Sequence[Row] = ()
        self._blocks: OrderedDict[int, Sequence[Row]] = OrderedDict()

    def use_rows(self, rows: Sequence[Row]) -> None:
        """Hold these and no others."""
        self._begin(None)
        self._rows = rows
        self.count = len(rows)
        self.known = True

    def use_source(self, source: Source[Row]) -> None:
        """Begin with a source of which nothing was read yet."""
        self._begin(source)
        self.count = 0
        self.known = False

    def get(self, index: int) -> Row | None:
        """The row at an index, where it is held."""
        if self.source is None:
            return self._rows[index] if 0 <= index < len(self._rows) else None
        block = self._blocks.get(index // BLOCK)
        if block is None or not 0 <= index % BLOCK < len(block):
            return None
        return block[index % BLOCK]

    def has_block(self, block: int) -> bool:
        """Whether a page is held."""
        return block in self._blocks

    def loaded(self) -> Iterator[tuple[int, Row]]:
        """Every row held, with its index."""
        if self.source is None:
            yield from enumerate(self._rows)
            return
        for number, block in self._blocks.items():
            yield from enumerate(block, number * BLOCK)

    def take(self, fetched: Fetched[Row]) -> None:
        """Hold what came back, and forget the pages longest unused."""
        if fetched.again:
            self._blocks.clear()
        for number, rows in fetched.blocks.items():
            self._blocks[number] = rows
            self._blocks.move_to_end(number)
        while len(self._blocks) > MOST_BLOCKS:
            self._blocks.popitem(last=False)
        if fetched.count is not None:
            self.count, self.count_known = fetched.count, True
        elif not self.count_known:
            ends = [number * BLOCK + len(rows) for number, rows in self._blocks.items()]
            self.count = max([self.count, *ends])
        self.known = True

    def _begin(self, source: Source[Row] | None) -> None:
        self.source = source
        self.generation += 1
        self.count_known = source is None
        self._rows = ()
        self._blocks.clear()
