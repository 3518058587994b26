"""How wrong a run is by tag, cell by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.services import matrix
from llmops_tui.services.comparison import cell_names
from llmops_tui.services.matrix import TagLine
from llmops_tui.services.runs import RunView
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.widgets.columns import Column
from llmops_tui.ui.widgets.virtual_table import VirtualTable
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

NO_TAG = (
    "No row of this run has a tag.\n\n"
    "Tags come with the data: `dataset import` reads a column of them with --tags."
)


class TagsPage(Page[tuple[TagLine, ...]]):
    """Each tag with its share wrong and its bounds; the worst first."""

    SCOPE = "runs.tags"
    PURPOSE = (
        "How wrong the run is by tag, the worst first. Of repeats the first answer counts. A tag "
        "stands out by chance too where there are many: a comparison says which got worse."
    )
    FIGURES = (
        "wrong [bounds]: the share wrong of the tag's answered rows, with its exact bounds, each "
        "by itself; not corrected for looking at many tags."
    )
    EXPLAINS = ("wrong rate",)
    TOPICS = frozenset({"run"})
    DEFAULT_CSS = "TagsPage #title { text-style: bold; height: 1; }"

    def __init__(self, view: RunView) -> None:
        super().__init__()
        self._view = view

    def compose_body(self) -> ComposeResult:
        """One table."""
        yield Words(f"Run {self._view.run.id} by tag · {self._view.dataset}", id="title")
        columns: list[Column[TagLine]] = [Column("tag", lambda line: line.tag, flex=2)]
        for number, name in enumerate(cell_names(self._view.cells)):
            columns.append(
                Column(
                    name,
                    lambda line, at=number: _share(line, at),  # type: ignore[misc]
                    flex=2,
                    least=26,
                    align="right",
                    drop=number,
                )
            )
        yield VirtualTable(
            columns=columns, key=lambda line: line.tag, empty=NO_TAG, opens=False, id="tags"
        )

    def load(self) -> tuple[TagLine, ...]:
        """Count them."""
        return matrix.tag_lines(self.workspace, self._view.run.id)

    def show(self, model: tuple[TagLine, ...]) -> None:
        """Show them."""
        self.query_one(VirtualTable).show_rows(model)


def _share(line: TagLine, cell: int) -> str:
    wrong, answered, errored, bounds = line.cells[cell]
    if not answered:
        return f"– ({errored:,} errored)" if errored else "–"
    rate, lower, upper = (
        f"{100 * share:.{1 if share < 0.1 else 0}f}"
        for share in (wrong / answered, bounds.lower, bounds.upper)
    )
    return f"{wrong:,} of {answered:,}  {rate} % [{lower}–{upper}]"
