"""Data sets on the screen: browse, read, filter, import, give up."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from pathlib import Path

import pytest
from tests.ui.conftest import add_examples
from tests.ui.driving import enter, footer, press, settle, shown, until
from textual import events
from textual.message import Message

from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.project import Project
from llmops_tui.services import dataset_import, datasets
from llmops_tui.services.workspace import Workspace
from llmops_tui.ui import editor
from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.screens.datasets.bad_rows import BadRowsPage
from llmops_tui.ui.screens.datasets.examples import ExamplesPage
from llmops_tui.ui.screens.datasets.import_page import ImportPage
from llmops_tui.ui.screens.datasets.mapping_page import MappingPage
from llmops_tui.ui.screens.datasets.screen import DatasetsScreen
from llmops_tui.ui.screens.form import FormScreen, complete_path

SMALL = (80, 24)
WIDE = (140, 30)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A CSV file with one row too short and one that is hostile."""
    path = tmp_path / "capitals.csv"
    lines = ["question,answer,level", "France,Paris,easy", "Peru,Lima,hard", "broken"]
    lines += ["[b]Evil[/b] \x1b[31m land,\u202eLair,hard"]
    lines += [f"Country {n},Capital {n},easy" for n in range(200)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


async def test_without_a_project_the_screen_says_what_comes_first(app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "2")
        assert "There is no project yet" in shown(app)
        assert app.unforeseen == []


async def test_an_empty_project_leads_to_the_import(workspace: Workspace, project: Project) -> None:
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "2")
        assert "Press i to import one from a file" in shown(app)
        assert "i Import" in footer(app)


async def test_the_list_tells_rows_and_whether_they_suffice(
    workspace: Workspace, project: Project
) -> None:
    add_examples(workspace, project, "few", 10)
    add_examples(workspace, project, "many", 200)
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "2")
        text = shown(app)
        assert "a verdict needs at least 149 examples" in text
        (few,) = [line for line in text.splitlines() if "few" in line]
        (many,) = [line for line in text.splitlines() if "many" in line]
        assert "10 !" in few
        assert "200" in many
        assert "!" not in many
        assert "test 200" in many
        assert "just now" in many


async def test_a_wide_screen_shows_list_and_detail_a_narrow_one_the_one_or_the_other(
    workspace: Workspace, project: Project
) -> None:
    add_examples(workspace, project, "sums", 5)
    app = LlmopsApp(workspace)
    async with app.run_test(size=WIDE) as pilot:
        await press(pilot, "2", "enter")
        text = shown(app)
        assert "sums v1: 5 examples" in text
        assert "What is 1 + 1?" in text
        assert "What is 2 + 2?" in text
        await press(pilot, "j")
        assert shown(app).count("What is 2 + 2?") == 2
        await pilot.resize_terminal(*SMALL)
        await settle(pilot)
        assert shown(app).count("What is 2 + 2?") == 1
        await press(pilot, "enter")
        assert "What is 1 + 1?" not in shown(app)
        assert "expected" in shown(app)
        await press(pilot, "escape")
        assert "What is 1 + 1?" in shown(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, DatasetsScreen)


async def test_the_filter_shows_only_what_contains_the_text(
    workspace: Workspace, project: Project
) -> None:
    add_examples(workspace, project, "sums", 500)
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "2", "enter")
        await press(pilot, "slash", *"499")
        await until(pilot, lambda: "What is 1 + 1?" not in shown(app))
        assert "What is 499 + 499?" in shown(app)
        assert "those with “499”" in shown(app)
        await press(pilot, "enter")
        assert "enter Open" in footer(app)
        await press(pilot, "escape")
        await until(pilot, lambda: "What is 1 + 1?" in shown(app))
        await press(pilot, "slash", *"nowhere")
        await until(pilot, lambda: "No example fits “nowhere”" in shown(app))
        assert app.unforeseen == []


@pytest.mark.parametrize("text", ["Tōkyō", "größe", "50 %", "a_b", 'say "hi"', "back\\slash"])
async def test_the_filter_finds_any_text_in_inputs_and_answers(
    workspace: Workspace, project: Project, text: str
) -> None:
    rows = [ExampleDraft({"q": f"<{text}>"}, "x"), ExampleDraft({"q": "x"}, f"<{text}>")]
    rows += [ExampleDraft({"q": f"other {n}"}, "a0b 50 x") for n in range(5)]
    version = datasets.add_examples(workspace, project.id, "words", iter(rows), source="")
    found = datasets.example_page(workspace, version, find=text)
    assert [example.position for example in found] == [1, 2]
    assert list(datasets.example_positions(workspace, version, text)) == [1, 2]


async def test_an_import_is_looked_at_then_made_with_its_bad_rows_kept_aside(
    workspace: Workspace, project: Project, table: Path
) -> None:
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await press(pilot, "2", "i")
        await enter(pilot, str(table))
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, ImportPage))
        text = shown(app)
        assert "CSV" in text
        assert "inputs    question" in text
        assert "expected  answer" in text
        assert "France" in text
        assert "[b]Evil[/b] ␛[31m land" in text
        await press(pilot, "s")
        await until(pilot, lambda: isinstance(app.screen, DatasetsScreen))
        await until(pilot, lambda: "capitals" in shown(app))
        await until(pilot, lambda: "203 examples imported" in shown(app))
        (found,) = datasets.list_datasets(workspace, project.id)
        assert found.version is not None
        assert (found.version.rows, found.version.bad_rows) == (203, 1)
        await press(pilot, "b")
        assert isinstance(app.screen, BadRowsPage)
        assert "broken" in shown(app)
        assert app.unforeseen == []


async def test_the_mapping_can_be_changed_before_the_import(
    workspace: Workspace, project: Project, table: Path
) -> None:
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "2", "i")
        await enter(pilot, str(table))
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, ImportPage))
        await press(pilot, "m")
        await until(pilot, lambda: isinstance(app.screen, MappingPage))
        await until(pilot, lambda: "first value" in shown(app))
        await press(pilot, "e", "j", "i")
        assert "1 input, expected: question" in shown(app)
        await press(pilot, "j", "x", "k", "x")
        assert "expected: question" in shown(app)  # an import without inputs is none
        await press(pilot, "escape", "n")
        await enter(pilot, "places")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: "name      places" in shown(app))
        assert "inputs    answer" in shown(app)
        assert "left out  level" in shown(app)
        await press(pilot, "s")
        await until(pilot, lambda: isinstance(app.screen, DatasetsScreen))
        await until(pilot, lambda: datasets.list_datasets(workspace, project.id))
        (found,) = datasets.list_datasets(workspace, project.id)
        assert found.name == "places"
        assert found.version is not None
        assert found.version.columns == ("answer",)
        await press(pilot, "i")
        await enter(pilot, str(table))
        await press(pilot, "enter")
        await until(pilot, lambda: "as before" in shown(app))
        assert "inputs    answer" in shown(app)
        assert app.unforeseen == []


async def test_a_source_is_read_as_the_person_says(
    workspace: Workspace, project: Project, tmp_path: Path
) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("q;a\nx;y\n")
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "2", "i")
        await enter(pilot, str(path))
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, ImportPage))
        await press(pilot, "f")
        await until(pilot, lambda: "How to read it" in shown(app))
        await press(pilot, "tab")
        await enter(pilot, "|")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, ImportPage) and "q;a" in shown(app))
        await press(pilot, "escape")
        assert isinstance(app.screen, DatasetsScreen)
        assert app.unforeseen == []


async def test_a_table_is_pasted_and_exported(
    workspace: Workspace, project: Project, tmp_path: Path
) -> None:
    app = LlmopsApp(workspace)
    target = tmp_path / "out.jsonl"
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await press(pilot, "2")
        app.post_message(events.Paste("question,answer\nFrance,Paris\nPeru,Lima\n"))
        await until(pilot, lambda: isinstance(app.screen, ImportPage))
        assert "clipboard" in shown(app)
        await press(pilot, "s")
        await until(pilot, lambda: datasets.list_datasets(workspace, project.id))
        await until(pilot, lambda: isinstance(app.screen, DatasetsScreen))
        await until(pilot, lambda: "x Export" in footer(app))
        await press(pilot, "x")
        await enter(pilot, str(target))
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: "Wrote 2 rows" in shown(app))
        assert [json.loads(line)["expected"] for line in target.read_text().splitlines()] == [
            "Paris",
            "Lima",
        ]
        assert app.unforeseen == []


async def test_bad_rows_are_mended_and_become_part_of_the_next_version(
    workspace: Workspace, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "two.csv"
    path.write_text("question,answer\nFrance,Paris\nPeru\nChile,a,b\n")
    preview = dataset_import.preview_import(path)
    dataset_import.import_dataset(workspace, project.id, preview)
    written = iter(["Peru,", "Peru,Lima"])
    monkeypatch.setattr(editor, "edit_in_editor", lambda *_: next(written))
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await press(pilot, "2")
        await until(pilot, lambda: "b Bad rows" in footer(app))
        await press(pilot, "b")
        await until(pilot, lambda: "1 cell where 2" in shown(app))
        assert "s Next version" not in footer(app)
        await press(pilot, "e")
        await until(pilot, lambda: "reads as 1 example" in shown(app))
        await press(pilot, "e")
        await until(pilot, lambda: "Peru,Lima" in shown(app))
        await press(pilot, "s")
        await until(pilot, lambda: "two v2: 1 bad row" in shown(app))
        (found,) = datasets.list_datasets(workspace, project.id)
        assert found.version is not None
        assert (found.version.number, found.version.rows, found.version.bad_rows) == (2, 2, 1)
        last = datasets.example_page(workspace, found.version)[-1]
        assert (last.inputs, last.expected) == ({"question": "Peru"}, "Lima")
        assert app.unforeseen == []


async def test_a_file_that_cannot_be_read_is_said_in_the_form(
    workspace: Workspace, project: Project, tmp_path: Path
) -> None:
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "2", "i", *"/nowhere/at-all.csv", "enter")
        assert isinstance(app.screen, FormScreen)
        assert "at-all.csv" in shown(app)
        assert app.screen.values() == {"path": "/nowhere/at-all.csv"}
        assert app.unforeseen == []


async def test_a_cancelled_import_leaves_nothing_behind(
    workspace: Workspace, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = tmp_path / "big.jsonl"
    row = json.dumps({"question": "why " * 50, "answer": "because"}) + "\n"
    big.write_text(row * 20_000)
    tell = ImportPage._tell

    def tell_and_wait(page: ImportPage, message: Message) -> None:
        """The import doesn't end before it is cancelled."""
        tell(page, message)
        page._stop.wait(20)

    monkeypatch.setattr(ImportPage, "_tell", tell_and_wait)
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await press(pilot, "2", "i")
        await enter(pilot, str(big))
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, ImportPage))
        app.simulate_key("s")  # press() would wait for the import's thread to be done
        await until(pilot, lambda: "c Cancel" in footer(app))
        app.simulate_key("c")
        await until(pilot, lambda: "cancelled" in shown(app))
        assert isinstance(app.screen, ImportPage)
        await press(pilot, "escape")
        assert isinstance(app.screen, DatasetsScreen)
        assert datasets.list_datasets(workspace, project.id) == []
        assert app.unforeseen == []


async def test_who_leaves_for_another_area_is_told_when_the_import_is_done(
    workspace: Workspace, project: Project, tmp_path: Path
) -> None:
    big = tmp_path / "big.jsonl"
    big.write_text((json.dumps({"question": "why", "answer": "because"}) + "\n") * 20_000)
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await press(pilot, "2", "i")
        await enter(pilot, str(big))
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, ImportPage))
        app.simulate_key("s")
        app.simulate_key("7")
        await until(pilot, lambda: "20,000 examples imported" in shown(app))
        await until(pilot, lambda: "*2 Datasets" in shown(app).splitlines()[0])
        await press(pilot, "2")
        await until(pilot, lambda: isinstance(app.screen, DatasetsScreen))
        assert "*2" not in shown(app).splitlines()[0]


async def test_an_example_goes_to_the_clipboard_or_to_a_file(
    workspace: Workspace, project: Project
) -> None:
    add_examples(workspace, project, "sums", 3)
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await press(pilot, "2", "enter", "y")
        assert isinstance(app.screen, ExamplesPage)
        await until(pilot, lambda: "Sent example 1 to the terminal's clipboard" in shown(app))


def test_file_names_are_completed_as_one_types(tmp_path: Path) -> None:
    (tmp_path / "sums.csv").touch()
    (tmp_path / "sub").mkdir()
    assert complete_path(f"{tmp_path}/sum") == f"{tmp_path}/sums.csv"
    assert complete_path(f"{tmp_path}/su") == f"{tmp_path}/sub/"
    assert complete_path(f"{tmp_path}/x") is None
    assert complete_path("/nowhere/x") is None
    assert complete_path("") is None


async def test_what_was_copied_can_be_had_as_a_file_or_in_a_pager(
    workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = [ExampleDraft({"q": "\x1b]0;taken over\x07 copied"}, "x")]
    datasets.add_examples(workspace, project.id, "words", iter(rows), source="")
    pager, read = tmp_path / "pager", tmp_path / "read"
    pager.write_text(f"#!/bin/sh\ncat > {read}\n")
    pager.chmod(0o755)
    monkeypatch.setenv("PAGER", str(pager))
    monkeypatch.setattr(LlmopsApp, "suspend", lambda _: nullcontext())
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await press(pilot, "2", "Y")
        await until(pilot, lambda: "Nothing was copied yet" in shown(app))
        await press(pilot, "enter")
        await until(pilot, lambda: "copied" in shown(app))
        await press(pilot, "y", "Y", "vertical_line")
    said = [notification.message for notification in app._notifications]
    (path,) = re.findall(r"Wrote example 1 to (\S+)\.$", "\n".join(said), re.MULTILINE)
    assert json.loads(Path(path).read_text())["inputs"] == {"q": "\x1b]0;taken over\x07 copied"}
    assert "copied" in read.read_text()
    assert "\x1b" not in read.read_text()
    Path(path).unlink()


async def test_examples_are_found_by_field_and_put_in_order(
    workspace: Workspace, project: Project
) -> None:
    add_examples(workspace, project, "sums", 300)
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "2", "enter", "slash", *"expected:60")
        await until(pilot, lambda: "those with “expected:60”" in shown(app))
        assert "What is 30 + 30?" in shown(app)
        assert "What is 1 + 1?" not in shown(app)
        await press(pilot, "enter", "escape", "o", *["down"] * 2, "enter")
        await until(pilot, lambda: "by expected" in shown(app))
        await press(pilot, "o", "enter")
        await until(pilot, lambda: "the last first" in shown(app))
        await press(pilot, "g")
        await until(pilot, lambda: "What is 300 + 300?" in shown(app).splitlines()[3])
        await press(pilot, "G")
        assert "What is 1 + 1?" in shown(app)
        assert app.unforeseen == []


async def test_a_bulk_edit_makes_the_next_version_which_is_shown_compared_and_taken_back(
    workspace: Workspace, project: Project
) -> None:
    add_examples(workspace, project, "sums", 30)
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await press(pilot, "2", "enter", "slash", *"question:what")
        await until(pilot, lambda: "those with" in shown(app))
        await press(pilot, "enter", "t", *"seen")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: "Version 2: 30 rows changed" in shown(app))
        await until(pilot, lambda: "sums v2" in shown(app))
        await press(pilot, "v")
        await until(pilot, lambda: "tags seen on 30" in shown(app))
        await press(pilot, "d")
        await until(pilot, lambda: "v1 → v2: 0 added, 0 removed, 30 changed" in shown(app))
        await press(pilot, "enter")
        assert "+ tags" in shown(app)
        await press(pilot, "escape", "escape", "j")
        assert "r Restore" in footer(app)
        await press(pilot, "r", "y")
        await until(pilot, lambda: "Version 3: 30 rows changed" in shown(app))
        await press(pilot, "enter")
        assert "older version" in shown(app)
        await press(pilot, "t")
        assert "never changes" in shown(app)
        assert app.unforeseen == []


async def test_an_example_is_edited_in_the_editor_and_nothing_written_is_lost(
    workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_examples(workspace, project, "sums", 3)
    seen: list[str] = []
    answers = ["{broken", '{"inputs": {"question": "Mended"}, "expected": "2"}']

    def edit(app: LlmopsApp, text: str, suffix: str) -> str:
        seen.append(text)
        return answers[len(seen) - 1]

    monkeypatch.setattr("llmops_tui.ui.editor.edit_in_editor", edit)
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await press(pilot, "2", "enter", "e")
        await until(pilot, lambda: "no valid JSON" in shown(app))
        assert datasets.list_datasets(workspace, project.id)[0].versions == 1
        await press(pilot, "e")
        assert seen[1] == "{broken"
        await until(pilot, lambda: "Mended" in shown(app))
        assert app.unforeseen == []


async def test_splits_are_assigned_by_chance_from_the_screen(
    workspace: Workspace, project: Project
) -> None:
    add_examples(workspace, project, "sums", 100)
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await press(pilot, "2", "enter", "s", "left", "left", "left", "left", "ctrl+s")
        await until(pilot, lambda: "Version 2" in shown(app) or "rows changed" in shown(app))
        version = datasets.list_datasets(workspace, project.id)[0].version
        assert version is not None
        assert sum(version.splits.values()) == 100


async def test_the_quality_of_a_data_set_is_on_one_screen_and_findings_open_their_rows(
    workspace: Workspace, project: Project
) -> None:
    rows = [ExampleDraft({"q": f"Number {n}"}, "x") for n in range(20)]
    rows += [ExampleDraft({"q": "write me@example.com"}, "a"), ExampleDraft({"q": "Same"}, "a")]
    rows += [ExampleDraft({"q": "same"}, "b")]
    datasets.add_examples(workspace, project.id, "mixed", iter(rows), source="")
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await press(pilot, "2", "enter", "c")
        await until(pilot, lambda: "23 examples looked at, 3 findings" in shown(app))
        assert "Same input, different answers" in shown(app)
        await press(pilot, "f")
        assert "How many do I need?" in shown(app)
        await press(pilot, "escape", "enter")
        await until(pilot, lambda: "different answers, 2 rows" in shown(app))
        assert "Same" in shown(app)
        await press(pilot, "escape", "m", "y")
        await until(pilot, lambda: "Version 2: 1 row changed" in shown(app))
        await until(pilot, lambda: "mixed v2" in shown(app))
        await until(pilot, lambda: "Personal" not in shown(app))
        assert app.unforeseen == []


async def test_rows_are_labelled_by_digits_and_become_a_version(
    workspace: Workspace, project: Project
) -> None:
    rows = [ExampleDraft({"q": f"Row {n}"}, ["cat", "dog", None][n % 3]) for n in range(12)]
    datasets.add_examples(workspace, project.id, "animals", iter(rows), source="")
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await press(pilot, "2", "enter", "l")
        await until(pilot, lambda: "1 cat   2 dog" in shown(app))
        assert "Row 2" in shown(app)
        await press(pilot, "2")
        await until(pilot, lambda: "Row 5" in shown(app))
        await press(pilot, "u")
        await until(pilot, lambda: "Row 2" in shown(app))
        await press(pilot, "1")
        await until(pilot, lambda: "Row 5" in shown(app))
        await press(pilot, "t", *"cow", "ctrl+s")
        await until(pilot, lambda: "3 cow" in shown(app) or "1 cow" in shown(app))
        await press(pilot, "s")
        await until(pilot, lambda: "Row 11" in shown(app))
        await press(pilot, "w")
        await until(pilot, lambda: "Version 2: 2 rows changed" in shown(app))
        assert app.unforeseen == []
    version = datasets.list_datasets(workspace, project.id)[0].version
    assert version is not None
    examples = datasets.example_page(workspace, version)
    assert [examples[2].expected, examples[5].expected] == ["cat", "cow"]


async def test_making_rows_needs_a_model(workspace: Workspace, project: Project) -> None:
    add_examples(workspace, project, "sums", 3)
    app = LlmopsApp(workspace)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await press(pilot, "2", "enter", "m")
        await until(pilot, lambda: "no model to write them" in shown(app))
        assert app.unforeseen == []
