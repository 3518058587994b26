"""The list of every screen: reads what is in sight, keeps to its row, shows hostile text safely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from tests.ui.driving import press, settle, shown, until
from textual.app import ComposeResult

from llmops_tui.core.errors import StoreBusyError
from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.widgets.columns import Column, fit, header_text, row_pieces
from llmops_tui.ui.widgets.row_store import BLOCK
from llmops_tui.ui.widgets.sources import KeyedSource, TailSource
from llmops_tui.ui.widgets.virtual_table import RowChosen, RowMoved, VirtualTable

SMALL = (80, 24)


@dataclass(frozen=True)
class Line:
    id: int
    text: str


class Lines:
    """A store of numbered lines that counts what is asked of it."""

    def __init__(self, count: int) -> None:
        self.ids = list(range(1, count + 1))
        self.pages: list[tuple[int | None, int]] = []
        self.key_reads = 0
        self.broken: Exception | None = None

    def after(self, key: int | None, limit: int) -> Sequence[Line]:
        if self.broken is not None:
            raise self.broken
        self.pages.append((key, limit))
        first = 0 if key is None else self.ids.index(key) + 1
        return [Line(i, f"line {i}") for i in self.ids[first : first + limit]]

    def older(self, key: int | None, limit: int) -> Sequence[Line]:
        self.pages.append((key, limit))
        found = [i for i in reversed(self.ids) if key is None or i < key][:limit]
        return [Line(i, f"line {i}") for i in found]

    def keys(self) -> Sequence[int]:
        self.key_reads += 1
        return list(self.ids)

    def source(self) -> KeyedSource[Line]:
        return KeyedSource(
            page=self.after, key=lambda r: r.id, count=lambda: len(self.ids), keys=self.keys
        )

    def tail(self) -> TailSource[Line]:
        return TailSource(
            older=self.older,
            key=lambda r: r.id,
            count=lambda: len(self.ids),
            keys=lambda: list(reversed(self.ids)),
            newer=lambda key: sum(1 for i in self.ids if i > key),
        )


class TablePage(Page[None]):
    """A page with nothing but a table."""

    SCOPE = "test"

    def __init__(self) -> None:
        super().__init__()
        self.chosen: list[object] = []
        self.moved: list[object] = []

    def compose_body(self) -> ComposeResult:
        yield VirtualTable(
            columns=(
                Column("id", lambda row: str(row.id), width=7, align="right"),
                Column("text", lambda row: row.text, flex=1),
            ),
            key=lambda row: row.id,
            empty="Nothing here yet. Press x to fill it.",
            place="row",
            id="table",
        )

    def on_row_chosen(self, message: RowChosen) -> None:
        self.chosen.append(message.key)

    def on_row_moved(self, message: RowMoved) -> None:
        self.moved.append(message.key)

    @property
    def table(self) -> VirtualTable[Line]:
        return self.query_one(VirtualTable)


@pytest.fixture
def page() -> TablePage:
    return TablePage()


def cursor_line(app: LlmopsApp) -> str:
    """The line with the cursor's glyph."""
    (line,) = [line for line in shown(app).splitlines() if "▌" in line]
    return line.strip("▌ ")


async def test_a_list_of_100_000_rows_reads_only_what_is_in_sight(
    app: LlmopsApp, page: TablePage
) -> None:
    lines = Lines(100_000)
    async with app.run_test(size=SMALL) as pilot:
        await app.push_screen(page)
        page.table.show_source(lines.source())
        await settle(pilot)
        assert "line 1" in shown(app)
        assert page.table.count == 100_000
        assert len(lines.pages) == 1
        await press(pilot, *["pagedown"] * 6)
        assert len(lines.pages) <= 3
        assert lines.key_reads == 0, "moving on needs no list of all keys"
        await press(pilot, "G")
        assert cursor_line(app).split() == ["100000", "line", "100000"]
        assert len(lines.pages) <= 5
        assert lines.key_reads == 1
        assert sum(limit for _, limit in lines.pages) <= 6 * BLOCK


async def test_keys_move_as_in_vim_and_as_everywhere(app: LlmopsApp, page: TablePage) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await app.push_screen(page)
        page.table.show_rows([Line(i, f"line {i}") for i in range(1, 101)])
        await settle(pilot)
        steps = {
            "j": 1,
            "down": 2,
            "k": 1,
            "pagedown": 21,
            "ctrl+d": 31,
            "ctrl+u": 21,
            "pageup": 1,
            "G": 99,
            "home": 0,
            "end": 99,
            "g": 0,
            "up": 0,
        }
        for key, index in steps.items():
            await pilot.press(key)
            assert page.table.cursor == index, key
        await press(pilot, "j", "enter")
        assert page.chosen == [2]


async def test_the_cursor_keeps_to_its_row_when_rows_come_and_go(
    app: LlmopsApp, page: TablePage
) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await app.push_screen(page)
        page.table.show_rows([Line(i, "x") for i in (10, 20, 30)])
        await press(pilot, "j")
        page.table.show_rows([Line(i, "x") for i in (5, 10, 15, 20, 30)])
        await settle(pilot)
        assert page.table.cursor_key == 20
        page.table.show_rows([Line(i, "x") for i in (5, 10)])
        await settle(pilot)
        assert page.table.cursor_key == 10


async def test_a_live_list_follows_at_its_top_and_stands_still_below(
    app: LlmopsApp, page: TablePage
) -> None:
    lines = Lines(200)
    async with app.run_test(size=SMALL) as pilot:
        await app.push_screen(page)
        page.table.show_source(lines.tail())
        await settle(pilot)
        assert cursor_line(app).startswith("200")
        assert "FOLLOWING" in shown(app)

        lines.ids += [201, 202]
        page.table.refresh_rows()
        await settle(pilot)
        assert cursor_line(app).startswith("202")

        await press(pilot, "j", "j")
        before = shown(app)
        assert "PAUSED" in before
        lines.ids += range(203, 250)
        page.table.refresh_rows()
        await settle(pilot)
        assert cursor_line(app).startswith("200")
        assert "PAUSED, 47 new: g follows" in shown(app)
        assert shown(app).splitlines()[3:] == before.splitlines()[3:]

        await press(pilot, "g")
        await until(pilot, lambda: cursor_line(app).startswith("249"))
        assert "FOLLOWING" in shown(app)
        assert page.table.count == 249


async def test_a_paused_list_can_be_read_to_its_end(app: LlmopsApp, page: TablePage) -> None:
    lines = Lines(1000)
    async with app.run_test(size=SMALL) as pilot:
        await app.push_screen(page)
        page.table.show_source(lines.tail())
        await press(pilot, "j")
        lines.ids += range(1001, 1500)
        await press(pilot, "G")
        assert cursor_line(app).startswith("1 ")
        await press(pilot, *["pageup"] * 8)
        rows = [line.split()[0] for line in shown(app).splitlines()[2:-1] if "line" in line]
        numbers = [int(row.strip("▌")) if row != "▌" else 0 for row in rows]
        numbers = [number for number in numbers if number]
        assert numbers == sorted(numbers, reverse=True)


async def test_the_selection_is_found_again_at_the_next_start(
    workspace: object, page: TablePage
) -> None:
    lines = Lines(5000)
    first = LlmopsApp(workspace)
    async with first.run_test(size=SMALL) as pilot:
        await first.push_screen(page)
        page.table.show_source(lines.source())
        await settle(pilot)
        await press(pilot, "G")
        await press(pilot, "k", "k")
    second, again = LlmopsApp(workspace), TablePage()
    async with second.run_test(size=SMALL) as pilot:
        await second.push_screen(again)
        again.table.show_source(lines.source())
        await until(pilot, lambda: again.table.cursor_key == 4998)
        assert cursor_line(second).startswith("4998")


async def test_an_empty_list_says_what_fills_it_and_an_error_what_to_do(
    app: LlmopsApp, page: TablePage
) -> None:
    lines = Lines(0)
    async with app.run_test(size=SMALL) as pilot:
        await app.push_screen(page)
        assert "Reading…" in shown(app)
        page.table.show_source(lines.source())
        await settle(pilot)
        assert "Press x to fill it." in shown(app)
        lines.broken = StoreBusyError("The file is locked.", "Try again.")
        page.table.show_source(lines.source())
        await settle(pilot)
        assert "The file is locked." in shown(app)
        assert "Try again." in shown(app)
        assert app.unforeseen == []


async def test_hostile_text_is_shown_never_interpreted(app: LlmopsApp, page: TablePage) -> None:
    evil = "[@click=app.quit]x[/] \x1b]52;c;AAAA\x07\x1b[2J\u202eabc\nsecond"
    async with app.run_test(size=SMALL) as pilot:
        await app.push_screen(page)
        page.table.show_rows([Line(1, "above"), Line(2, evil), Line(3, "x" * 1_000_000)])
        await settle(pilot)
        text = shown(app)
        assert "[@click=app.quit]x[/] ␛]52;c;AAAA␇␛[2J\\u202eabc⏎second" in text
        assert "\x1b" not in text
        assert all(len(line) <= 80 for line in text.splitlines())


async def test_a_click_selects_and_a_second_one_opens(app: LlmopsApp, page: TablePage) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await app.push_screen(page)
        page.table.show_rows([Line(i, "x") for i in (1, 2, 3)])
        await settle(pilot)
        await pilot.click("#table", offset=(5, 3))
        assert page.table.cursor == 2
        await pilot.click("#table", offset=(5, 3), times=2)
        await settle(pilot)
        assert page.chosen == [3]


async def test_after_a_resize_the_cursor_is_still_in_sight(app: LlmopsApp, page: TablePage) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await app.push_screen(page)
        page.table.show_rows([Line(i, f"line {i}") for i in range(1, 101)])
        await press(pilot, *["j"] * 20)
        await pilot.resize_terminal(60, 12)
        await settle(pilot)
        assert cursor_line(app).startswith("21")


def test_columns_that_find_no_room_go_the_least_important_first() -> None:
    columns = [
        Column("name", lambda r: r, flex=1, least=10),
        Column("price", lambda r: r, width=10, drop=1),
        Column("note", lambda r: r, flex=1, drop=2),
    ]
    assert [f.column.title for f in fit(columns, 60)] == ["name", "price", "note"]
    assert [f.column.title for f in fit(columns, 25)] == ["name", "price"]
    assert [f.column.title for f in fit(columns, 15)] == ["name"]
    assert sum(f.width for f in fit(columns, 60)) == 60 - 2 * 2


def test_a_row_is_exactly_as_wide_as_its_columns_whatever_it_holds() -> None:
    from llmops_tui.core.text import cells

    columns = [Column("a", lambda r: r, flex=1), Column("b", lambda r: (r, "bad"), width=9)]
    fitted = fit(columns, 40)
    for text in ("", "short", "日本語" * 20, "e\u0301" * 50, "\u202e" * 30, "a\tb\nc"):
        assert sum(cells(piece) for piece, _ in row_pieces(fitted, text)) == 40
    assert len(header_text(fitted)) == 40
