"""Finding, ordering and jumping among the examples of a version, however many there are."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llmops_tui.core.curation.filter import Filter, Term, parse_filter
from llmops_tui.core.dataset import DatasetVersion, Example
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import dataset_index, datasets

SCANNED = 20_000
"""Up to so many rows are simply read through: faster than an index is worth."""
EVERYTHING = ("", "\U0010ffff")


@dataclass(frozen=True, slots=True)
class Sorting:
    """In which order examples are shown."""

    field: str
    down: bool = False


class ExampleSearch:
    """What a filter and an order make of a version. Called from one worker thread at a time.

    The first page comes at once where one index gives it in order; all places are known only after
    `ids()`, which the list asks for behind.
    """

    def __init__(
        self,
        workspace: Workspace,
        version: DatasetVersion,
        find: str = "",
        sorting: Sorting | None = None,
        on_indexing: Callable[[int], bool] = lambda _: True,
    ) -> None:
        self._db = workspace.db
        self._version = version
        self.filter: Filter = parse_filter(find, version.columns)
        self._sorting = sorting
        self._on_indexing = on_indexing
        self._ids: array[int] | None = None

    def first(self, limit: int) -> list[Example] | None:
        """The first page; None where only `ids()` gives it."""
        wanted, sorting = self.filter, self._sorting
        if sorting is not None and not wanted:
            self._index(sorting.field)
            return dataset_index.field_page(
                self._db, self._version, sorting.field, EVERYTHING, limit, sorting.down
            )
        if sorting is not None:
            return None
        if len(wanted.terms) == 1 and not wanted.text:
            (term,) = wanted.terms
            self._index(term.field)
            low, high = term.bounds
            if low + "\x00" == high:  # one value: the index has its rows in their order
                return dataset_index.field_page(
                    self._db, self._version, term.field, (low, high), limit, False
                )
        if wanted.text and not wanted.terms:
            return self._first_with_text(limit)
        return None

    def ids(self) -> array[int]:
        """Ids of all examples found, in the order shown."""
        if self._ids is None:
            self._ids = self._find()
        return self._ids

    def examples(self, ids: Sequence[int]) -> list[Example]:
        """Examples by id, in that order."""
        found = datasets.by_ids(self._db, ids)
        return [found[id] for id in ids]

    def index_of(self, position: int) -> int | None:
        """Where in the order shown the example at a position stands."""
        page = datasets.page(self._db, self._version, after=position - 1, limit=1)
        if not page or page[0].position != position:
            return None
        try:
            return self.ids().index(page[0].id)
        except ValueError:
            return None

    def positions(self) -> list[int]:
        """Positions of all examples found."""
        ids = self.ids()
        found: list[int] = []
        for start in range(0, len(ids), 5000):
            found += [example.position for example in self.examples(ids[start : start + 5000])]
        return found

    def _find(self) -> array[int]:
        wanted, sorting = self.filter, self._sorting
        found = self._matching(wanted) if wanted or sorting is None else None
        if sorting is None:
            assert found is not None
            return found
        self._index(sorting.field)
        ordered = dataset_index.field_ids(self._db, self._version, sorting.field, EVERYTHING)
        if sorting.field == "tags":
            ordered = array("q", dict.fromkeys(ordered))
        if found is not None:
            kept = set(found)
            ordered = array("q", (id for id in ordered if id in kept))
        if sorting.down:
            ordered.reverse()
        return ordered

    def _matching(self, wanted: Filter) -> array[int]:
        sets = [self._with_term(term) for term in wanted.terms]
        if wanted.text or not sets:
            sets.append(self._with_text(wanted))
        sets.sort(key=len)
        first, *others = sets
        for other in others:
            kept = set(other)
            first = array("q", (id for id in first if id in kept))
        if wanted.terms:  # an index of values isn't in the order of places
            return dataset_index.in_order(self._db, first)
        return first

    def _with_term(self, term: Term) -> array[int]:
        self._index(term.field)
        return dataset_index.field_ids(self._db, self._version, term.field, term.bounds)

    def _with_text(self, wanted: Filter) -> array[int]:
        _, after = self._by_words()
        if after is None:
            return dataset_index.ids_found(self._db, self._version, wanted.text)
        return dataset_index.words_ids(self._db, self._version, wanted, after)

    def _first_with_text(self, limit: int) -> list[Example]:
        match, after = self._by_words()
        if after is None:
            return datasets.page(self._db, self._version, limit=limit, find=self.filter.text)
        found: list[Example] = []
        while len(found) < limit:
            page = dataset_index.words_page(self._db, self._version, match, after, limit * 4)
            found += [example for example in page if self.filter.has_text(example)]
            if len(page) < limit * 4:
                break
            after = page[-1].id
        return found[:limit]

    def _by_words(self) -> tuple[str, int | None]:
        match = dataset_index.match_text(self.filter.text)
        if self._version.rows <= SCANNED or not match:
            return match, None
        return match, dataset_index.words_indexed(self._db, self._version)

    def _index(self, field: str) -> None:
        dataset_index.index_field(self._db, self._version.dataset_id, field, self._on_indexing)
        self._on_indexing(self._version.rows)


def index_behind(
    workspace: Workspace, version: DatasetVersion, go_on: Callable[[int], bool]
) -> bool:
    """Build the word index of a large data set; called in a thread while one looks at it.

    Returns:
        Whether searching by words works now.
    """
    if version.rows <= SCANNED:
        return False
    return dataset_index.index_words(workspace.db, version.dataset_id, go_on)


def sort_fields(version: DatasetVersion) -> tuple[str, ...]:
    """By what examples can be ordered."""
    return (*version.columns, "expected", "split", "tags")
