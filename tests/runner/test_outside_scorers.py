"""Scorers that need a library or a process of their own."""

# ruff: noqa: E501 - cases read better in one line
from __future__ import annotations

import sys
from pathlib import Path

import pytest

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError, UnavailableError
from llmops_tui.core.scorers import SCORERS, Score, ScorerSpec, ScoringInput
from llmops_tui.runner.scorers import compilers
from llmops_tui.runner.scorers.compilers import build_scorer
from llmops_tui.runner.scorers.own_function import OwnFunctionError

SCHEMA: Json = {
    "type": "object",
    "properties": {"a": {"type": "array", "items": {"type": "integer"}}},
    "required": ["a"],
}
MINE = """
import time
print("a line that is no answer")
def polite(answer, context):
    return {"pass": "please" in answer, "score": 0.9, "reason": "it says please" if "please" in answer else "rude"}
def near(answer, context):
    return 1.0 if answer == context["expected"] else 0.25
def slow(answer, context):
    if answer == "slow":
        time.sleep(60)
    return True
def broken(answer, context):
    raise ValueError("no idea")
def odd(answer, context):
    return ["?"]
def gone(answer, context):
    raise SystemExit
"""


def score(
    name: str, answer: str, expected: str | None = None, *, negate: bool = False, **parameters: Json
) -> Score:
    return build_scorer(ScorerSpec(name, parameters, negate))(ScoringInput(answer, expected))


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


@pytest.mark.parametrize(
    ("name", "answer", "expected", "parameters", "passed", "reason"),
    [
        ("json_schema", '{"a": [1]}', None, {"schema": SCHEMA}, True, "is JSON that satisfies the schema"),
        ("json_schema", '{"a": [1, "x"]}', None, {"schema": SCHEMA}, False,
         'doesn\'t satisfy the schema at “a[1]”: "x" is not of type "integer"'),
        ("json_schema", "{}", None, {"schema": SCHEMA}, False, None),
        ("json_schema", "nothing", None, {"schema": SCHEMA}, False, None),
        ("json_schema", 'Sure! {"a": []} Ok?', None, {"schema": SCHEMA, "anywhere": True}, True, None),
        ("json_schema", "[" * 10_000, None, {"anywhere": True}, False, None),
        ("levenshtein", "Pariss", "Paris", {}, True, "is 1 letter from “Paris” (likeness 0.83)"),
        ("levenshtein", "Lyon", "Paris", {}, False, None),
        ("levenshtein", "paris", "Paris", {"most_edits": 0, "ignore_case": True}, True, None),
        ("token_overlap", "on the mat the cat sat", "the cat sat on the mat", {"least": 1}, True, None),
        ("token_overlap", "the cat", "the cat sat on the mat", {"measure": "set", "least": 1}, True, None),
        ("token_overlap", "a dog", "the cat sat on the mat", {}, False, None),
        ("bleu", "the cat sat on the mat", "the cat sat on the mat", {"least": 0.99}, True, "has BLEU 1.00 ≥ 0.99"),
        ("bleu", "a dog", "the cat sat on the mat", {}, False, None),
        ("chrf", "the cat", "the cats", {}, True, None),
        ("is_sql", "SELECT a FROM t WHERE b = 1", None, {}, True, "is SQL"),
        ("is_sql", "```sql\nselect 1\n```", None, {}, True, None),
        ("is_sql", "SELECT a FROM WHERE", None, {}, False, None),
        ("is_sql", "hello", None, {}, False, "is no SQL statement"),
        ("is_sql", "Here is the query you want", None, {}, False, None),
        ("is_sql", "select * from a join b using (x)", None, {"tables": ["a"]}, False, "is SQL that uses the table “b”"),
        ("is_sql", "with c as (select 1) select * from c", None, {"tables": ["a"]}, True, None),
        ("language", "Bonjour tout le monde, comment allez-vous?", None, {"languages": ["fr"]}, True, "is written in fr"),
        ("language", "Hello everybody, how are you doing?", None, {"languages": ["fr", "de"]}, False, "is written in en, not de or fr"),
        ("language", "ok", None, {"languages": ["fr"]}, True, "is too short for its language to be told (2 letters)"),
        ("similarity", "I drove to the shop", "I went by car to the shop", {"least": 0.6}, True, None),
        ("similarity", "Bananas are yellow", "The parliament voted today", {"least": 0.6}, False, None),
        ("similarity", "", "x", {}, False, "is empty"),
    ],
)  # fmt: skip
def test_scorers_judge_as_people_would(
    name: str,
    answer: str,
    expected: str | None,
    parameters: dict[str, Json],
    passed: bool,
    reason: str | None,
) -> None:
    found = score(name, answer, expected, **parameters)
    assert found.passed is passed
    assert 0 <= found.value <= 1
    assert found.reason == reason or (reason is None and found.reason)


def test_every_scorer_can_be_compiled_somewhere() -> None:
    here = {kind.name for kind in SCORERS.values() if not kind.compile and not kind.compile_with}
    judges = {name for name in here if name.startswith("judge_")}
    assert len(judges) == 5
    assert here - judges == {*compilers.COMPILERS, compilers.HOLDS_OTHERS}


def test_a_schema_never_makes_anything_be_fetched() -> None:
    with pytest.raises(InputError, match="nothing is fetched"):
        score("json_schema", "1", schema={"$ref": "http://127.0.0.1:9/schema.json"})
    with pytest.raises(InputError, match="can't be used"):
        score("json_schema", "1", schema={"type": "nonsense"})


def test_an_unknown_dialect_is_said_before_the_run() -> None:
    with pytest.raises(InputError, match="no SQL dialect 'klingon'"):
        score("is_sql", "select 1", dialect="klingon")


def test_a_missing_library_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(UnavailableError, match="needs sacrebleu") as caught:
        score("bleu", "x", "y")
    assert caught.value.hint == "pip install 'llmops-tui[scorers]'"


def test_a_scorer_of_ones_own_says_yes_or_no_and_why(mine: Path) -> None:
    found = score("python", "please", function=f"{mine}:polite")
    assert (found.passed, found.value, found.reason) == (True, 0.9, "it says please")
    assert score("python", "now!", function=f"{mine}:polite").reason == "rude"
    assert score("python", "a", "a", function=f"{mine}:near").passed
    assert score("python", "a", "b", function=f"{mine}:near").reason == "near says 0.25 < 0.5"


def test_a_scorer_of_ones_own_that_hangs_costs_its_answer_only(mine: Path) -> None:
    scorer = build_scorer(ScorerSpec("python", {"function": f"{mine}:slow", "seconds": 0.3}))
    with pytest.raises(OwnFunctionError, match=r"slow took longer than 0\.3 s"):
        scorer(ScoringInput("slow"))
    patient = build_scorer(ScorerSpec("python", {"function": f"{mine}:slow"}))
    assert patient(ScoringInput("quick")).passed


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("broken", "broken raised ValueError: no idea"),
        ("odd", "odd returned"),
        ("gone", "The process of gone ended"),
        ("absent", "mine.py can't be used"),
    ],
)
def test_a_scorer_of_ones_own_that_breaks_is_an_error_not_a_wrong(
    mine: Path, function: str, message: str
) -> None:
    with pytest.raises(OwnFunctionError, match=message):
        score("python", "x", function=f"{mine}:{function}")


def test_a_scorer_of_ones_own_must_exist() -> None:
    with pytest.raises(InputError, match=r"There is no file absent\.py"):
        score("python", "x", function="absent.py:f")
