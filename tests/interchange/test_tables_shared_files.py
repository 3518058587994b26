"""Every real and hostile file of the shared collection is read, or refused in a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables import (
    BadRow,
    Row,
    columns,
    guess_mapping,
    read_rows,
    sample_rows,
    sniff,
    to_example,
)

ROWS = {
    "evals/bigbench/*.json": 2061,
    "evals/gsm8k/test.jsonl": 1319,
    "evals/gsm8k/example_model_solutions.first100.jsonl": 100,
    "evals/hostile_strings/naughty_strings__security.jsonl": 400,
    "evals/humaneval/HumanEval.jsonl.gz": 164,
    "evals/intent/banking77_test.csv": 3080,
    "evals/intent/prodigy_github_issues_textcat.jsonl": 830,
    "evals/json_extraction/json_patch_object__samples.jsonl": 100,
    "evals/json_extraction/resource_id_extraction__samples.jsonl": 24,
    "evals/json_extraction/utility_price_parsing__samples.jsonl": 15,
    "evals/json_extraction/restaurant8k_train_3.json": 1024,
    "evals/large/formal_logic.jsonl.gz": 214_866,
    "evals/large/rg_cities1000.csv": 102_000,
    "evals/mtbench/judge_prompts.jsonl": 8,
    "evals/mtbench/question.jsonl": 80,
    "evals/multilingual/*.jsonl": 529,
    "evals/openai_evals/*.jsonl": 1024,
    "evals/peers/anthropic_rag_end_to_end_dataset.csv": 100,
    "evals/peers/deepeval_goldens.csv": 15,
    "evals/peers/deepeval_goldens.json": 15,
    "evals/peers/evidently_bookings.csv": 200,
    "evals/peers/genkit_dogfacts.json": 20,
    "evals/peers/ragas_booksql_sample.csv": 99,
    "evals/peers/ragas_support_triage.csv": 20,
    "evals/pii_ner/FakeNameGenerator.com_100.csv": 100,
    "evals/pii_ner/genkit_pii_detection_dataset.json": 21,
    "evals/pii_ner/presidio_generated_small.json": 100,
    "evals/pii_ner/prodigy_news_headlines_ner.jsonl": 373,
    "evals/qa/NQ-open.dev.jsonl": 3610,
    "evals/sentiment/imdb_eval_sample.csv": 100,
    "evals/sentiment/vader_tweets_GroundTruth.txt": 4200,
    "evals/spam/SMSSpamCollection.tsv": 2500,
    "evals/truthfulqa/TruthfulQA.csv": 817,
    "hostile/strings/blns.json": 515,
}
"""Rows as the collection's index counts them (for CSV: records without the header)."""

MAPPINGS = {
    "evals/gsm8k/test.jsonl": (("question",), "answer"),
    "evals/humaneval/HumanEval.jsonl.gz": (("prompt",), "canonical_solution"),
    "evals/intent/banking77_test.csv": (("text",), "category"),
    "evals/large/formal_logic.jsonl.gz": (("input",), "ideal"),
    "evals/peers/anthropic_rag_end_to_end_dataset.csv": (("query", "checks"), "correct_answer"),
    "evals/peers/deepeval_goldens.json": (("input", "context"), "expected_output"),
    "evals/peers/ragas_booksql_sample.csv": (("Query",), "SQL"),
    "evals/spam/SMSSpamCollection.tsv": (("c2",), "c1"),
    "evals/truthfulqa/TruthfulQA.csv": (("Question",), "Best Answer"),
}


def read(path: Path) -> tuple[int, list[BadRow]]:
    good, bad = 0, []
    for row in read_rows(path, sniff(path)):
        if isinstance(row, Row):
            good += 1
        else:
            bad.append(row)
    return good, bad


@pytest.mark.parametrize("pattern", ROWS)
def test_a_good_file_gives_all_its_rows(shared_data: Path, pattern: str) -> None:
    read_files = [read(path) for path in sorted(shared_data.glob(pattern))]
    assert sum(good for good, _ in read_files) == ROWS[pattern]
    assert all(not bad for _, bad in read_files)


@pytest.mark.parametrize("name", MAPPINGS)
def test_the_columns_of_known_files_are_guessed(shared_data: Path, name: str) -> None:
    path = shared_data / name
    fmt = sniff(path)
    first, _ = sample_rows(path, fmt)
    mapping = guess_mapping(columns(first), first, fmt.shape)
    assert (mapping.inputs, mapping.expected) == MAPPINGS[name]
    assert all(to_example(row, mapping).expected for row in first)


@pytest.mark.parametrize("folder", ["evals", "hostile", "made", "configs", "monitoring"])
def test_no_file_at_all_makes_us_stumble(shared_data: Path, folder: str) -> None:
    seen = 0
    refused: dict[Path, InputError] = {}
    for path in sorted((shared_data / folder).rglob("*")):
        if not path.is_file() or path.stat().st_size > 1_500_000:
            continue
        seen += 1
        try:
            fmt = sniff(path)
            rows = list(read_rows(path, fmt))
        except InputError as error:
            refused[path] = error
            continue
        lines = [row.line for row in rows]
        assert lines == sorted(lines), path
        first = [row for row in rows if isinstance(row, Row)][:50]
        mapping = guess_mapping(columns(first), first, fmt.shape)
        for row in rows:
            if isinstance(row, Row):
                to_example(row, mapping)
            else:
                assert row.reason, path
                assert row.raw.encode(), path
    assert seen
    for path, error in refused.items():
        assert str(error).endswith("."), path
        assert error.hint.endswith("."), path


def test_csv_spectrum_equals_its_expected_json(shared_data: Path) -> None:
    folder = shared_data / "hostile/csv/spectrum"
    files = sorted((folder / "csvs").glob("*.csv"))
    assert len(files) == 11
    for path in files:
        expected = json.loads((folder / "json" / f"{path.stem}.json").read_text("utf-8"))
        if b"\r" not in path.read_bytes():
            # The copy at hand lost its carriage returns; what is left must still be the same.
            expected = json.loads(json.dumps(expected).replace("\\r\\n", "\\n"))
        rows = [row.values for row in read_rows(path, sniff(path)) if isinstance(row, Row)]
        assert rows == expected, path.name


def test_json_that_must_parse_parses(shared_data: Path) -> None:
    files = sorted((shared_data / "hostile/json").glob("*__y_*.json"))
    assert files
    for path in files:
        good, bad = read(path)
        assert not bad, path.name
        value = json.loads(path.read_bytes())
        assert good == (len(value) if isinstance(value, list) else 1), path.name


def test_json_that_must_not_parse_never_passes(shared_data: Path) -> None:
    files = sorted((shared_data / "hostile/json").glob("*__n_*.json"))
    assert files
    for path in files:
        try:
            _, bad = read(path)
        except InputError:
            continue
        assert bad, path.name


def test_hostile_csv_is_judged_row_by_row(shared_data: Path) -> None:
    expected = {
        "made/csv_ragged.csv": (1, [2, 3, 5]),
        "made/csv_1mb_cell.csv": (2, []),
        "made/csv_header_only.csv": (0, []),
        "made/csv_nul_bytes.csv": (2, []),
        "made/csv_latin1.csv": (2, []),
        "made/csv_bom_crlf_embedded_newlines.csv": (2, []),
        "made/jsonl_mixed_shapes.jsonl": (4, [2, 3, 4, 5, 8, 9]),
        "made/jsonl_truncated_last_line.jsonl": (40, [41]),
        "hostile/csv/csvkit/mac_newlines.csv": (2, []),
        "hostile/csv/csvkit/bad.csv": (1, [2, 3]),
        "hostile/csv/csvkit/null_byte.csv": (1, []),
        "hostile/csv/csvkit/ks_1033_data.csv": (1575, []),
        "hostile/csv/frictionless/without-headers-extra.csv": (2, [3]),
        "hostile/csv/frictionless/accent.csv": (2, []),
        "hostile/csv/frictionless/issue-305.csv": (338, []),
    }
    for name, (count, bad_lines) in expected.items():
        good, bad = read(shared_data / name)
        assert (good, [row.line for row in bad]) == (count, bad_lines), name
