"""Any two runs, versions or models on the same rows: what flipped, and whether it got worse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmops_tui.core.tolerance import percent
from llmops_tui.core.tolerance.paired import Comparison
from llmops_tui.services import compare
from llmops_tui.services.compare import CompareView, Flip, FlipRow, Side, Slice
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.widgets.columns import Cell, Column
from llmops_tui.ui.widgets.sources import Source
from llmops_tui.ui.widgets.virtual_table import RowChosen, VirtualTable
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

NO_FLIP = "No row flipped: both are right and wrong on the same rows."
NO_SLICE = "There are too few rows to look at parts of them."
MARGINS = (0.01, 0.02, 0.05, 0.10)


class FlipSource(Source[FlipRow]):
    """Flipped rows, read as they come into sight."""

    def __init__(self, page: ComparePage, flips: Sequence[Flip]) -> None:
        self._workspace = page.workspace
        self._flips = flips

    def count(self) -> int:
        """How many there are."""
        return len(self._flips)

    def rows(self, first: int, limit: int) -> Sequence[FlipRow]:
        """Some of them."""
        return compare.flip_rows(self._workspace, self._flips[first : first + limit])

    def find(self, key: int) -> int | None:
        """Where a row is, by its later sample."""
        found = (at for at, flip in enumerate(self._flips) if flip.new_sample == key)
        return next(found, None)


class ComparePage(Page[CompareView]):
    """Two sides, paired: broken rows first, then mended ones."""

    SCOPE = "runs.compare"
    PURPOSE = (
        "Two runs, prompt versions or models on the rows that both answered. Rows that were right "
        "and are wrong now come first (broken), then those that were mended. s shows which parts "
        "of the data got worse, x turns the comparison round, m changes the margin."
    )
    FIGURES = (
        "difference [bounds]: points more or fewer wrong on the same rows; each bound by itself.\n"
        "not worse: the bound of the difference clears the margin. \u201cno difference shown\u201d "
        "is not \u201cthe same\u201d.\n"
        "p: exact McNemar test of the flipped rows; of parts, corrected for how many were looked "
        "at (Holm)."
    )
    EXPLAINS = ("paired comparison",)
    TOPICS = frozenset({"run"})
    DEFAULT_CSS = """
    ComparePage #title { text-style: bold; height: auto; }
    ComparePage #flips, ComparePage #slices { height: 1fr; }
    ComparePage #slices { display: none; }
    ComparePage.-slices #slices { display: block; }
    ComparePage.-slices #flips { display: none; }
    """

    def __init__(self, old: Side, new: Side) -> None:
        super().__init__()
        self._old, self._new = old, new
        self._margin = compare.MARGIN

    def compose_body(self) -> ComposeResult:
        """The verdict, then the flipped rows or the slices."""
        yield Words("Comparing…", id="title")
        yield VirtualTable(
            columns=_flip_columns(),
            key=lambda row: row.flip.new_sample,
            empty=NO_FLIP,
            id="flips",
        )
        yield VirtualTable(
            columns=_slice_columns(),
            key=lambda found: f"{found.kind} {found.name}",
            empty=NO_SLICE,
            opens=False,
            id="slices",
        )

    def load(self) -> CompareView:
        """Pair the rows and count."""
        return compare.compare(self.workspace, self._old, self._new, margin=self._margin)

    def show(self, model: CompareView) -> None:
        """The verdict in words, the rows below."""
        self.query_one("#title", Words).put(compare_words(model))
        self.query_one("#flips", VirtualTable).show_source(FlipSource(self, model.flips))
        self.query_one("#slices", VirtualTable).show_rows(model.slices)

    def on_row_chosen(self, message: RowChosen) -> None:
        """Open the later answer; its own page goes to the neighbours."""
        message.stop()
        from llmops_tui.ui.screens.runs.sample_page import SamplePage

        if isinstance(message.key, int):
            self.app.push_screen(SamplePage(self._new[0], message.key))

    def do_slices(self) -> None:
        """Parts of the data, or the rows again."""
        self.toggle_class("-slices")
        shown = "#slices" if self.has_class("-slices") else "#flips"
        self.query_one(shown, VirtualTable).focus()

    @property
    def _has_inner_state(self) -> bool:
        return self.has_class("-slices")

    def do_back(self) -> None:
        """Leave the parts, then the page."""
        if self.has_class("-slices"):
            self.do_slices()
        else:
            super().do_back()

    def do_turn(self) -> None:
        """The other side is the new one."""
        self._old, self._new = self._new, self._old
        self.reload_now()

    def do_margin(self) -> None:
        """The next margin."""
        at = MARGINS.index(self._margin) if self._margin in MARGINS else 0
        self._margin = MARGINS[(at + 1) % len(MARGINS)]
        self.reload_now()

    def do_earlier(self) -> None:
        """Open the older answer of the row under the cursor."""
        from llmops_tui.ui.screens.runs.sample_page import SamplePage

        row = self.query_one("#flips", VirtualTable).cursor_row
        if isinstance(row, FlipRow):
            self.app.push_screen(SamplePage(self._old[0], row.flip.old_sample))


def compare_words(view: CompareView) -> str:
    """What a comparison says, in four lines."""
    counts, gate = view.counts, view.gate
    lines = [f"{view.new}", f"against {view.old}"]
    if not counts.rows:
        return "\n".join([*lines, "They have answered no row in common."])
    points = -100 * gate.difference or 0.0
    bounds = sorted((-100 * gate.lower, -100 * gate.upper))
    lines.append(
        f"{counts.rows:,} rows in common: {counts.only_old_right:,} broken, "
        f"{counts.only_new_right:,} mended, {points:+.1f} points wrong "
        f"[{bounds[0]:+.1f} to {bounds[1]:+.1f}, {percent(view.confidence)} sure each]; "
        f"McNemar p {_small(gate.p_value)} (mid-p {_small(view.mid_p)})"
    )
    margin = percent(gate.margin)
    said = {
        Comparison.NOT_WORSE: f"Not worse by {margin} or more.",
        Comparison.WORSE: f"Worse by more than {margin}.",
        Comparison.UNDECIDED: f"Undecided: it may be worse by more than {margin} or not.",
    }[gate.state]
    worse = [found for found in view.slices if found.got_worse]
    proven = [found for found in worse if found.p_value <= 1 - view.confidence]
    if proven:
        names = ", ".join(f"{found.kind} {found.name}" for found in proven[:3])
        said += f" Got worse: {names}."
    elif view.slices:
        said += f" Of {len(view.slices)} parts of the data none is shown to have got worse."
    if view.unpaired:
        said += f" {view.unpaired:,} rows of one side only are left out."
    return "\n".join([*lines, said])


def _small(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3f}"


def _flip_columns() -> tuple[Column[FlipRow], ...]:
    return (
        Column("flip", _flip, width=8),
        Column("row", lambda row: f"{row.position:,}", width=7, align="right"),
        Column("input", lambda row: row.input, flex=3),
        Column("expected", lambda row: row.expected or "–", flex=2, drop=1),
        Column("was", lambda row: row.old.answer_head, flex=2),
        Column("is", lambda row: row.new.answer_head, flex=2),
    )


def _flip(row: FlipRow) -> Cell:
    return ("✗ broken", "bad") if row.flip.broken else ("✓ mended", "good")


def _slice_columns() -> tuple[Column[Slice], ...]:
    return (
        Column("part", lambda found: found.kind, width=8),
        Column("", lambda found: found.name, flex=2),
        Column("rows", lambda found: f"{found.counts.rows:,}", width=8, align="right"),
        Column("broken", lambda found: f"{found.counts.only_old_right:,}", width=6, align="right"),
        Column("mended", lambda found: f"{found.counts.only_new_right:,}", width=6, align="right"),
        Column("points", _points, width=7, align="right"),
        Column("p (Holm)", _p_value, width=14),
    )


def _points(found: Slice) -> str:
    return f"{-100 * found.counts.difference or 0.0:+.1f}"


def _p_value(found: Slice) -> Cell:
    words = "< 0.001" if found.p_value < 0.001 else f"{found.p_value:.3f}"
    if found.got_worse and found.p_value <= 0.05:
        return f"{words} worse", "bad"
    return words, "muted"
