"""The shell around the screens: areas, footer, help, palette, places, errors."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tests.ui.driving import footer, press, settle, shown, until

from llmops_tui.core.errors import InputError
from llmops_tui.core.project import Project
from llmops_tui.services import places, projects
from llmops_tui.services.workspace import Workspace
from llmops_tui.ui import areas
from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.areas import AREAS, Area
from llmops_tui.ui.screens.datasets.screen import DatasetsScreen
from llmops_tui.ui.screens.error import ErrorScreen
from llmops_tui.ui.screens.form import Field, FormScreen
from llmops_tui.ui.screens.help import HelpScreen
from llmops_tui.ui.screens.missing import MissingScreen
from llmops_tui.ui.terminal import require_terminal
from llmops_tui.ui.widgets.bars import footer_entries, footer_line, tab_line, usable_commands

SMALL = (80, 24)


async def test_each_digit_opens_its_area_and_the_strip_says_where_we_are(app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        for area in AREAS:
            await press(pilot, area.key)
            assert app.current_mode == area.name
            assert f"[{area.key} {area.title}]" in shown(app).splitlines()[0]
        assert app.unforeseen == []


async def test_the_project_stands_in_the_strip_even_at_80_columns(
    workspace: Workspace, project: Project
) -> None:
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert "support-to…" in shown(app).splitlines()[0]
        await pilot.resize_terminal(130, 24)
        await settle(pilot)
        assert shown(app).splitlines()[0].endswith("support-topic")


def test_a_strip_without_room_keeps_the_digits_and_the_current_title() -> None:
    assert tab_line("runs", frozenset(), 40).plain == " 1 2 3[4 Runs]5 6 7"


def test_an_area_where_something_ended_has_a_mark_in_the_strip() -> None:
    assert "*4 Runs" in tab_line("models", frozenset({"runs"}), 80).plain


async def test_every_entry_of_the_footer_is_bound_and_works(
    workspace: Workspace, project: Project
) -> None:
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL) as pilot:
        for area in AREAS:
            await press(pilot, area.key)
            line = footer(app)
            assert len(line) <= SMALL[0]
            assert "? Help" in line
            for key, command in usable_commands(app.screen):
                node = app.screen.active_bindings[key].node
                assert callable(getattr(node, f"do_{command.name}")), command.id
        assert app.unforeseen == []


def test_a_footer_without_room_leaves_out_whole_entries_but_never_the_help() -> None:
    from llmops_tui.ui.commands.model import Command

    usable = [("a", Command(f"x.{n}", "a", f"Command {n}", "", n)) for n in range(1, 9)]
    usable.append(("question_mark", Command("shell.help", "question_mark", "Help", "", 90)))
    line = footer_line(footer_entries(usable, 40)).plain
    assert line == " a Command 1  a Command 2  ? Help "


async def test_tabs_and_footer_can_be_clicked_too(app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        strip = shown(app).splitlines()[0]
        await pilot.click("#tabs", offset=(strip.index("Models") + 2, 0))
        await settle(pilot)
        assert app.current_mode == "models"
        await pilot.click("#footer", offset=(footer(app).index("Add endpoint") + 3, 0))
        await settle(pilot)
        assert isinstance(app.screen, FormScreen)


async def test_a_key_that_cannot_be_used_now_says_why(app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await press(pilot, "2")
        assert "Import" not in footer(app)
        await press(pilot, "i")
        await until(pilot, lambda: "belongs to a project" in shown(app))


async def test_the_help_tells_purpose_figures_and_keys_of_this_screen(app: LlmopsApp) -> None:
    async with app.run_test(size=(100, 60)) as pilot:
        await press(pilot, "2", "question_mark")
        assert isinstance(app.screen, HelpScreen)
        text = shown(app)
        assert "immutable versions" in text
        assert "What the figures mean" in text
        assert "Import a file" in text
        await press(pilot, "escape")
        assert isinstance(app.screen, DatasetsScreen)


async def test_the_palette_finds_commands_of_this_and_of_other_areas(
    workspace: Workspace, project: Project
) -> None:
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "2", "ctrl+p", *"add endp")
        await until(pilot, lambda: "Models: Add endpoint" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FormScreen))
        assert app.current_mode == "models"
        assert app.unforeseen == []


async def test_letters_and_digits_are_only_letters_while_a_field_has_the_focus(
    workspace: Workspace, project: Project
) -> None:
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "2", "i")
        form = app.screen
        assert isinstance(form, FormScreen)
        await press(pilot, *"q12?/jPe")
        assert app.screen is form
        assert form.values() == {"path": "q12?/jPe"}
        assert "Help" not in footer(app)


async def test_q_leaves_the_page_then_the_app(workspace: Workspace, project: Project) -> None:
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "7", "question_mark")
        await press(pilot, "q")
        assert app.is_running
        await pilot.press("q")
        await pilot.pause()
        assert not app.is_running


async def test_the_app_opens_where_the_person_left_it(
    workspace: Workspace, project: Project
) -> None:
    other = projects.create_project(workspace, "invoices")
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "7", "P", "down", "enter", "f2")
        assert app.project_name == "invoices"
    again = LlmopsApp(workspace)
    async with again.run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert again.current_mode == "models"
        assert again.project_id == other.id
        assert again.theme == app.theme


async def test_places_are_kept_while_the_app_runs_not_only_at_its_end(
    workspace: Workspace,
) -> None:
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "5")
        await until(pilot, lambda: places.recall(workspace, "area") == "monitor")


async def test_a_place_is_known_while_it_is_being_written(
    app: LlmopsApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(workspace: Workspace, name: str, value: str) -> None:
        begun.set()
        assert go_on.wait(20)

    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        monkeypatch.setattr(places, "remember", slow)
        app.remember("beside", "2")
        await until(pilot, begun.is_set)
        assert app.recall("beside") == "2"
        go_on.set()
        await settle(pilot)
        assert app.recall("beside") == "2"
        assert app.recall("another") is None


async def test_another_persons_place_is_another(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    places.remember(workspace, "area", "models")
    stranger = Workspace(workspace.db, "somebody else")
    app = LlmopsApp(stranger)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert app.current_mode == "overview"


async def test_a_screen_that_cannot_be_loaded_says_so_and_the_others_work(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Area("runs", "4", "Runs", "llmops_tui.ui.screens.nowhere:Nothing", "Test runs.")
    monkeypatch.setitem(areas.BY_NAME, "runs", gone)
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "4")
        assert isinstance(app.screen, MissingScreen)
        assert "can't be shown" in shown(app)
        await press(pilot, "2")
        assert isinstance(app.screen, DatasetsScreen)


async def test_an_error_with_a_hint_is_a_toast_and_its_markup_is_text(app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        app.report(InputError("[b]It[/b] is \x1b[31mso.", "Do this."))
        await until(pilot, lambda: "[b]It[/b] is ␛[31mso." in shown(app))
        assert "Do this." in shown(app)


async def test_an_unforeseen_error_is_a_dialog_with_details_and_a_line_in_the_log(
    app: LlmopsApp, tmp_path: Path
) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "2")

        def work() -> None:
            raise ZeroDivisionError("nobody thought of this")

        app.in_thread(work, lambda _: None, group="test")
        await until(pilot, lambda: isinstance(app.screen, ErrorScreen))
        assert "nobody thought of this" in shown(app)
        await press(pilot, "d")
        assert "ZeroDivisionError" in shown(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, DatasetsScreen)
        assert app.is_running


async def test_news_from_another_process_reach_the_screen_in_front(
    workspace: Workspace, project: Project
) -> None:
    from tests.ui.conftest import add_examples

    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "2")
        assert "No data set yet" in shown(app)
        other = type(workspace.db)(workspace.path)
        add_examples(Workspace(other, "a worker"), project, "arrived", 3)
        other.close()
        await until(pilot, lambda: "arrived" in shown(app))


async def test_a_screen_behind_catches_up_when_it_comes_back(
    workspace: Workspace, project: Project
) -> None:
    from tests.ui.conftest import add_examples

    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "2", "7")
        other = type(workspace.db)(workspace.path)
        add_examples(Workspace(other, "a worker"), project, "arrived", 3)
        other.close()
        await until(pilot, lambda: app.counters.get("dataset"))
        await press(pilot, "2")
        await until(pilot, lambda: "arrived" in shown(app))


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (200, 60)])
async def test_every_area_survives_any_size(
    workspace: Workspace, project: Project, size: tuple[int, int]
) -> None:
    app = LlmopsApp(workspace)
    async with app.run_test(size=size) as pilot:
        for area in AREAS:
            await press(pilot, area.key)
        for width in (60, 200, 30, 80):
            await pilot.resize_terminal(width, 24)
        await settle(pilot)
        assert app.unforeseen == []


def test_a_pipe_and_a_dumb_terminal_are_refused_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from llmops_tui.core.errors import UnavailableError

    with pytest.raises(UnavailableError, match="needs a terminal"):
        require_terminal()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    with pytest.raises(UnavailableError, match="TERM=dumb"):
        require_terminal()
    monkeypatch.setenv("TERM", "xterm-256color")
    require_terminal()


async def test_a_form_refuses_what_is_wrong_and_keeps_what_was_typed(app: LlmopsApp) -> None:
    def submit(values: dict[str, str]) -> str:
        if values["name"] != "right":
            raise InputError("That name is taken.", "Choose another.")
        return values["name"]

    made: list[str | None] = []
    async with app.run_test(size=SMALL) as pilot:
        fields = [
            Field("name", "name", check=lambda value: None if value else "A name is needed."),
            Field("kind", "kind", choices=(("a", "first"), ("b", "second"))),
        ]
        app.push_screen(FormScreen("A form", fields, submit), made.append)
        await press(pilot, "ctrl+s")
        assert "A name is needed." in shown(app)
        await press(pilot, *"wrong", "enter", "right", "enter")
        assert "That name is taken. Choose another." in shown(app)
        assert "‹ b ›" in shown(app)
        await press(pilot, "escape")
        assert "Press esc again" in shown(app)
        await press(pilot, "shift+tab", *["backspace"] * 5, *"right", "ctrl+s")
        assert made == ["right"]


async def test_a_field_shows_what_is_hidden_and_keeps_it(app: LlmopsApp) -> None:
    hostile = "\x1b]0;taken over\x07 a\u202eb\tc"
    form = FormScreen("Ow\x1bner", [Field("owner", "Owner", hostile, hostile)], dict)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        app.push_screen(form)
        await settle(pilot)
        await press(pilot, "end", "x")
        assert form.values() == {"owner": f"{hostile}x"}
        screen = shown(app)
        assert "␛]0;taken over␇ a¤b cx" in screen
        assert not {"\x1b", "\x07", "\u202e"} & set(screen)
