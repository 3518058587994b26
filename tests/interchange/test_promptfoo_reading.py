"""promptfoo's configurations, read as promptfoo reads them; nothing in them is run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.promptfoo.assertions import from_cell
from llmops_tui.interchange.promptfoo.model import Suite
from llmops_tui.interchange.promptfoo.reading import read_suite
from llmops_tui.interchange.promptfoo.yaml12 import read_yaml


def suite(folder: Path, text: str, **environment: str) -> Suite:
    path = folder / "promptfooconfig.yaml"
    path.write_text(text, "utf-8")
    return read_suite(path, environment)


def test_plain_words_mean_what_they_mean_in_javascript() -> None:
    text = "a: Yes\nb: on\nc: 12:30\nd: 0o17\ne: 0123\nf: true\ng: 1.50\nh: 2024-01-31\ni: ~\n"
    assert read_yaml(text, Path("x")) == {
        "a": "Yes",
        "b": "on",
        "c": "12:30",
        "d": 15,
        "e": 123,
        "f": True,
        "g": 1.5,
        "h": "2024-01-31",
        "i": None,
    }


def test_a_bomb_of_aliases_and_what_is_no_yaml_are_refused_in_a_sentence() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for name, before in zip("bcdefgh", "abcdefg", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    with pytest.raises(InputError, match="unfolds into more than 500,000 values"):
        read_yaml(bomb, Path("bomb.yaml"))
    with pytest.raises(InputError, match="line 2 is no YAML"):
        read_yaml("a: 1\n b: [", Path("x.yaml"))
    with pytest.raises(InputError):
        read_yaml("!!python/object/apply:os.system ['true']", Path("x.yaml"))


def test_prompts_come_as_texts_files_and_chats(tmp_path: Path) -> None:
    (tmp_path / "two.txt").write_text("One {{a}}\n---\nTwo {{a}}\n")
    chat = [{"role": "system", "content": "Be {{tone}}"}, {"role": "user", "content": "{{q}}"}]
    (tmp_path / "chat.json").write_text(json.dumps(chat))
    (tmp_path / "chat.yaml").write_text("- role: user\n  content: Hi {{ q | dump }}\n")
    (tmp_path / "table.csv").write_text('prompt,label\n"A, {{a}}",first\n')
    read = suite(
        tmp_path,
        """
prompts:
  - "Plain {{a}}"
  - file://two.txt
  - {id: file://chat.json, label: The chat}
  - file://chat.yaml
  - file://table.csv
  - {raw: "Raw {{a}}", label: raw one}
  - file://make.py:prompt
  - file://make.js
  - file://gone.txt
tests: []
""",
    )
    assert [(item.label, item.messages) for item in read.prompts] == [
        ("Plain {{a}}", (("user", "Plain {{a}}"),)),
        ("two.txt 1", (("user", "One {{a}}"),)),
        ("two.txt 2", (("user", "Two {{a}}"),)),
        ("The chat", (("system", "Be {{tone}}"), ("user", "{{q}}"))),
        ("chat.yaml", (("user", "Hi {{ q | tojson }}"),)),
        ("first", (("user", "A, {{a}}"),)),
        ("raw one", (("user", "Raw {{a}}"),)),
    ]
    assert read.prompts_named == 10
    assert [note.sentence() for note in read.notes] == [
        "prompts[6]: prompt: there is no file “make.py”",
        "prompts[7]: prompt: a prompt made by a program (.js)",
        "prompts[8]: prompt: there is no file “gone.txt”",
    ]
    assert read.notes[0].verbatim == "file://make.py:prompt"


def test_tests_are_merged_with_the_default_and_expanded_by_their_lists(tmp_path: Path) -> None:
    (tmp_path / "essay.txt").write_text("A long text.\n")
    read = suite(
        tmp_path,
        """
prompts: ["{{a}} {{b}} {{c}}"]
defaultTest:
  vars: {a: default, c: kept}
  threshold: 0.5
  assert:
    - {type: contains, value: always}
assertionTemplates:
  short: {type: word-count, value: {max: 3}}
tests:
  - vars: {a: [x, y], b: [1, 2]}
    assert:
      - $ref: '#/assertionTemplates/short'
  - vars: {b: file://essay.txt}
    options: {disableDefaultAsserts: true}
  - vars: {b: file://gone.txt}
""",
    )
    first, second, third = read.tests
    # A list of texts is several tests, a list of other values is one value.
    assert first.variables == {"a": "x", "c": "kept", "b": [1, 2]}
    assert second.variables["a"] == "y"
    assert [item.type for item in first.assertions] == ["contains", "word-count"]
    assert first.threshold == 0.5
    assert third.variables == {"a": "default", "c": "kept", "b": "A long text."}
    assert third.assertions == ()
    (note,) = read.notes
    assert note.where == "tests[2]"
    assert "gone.txt" in note.why


def test_scenarios_are_every_configuration_with_every_test(tmp_path: Path) -> None:
    read = suite(
        tmp_path,
        """
prompts: ["{{language}} {{text}}"]
scenarios:
  - config:
      - {vars: {language: French}, assert: [{type: contains, value: a}]}
      - {vars: {language: German}}
    tests:
      - {vars: {text: hello}, assert: [{type: contains, value: b}]}
      - {vars: {text: bye}}
""",
    )
    assert [dict(test.variables) for test in read.tests] == [
        {"language": "French", "text": "hello"},
        {"language": "French", "text": "bye"},
        {"language": "German", "text": "hello"},
        {"language": "German", "text": "bye"},
    ]
    assert [len(test.assertions) for test in read.tests] == [2, 1, 1, 0]


def test_a_csv_says_in_its_columns_how_each_row_is_judged(tmp_path: Path) -> None:
    (tmp_path / "tests.csv").write_text(
        "q,__expected1,__expected2,__description,__threshold,__metadata:kind,"
        "__config:__expected1:threshold\n"
        'one,contains: yes,"contains-any: a, b",first,0.5,easy,\n'
        "two,similar: like this,,,,,0.9\n"
        "three,Paris,,,,,\n"
    )
    first, second, third = suite(tmp_path, "prompts: ['{{q}}']\ntests: file://tests.csv\n").tests
    assert [(item.type, item.value) for item in first.assertions] == [
        ("contains", "yes"),
        ("contains-any", ["a", "b"]),
    ]
    assert (first.description, first.threshold, first.metadata) == ("first", 0.5, {"kind": "easy"})
    assert first.variables == {"q": "one"}
    assert second.assertions[0].threshold == 0.9
    assert (third.assertions[0].type, third.assertions[0].value) == ("equals", "Paris")


@pytest.mark.parametrize(
    ("cell", "kind", "value", "threshold"),
    [
        ("Paris", "equals", "Paris", None),
        ("not-contains: sorry", "not-contains", "sorry", None),
        ("icontains-all: a, b", "icontains-all", ["a", "b"], None),
        ("similar(0.8): about this", "similar", "about this", 0.8),
        ("levenshtein(5): abc", "levenshtein", "abc", 5.0),
        ("is-json", "is-json", None, None),
        ("javascript: output.length < 5", "javascript", "output.length < 5", None),
        ("fn: true", "javascript", "true", None),
        ("python: len(output) < 5", "python", "len(output) < 5", None),
        ("grade: is polite", "llm-rubric", " is polite", None),
        ("file://check.py:good", "python", "file://check.py:good", None),
        ("unknown: text", "equals", "unknown: text", None),
    ],
)
def test_a_cell_is_read_as_promptfoo_reads_it(
    cell: str, kind: str, value: object, threshold: float | None
) -> None:
    item = from_cell(cell, "x")
    assert (item.type, item.value, item.threshold) == (kind, value, threshold)


def test_the_environment_fills_in_but_no_secret_is_read(tmp_path: Path) -> None:
    read = suite(
        tmp_path,
        """
env: {REGION: here}
prompts: ["In {{env.REGION}} for {{ env['TEAM'] }}, {{env.API_KEY}}"]
tests: [{vars: {a: 1}}]
""",
        TEAM="us",
        API_KEY="sk-secret",
    )
    assert read.prompts[0].messages == (("user", "In here for us, {{env.API_KEY}}"),)
    assert any(note.what == "API_KEY" for note in read.notes)


def test_what_is_no_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no promptfoo configuration"):
        suite(tmp_path, "a: 1\n")
    script = tmp_path / "promptfooconfig.js"
    script.write_text("module.exports = {}")
    with pytest.raises(InputError, match="nothing of it is run"):
        read_suite(script, {})
    with pytest.raises(InputError, match="can't be read"):
        read_suite(tmp_path / "gone.yaml", {})


def test_every_configuration_of_the_collection_is_read(shared_data: Path) -> None:
    others = {"get_current_weather.yaml", "external_tools.yaml", "prompt.yaml"}
    paths = sorted(shared_data.glob("configs/promptfoo*/**/*.yaml"))
    found = [read_suite(path, {}) for path in paths if path.name not in others]
    assert len(found) == 68
    for suite in found:
        # Nothing is lost: what is no prompt or test here is noted, with its words.
        assert len(suite.prompts) == suite.prompts_named or suite.notes, suite.path
        assert all(note.why for note in suite.notes)
