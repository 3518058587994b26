"""A directory of prompt files and the workspace, kept in step both ways."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.workspaces import Bench, make_bench

from llmops_tui.interchange.prompts import formats
from llmops_tui.services import prompt_files, prompts
from llmops_tui.services.prompt_files import Standing


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path / "w.db", "http://127.0.0.1:9/v1", rows=2)


def standings(bench: Bench, directory: Path) -> dict[str, Standing]:
    pairs = prompt_files.compare(bench.workspace, bench.project.id, directory)
    return {pair.name: pair.standing for pair in pairs}


def pull(bench: Bench, directory: Path, **options: bool):
    return prompt_files.pull(bench.workspace, bench.project.id, directory, **options)


def push(bench: Bench, directory: Path, **options: bool):
    return prompt_files.push(bench.workspace, bench.project.id, directory, **options)


def test_a_directory_is_pulled_edited_and_pushed(bench: Bench, tmp_path: Path):
    directory = tmp_path / "prompts"
    pull(bench, directory)
    (file,) = directory.iterdir()
    assert file.name == "repeat.prompt.md"
    assert file.read_text() == (
        "---\nprompt: repeat\nversion: 1\n---\n--- user ---\nRepeat the last word: {{ word }}\n"
    )
    file.write_text(file.read_text().replace("Repeat", "Say").replace("---\n---", "x: y\n---\n---"))
    file.write_text(file.read_text().replace("version: 1\n", "version: 1\nowner: ann\n"))
    assert standings(bench, directory) == {"repeat": Standing.CHANGED_HERE}
    saved, conflicts = push(bench, directory)
    assert ([version.number for version in saved], conflicts) == ([2], [])
    assert "version: 2" in file.read_text()
    assert "owner: ann" in file.read_text()
    assert standings(bench, directory) == {"repeat": Standing.SAME}
    assert push(bench, directory) == ([], [])
    pull(bench, tmp_path / "of a colleague")
    assert (tmp_path / "of a colleague" / file.name).read_text() == file.read_text()


def test_changes_on_both_sides_are_a_conflict_that_overwrites_nothing(bench: Bench, tmp_path: Path):
    pull(bench, tmp_path / "p")
    file = tmp_path / "p" / "repeat.prompt.md"
    bench.save_prompt("--- user ---\nTheirs {{ word }}\n")
    assert standings(bench, tmp_path / "p") == {"repeat": Standing.CHANGED_THERE}
    file.write_text(file.read_text().replace("Repeat", "Mine"))
    before = file.read_text()
    written, (conflict,) = pull(bench, tmp_path / "p")
    assert written == []
    assert "Since v1" in conflict.problem
    assert any(line.startswith("+Mine") for line in conflict.diff())
    assert any(line.startswith("-Theirs") for line in conflict.diff())
    saved, (_,) = push(bench, tmp_path / "p")
    assert saved == []
    assert file.read_text() == before
    (version,), _ = push(bench, tmp_path / "p", force=True)
    assert version.number == 3
    assert version.messages[0][1].startswith("Mine")


def test_new_prompts_on_either_side_find_their_way(bench: Bench, tmp_path: Path):
    pull(bench, tmp_path)
    (tmp_path / "fresh.prompt.md").write_text("--- user ---\nNew {{ word }}\n")
    (tmp_path / "bad.prompt.md").write_text("---\na: [\n---\n{{ word }}")
    bench.save_prompt("Hi", name="other/one")
    assert standings(bench, tmp_path) == {
        "bad": Standing.UNREADABLE,
        "fresh": Standing.NEW_HERE,
        "other/one": Standing.NEW_THERE,
        "repeat": Standing.SAME,
    }
    saved, (bad,) = push(bench, tmp_path)
    assert [version.title for version in saved] == ["fresh v1"]
    assert "can't be read" in bad.problem
    pull(bench, tmp_path)
    assert (tmp_path / "other%2Fone.prompt.md").is_file()


def test_a_push_leaves_the_draft_that_somebody_is_writing(bench: Bench, tmp_path: Path):
    prompt = prompts.get_prompt(bench.workspace, bench.project.id, "repeat")
    state = prompts.open_editor(bench.workspace, prompt)
    prompts.save_draft(bench.workspace, state, "half a thought")
    pull(bench, tmp_path)
    file = tmp_path / "repeat.prompt.md"
    file.write_text(file.read_text().replace("Repeat", "Say"))
    push(bench, tmp_path)
    assert prompts.open_editor(bench.workspace, prompt).text == "half a thought"


def test_an_imported_prompt_is_exported_with_keys_that_only_its_format_knows(
    bench: Bench, tmp_path: Path
):
    source = "---\nmodel: vendor/m\nteam: x\n---\nHello {{name}}\n"
    (tmp_path / "hi.prompt").write_text(source)
    (tmp_path / "broken.prompt").write_text("---\na: [\n---\n")
    (one,), (problem,) = prompt_files.import_files(
        bench.workspace, bench.project.id, [tmp_path / "hi.prompt", tmp_path / "broken.prompt"]
    )
    assert one.version is not None
    assert "broken.prompt" in problem
    assert prompt_files.export(one.version, "dotprompt", bench.workspace) == source
    later = bench.save_prompt("--- user ---\nBye {{ name }}\n", name="hi")
    exported = prompt_files.export(later, "dotprompt", bench.workspace)
    assert "team: x" in exported
    assert "Bye {{name}}" in exported
    again, _ = prompt_files.import_files(
        bench.workspace, bench.project.id, [tmp_path / "hi.prompt"], dry_run=True
    )
    assert again[0].version is None
    for format_name in prompt_files.FORMATS:
        assert "name" in prompt_files.export(later, format_name, bench.workspace)


def test_files_of_one_name_in_two_directories_are_two_prompts(bench: Bench, tmp_path: Path):
    for name in ("shop", "bank/cards"):
        place = tmp_path / "examples" / name
        place.mkdir(parents=True)
        (place / "promptfooconfig.yaml").write_text(
            f"prompts: ['{name}: {{{{q}}}}', 'Short, {name}: {{{{q}}}}']\nproviders: [x]\n"
        )
        (place / "a.prompt").write_text("---\nname: hello\n---\nHi {{q}}\n")
    (tmp_path / "examples/shop/only.txt").write_text("Only here: {{q}}")
    made, problems = prompt_files.import_files(
        bench.workspace, bench.project.id, [tmp_path / "examples"]
    )
    assert problems == []
    assert {one.version.title for one in made if one.version} == {
        "shop promptfooconfig 1 v1",
        "shop promptfooconfig 2 v1",
        "bank cards promptfooconfig 1 v1",
        "bank cards promptfooconfig 2 v1",
        "only v1",
        "hello v1",
    }


@pytest.mark.slow
def test_every_prompt_file_of_the_collection_is_imported_and_exported_as_it_was(
    bench: Bench, shared_data: Path
):
    """How many files, how many prompts in them, and how many files that hold none or are broken."""
    counted = {}
    for folder in ("dotprompt", "prompty", "llm", "promptfoo", "promptfoo_anthropic"):
        found = sorted((shared_data / "configs" / folder).rglob("*"))
        files = [path for path in found if path.is_file() and path.suffix not in (".md", ".csv")]
        made, problems = prompt_files.import_files(bench.workspace, bench.project.id, files)
        counted[folder] = (len(files), len(made), len(problems))
        for one in made:
            if one.version is None:
                continue  # said the same as one before it
            kept = prompt_files.export(one.version, one.file.format, bench.workspace)
            assert kept == formats.write(one.file, one.file.format, one.file), one.file.name
    assert counted == {
        "dotprompt": (60, 56, 4),
        "prompty": (53, 53, 0),
        "llm": (10, 10, 0),
        "promptfoo": (107, 110, 18),
        "promptfoo_anthropic": (2, 7, 0),
    }
