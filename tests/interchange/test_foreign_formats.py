"""Data of other tools: promptfoo, Inspect, Langfuse, Phoenix, llm, workbooks, Parquet, folders."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from datetime import date
from pathlib import Path

import pytest

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables import (
    BadRow,
    ExampleDraft,
    Overrides,
    Source,
    columns,
    guess_mapping,
    read_rows,
    sample_rows,
    sniff,
    to_example,
)


def examples(path: Path | Source, overrides: Overrides | None = None) -> list[ExampleDraft]:
    """What an import makes of a file that has no bad rows."""
    fmt = sniff(path, overrides)
    rows, bad = sample_rows(path, fmt)
    assert bad == []
    mapping = guess_mapping(columns(rows), rows, fmt.shape)
    found = []
    for row in read_rows(path, fmt):
        assert not isinstance(row, BadRow), row
        found.append(to_example(row, mapping))
    return found


def written(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


PROMPTFOO = """
prompts: ['{{question}}']
defaultTest:
  vars: {tone: dry}
  assert: [{type: latency, threshold: 500}]
tests:
  - description: a capital
    vars: {question: 'France?'}
    metadata: {topic: geography}
    assert: [{type: contains, value: Paris}]
  - vars: {question: ['Peru?', 'Chile?']}
    assert: [{type: javascript, value: 'output.length < 5'}]
"""


def test_promptfoo_tests_come_with_their_answers_and_what_cant_be_one(tmp_path: Path) -> None:
    first, second, third = examples(written(tmp_path, "promptfooconfig.yaml", PROMPTFOO))
    latency = {"type": "latency", "threshold": 500}
    assert first.inputs == {
        "description": "a capital",
        "question": "France?",
        "tone": "dry",
        "checks": [latency],
    }
    assert (first.expected, first.tags) == ("Paris", ("check:contains", "topic:geography"))
    assert first.line == 7
    assert [second.inputs["question"], third.inputs["question"]] == ["Peru?", "Chile?"]
    script = {"type": "javascript", "value": "output.length < 5"}
    assert (second.expected, second.inputs["checks"]) == (None, [script, latency])


def test_promptfoo_magic_columns(tmp_path: Path) -> None:
    text = (
        "question,__expected,__expected2,__metadata:level,__description\n"
        "France?,Paris,,easy,first\n"
        'Primes?,"contains-any: 2, 3",javascript: output > 1,hard,\n'
        "Odd: one?,contains,,,\n"
    )
    first, second, third = examples(written(tmp_path, "tests.csv", text))
    assert (first.inputs, first.expected) == (
        {"question": "France?", "description": "first"},
        "Paris",
    )
    assert first.tags == ("level:easy",)
    assert second.expected == '["2", "3"]'
    assert second.tags == ("check:contains-any", "level:hard")
    assert second.inputs["checks"] == [{"type": "javascript", "value": "output > 1"}]
    assert third.expected == "contains"  # without a colon it is the answer itself


def test_promptfoo_tests_in_another_file_are_named(tmp_path: Path) -> None:
    path = written(tmp_path, "c.yaml", "prompts: [x]\ntests: file://tests.csv\n")
    with pytest.raises(InputError, match=r"another file: file://tests\.csv"):
        sniff(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1, 2", "not valid YAML"),
        ("a: !!python/object/apply:os.system [ls]", "not valid YAML"),
        ("name: x\n", "without a list “tests”"),
        ("- &a [x, x, x, x, x, x, x, x, x]\n", None),
    ],
)
def test_yaml_that_is_no_list_is_refused(tmp_path: Path, text: str, words: str | None) -> None:
    path = written(tmp_path, "x.yaml", text)
    if words is None:
        assert len(examples(path)) == 1
        return
    with pytest.raises(InputError, match=words):
        list(read_rows(path, sniff(path)))


@pytest.mark.slow
def test_yaml_that_grows_without_bound_costs_its_row(tmp_path: Path) -> None:
    lines = ["- {a0: &a0 [x, x, x, x, x, x, x, x, x, x]}"]
    lines += [f"- {{a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 9)]
    path = written(tmp_path, "bomb.yaml", "\n".join(lines))
    bad = [row for row in read_rows(path, sniff(path)) if isinstance(row, BadRow)]
    assert bad
    assert "more than 1,000,000 values" in bad[-1].reason


def inspect_sample(number: int, epoch: int) -> dict[str, object]:
    return {
        "id": number,
        "epoch": epoch,
        "input": [{"id": "m1", "role": "user", "content": f"Question {number}?"}],
        "choices": ["yes", "no"],
        "target": ["A"],
        "metadata": {"level": 2, "long": {"nested": True}},
        "messages": [],
        "scores": {"match": {"value": "C"}},
    }


def test_inspect_samples_come_once_each_from_either_form(tmp_path: Path) -> None:
    archive = tmp_path / "log.eval"
    with zipfile.ZipFile(archive, "w") as log:
        log.writestr("header.json", "{}")
        for number, epoch in ((10, 1), (2, 2), (2, 1), (10, 2)):
            text = json.dumps(inspect_sample(number, epoch))
            log.writestr(f"samples/{number}_epoch_{epoch}.json", text)
    document = written(
        tmp_path,
        "log.json",
        json.dumps(
            {"version": 2, "samples": [inspect_sample(n, e) for n in (2, 10) for e in (1, 2)]}
        ),
    )
    for path in (archive, document):
        found = examples(path)
        assert [one.inputs["input"] for one in found] == [
            [{"role": "user", "content": "Question 2?"}],
            [{"role": "user", "content": "Question 10?"}],
        ]
        assert found[0].inputs["choices"] == ["yes", "no"]
        assert (found[0].expected, found[0].tags) == ("A", ("level:2",))


def test_an_inspect_log_packed_with_zstd_is_read(tmp_path: Path) -> None:
    import zstandard

    text = json.dumps(inspect_sample(1, 1)).encode()
    packed = zstandard.ZstdCompressor().compress(text)
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w") as log:
        log.writestr("samples/1_epoch_1.json", packed)
        log.writestr("header.json", "{}")
    data = path.read_bytes()
    # The method's number stands in the local and in the central header of the entry.
    local = data.index(b"PK\x03\x04") + 8
    central = data.index(b"PK\x01\x02") + 10
    size = len(text).to_bytes(4, "little")
    patched = bytearray(data)
    patched[local : local + 2] = patched[central : central + 2] = (93).to_bytes(2, "little")
    patched[local + 14 : local + 18] = patched[central + 14 : central + 18] = size
    path.write_bytes(patched)
    assert len(examples(path)) == 1


def test_langfuse_items_in_json_and_csv(tmp_path: Path) -> None:
    item = {
        "id": "i1",
        "status": "ACTIVE",
        "input": {"question": "France?"},
        "expectedOutput": {"answer": "Paris"},
        "metadata": {"lang": "en"},
        "sourceTraceId": None,
    }
    nested = written(tmp_path, "items.json", json.dumps({"data": [item], "meta": {"page": 1}}))
    cells = ",".join(
        '"' + json.dumps(item[name]).replace('"', '""') + '"'
        for name in ("input", "expectedOutput", "metadata")
    )
    table = written(
        tmp_path, "items.csv", f"id,status,input,expectedOutput,metadata\ni1,ARCHIVED,{cells}\n"
    )
    (from_json,), (from_csv,) = examples(nested), examples(table)
    assert from_json.inputs == from_csv.inputs == {"question": "France?"}
    assert from_json.expected == from_csv.expected == "Paris"
    assert from_json.tags == ("lang:en",)
    assert from_csv.tags == ("lang:en", "status:archived")


def test_phoenix_examples_in_json_and_csv(tmp_path: Path) -> None:
    example = {
        "id": "RX1",
        "input": {"question": "France?"},
        "output": {"answer": "Paris"},
        "metadata": {"topic": "cities"},
    }
    answer = {"data": {"dataset_id": "D", "version_id": "V", "examples": [example]}}
    nested = written(tmp_path, "phoenix.json", json.dumps(answer))
    table = written(
        tmp_path,
        "phoenix.csv",
        "example_id,input_question,output_answer,metadata_topic\nRX1,France?,Paris,cities\n",
    )
    for path in (nested, table):
        (found,) = examples(path)
        assert found.inputs == {"question": "France?"}
        assert (found.expected, found.tags) == ("Paris", ("topic:cities",))


def test_openai_evals_samples(tmp_path: Path) -> None:
    lines = [
        {"input": [{"role": "user", "content": "France?"}], "ideal": "Paris"},
        {"input": "Peru?", "ideal": ["Lima", "lima"]},
    ]
    path = written(tmp_path, "samples.jsonl", "\n".join(map(json.dumps, lines)))
    first, second = examples(path)
    assert (first.inputs["input"], first.expected) == (lines[0]["input"], "Paris")
    assert second.expected == '["Lima", "lima"]'


OLD_LLM = """
CREATE TABLE responses (id TEXT PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, response TEXT,
                        conversation_id TEXT, datetime_utc TEXT);
CREATE TABLE fragments (id INTEGER PRIMARY KEY, content TEXT);
CREATE TABLE prompt_fragments (response_id TEXT, fragment_id INTEGER, "order" INTEGER);
CREATE TABLE system_fragments (response_id TEXT, fragment_id INTEGER, "order" INTEGER);
INSERT INTO responses VALUES ('r1', 'm', 'Why?', 'Be brief', 'Because', 'c', '2026-01-01');
INSERT INTO fragments VALUES (1, 'A long text');
INSERT INTO prompt_fragments VALUES ('r1', 1, 0);
"""
NEW_LLM = """
CREATE TABLE turns (id TEXT PRIMARY KEY, thread_id TEXT, parent_message_hash TEXT,
                    tip_message_hash TEXT, model TEXT, datetime_utc TEXT);
CREATE TABLE messages (hash TEXT PRIMARY KEY, parent_hash TEXT, role TEXT);
CREATE TABLE parts (id INTEGER PRIMARY KEY, message_hash TEXT, position INTEGER, type TEXT,
                    text TEXT);
CREATE TABLE part_fragments (part_id INTEGER, fragment_id INTEGER, "order" INTEGER);
INSERT INTO messages VALUES ('s', NULL, 'system'), ('u1', 's', 'user'), ('a1', 'u1', 'assistant'),
                            ('u2', 'a1', 'user'), ('a2', 'u2', 'assistant');
INSERT INTO parts (message_hash, position, type, text) VALUES
    ('s', 0, 'text', 'Be brief'), ('u1', 0, 'text', 'First?'), ('a1', 0, 'text', 'One'),
    ('u2', 0, 'text', 'Second?'), ('a2', 1, 'text', 'Two'), ('a2', 0, 'reasoning', 'hm');
INSERT INTO turns VALUES ('t1', 'th', 'u1', 'a1', 'm', ''), ('t2', 'th', 'u2', 'a2', 'm', '');
"""


def test_logs_of_llm_in_both_schemas_are_read_and_never_written(tmp_path: Path) -> None:
    path = tmp_path / "logs.db"
    connection = sqlite3.connect(path)
    connection.executescript(OLD_LLM + NEW_LLM)
    connection.close()
    before = path.read_bytes()
    old, first, second = examples(path)
    assert old.inputs["prompt"] == "A long text\nWhy?"
    assert (first.inputs["prompt"], first.inputs["system"]) == ("First?", "Be brief")
    assert second.inputs["prompt"] == "Second?"
    assert second.inputs["history"] == [
        {"role": "user", "content": "First?"},
        {"role": "assistant", "content": "One"},
    ]
    assert {one.expected for one in (old, first, second)} == {None}
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["logs.db"]


def test_a_sheet_of_a_workbook(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        [],
        ["question", "answer", "when"],
        ["2+2?", 4, date(2026, 1, 2)],
        [" é😀", "x"],
    ):
        sheet.append(row)
    book.create_sheet("other").append(["question", "answer"])
    book["other"].append(["here?", "yes"])
    path = tmp_path / "book.xlsx"
    book.save(path)
    fmt = sniff(path)
    assert "“other”" in fmt.notes[0]
    first, second = read_rows(path, fmt)
    assert not isinstance(first, BadRow)
    assert first.values == {"question": "2+2?", "answer": 4, "when": "2026-01-02"}
    assert second.values["question"] == " é😀"  # type: ignore[union-attr]
    assert first.line == 3
    (other,) = examples(path, Overrides(sheet="other"))
    assert (other.inputs, other.expected) == ({"question": "here?"}, "yes")
    with pytest.raises(InputError, match="no sheet “third”"):
        sniff(path, Overrides(sheet="third"))
    with Source.from_bytes(path.read_bytes(), "stdin") as piped:
        assert len(examples(piped)) == 2


def test_parquet_with_nested_and_missing_values(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "data.parquet"
    rows = [
        {"question": "a", "answer": "b", "scores": [1.5, None], "meta": {"n": 1}, "raw": b"\xff"},
        {"question": "c\0d", "answer": None, "scores": [], "meta": None, "raw": b"text"},
    ]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    first, second = read_rows(path, sniff(path))
    assert first.values == {**rows[0], "raw": "/w=="}  # type: ignore[union-attr]
    assert second.values == {**rows[1], "raw": "text"}  # type: ignore[union-attr]
    assert [one.expected for one in examples(path)] == ["b", None]


def test_a_directory_of_texts(tmp_path: Path) -> None:
    (tmp_path / "pos").mkdir()
    (tmp_path / "pos" / "2.txt").write_text("good\n")
    (tmp_path / "1.txt").write_bytes("caf\xe9".encode("latin-1"))
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(300))
    (tmp_path / ".hidden").write_text("no")
    rows = list(read_rows(tmp_path, sniff(tmp_path)))
    assert [row.values for row in rows if not isinstance(row, BadRow)] == [
        {"text": "café", "file": "1.txt", "folder": ""},
        {"text": "good\n", "file": "pos/2.txt", "folder": "pos"},
    ]
    assert [(row.reason, row.raw) for row in rows if isinstance(row, BadRow)] == [
        ("no text", "picture.png")
    ]
