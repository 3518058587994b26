"""Writing prompts: nothing typed is lost, mistakes are named, versions can be told apart."""

from __future__ import annotations

import asyncio
import contextlib
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.endpoints.process import MockEndpoint, mock_endpoint
from tests.ui.driving import enter, footer, press, settle, shown, until
from tests.workspaces import Bench, make_bench
from textual import events
from textual.pilot import Pilot

from llmops_tui.core.dataset import DatasetVersion, ExampleDraft
from llmops_tui.core.prompt_version import PromptVersion
from llmops_tui.services import datasets, labels, models, prompts, runs
from llmops_tui.services.workspace import Workspace
from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.screens.prompts.conflict import ConflictPage
from llmops_tui.ui.screens.prompts.editor import EditorPage
from llmops_tui.ui.screens.prompts.prompt_text import PromptText
from llmops_tui.ui.screens.prompts.screen import PromptsScreen
from llmops_tui.ui.screens.prompts.versions import VersionsPage

SMALL = (80, 24)
WIDE = (200, 60)
SIZES = pytest.mark.parametrize("size", [SMALL, WIDE], ids=["80x24", "200x60"])
NOWHERE = "http://127.0.0.1:9/v1"
CITIES = [
    ExampleDraft({"country": "France", "hint": "P"}, "Paris"),
    ExampleDraft({"country": "Italy", "hint": "R"}, "Rome"),
    ExampleDraft({"country": "Peru", "hint": "L"}, None),
]
IN_DEV = [
    ExampleDraft({"word": "Lutetia"}, "Paris", (), "dev"),
    ExampleDraft({"word": "Gallia"}, "Paris", (), "dev"),
]
CAPITALS = "--- system ---\nOne word.\n\n--- user ---\nThe capital of {{ country }}? {{ hint }}\n"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = make_bench(
        tmp_path / "w.db", NOWHERE, rows=CITIES, prompt=CAPITALS, scorers=({"name": "equals"},)
    )
    yield made
    made.workspace.db.close()


@pytest.fixture
def app(bench: Bench) -> LlmopsApp:
    return LlmopsApp(bench.workspace)


async def open_editor(pilot: Pilot[Any]) -> EditorPage:
    """Go to the prompts and open the first one."""
    await settle(pilot)
    await press(pilot, "3")
    await press(pilot, "enter")
    page = pilot.app.screen
    assert isinstance(page, EditorPage)
    await until(pilot, lambda: page.previewer.preview is not None and page.previewer.examples)
    return page


def area(page: EditorPage) -> PromptText:
    return page.query_one(PromptText)


async def write(pilot: Pilot[Any], text: str) -> None:
    """Put words at the end of the text, at once, as a fast typist would."""
    page = pilot.app.screen
    assert isinstance(page, EditorPage)
    area(page).move_cursor(area(page).document.end)
    before = area(page).text
    area(page).post_message(events.Paste(text))
    await until(pilot, lambda: area(page).text != before)


def events_key(character: str) -> str:
    from textual.keys import _character_to_key

    return "enter" if character == "\n" else _character_to_key(character)


def draft_of(workspace: Workspace, bench: Bench) -> str | None:
    state = prompts.open_editor(workspace, prompts.list_prompts(workspace, 1)[0].prompt)
    return state.text if state.from_draft else None


def as_bob(bench: Bench, text: str, note: str = "") -> PromptVersion:
    """Somebody else saves a version."""
    bob = replace(bench.workspace, person="bob")
    prompt = prompts.list_prompts(bob, bench.project.id)[0].prompt
    saved = prompts.save_version(bob, prompts.open_editor(bob, prompt), text, note=note)
    assert isinstance(saved, PromptVersion)
    return saved


# The list.


@SIZES
async def test_the_list_says_what_is_known_of_each_prompt(
    bench: Bench, app: LlmopsApp, size: tuple[int, int]
) -> None:
    labels.move(bench.workspace, bench.prompt, "production", "the first", override=True)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "3")
        screen = shown(app)
        assert "repeat" in screen
        assert "not measured" in screen
        assert "production v1" in screen
        assert "enter Open  n New  v Versions" in footer(app)


async def test_a_project_without_a_prompt_says_how_to_write_one(
    bench: Bench, tmp_path: Path
) -> None:
    from llmops_tui.services import projects
    from llmops_tui.services.workspace import open_workspace

    empty = open_workspace(tmp_path / "empty.db")
    projects.create_project(empty, "new")
    app = LlmopsApp(empty)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "3")
        assert "Press n to write one." in shown(app)
        await press(pilot, "n")
        await pilot.press(*"greeting", "enter")
        await settle(pilot)
        assert isinstance(app.screen, EditorPage)
        assert "greeting · no version yet" in shown(app)
        assert "no data set: 2, then i imports one" in shown(app)
    empty.db.close()


async def test_a_prompt_is_written_from_nothing_and_saved(bench: Bench, app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "1", "e")
        await enter(pilot, "hint")
        await pilot.press("tab")
        await enter(pilot, '{"type": "string"}')
        await press(pilot, "ctrl+s")
        await press(pilot, "3")
        await press(pilot, "n")
        await pilot.press(*"short", "enter")
        await settle(pilot)
        await pilot.press(*(events_key(c) for c in "{{ country }}"))
        await until(pilot, lambda: "no input of the project: country" in shown(app))
        await pilot.press(
            "ctrl+u", *"brief", "down", "down", "down", *(events_key(c) for c in "{{ hint }}")
        )
        await press(pilot, "ctrl+s")
        await pilot.press(*"first", "enter")
        await until(pilot, lambda: "short · v1" in shown(app))
        saved = prompts.get_version(bench.workspace, bench.project.id, "short")
        assert saved.messages == (("system", "brief"), ("user", "{{ hint }}"))
        assert saved.response_schema == {"type": "string"}, "as the project wants its answers"
        assert saved.note == "first"
        assert saved.variables == ("hint",)
        await press(pilot, "escape")
        assert isinstance(app.screen, PromptsScreen)
        assert app.unforeseen == []


# Prompts that include others.


async def test_a_shared_prompt_is_included_seen_behind_and_brought_up_to_date(
    bench: Bench, app: LlmopsApp
) -> None:
    bench.save_prompt("Be kind.", "tone")
    bench.save_prompt('{% include "tone" %} {{ country }} {{ hint }}', "reply")
    async with app.run_test(size=WIDE) as pilot:
        await settle(pilot)
        await press(pilot, "3")
        await press(pilot, "c")
        assert "reply v1" in shown(app)
        assert "up to date" in shown(app)
        await press(pilot, "j")
        assert "affects     reply v1" in shown(app)
        await press(pilot, "e")
        await until(pilot, lambda: "no variable yet" in shown(app))
        await write(pilot, " And brief.")
        await until(pilot, lambda: "draft, begun from v1" in shown(app))
        await press(pilot, "ctrl+s")
        assert "reply v1 includes tone. It keeps the text of before" in shown(app)
        await press(pilot, "enter")
        await press(pilot, "escape")
        await until(pilot, lambda: "behind: means v2 now" in shown(app))
        await press(pilot, "u")
        await press(pilot, "y")
        await until(pilot, lambda: "behind" not in shown(app))
        newest = prompts.get_version(bench.workspace, bench.project.id, "reply")
        assert newest.messages[0][1].startswith("Be kind.\n And brief.")
        assert newest.note == "with tone v1 → v2"
        assert app.unforeseen == []


# A model proposes a change.


async def test_a_proposal_is_read_tested_and_accepted_from_a_version(
    live: Bench, endpoint: MockEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = "--- user ---\n{{ word }}: repeat Paris\n"
    datasets.add_examples(live.workspace, live.project.id, "dev", iter(IN_DEV), source="made")
    data = datasets.find_dataset(live.workspace, live.project.id, "dev").version
    assert data is not None
    planned = live.plan(dataset_version_id=data.id)
    await asyncio.to_thread(runs.work, live.workspace, planned, lambda _: None)

    def in_front(workspace: Workspace, run_id: int) -> int:
        runs.work(workspace, run_id, lambda _: None)
        return 0

    monkeypatch.setattr(runs, "start_worker", in_front)
    endpoint.configure(answer=f"=Why: say Paris.\n<prompt>\n{asks}</prompt>")
    app = LlmopsApp(live.workspace)
    async with app.run_test(size=WIDE) as pilot:
        await open_versions(pilot)
        await press(pilot, "i")
        await press(pilot, "enter")
        await until(pilot, lambda: "Why: say Paris." in shown(app))
        assert "Not tested yet." in shown(app)
        assert "repeat Paris" in shown(app)
        endpoint.configure(answer="last-word")
        await press(pilot, "t")
        await until(pilot, lambda: "2 mended, 0 broken" in shown(app))
        await press(pilot, "a")
        assert "Labels stay where they" in shown(app)
        await press(pilot, "y")
        await until(pilot, lambda: isinstance(app.screen, VersionsPage))
        newest = prompts.get_version(live.workspace, live.project.id, "repeat")
        assert (newest.number, prompts.as_text(newest)) == (2, asks)
        assert app.unforeseen == []


# Typing.


@SIZES
async def test_letters_are_typed_and_never_act(app: LlmopsApp, size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        page = await open_editor(pilot)
        area(page).move_cursor(area(page).document.end)
        await pilot.press(*(events_key(character) for character in "q?n/1 ][P"))
        assert app.screen is page
        assert area(page).prompt.endswith("q?n/1 ][P")
        assert "? Help" not in footer(app)
        assert "f1 Help" in footer(app)


async def test_alt_with_a_letter_is_a_command_or_nothing(app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        before = page.text
        area(page).post_message(events.Key("alt+z", "z"))
        await pilot.press("alt+n")
        await settle(pilot)
        assert page.text == before
        assert page.previewer.index == 1


async def test_undo_reaches_back_over_the_whole_session(app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        text = area(page)
        for number in range(80):
            text.insert(f"{number}\nmore\n", text.document.end)
            text.history.checkpoint()
        written = text.prompt
        await pilot.press(*["ctrl+z"] * 3)
        assert text.prompt != written
        for _ in range(200):
            text.undo()
        assert text.prompt == CAPITALS
        for _ in range(200):
            text.redo()
        assert text.prompt == written
        await settle(pilot)
        assert page.text == written


async def test_a_misspelled_variable_is_named_with_what_was_meant(app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        assert "variables: country, hint" in shown(app)
        await write(pilot, "{{ contry }}")
        await until(pilot, lambda: "unknown: contry (did you mean country?)" in shown(app))
        line = area(page).get_line(area(page).document.line_count - 1)
        marked = [line.plain[span.start : span.end] for span in line.spans]
        assert "contry" in marked
        await press(pilot, "ctrl+o")
        assert "Line 6: the variable `contry` has no value." in shown(app)
        await press(pilot, "ctrl+s")
        assert "words v1 doesn't have what it asks for: contry (did you mean" in shown(app)


async def test_a_column_that_no_variable_asks_for_is_said(bench: Bench, app: LlmopsApp) -> None:
    bench.save_prompt("--- user ---\nThe capital of {{ country }}?\n")
    async with app.run_test(size=SMALL) as pilot:
        await open_editor(pilot)
        assert "not used: hint · variables: country" in shown(app)


async def test_a_template_that_cannot_be_read_is_named_by_its_line(app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        await write(pilot, "\n{% if %}")
        await until(pilot, lambda: "line 7: " in shown(app))
        line = area(page).get_line(6)
        assert line.spans


async def test_a_hostile_template_leaves_the_editor_alive(app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        hostile = (
            "{% for a in range(9999999) %}{% for b in range(9999999) %}x{% endfor %}{% endfor %}"
        )
        page.change_text(hostile)
        await until(pilot, lambda: page.previewer.preview and page.previewer.preview.problem)
        await write(pilot, "alive")
        assert page.text.endswith("alive")
        assert app.unforeseen == []


# Preview.


async def test_the_preview_stands_beside_the_text_and_steps_through_examples(
    app: LlmopsApp,
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        page = await open_editor(pilot)
        assert "words v1, example 1/3" in shown(app)
        assert "The capital of France? P" in shown(app)
        await press(pilot, "alt+n")
        await until(pilot, lambda: "The capital of Italy? R" in shown(app))
        await press(pilot, "tab", "]")
        await until(pilot, lambda: "The capital of Peru? L" in shown(app))
        assert "not labelled" in shown(app)
        await press(pilot, "[")
        await until(pilot, lambda: "The capital of Italy? R" in shown(app))
        assert page.text == CAPITALS


async def test_on_a_small_screen_the_preview_takes_turns_with_the_text(app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        assert "The capital of France? P" not in shown(app)
        await press(pilot, "ctrl+o")
        assert "The capital of France? P" in shown(app)
        await press(pilot, "escape")
        assert app.screen is page
        assert "{{ country }}" in shown(app)
        assert app.focused is area(page)


async def test_the_preview_follows_what_is_typed(app: LlmopsApp) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await open_editor(pilot)
        await write(pilot, "And of {{ country|upper }}?")
        await until(pilot, lambda: "And of FRANCE?" in shown(app))


async def test_the_price_of_a_call_is_said(tmp_path: Path) -> None:
    bench = make_bench(
        tmp_path / "w.db", NOWHERE, rows=CITIES, prompt=CAPITALS, input_price=2_500_000
    )
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await open_editor(pilot)
        await write(pilot, "x" * 400)
        await until(pilot, lambda: "tokens, 0." in shown(app))
        assert "USD + answer" in shown(app)
    bench.workspace.db.close()


# Drafts.


async def test_what_was_typed_survives_a_kill(bench: Bench, app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await open_editor(pilot)
        await write(pilot, "unsaved words")
        await until(pilot, lambda: draft_of(bench.workspace, bench) is not None)
        # Nothing of the app's end runs before the next one begins, as after kill -9.
        kept = draft_of(bench.workspace, bench)
    assert kept is not None
    assert kept.endswith("unsaved words")
    again = LlmopsApp(bench.workspace)
    async with again.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        assert page.text.endswith("unsaved words")
        assert "draft, begun from v1" in shown(again)


async def test_what_was_typed_last_is_kept_when_the_app_ends(bench: Bench, app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await open_editor(pilot)
        await write(pilot, "last")
        await pilot.press("ctrl+q")
    kept = draft_of(bench.workspace, bench)
    assert kept is not None
    assert kept.endswith("last")


async def test_going_back_keeps_the_draft_and_says_so(bench: Bench, app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await open_editor(pilot)
        await write(pilot, "more")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, PromptsScreen))
        await until(pilot, lambda: "Your draft of repeat is kept." in shown(app))
        await until(pilot, lambda: " draft " in shown(app).splitlines()[2])
    assert draft_of(bench.workspace, bench) is not None


async def test_a_draft_that_says_what_is_saved_is_none(bench: Bench, app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        await write(pilot, "x")
        await until(pilot, lambda: draft_of(bench.workspace, bench))
        await pilot.press("backspace")
        await until(pilot, lambda: draft_of(bench.workspace, bench) is None)
        assert page.why_not("prompts.editor.save") is not None


async def test_two_windows_of_one_person_never_overwrite_each_other(
    bench: Bench, app: LlmopsApp
) -> None:
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        prompt = page.prompt
        other = prompts.open_editor(bench.workspace, prompt)
        prompts.save_draft(bench.workspace, other, "of the other window")
        await write(pilot, "of this window")
        await until(pilot, lambda: "DRAFT NOT KEPT" in shown(app))
        assert draft_of(bench.workspace, bench) == "of the other window"
        await press(pilot, "ctrl+s")
        assert "Another window of yours changed this draft." in shown(app)
        assert "What they changed" in shown(app)
        await press(pilot, "t")
        assert page.text == "of the other window"
        await pilot.press("ctrl+z")
        await until(pilot, lambda: page.text.endswith("of this window"))
        await until(
            pilot, lambda: (draft_of(bench.workspace, bench) or "").endswith("of this window")
        )


async def test_a_draft_that_cannot_be_kept_is_said_and_tried_again(
    bench: Bench, app: LlmopsApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmops_tui.core.errors import StoreFullError
    from llmops_tui.services import prompt_writing
    from llmops_tui.ui.screens.prompts import drafts

    monkeypatch.setattr(drafts, "AGAIN_S", 0.1)
    real = prompt_writing.keep_draft
    full = [True]

    def keep(*args: Any, **named: Any) -> int | None:
        if full[0]:
            raise StoreFullError("The disk is full.", "Make room.")
        return real(*args, **named)

    monkeypatch.setattr(prompt_writing, "keep_draft", keep)
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        await write(pilot, "precious")
        await until(pilot, lambda: "DRAFT NOT KEPT: The disk is full." in shown(app))
        await pilot.press("escape")
        await settle(pilot)
        assert app.screen is page
        full[0] = False
        await until(pilot, lambda: "DRAFT NOT KEPT" not in shown(app))
        assert (draft_of(bench.workspace, bench) or "").endswith("precious")


async def test_a_draft_that_cannot_be_kept_at_the_end_lies_in_a_file(
    bench: Bench, app: LlmopsApp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from llmops_tui.core.errors import StoreFullError
    from llmops_tui.services import prompt_writing

    def full(*_: Any, **__: Any) -> int | None:
        raise StoreFullError("The disk is full.", "Make room.")

    monkeypatch.setattr(prompt_writing, "keep_draft", full)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with app.run_test(size=SMALL) as pilot:
        await open_editor(pilot)
        await write(pilot, "precious")
        await pilot.press("ctrl+q")
    (aside,) = tmp_path.glob("llmops-draft-*.md")
    assert aside.read_text("utf-8").endswith("precious")


# Saving and conflicts.


async def test_saving_asks_for_a_note_and_makes_the_next_version(
    bench: Bench, app: LlmopsApp
) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await open_editor(pilot)
        assert "^s Save" not in footer(app)
        await write(pilot, "Be kind.")
        await until(pilot, lambda: "^s Save" in footer(app))
        await press(pilot, "ctrl+s")
        await pilot.press(*"kinder", "enter")
        await until(pilot, lambda: "repeat · v2" in shown(app))
        newest = prompts.get_version(bench.workspace, bench.project.id, "repeat")
        assert (newest.number, newest.note, newest.author) == (2, "kinder", "tester")
        assert draft_of(bench.workspace, bench) is None


async def test_a_template_that_cannot_be_read_is_not_saved(bench: Bench, app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        await write(pilot, "{{")
        await press(pilot, "ctrl+s")
        await press(pilot, "enter")
        assert "In the user message, line 2" in shown(app)
        await press(pilot, "escape")
        assert app.screen is page
        assert len(prompts.list_versions(bench.workspace, page.prompt)) == 1


@SIZES
async def test_another_persons_save_is_shown_and_never_overwritten(
    bench: Bench, app: LlmopsApp, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size) as pilot:
        page = await open_editor(pilot)
        await write(pilot, "mine")
        as_bob(bench, CAPITALS.replace("One word.", "One word, please."), "polite")
        await until(pilot, lambda: "v2 was saved by bob meanwhile" in shown(app))
        await press(pilot, "ctrl+s")
        await press(pilot, "enter")
        assert isinstance(app.screen, ConflictPage)
        screen = shown(app)
        assert "bob saved repeat v2 (“polite”)" in screen
        assert "One word, please." in screen
        assert "mine" in screen
        assert len(prompts.list_versions(bench.workspace, page.prompt)) == 2
        await press(pilot, "escape")
        assert app.screen is page
        await press(pilot, "ctrl+s")
        await press(pilot, "enter")
        await press(pilot, "s")
        await until(pilot, lambda: "repeat · v3" in shown(app))
        numbers = {
            view.version.number: prompts.as_text(view.version)
            for view in prompts.list_versions(bench.workspace, page.prompt)
        }
        assert "mine" in numbers[3]
        assert "please" in numbers[2]


async def test_their_text_can_be_taken_and_mine_brought_back(bench: Bench, app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        await write(pilot, "mine")
        as_bob(bench, CAPITALS.replace("One word.", "Theirs."))
        await press(pilot, "ctrl+s")
        await press(pilot, "enter")
        await press(pilot, "t")
        assert "Theirs." in page.text
        assert page.state is not None
        assert page.state.base is not None
        assert page.state.base.number == 2
        await pilot.press("ctrl+z")
        await until(pilot, lambda: page.text.endswith("mine"))


async def test_both_texts_are_put_together_and_what_both_changed_waits_for_a_choice(
    bench: Bench, app: LlmopsApp
) -> None:
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        page.change_text(CAPITALS.replace("One word.", "Two words."))
        as_bob(bench, CAPITALS.replace("One word.", "No words.").replace("{{ hint }}", "{{hint}}"))
        await press(pilot, "ctrl+s")
        await press(pilot, "enter")
        await press(pilot, "m")
        await until(pilot, lambda: "<<<<<<< yours" in shown(app))
        assert "{{hint}}" in page.text
        assert [line for line in page.text.split("\n") if "word" in line] == [
            "Two words.",
            "No words.",
        ]
        await press(pilot, "ctrl+s")
        assert "A place still has what both of you wrote" in shown(app)
        await press(pilot, "escape")
        page.change_text(CAPITALS.replace("One word.", "Two words."))
        await press(pilot, "ctrl+s")
        await press(pilot, "enter")
        await until(pilot, lambda: "repeat · v3" in shown(app))
        assert app.unforeseen == []


# The person's own editor.


def editor_script(tmp_path: Path, body: str) -> str:
    script = tmp_path / "editor.sh"
    script.write_text(f"#!/bin/sh\n{body}\n", "utf-8")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(script)


@pytest.fixture
def leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test has no terminal to leave to the editor."""
    monkeypatch.setattr(LlmopsApp, "suspend", lambda _: contextlib.nullcontext())
    monkeypatch.delenv("VISUAL", raising=False)


@pytest.mark.usefixtures("leaving")
async def test_the_text_goes_to_the_persons_editor_and_comes_back(
    bench: Bench, app: LlmopsApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", editor_script(tmp_path, 'printf "from outside\\n" >> "$1"'))
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        await write(pilot, "before\n")
        await pilot.press("ctrl+e")
        await until(pilot, lambda: page.text.endswith("before\nfrom outside\n"))
        await until(pilot, lambda: (draft_of(bench.workspace, bench) or "").endswith("outside\n"))
        await pilot.press("ctrl+z")
        await until(pilot, lambda: page.text.endswith("before\n"))


@pytest.mark.usefixtures("leaving")
async def test_an_editor_that_fails_costs_nothing(
    app: LlmopsApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", editor_script(tmp_path, "exit 3"))
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        page = await open_editor(pilot)
        await write(pilot, "kept")
        await pilot.press("ctrl+e")
        await until(pilot, lambda: "ended with code 3" in shown(app))
        assert page.text.endswith("kept")
        assert app.unforeseen == []


# Hidden characters.

HOSTILE = "zero\u200bwidth \x1b[31mred \u202eleft\x85next\u2028line\r\n\U000e0041tag"


@SIZES
async def test_hidden_characters_are_seen_and_survive_every_edit(
    bench: Bench, app: LlmopsApp, size: tuple[int, int]
) -> None:
    bench.save_prompt(f"--- user ---\n{HOSTILE} {{{{ country }}}}\n")
    async with app.run_test(size=size) as pilot:
        page = await open_editor(pilot)
        screen = shown(app)
        assert "zero¤width ␛[31mred ¤left¤next¤line␍" in screen
        assert "\x1b" not in screen
        assert "hidden characters" in screen
        assert HOSTILE in page.text
        assert not page.changed
        await write(pilot, "more")
        await press(pilot, "ctrl+s")
        await press(pilot, "enter")
        await until(pilot, lambda: "repeat · v3" in shown(app))
        newest = prompts.get_version(bench.workspace, bench.project.id, "repeat")
        assert newest.messages == (("user", f"{HOSTILE} {{{{ country }}}}\nmore"),)


async def test_pasted_text_keeps_its_lines_and_its_hidden_characters(app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        area(page).move_cursor(area(page).document.end)
        area(page).post_message(events.Paste("one\rtwo\r\nthree\x1b[2J\u200b"))
        await until(pilot, lambda: page.text.endswith("one\ntwo\nthree\x1b[2J\u200b"))
        assert "three␛[2J¤" in shown(app)


async def test_what_is_cut_comes_back_as_it_was(app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        page.change_text("a\u200bb\nsecond")
        await pilot.pause()
        area(page).select_all()
        await pilot.press("ctrl+x")
        await until(pilot, lambda: page.text == "")
        await pilot.press("ctrl+v", "ctrl+v")
        await until(pilot, lambda: page.text == "a\u200bb\nseconda\u200bb\nsecond")


async def test_text_with_private_characters_is_read_only_here(bench: Bench, app: LlmopsApp) -> None:
    bench.save_prompt("--- user ---\nprivate \U000f0041 {{ country }}\n")
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        await pilot.press(*"abc")
        assert page.text == "--- user ---\nprivate \U000f0041 {{ country }}\n"
        assert area(page).read_only


# Trying.


@pytest.fixture(scope="module")
def endpoint() -> Iterator[MockEndpoint]:
    with mock_endpoint(token_ms=1) as running:
        yield running


@pytest.fixture
def live(tmp_path: Path, endpoint: MockEndpoint) -> Iterator[Bench]:
    """A bench whose model answers with the last word."""
    endpoint.reset()
    made = make_bench(
        tmp_path / "live.db",
        endpoint.base_url,
        rows=[
            ExampleDraft({"word": "alpha"}, "alpha"),
            ExampleDraft({"word": "beta"}, "gamma"),
            ExampleDraft({"word": "fault:error:99"}, "x"),
            ExampleDraft({"word": "fault:hang"}, "x"),
            ExampleDraft({"word": "free"}, None),
        ],
        input_price=1000,
        output_price=2000,
    )
    yield made
    made.workspace.db.close()


@SIZES
async def test_a_try_is_streamed_timed_priced_and_judged(
    live: Bench, size: tuple[int, int]
) -> None:
    app = LlmopsApp(live.workspace)
    async with app.run_test(size=size) as pilot:
        await open_editor(pilot)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "✓ RIGHT" in shown(app))
        screen = shown(app)
        assert "Answer of mock at mock · example 1" in screen
        assert "first token" in screen
        assert "tokens · 0.0" in screen
        assert app.unforeseen == []


async def test_a_wrong_answer_says_why(live: Bench) -> None:
    app = LlmopsApp(live.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await open_editor(pilot)
        await press(pilot, "alt+n")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "✗ WRONG" in shown(app))
        assert "expected: gamma" in shown(app)


async def test_an_answer_without_an_expected_one_is_not_scored(live: Bench) -> None:
    app = LlmopsApp(live.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await open_editor(pilot)
        await press(pilot, "alt+p")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "? not scored: The example has no expected answer" in shown(app))


@SIZES
async def test_several_models_are_asked_beside_each_other(
    live: Bench, size: tuple[int, int]
) -> None:
    first = live.model.model
    models.add_model(
        live.workspace,
        replace(first, id=0, name="second", input_price=5000, context_window=2000),
    )
    app = LlmopsApp(live.workspace)
    async with app.run_test(size=size) as pilot:
        page = await open_editor(pilot)
        await press(pilot, "alt+a")
        await press(pilot, "enter")
        assert [view.model.name for view in page.models_asked] == ["mock", "second"]
        await press(pilot, "ctrl+o")
        before = shown(app)
        assert "tokens  context unknown" in before
        assert "% of 2,000" in before
        assert "USD + answer" in before
        await press(pilot, "ctrl+o")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: shown(app).count("✓ RIGHT") == 2)
        assert "Answer of mock at mock" in shown(app)
        assert "Answer of second at mock" in shown(app)
        await press(pilot, "escape")
        assert app.screen is page
        await press(pilot, "ctrl+r")
        await until(pilot, lambda: shown(app).count("✓ RIGHT") == 2)
        await press(pilot, "tab", "alt+c")
        assert page.text.endswith("--- assistant ---\nalpha\n\n--- user ---\n\n")
        await pilot.press("ctrl+z")
        await press(pilot, "ctrl+o")
        await until(pilot, lambda: "USD a call" in shown(app))
        await press(pilot, "ctrl+o")
        await press(pilot, "alt+a")
        await press(pilot, "enter")
        assert len(page.models_asked) == 1
        assert app.unforeseen == []


async def test_esc_stops_all_questions_that_are_out(live: Bench) -> None:
    models.add_model(live.workspace, replace(live.model.model, id=0, name="second"))
    app = LlmopsApp(live.workspace)
    async with app.run_test(size=WIDE) as pilot:
        page = await open_editor(pilot)
        await press(pilot, "alt+a")
        await press(pilot, "enter")
        await press(pilot, "alt+p", "alt+p")
        await until(pilot, lambda: page.previewer.example and page.previewer.example.position == 4)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: shown(app).count("Waiting for the first word") == 2)
        await pilot.press("escape")
        await until(pilot, lambda: shown(app).count("Stopped by you.") == 2)


async def test_a_conversation_goes_on_with_the_answer(live: Bench) -> None:
    app = LlmopsApp(live.workspace)
    async with app.run_test(size=WIDE) as pilot:
        page = await open_editor(pilot)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "✓ RIGHT" in shown(app))
        await press(pilot, "alt+c")
        assert page.text.endswith("--- assistant ---\nalpha\n\n--- user ---\n\n")
        await pilot.press(*"beta")
        await until(pilot, lambda: page.text.endswith("--- user ---\nbeta\n"))
        await pilot.press("ctrl+r")
        await until(pilot, lambda: page.trier.attempt and page.trier.attempt.text == "beta")
        await until(pilot, lambda: "✗ WRONG" in shown(app))
        await pilot.press("alt+k")
        await until(pilot, lambda: "words v2, example 1/5" in shown(app))
        assert "not used" not in shown(app)
        (row,) = datasets.examples_at(live.workspace, newest_data(live), [1])
        assert row.inputs == {"word": "alpha", "known_wrong": ["beta"]}


def newest_data(bench: Bench) -> DatasetVersion:
    version = datasets.find_dataset(bench.workspace, bench.project.id, None).version
    assert version is not None
    return version


async def test_text_is_found_and_replaced(app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        await press(pilot, "ctrl+end")
        assert area(page).cursor_location == area(page).document.end
        await press(pilot, "ctrl+home")
        assert area(page).cursor_location == (0, 0)
        await pilot.press("ctrl+f", *"country", "enter", *"land", "enter", "right", "right")
        await press(pilot, "enter")
        await until(pilot, lambda: "{{ land }}" in page.text)
        await until(pilot, lambda: "unknown: land" in shown(app))
        await pilot.press("ctrl+z")
        await until(pilot, lambda: page.text == CAPITALS)
        await press(pilot, "ctrl+f")
        await pilot.press(*"nowhere", "ctrl+s")
        await until(pilot, lambda: "'nowhere' doesn't stand in the prompt" in shown(app))


async def test_an_example_is_put_into_the_prompt(bench: Bench, app: LlmopsApp) -> None:
    async with app.run_test(size=WIDE) as pilot:
        page = await open_editor(pilot)
        await pilot.press("alt+e", "ctrl+s")
        await until(pilot, lambda: "--- assistant ---\nParis" in page.text)
        assert "The capital of France? P" in page.text


async def test_each_line_shows_the_version_it_came_with(bench: Bench, app: LlmopsApp) -> None:
    bench.save_prompt(CAPITALS.replace("One", "Two"))
    async with app.run_test(size=SMALL) as pilot:
        await open_versions(pilot)
        await press(pilot, "b")
        lines = shown(app).splitlines()
        (two,) = [line for line in lines if "Two word." in line]
        (heading,) = [line for line in lines if "--- user ---" in line]
        assert "v2" in two
        assert "v1" in heading


async def test_an_error_is_a_sentence(live: Bench) -> None:
    app = LlmopsApp(live.workspace)
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        await press(pilot, "alt+n", "alt+n")
        await until(pilot, lambda: page.previewer.example and page.previewer.example.position == 3)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "500" in shown(app))
        assert "Traceback" not in shown(app)
        assert app.unforeseen == []


async def test_esc_stops_a_question_and_then_goes_back(live: Bench) -> None:
    app = LlmopsApp(live.workspace)
    async with app.run_test(size=WIDE) as pilot:
        page = await open_editor(pilot)
        await press(pilot, "alt+p", "alt+p")
        await until(pilot, lambda: page.previewer.example and page.previewer.example.position == 4)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "Waiting for the first word" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "Stopped by you." in shown(app))
        assert app.screen is page
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, PromptsScreen))


async def test_the_model_can_be_chosen(live: Bench) -> None:
    from llmops_tui.core.chat import Endpoint, Model

    models.add_endpoint(
        live.workspace,
        Endpoint(0, "second", "openai", live.model.endpoint.base_url),
        [Model(0, 0, "other")],
    )
    app = LlmopsApp(live.workspace)
    async with app.run_test(size=WIDE) as pilot:
        await open_editor(pilot)
        assert "mock (alt+m)" in shown(app)
        await press(pilot, "alt+m")
        await press(pilot, "down", "enter")
        assert "other (alt+m)" in shown(app)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "Answer of other at second" in shown(app))
        await until(pilot, lambda: "RIGHT" in shown(app))


async def test_a_run_of_the_saved_version_starts_and_is_watched(
    bench: Bench, app: LlmopsApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    monkeypatch.setattr(runs, "start_worker", lambda _, run_id: started.append(run_id))
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "Start a test run?" in shown(app))
        assert "repeat v1 on mock at mock" in shown(app)
        assert "All 3 examples of words v1, scored by equals." in shown(app)
        await pilot.press("y")
        await until(pilot, lambda: app.current_mode == "runs" and "Run 1" in shown(app))
        (run,) = runs.list_runs(bench.workspace, bench.project.id)
        assert started == [run.run.id]
        assert run.run.spec.cells[0].prompt_version_id == bench.prompt.id
        assert page.is_attached


async def test_a_run_of_unsaved_text_asks_to_save_it_first(bench: Bench, app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await open_editor(pilot)
        await write(pilot, "Newer.")
        await press(pilot, "ctrl+t")
        assert "A run measures a saved version: save this one first." in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: "repeat v2 on mock at mock" in shown(app))
        await press(pilot, "n")
        assert runs.list_runs(bench.workspace, bench.project.id) == []


# Versions.


async def open_versions(pilot: Pilot[Any]) -> VersionsPage:
    await settle(pilot)
    await press(pilot, "3")
    await press(pilot, "v")
    page = pilot.app.screen
    assert isinstance(page, VersionsPage)
    return page


@SIZES
async def test_versions_stand_side_by_side_with_their_wrong_rates(
    bench: Bench, app: LlmopsApp, size: tuple[int, int]
) -> None:
    bench.save_prompt(CAPITALS.replace("One word.", "One short word."))
    async with app.run_test(size=size) as pilot:
        await open_versions(pilot)
        lines = shown(app).splitlines()
        assert "v2" in lines[2]
        assert "v1" in lines[3]
        assert "not measured" in lines[2]
        assert "d Diff" in footer(app)
        assert "l Label" in footer(app)


@SIZES
async def test_a_version_is_compared_word_by_word_with_the_one_before(
    bench: Bench, app: LlmopsApp, size: tuple[int, int]
) -> None:
    bench.save_prompt(CAPITALS.replace("One word.", "One short word."))
    async with app.run_test(size=size) as pilot:
        await open_versions(pilot)
        await press(pilot, "d")
        screen = shown(app)
        assert "repeat: v1 → v2" in screen
        assert "v1, wrong: not measured" in screen
        if size == SMALL:
            assert "- One word." in screen
            assert "+ One short word." in screen
        else:
            (row,) = [line for line in screen.splitlines() if "One short word." in line]
            assert "2 - One word." in row
            assert "2 + One short word." in row
        reversed_words = [
            segment.text
            for strip in app.screen._compositor.render_strips()
            for segment in strip
            if segment.style and segment.style.reverse and "short" in segment.text
        ]
        assert [words.strip() for words in reversed_words] == ["short"]


async def test_any_two_versions_can_be_compared(bench: Bench, app: LlmopsApp) -> None:
    bench.save_prompt(CAPITALS.replace("One", "Two"))
    bench.save_prompt(CAPITALS.replace("One", "Three"))
    async with app.run_test(size=SMALL) as pilot:
        await open_versions(pilot)
        await press(pilot, "space", "j", "j")
        assert "*v3" in shown(app)
        await press(pilot, "d")
        assert "repeat: v1 → v3" in shown(app)
        await press(pilot, "x")
        assert "repeat: v3 → v1" in shown(app)


async def test_a_label_is_moved_only_after_its_name_was_read(bench: Bench, app: LlmopsApp) -> None:
    labels.move(bench.workspace, bench.prompt, "production", "the first", override=True)
    bench.save_prompt(CAPITALS.replace("One", "Two"))
    async with app.run_test(size=SMALL) as pilot:
        await open_versions(pilot)
        await press(pilot, "l")
        await pilot.press(*"production", "enter", "enter")
        await until(pilot, lambda: "production is protected" in shown(app))
        await pilot.press(*"urgent", "enter")
        await until(pilot, lambda: "Point production at v2 past the gate?" in shown(app))
        assert "repeat: production → v2" in shown(app)
        assert "It points at v1 now" in shown(app)
        assert "NOT passed the gate" in shown(app)
        await press(pilot, "n")
        assert prompts.get_version(bench.workspace, 1, "repeat", label="production").number == 1
        await press(pilot, "l")
        await pilot.press(*"production", "enter", *"urgent", "enter")
        await until(pilot, lambda: "Point production at v2 past the gate?" in shown(app))
        await press(pilot, "y")
        await until(pilot, lambda: "production" in shown(app).splitlines()[2])
        await press(pilot, "L")
        await until(pilot, lambda: "override" in shown(app))
        assert "urgent" in shown(app)
        assert prompts.get_version(bench.workspace, 1, "repeat", label="production").number == 2


async def test_a_version_is_read_and_restored_into_the_draft(bench: Bench, app: LlmopsApp) -> None:
    bench.save_prompt("--- user ---\nSomething else {{ country }}\n")
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        await press(pilot, "alt+v")
        await press(pilot, "j")
        await press(pilot, "enter")
        assert "One word." in shown(app)
        await press(pilot, "escape")
        await press(pilot, "r")
        assert app.screen is page
        await until(pilot, lambda: page.text == CAPITALS)
        await until(pilot, lambda: draft_of(bench.workspace, bench) == CAPITALS)
        await pilot.press("ctrl+z")
        await until(pilot, lambda: "Something else" in page.text)


async def test_a_version_is_restored_from_the_list_as_well(bench: Bench, app: LlmopsApp) -> None:
    bench.save_prompt("--- user ---\nSomething else {{ country }}\n")
    async with app.run_test(size=SMALL) as pilot:
        await open_versions(pilot)
        await press(pilot, "j", "r")
        page = app.screen
        assert isinstance(page, EditorPage)
        await until(pilot, lambda: page.text == CAPITALS)


async def test_a_discarded_draft_comes_back_by_undo(bench: Bench, app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        await write(pilot, "thrown away")
        await press(pilot, "alt+x")
        await until(pilot, lambda: page.text == CAPITALS)
        await pilot.press("ctrl+z")
        await until(pilot, lambda: page.text.endswith("thrown away"))


async def test_settings_are_checked_sent_judged_and_saved_with_the_version(live: Bench) -> None:
    app = LlmopsApp(live.workspace)
    async with app.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        await press(pilot, "alt+s")
        await enter(pilot, "3")
        await press(pilot, "ctrl+s")
        assert "temperature: input should be less than" in shown(app)
        await enter(pilot, "0.5")
        await pilot.press(*["tab"] * 5)
        app.screen.post_message(events.Paste('{\n  "type":\n  "object"\n}\n'))
        await press(pilot, "ctrl+s")
        assert app.screen is page
        assert page.sampler.current.words() == "temperature 0.5 · answers by schema"
        assert page.changed
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "✗ WRONG" in shown(app))
        # Kept at once: another app, after a kill, asks the same way.
        other = LlmopsApp(live.workspace)
    async with other.run_test(size=SMALL) as pilot:
        page = await open_editor(pilot)
        await until(pilot, lambda: page.changed)
        await press(pilot, "ctrl+s")
        await enter(pilot, "by schema")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: not page.changed)
    saved = prompts.open_editor(live.workspace, page.prompt).base
    assert saved is not None
    assert saved.note == "by schema"
    assert saved.parameters == {"temperature": 0.5}
    assert saved.response_schema == {"type": "object"}
