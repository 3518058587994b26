"""Rows of a table from a search: the first page at once, the rest once all places are known."""

from __future__ import annotations

from collections.abc import Sequence

from llmops_tui.core.dataset import Example
from llmops_tui.services.example_search import ExampleSearch
from llmops_tui.ui.widgets.sources import Source


class FoundSource(Source[Example]):
    """What a filter and an order made of a version's examples."""

    def __init__(self, search: ExampleSearch) -> None:
        self._search = search
        self._began = False

    def count(self) -> int:
        """How many were found."""
        return len(self._search.ids())

    def rows(self, first: int, limit: int) -> Sequence[Example]:
        """Examples by their index in the order shown."""
        if not self._began and first == 0:
            self._began = True
            found = self._search.first(limit)
            if found is not None:
                return found
        return self._search.examples(self._search.ids()[first : first + limit])

    def find(self, key: int) -> int | None:
        """The index of the example at a position."""
        return self._search.index_of(key)
