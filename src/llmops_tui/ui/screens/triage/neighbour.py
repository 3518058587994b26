"""The nearest example of a data set, beside the call in front."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from llmops_tui.core.call import CallDetail
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.widgets.text_pane import Section

if TYPE_CHECKING:
    from llmops_tui.services.nearest_example import Nearby, Nearest

Model = TypeVar("Model")

MOST_KEPT = 64


class Neighbour(Page[Model]):
    """Looks the nearest example up in a thread; what was found for a call is kept."""

    def __init__(self) -> None:
        super().__init__()
        self._nearby: tuple[int, Nearby] | None = None
        """For which project, and what finds them."""
        self._nearest: dict[int, Nearest | None] = {}

    def nearest_found(self, call_id: int) -> None:
        """The nearest example of a call is known."""
        raise NotImplementedError

    def nearest_sections(self, detail: CallDetail) -> list[Section]:
        """The nearest example, where one is known; it is looked for where it isn't."""
        call_id = detail.row.id
        if call_id not in self._nearest:
            self._look_near(detail)
            return []
        found = self._nearest[call_id]
        return [] if found is None else [Section(found.heading, found.text)]

    def _look_near(self, detail: CallDetail) -> None:
        project_id, workspace, call_id = self.project_id, self.workspace, detail.row.id
        if project_id is None:
            return
        known = self._nearby

        def look() -> tuple[Nearby, Nearest | None]:
            from llmops_tui.services.nearest_example import Nearby  # loads what compares texts

            near = known[1] if known and known[0] == project_id else Nearby(workspace, project_id)
            return near, near.find(detail)

        def done(found: tuple[Nearby, Nearest | None]) -> None:
            self._nearby = (project_id, found[0])
            if len(self._nearest) >= MOST_KEPT:
                self._nearest.clear()
            self._nearest[call_id] = found[1]
            if found[1] is not None:
                self.nearest_found(call_id)

        self.in_thread(look, done, group="nearest")
