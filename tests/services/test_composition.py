"""Prompts that include others: what goes in, what stays, what is behind, and what is refused."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.workspaces import Bench, make_bench

from llmops_tui import prompt as read_prompt
from llmops_tui.cli.main import cli
from llmops_tui.core import compose
from llmops_tui.core.errors import InputError, TemplateError
from llmops_tui.core.prompt import MessageError, PromptTemplate
from llmops_tui.services import (
    composition,
    composition_graph,
    labels,
    prompt_files,
    prompt_trying,
    prompts,
)

TONE = "Be kind to {{ name }}."
REPLY = """--- system ---
You reply.
{% include "tone@production" %}
Briefly.

--- user ---
{{ question }}
"""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = make_bench(tmp_path / "w.db", "http://127.0.0.1:9/v1")
    tone = made.save_prompt(TONE, "tone")
    labels.move(made.workspace, tone, "production", "the first", override=True)
    return made


def point(bench: Bench, text: str) -> None:
    """Another text of the tone, in production."""
    labels.move(
        bench.workspace, bench.save_prompt(text, "tone"), "production", "newer", override=True
    )


def whole(text: str, **known: str) -> str:
    """A message with what it includes, by names and their texts."""
    found = compose.put_in([("user", text)], lambda asked: [("user", known[asked.name])])
    return found.messages[0][1]


# What goes in.


def test_the_text_stands_where_the_include_was_written():
    assert whole('a {% include "b" %} c', b="B") == "a B c"
    assert whole("a \n{%- include 'b' -%}\n c", b="B") == "aBc"
    assert whole('{% include "b" %}', b="{% set x = 1 %}{{ x }}") == (
        "{% with %}{% set x = 1 %}{{ x }}{% endwith %}"
    )


@pytest.mark.parametrize(
    "text",
    [
        '{# {% include "b" %} #}',
        '{% raw %}{% include "b" %}{% endraw %}',
        "{{ \"{% include 'b' %}\" }}",
        "include b",
    ],
)
def test_what_is_quoted_or_commented_out_includes_nothing(text: str):
    assert compose.references([("user", text)]) == ()
    assert whole(text) == text


@pytest.mark.parametrize("asked", ["other", '"a" ignore missing', "['a', 'b']", '"a" with context'])
def test_only_a_name_in_quotes_is_understood_and_no_file_is_ever_read(asked: str):
    with pytest.raises(TemplateError, match="takes the name of a prompt in quotes"):
        PromptTemplate((("user", f"{{% include {asked} %}}"),)).check()
    with pytest.raises(TemplateError):
        PromptTemplate((("user", '{% include "/etc/passwd" %}'),)).render({})


def test_a_hostile_text_is_read_in_linear_time():
    began = time.process_time()
    assert compose.references([("user", "include" + "{#" * 500_000)]) == ()
    assert compose.references([("user", "include" + "{% raw %}" * 200_000)]) == ()
    assert compose.references([("user", "{% include" + " " * 1_000_000)]) == ()
    assert time.process_time() - began < 2


def test_of_several_messages_the_one_with_the_same_role_goes_in(bench: Bench):
    bench.save_prompt("--- system ---\nS\n\n--- user ---\nU\n", "both")
    saved = bench.save_prompt(
        '--- system ---\n{% include "both" %}\n\n--- user ---\n{% include "both" %}!\n', "mixed"
    )
    assert saved.messages == (("system", "S"), ("user", "U!"))
    with pytest.raises(TemplateError, match="has no assistant message"):
        bench.save_prompt('--- assistant ---\n{% include "both" %}\n', "wrong")


# A version never changes.


def test_a_version_is_whole_and_stays_what_it_was_when_labels_move(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LLMOPS_TUI_PROMPT_CACHE", "")
    saved = bench.save_prompt(REPLY, "reply")
    assert saved.messages[0] == ("system", "You reply.\nBe kind to {{ name }}.\nBriefly.")
    assert saved.variables == ("name", "question")
    assert prompts.as_text(saved) == REPLY
    assert [one.title for one in saved.includes] == ["tone v1"]

    point(bench, "Be curt.")
    again = prompts.get_version(bench.workspace, bench.project.id, "reply")
    assert again.messages == saved.messages
    read = read_prompt("reply", version=1, db=bench.workspace.path)
    assert read.render(name="Ann", question="Why?")[0]["content"].splitlines()[1] == (
        "Be kind to Ann."
    )


def test_a_draft_is_shown_with_what_its_includes_mean_now(bench: Bench):
    compose_now = composition.composer(bench.workspace, bench.project.id, "reply")
    assert prompt_trying.preview(REPLY, None, (), compose_now).included == (
        "tone@production is v1",
    )
    point(bench, "Be curt.")
    shown = prompt_trying.preview(REPLY, None, (), compose_now)
    assert shown.messages[0].content == "You reply.\nBe curt.\nBriefly."
    assert shown.found == ("question",)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('a\n{% include "nobody" %}', 2, "no prompt named 'nobody'"),
        ('{% include "tone@staging" %}', 1, "no version labelled 'staging'"),
        ('{% include "tone@v9" %}', 1, "no version 9"),
        ('{% include "@x" %}', 1, "names no prompt"),
        ('{% include "tone" %}\n\n{% if %}', 3, "Expected an expression"),
    ],
)
def test_what_cant_be_included_is_said_of_the_line_that_was_written(
    bench: Bench, text: str, line: int, why: str
):
    point(bench, "Of\nthree\nlines.")
    compose_now = composition.composer(bench.workspace, bench.project.id, "reply")
    shown = prompt_trying.preview(text, None, (), compose_now)
    assert why in shown.problem
    assert shown.line == line
    with pytest.raises(MessageError):
        bench.save_prompt(text, "reply")


def test_circles_depth_and_size_are_bounded(bench: Bench):
    bench.save_prompt('{% include "tone" %}', "a")
    with pytest.raises(TemplateError, match="tone would include itself: tone → a → tone"):
        bench.save_prompt('{% include "a" %}', "tone")
    with pytest.raises(TemplateError, match="itself: a → a"):
        bench.save_prompt('{% include "a" %}', "a")
    for number in range(compose.DEEPEST):
        name, before = f"deep{number}", f"deep{number - 1}" if number else "tone"
        if number < compose.DEEPEST - 1:
            bench.save_prompt(f'{{% include "{before}" %}}', name)
    with pytest.raises(TemplateError, match="chain of 8"):
        bench.save_prompt(f'{{% include "{before}" %}}', name)
    with pytest.raises(TemplateError, match="200 others at most"):
        bench.save_prompt('{% include "tone" %}' * 201, "many")
    bench.save_prompt("x" * 1_500_000, "large")
    with pytest.raises(TemplateError, match="longer than 2,000,000"):
        bench.save_prompt('{% include "large" %}' * 2, "too-large")


# What is behind, and bringing it up to date.


def test_a_change_says_what_it_affects_and_an_update_reaches_it_in_order(bench: Bench):
    bench.save_prompt(REPLY, "reply")
    bench.save_prompt('--- system ---\n{% include "reply" %}\n', "polite")
    bench.save_prompt('{% include "tone@v1" %}', "old")
    tone = prompts.get_prompt(bench.workspace, bench.project.id, "tone")
    said = composition_graph.affected_words(bench.workspace, tone)
    assert said.startswith("old v1, reply v1, polite v1 include tone. They keep the text of before")

    point(bench, "Be curt.")
    found = composition_graph.graph(bench.workspace, bench.project.id)
    assert composition_graph.behind(found) == ("reply", "polite")
    assert composition_graph.behind(found, "old") == ()
    assert [(row.path, row.standing) for row in composition_graph.rows(found)] == [
        (("old",), "up to date"),
        (("old", "tone"), "fixed"),
        (("polite",), "up to date"),
        (("polite", "reply"), "up to date"),
        (("polite", "reply", "tone"), "behind: means v2 now"),
    ]
    made = composition_graph.update(bench.workspace, bench.project.id, ("reply", "polite"))
    assert [(one.title, one.note) for one in made] == [
        ("reply v2", "with tone v1 → v2"),
        ("polite v2", "with reply v1 → v2"),
    ]
    assert made[1].messages == (("system", "You reply.\nBe curt.\nBriefly."),)
    assert prompts.texts_to_compare(bench_version(bench, 1), made[0]) == (
        prompts.whole_text(bench_version(bench, 1)),
        prompts.whole_text(made[0]),
    )
    found = composition_graph.graph(bench.workspace, bench.project.id)
    assert composition_graph.behind(found) == ()
    with pytest.raises(InputError, match="Nothing was changed"):
        bench.save_prompt(REPLY, "reply")


def bench_version(bench: Bench, number: int):
    return prompts.get_version(bench.workspace, bench.project.id, "reply", number=number)


# Files and the command line.


def test_files_keep_the_include_and_say_which_version_it_was(bench: Bench, tmp_path: Path):
    bench.save_prompt(REPLY, "reply")
    directory = tmp_path / "prompts"
    prompt_files.pull(bench.workspace, bench.project.id, directory)
    file = directory / "reply.prompt.md"
    assert "includes:\n  tone@production: 1\n" in file.read_text()
    assert file.read_text().endswith(REPLY)
    assert prompt_files.push(bench.workspace, bench.project.id, directory) == ([], [])

    (directory / "aaa.prompt.md").write_text('{% include "zzz" %} first')
    (directory / "zzz.prompt.md").write_text("I come")
    (directory / "bad.prompt.md").write_text('{% include "nobody" %}')
    saved, stuck = prompt_files.push(bench.workspace, bench.project.id, directory)
    assert [one.title for one in saved] == ["zzz v1", "aaa v1"]
    assert saved[1].messages == (("user", "I come first"),)
    assert [(one.name, "no prompt named 'nobody'" in one.problem) for one in stuck] == [
        ("bad", True)
    ]
    exported = prompt_files.export(bench_version(bench, 1), "dotprompt", bench.workspace)
    assert "include" not in exported
    assert "Be kind to {{name}}." in exported


def test_the_graph_and_the_update_from_the_command_line(bench: Bench):
    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["--db", str(bench.workspace.path), *words])
        return done.exit_code, done.output

    assert "No prompt includes another" in run("prompt", "graph")[1]
    bench.save_prompt(REPLY, "reply")
    assert run("prompt", "update", "--dry-run")[0] == 0
    point(bench, "Be curt.")
    assert "A change of tone affects reply." in run("prompt", "graph", "tone")[1]
    assert "behind: means v2 now" in run("prompt", "graph")[1]
    assert '"means_now": 2' in run("prompt", "graph", "--json")[1]
    assert run("prompt", "update", "--dry-run") == (1, "reply v1 is behind.\n")
    assert run("prompt", "update", "tone") == (0, "saved reply v2: with tone v1 → v2\n")
    assert "Be curt." in run("prompt", "get", "reply")[1]
    assert 'include "tone@production"' in run("prompt", "get", "reply", "--written")[1]
    assert run("prompt", "update", "nobody")[0]
