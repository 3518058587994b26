"""The example of a data set that is most like a production call: what was expected there."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Final

from llmops_tui.core.call import CallDetail
from llmops_tui.core.dataset import DatasetVersion, Example
from llmops_tui.core.errors import NotFoundError
from llmops_tui.services.call_examples import last_question
from llmops_tui.services.matrix import input_words
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import calls, datasets, runs

SECONDS: Final = 0.5
"""For one question, reading the data set included; the rest is looked through with the next."""
MOST: Final = 20_000
"""Rows that are kept to be compared with."""
PAGE: Final = 500
LONGEST: Final = 1000
"""Characters of a text that are compared: what tells two questions apart stands early."""
LEAST: Final = 40.0
"""Likeness below which nothing is worth showing."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """An example, and how like the call's question it is."""

    example: Example
    percent: float
    """Of the words in any order (rapidfuzz, token sort ratio): 100 are the same words."""
    dataset: str
    """With its version: `messages v3`."""
    compared: int
    rows: int
    """Of the data set; more than were compared where there was no time for all."""

    @property
    def heading(self) -> str:
        """Which it is."""
        words = f"Nearest example: {self.percent:.0f} % alike, {self.dataset} row "
        words += f"{self.example.position:,}"
        if self.compared < self.rows:
            words += f" (of the first {self.compared:,} of {self.rows:,})"
        return words

    @property
    def text(self) -> str:
        """What was asked there, and what was expected."""
        expected = self.example.expected
        told = f"expected: {expected}" if expected else "nothing is expected there"
        return f"{input_words(self.example.inputs)}\n{told}"


class Nearby:
    """Finds the nearest example of calls; keeps the data set's texts from one to the next.

    For a thread of its own: reading and comparing take up to `SECONDS`.
    """

    def __init__(self, workspace: Workspace, project_id: int) -> None:
        self._workspace = workspace
        self._project_id = project_id
        self._version: DatasetVersion | None = None
        self._texts: list[str] = []
        self._positions: list[int] = []
        self._is_read = False
        self._lock = threading.Lock()

    def find(self, detail: CallDetail, seconds: float = SECONDS) -> Nearest | None:
        """The example most like the last question of a call; None where none is like it.

        It is of the data set that the call's prompt version was tested on last, else of the
        newest one of the project.
        """
        deadline = time.monotonic() + seconds
        with self._lock:
            version = self._dataset_for(detail)
            if version is None:
                return None
            self._use(version)
            self._read(version, deadline - seconds / 2)
            asked = _words(last_question(detail))
            if not asked:
                return None
            best, place, compared = self._best(asked, deadline)
            if best < LEAST:
                return None
            found = datasets.at_positions(
                self._workspace.db, version, [self._positions[place]]
            ).values()
            title = datasets.title(self._workspace.db, version.id)
            return next((Nearest(one, best, title, compared, version.rows) for one in found), None)

    def _dataset_for(self, detail: CallDetail) -> DatasetVersion | None:
        db = self._workspace.db
        prompt_version_id = calls.prompt_version_of(db, detail.row.id)
        measured = runs.newest_counts(db, prompt_version_id) if prompt_version_id else None
        if measured is not None:
            try:
                return datasets.version(db, runs.get(db, measured[0]).dataset_version_id)
            except NotFoundError:
                pass  # the run or its data set is gone: any other data set tells something too
        found = [one.version for one in datasets.datasets(db, self._project_id) if one.version]
        return max(found, key=lambda version: version.id, default=None)

    def _use(self, version: DatasetVersion) -> None:
        if self._version is None or self._version.id != version.id:
            self._version = version
            self._texts, self._positions, self._is_read = [], [], False

    def _read(self, version: DatasetVersion, deadline: float) -> None:
        while not self._is_read:
            after = self._positions[-1] if self._positions else 0
            page = datasets.page(self._workspace.db, version, after=after, limit=PAGE)
            self._texts += [_words(input_words(one.inputs)) for one in page]
            self._positions += [one.position for one in page]
            self._is_read = len(page) < PAGE or len(self._texts) >= MOST
            if time.monotonic() > deadline:
                break

    def _best(self, asked: str, deadline: float) -> tuple[float, int, int]:
        """(likeness in percent, place, rows compared) of the text that is most like this one."""
        from rapidfuzz import fuzz, process  # only who looks at a call pays for it

        best, place, compared = 0.0, 0, 0
        for start in range(0, len(self._texts), PAGE):
            some = self._texts[start : start + PAGE]
            found = process.extractOne(asked, some, scorer=fuzz.ratio, score_cutoff=best)
            if found is not None and found[1] > best:
                best, place = float(found[1]), start + int(found[2])
            compared = start + len(some)
            if best >= 100.0:
                return best, place, len(self._texts)
            if time.monotonic() > deadline:
                break
        return best, place, compared


def _words(text: str) -> str:
    """The words of a text in alphabetical order: what asks the same in another order is alike."""
    from rapidfuzz import utils  # as above

    return " ".join(sorted(utils.default_process(text[:LONGEST]).split()))
