"""What is exported and imported again has the same values, whatever they are."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from llmops_tui.core.dataset import Example
from llmops_tui.core.errors import InputError
from llmops_tui.interchange.exporting import Exported, ExportFormat, export
from llmops_tui.interchange.tables import (
    BadRow,
    ExampleDraft,
    Source,
    columns,
    guess_mapping,
    read_rows,
    sample_rows,
    sniff,
    to_example,
)

SUFFIX = {
    ExportFormat.CSV: ".csv",
    ExportFormat.JSONL: ".jsonl",
    ExportFormat.PARQUET: ".parquet",
    ExportFormat.OPENAI_EVALS: ".jsonl",
    ExportFormat.PROMPTFOO: ".json",
}
EXACT = tuple(SUFFIX)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""A counterexample is told as it was found: shrinking one takes minutes."""

hostile = st.sampled_from(
    [
        "",
        " ",
        "\0",
        "\x1b[31m",
        "\r\n",
        "\u202eabc",
        "👩‍👩‍👧",
        "\ufeff",
        '"',
        "a;b",
        "=1+1",
        "'",
        "null",
        "[1]",
        "{}",
        "NaN",
        "\x85",
        "\u2028",
        "\x7f",
        "input:x",
        "x:json",
        "\\",
        "\\n",
        "é\u0301",
    ]
)
texts = st.one_of(hostile, st.text(max_size=40))
values = st.recursive(
    st.one_of(
        texts,
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
names = st.one_of(
    st.sampled_from(["question", "expected", "tags", "split", "a:json", "input:expected", " ", ""]),
    texts,
)
some_inputs = st.dictionaries(names, st.one_of(texts, values), min_size=1, max_size=4)
drafts = st.lists(
    st.tuples(
        some_inputs,
        st.none() | texts,
        st.lists(texts, max_size=3).map(tuple),
        st.none() | texts,
    ),
    min_size=1,
    max_size=5,
)


def made(content: list[tuple[dict, str | None, tuple[str, ...], str | None]]) -> list[Example]:
    return [Example(n, n, *one) for n, one in enumerate(content, 1)]


def written(content: list[Example], to: ExportFormat, **options) -> tuple[bytes, Exported]:
    stream = io.BytesIO()
    result = export(lambda: iter(content), stream, to, **options)
    return stream.getvalue(), result


def read_back(data: bytes, name: str) -> list[ExampleDraft]:
    with Source.from_bytes(data, name) as source:
        fmt = sniff(source)
        rows, _ = sample_rows(source, fmt)
        mapping = guess_mapping(columns(rows), rows, fmt.shape)
        found = []
        for row in read_rows(source, fmt):
            assert not isinstance(row, BadRow), row
            found.append(to_example(row, mapping))
        return found


def same(content: list[Example], found: list[ExampleDraft]) -> None:
    assert [dict(one.inputs) for one in content] == [one.inputs for one in found]
    assert [{n: type(v) for n, v in one.inputs.items()} for one in content] == [
        {n: type(v) for n, v in one.inputs.items()} for one in found
    ]
    assert [(o.expected, o.tags, o.split) for o in content] == [
        (o.expected, o.tags, o.split) for o in found
    ]


@pytest.mark.parametrize("to", EXACT)
@given(content=drafts)
@settings(max_examples=60, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
def test_every_value_comes_back_as_it_was(to: ExportFormat, content: list) -> None:
    examples = made(content)
    if to in {ExportFormat.CSV, ExportFormat.PARQUET}:
        examples = [one for one in examples if one.inputs]
    data, result = written(examples, to)
    assert result.rows == len(examples)
    same(examples, read_back(data, "x" + SUFFIX[to]))


@given(content=drafts)
@settings(max_examples=30, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
def test_promptfoo_tests_in_yaml_come_back_too(content: list) -> None:
    examples = made(content)
    data, _ = written(examples, ExportFormat.PROMPTFOO, yaml=True)
    same(examples, read_back(data, "tests.yaml"))


@pytest.mark.parametrize("to", EXACT)
def test_a_cell_of_a_megabyte_comes_back(to: ExportFormat) -> None:
    examples = made([({"text": 'x\0\n,"é😀' * 130_000}, "yes", (), None)])
    data, _ = written(examples, to)
    same(examples, read_back(data, "x" + SUFFIX[to]))


def test_a_table_of_plain_text_is_a_plain_table() -> None:
    examples = made([({"question": "France?"}, "Paris", ("easy", "geo"), "dev")])
    data, _ = written(examples, ExportFormat.CSV)
    assert data == b'question,expected,tags,split\nFrance?,Paris,"easy; geo",dev\n'


def test_formulas_are_disarmed_only_where_asked() -> None:
    examples = made([({"question": '=HYPERLINK("http://x")'}, "-1", (), None)])
    exact, _ = written(examples, ExportFormat.CSV)
    safe, _ = written(examples, ExportFormat.CSV, spreadsheet_safe=True)
    assert b'"=HYPERLINK' in exact
    assert b"\"'=HYPERLINK" in safe
    assert b",-1," in safe  # a number is no formula


def test_fine_tuning_gets_conversations_with_their_answers() -> None:
    system = {"role": "system", "content": "Be brief"}
    user = {"role": "user", "content": "France?"}
    examples = made(
        [
            ({"messages": [system, user]}, "Paris", (), None),
            ({"question": "Peru?"}, '["Lima", "lima"]', (), None),
            ({"question": "What?", "context": "Nothing"}, "No", (), None),
            ({"question": "unlabelled"}, None, (), None),
        ]
    )
    data, result = written(examples, ExportFormat.FINE_TUNE)
    lines = [json.loads(line)["messages"] for line in data.splitlines()]
    assert lines[0] == [system, user, {"role": "assistant", "content": "Paris"}]
    assert lines[1][-1]["content"] == "Lima"
    assert lines[2][0]["content"] == "question: What?\n\ncontext: Nothing"
    assert (result.rows, result.unlabelled) == (3, 1)
    first = read_back(data, "x.jsonl")[0]
    assert (first.inputs["messages"], first.expected) == ([system, user], "Paris")
    with pytest.raises(InputError, match="None of the examples"):
        written(examples[3:], ExportFormat.FINE_TUNE)


def test_other_tools_find_what_they_look_for() -> None:
    examples = made(
        [
            ({"q": "France?", "list": ["a"]}, '["Paris", "paris"]', ("t",), "dev"),
            ({"q": "Peru?"}, "Lima", (), None),
        ]
    )
    tests = json.loads(written(examples, ExportFormat.PROMPTFOO)[0])
    assert tests[0]["vars"] == {"q": "France?", "list": ["a"]}
    assert tests[0]["options"] == {"disableVarExpansion": True}
    (either,) = tests[0]["assert"]
    assert (either["type"], either["threshold"]) == ("assert-set", 0.5)
    assert tests[1]["assert"] == [{"type": "equals", "value": "Lima"}]
    samples = [json.loads(x) for x in written(examples, ExportFormat.OPENAI_EVALS)[0].splitlines()]
    assert samples[0]["ideal"] == ["Paris", "paris"]
    assert samples[1]["input"] == [{"role": "user", "content": "Peru?"}]


def test_half_of_a_surrogate_pair_is_replaced_and_counted(tmp_path: Path) -> None:
    examples = made([({"q": "x\ud800y"}, None, (), None)])
    for to in (ExportFormat.CSV, ExportFormat.PARQUET):
        data, result = written(examples, to)
        assert result.replaced == 1
        assert read_back(data, "x" + SUFFIX[to])[0].inputs["q"] == "x�y"


def test_a_file_that_broke_off_is_not_there(tmp_path: Path) -> None:
    def breaking():
        yield from made([({"q": "a"}, None, (), None)])
        raise InputError("Stop.")

    for to in ExportFormat:
        with pytest.raises(InputError, match="Stop"):
            export(breaking, tmp_path / "out", to)
    assert list(tmp_path.iterdir()) == []
