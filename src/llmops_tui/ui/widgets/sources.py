"""Where a table's rows come from when there are too many to hold: pages by key, any number.

Everything here is called from one worker thread at a time, never from the UI thread.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Row = TypeVar("Row")


class Source(Generic[Row]):
    """What a table asks of the place its rows come from."""

    def count(self) -> int:
        """How many rows there are, as far as this source has been told of them."""
        raise NotImplementedError

    def rows(self, first: int, limit: int) -> Sequence[Row]:
        """Up to `limit` rows from the one at index `first` on."""
        raise NotImplementedError

    def find(self, key: int) -> int | None:
        """The index of the row with this key."""
        raise NotImplementedError


class LiveSource(Source[Row]):
    """A source to whose head rows are added while one looks at it, the newest first."""

    def news(self) -> int:
        """How many rows are newer than those of which `count` and `rows` speak."""
        raise NotImplementedError

    def take_news(self) -> None:
        """Let them in."""
        raise NotImplementedError


class KeyedSource(Source[Row]):
    """Rows in the order of an integer key, read forward from keys already known.

    A page is read behind the last key of the page before it. A jump to somewhere unknown needs
    all keys (8 bytes each), read once, when the first such jump is made.
    """

    def __init__(
        self,
        *,
        page: Callable[[int | None, int], Sequence[Row]],
        key: Callable[[Row], int],
        count: Callable[[], int] | None = None,
        keys: Callable[[], Sequence[int]],
    ) -> None:
        """Tie the source to the services.

        Args:
            page: Up to so many rows behind a key, in the order shown; from the start for None.
            key: A row's key.
            count: How many rows there are, asked once; None where only reading all keys tells.
            keys: All keys in the order shown, ascending or descending.
        """
        self._page = page
        self._key = key
        self._read_count = count
        self._read_keys = keys
        self._count: int | None = None
        self._keys: Sequence[int] | None = None
        self._behind: dict[int, int] = {}
        """Index of a row that ended a page, and its key."""

    def count(self) -> int:
        """How many rows there are."""
        if self._count is None:
            self._count = self._read_count() if self._read_count else len(self._all_keys())
        return self._count

    def rows(self, first: int, limit: int) -> Sequence[Row]:
        """Rows by their index; by key, never by offset."""
        found = self._page(self._key_before(first), limit)
        if found:
            self._behind[first + len(found) - 1] = self._key(found[-1])
        return found

    def find(self, key: int) -> int | None:
        """The index of a key, by bisection of all keys."""
        keys = self._all_keys()
        if len(keys) > 1 and keys[0] > keys[-1]:
            at = bisect_left(keys, -key, key=lambda k: -k)
        else:
            at = bisect_left(keys, key)
        return at if at < len(keys) and keys[at] == key else None

    def _key_before(self, first: int) -> int | None:
        if first <= 0:
            return None
        known = self._behind.get(first - 1)
        if known is not None:
            return known
        keys = self._all_keys()
        return keys[min(first, len(keys)) - 1] if keys else None

    def _all_keys(self) -> Sequence[int]:
        if self._keys is None:
            self._keys = self._read_keys()
        return self._keys


class TailSource(KeyedSource[Row], LiveSource[Row]):
    """Newest first, with a head that stays where it is until the news are taken.

    So nothing moves under the cursor of somebody who reads, whatever arrives.
    """

    def __init__(
        self,
        *,
        older: Callable[[int | None, int], Sequence[Row]],
        key: Callable[[Row], int],
        count: Callable[[], int],
        keys: Callable[[], Sequence[int]],
        newer: Callable[[int], int],
    ) -> None:
        """Tie the source to the services.

        Args:
            older: Up to so many rows with keys below one, descending; the newest for None.
            key: A row's key, ascending in time.
            count: How many rows there are in all.
            keys: All keys, descending.
            newer: How many rows have a key above this one.
        """
        super().__init__(page=older, key=key, count=count, keys=keys)
        self._newer = newer
        self._head: int | None = None

    def rows(self, first: int, limit: int) -> Sequence[Row]:
        """Rows by their index, the head being index 0."""
        found = super().rows(first, limit)
        if first == 0 and self._head is None and found:
            self._head = self._key(found[0])
        return found

    def news(self) -> int:
        """How many rows arrived above the head."""
        return self._newer(self._head or 0)

    def take_news(self) -> None:
        """Move the head to the newest row."""
        if self._count is not None:
            self._count += self.news()
        newest = self._page(None, 1)
        self._head = self._key(newest[0]) if newest else None
        self._keys = None
        self._behind.clear()

    def _key_before(self, first: int) -> int | None:
        if first <= 0:
            return None if self._head is None else self._head + 1
        return super()._key_before(first)

    def _all_keys(self) -> Sequence[int]:
        if self._keys is None:
            head = self._head
            found = self._read_keys()
            skip = bisect_left(found, -head, key=lambda k: -k) if head is not None else 0
            self._keys = found[skip:]
        return self._keys
