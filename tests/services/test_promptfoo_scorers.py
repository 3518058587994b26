"""promptfoo's assertions as scorers: the same answers pass here as there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llmops_tui.core.chat import Json
from llmops_tui.core.scorers import ScorerSpec, ScoringInput
from llmops_tui.core.scorers.judge_prompts import Ask
from llmops_tui.interchange.promptfoo.assertions import read_assertion
from llmops_tui.interchange.promptfoo.files import Files
from llmops_tui.interchange.promptfoo.reading import read_suite
from llmops_tui.runner.scorers.compilers import build_scorer
from llmops_tui.runner.scorers.judging import Reply
from llmops_tui.services.promptfoo.coverage import UNJUDGED, Plan, plan_suite
from llmops_tui.services.promptfoo.functions import OwnFunctions
from llmops_tui.services.promptfoo.scorers import AssertionMapper, CantRunError


def mapper(folder: Path) -> AssertionMapper:
    return AssertionMapper(Files(folder, {}), OwnFunctions(folder / "functions"))


def passes(folder: Path, assertion: dict, answer: str, **variables: object) -> bool:
    item = read_assertion(assertion, "x", {})
    spec = ScorerSpec.from_json(mapper(folder).map(item, variables).spec)  # type: ignore[arg-type]
    return build_scorer(spec)(ScoringInput(answer)).passed


@pytest.mark.parametrize(
    ("assertion", "right", "wrong"),
    [
        ({"type": "equals", "value": "Yarr"}, "Yarr", "Yarr "),
        ({"type": "equals", "value": 42}, "42", "42.0"),
        ({"type": "equals", "value": {"a": [1]}}, '{"a": [1]}', '{"a": [2]}'),
        ({"type": "not-equals", "value": "x"}, "y", "x"),
        ({"type": "contains", "value": "Rose"}, "a Rose", "a rose"),
        ({"type": "icontains", "value": "Rose"}, "a rose", "a tulip"),
        ({"type": "contains-any", "value": ["a,b", "c"]}, "xa,b", "ab"),
        ({"type": "contains-any", "value": '"a,b", c'}, "xa,b", "ab"),
        ({"type": "icontains-any", "value": "a, B"}, "b", "c"),
        ({"type": "contains-all", "value": ["a", "b"]}, "ba", "a"),
        ({"type": "not-contains-all", "value": ["a", "b"]}, "a", "ab"),
        ({"type": "starts-with", "value": "Once"}, "Once more", " Once more"),
        ({"type": "regex", "value": "^a+$"}, "aaa", "b\naaa\nb"),
        ({"type": "regex", "value": "(?<year>\\d{4})"}, "in 2024", "in 24"),
        ({"type": "is-json"}, '{"a": 1}', '```json\n{"a": 1}\n```'),
        ({"type": "is-json", "value": {"required": ["a"]}}, '{"a": 1}', '{"b": 1}'),
        ({"type": "is-json", "value": 'type: object\nrequired: ["a"]'}, '{"a": 1}', "[]"),
        ({"type": "contains-json"}, 'Here: {"a": 1} there', "nothing"),
        ({"type": "is-xml", "value": "a.b"}, "<a><b/></a>", "<a><c/></a>"),
        ({"type": "levenshtein", "value": "kitten", "threshold": 2}, "kitte", "sitting"),
        ({"type": "word-count", "value": {"min": 2, "max": 3}}, "two words", "one"),
        ({"type": "word-count", "value": 2}, "two words", "three words now"),
        ({"type": "finish-reason", "value": "stop"}, "x", None),
        ({"type": "python", "value": "len(output) > 3"}, "long enough", "no"),
        ({"type": "python", "value": "n = len(output)\nreturn n > 3"}, "long enough", "no"),
        ({"type": "python", "value": "max(0, len(output) - 3)"}, "more", "no"),
    ],
)
def test_the_same_answers_pass(
    tmp_path: Path, assertion: dict, right: str, wrong: str | None
) -> None:
    assert passes(tmp_path, assertion, right)
    if wrong is not None:
        assert not passes(tmp_path, assertion, wrong)


def test_values_are_rendered_with_the_tests_variables(tmp_path: Path) -> None:
    assertion = {"type": "contains-all", "value": ["{{name}}", "{{ city }}"]}
    assert passes(tmp_path, assertion, "Ada in Rome", name="Ada", city="Rome")
    assert not passes(tmp_path, assertion, "Ada in Rome", name="Ada", city="Bonn")


def test_values_and_functions_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "schema.yaml").write_text("type: object\nrequired: [a]\n")
    (tmp_path / "check.py").write_text(
        "def get_assert(output, context):\n"
        "    good = output == context['vars']['wanted']\n"
        "    return {'pass': good, 'score': 1.0 if good else 0.25, 'reason': 'compared'}\n"
    )
    schema = {"type": "is-json", "value": "file://schema.yaml"}
    assert passes(tmp_path, schema, '{"a": 1}')
    assert not passes(tmp_path, schema, "{}")
    item = read_assertion({"type": "python", "value": "file://check.py"}, "x", {})
    score = build_scorer(ScorerSpec.from_json(mapper(tmp_path).map(item, {}).spec))
    assert score(ScoringInput("yes", inputs={"wanted": "yes"})).passed
    said = score(ScoringInput("no", inputs={"wanted": "yes"}))
    assert (said.passed, said.value, said.reason) == (False, 0.25, "compared")


@pytest.mark.parametrize(
    ("assertion", "why"),
    [
        ({"type": "javascript", "value": "true"}, "JavaScript is not run here"),
        ({"type": "llm-rubric", "value": "polite"}, "name one with --judge"),
        ({"type": "max-length", "value": 5}, "promptfoo has no such type"),
        ({"type": "contains"}, "needs a text"),
        ({"type": "contains-any", "value": []}, "needs a list"),
        ({"type": "latency"}, "needs a threshold"),
        ({"type": "regex", "value": "(a"}, "can't be read"),
        ({"type": "regex", "value": "(a+)+$"}, "could take for ever"),
        ({"type": "is-json", "value": "file://gone.json"}, "there is no file"),
        ({"type": "equals", "value": "file://make.js"}, "made by a program"),
        ({"type": "equals", "value": "x", "transform": "output.split(1)[0]"}, "transform"),
        ({"type": "python", "value": "def ("}, "no Python"),
    ],
)
def test_what_cant_run_says_why(tmp_path: Path, assertion: dict, why: str) -> None:
    with pytest.raises(CantRunError, match=why):
        passes(tmp_path, assertion, "x")


@pytest.mark.parametrize(
    ("transform", "answer"),
    [
        ("output.trim()", "  Paris\n"),
        ("output.trim().toLowerCase()", " PARIS "),
        ("JSON.parse(output).city", '{"city": "Paris"}'),
        ("JSON.parse(output).cities[0].name", '{"cities": [{"name": "Paris"}]}'),
        ("JSON.parse(output)['the city'].trim();", '{"the city": " Paris "}'),
    ],
)
def test_a_transform_that_only_takes_a_part_is_done_without_javascript(
    tmp_path: Path, transform: str, answer: str
) -> None:
    wanted = "paris" if "Lower" in transform else "Paris"
    assertion = {"type": "equals", "value": wanted, "transform": transform}
    assert passes(tmp_path, assertion, answer)
    assert not passes(tmp_path, assertion, "Rome")
    assert transformed(tmp_path, transform, wanted, answer, "") == [True, False]


def transformed(folder: Path, transform: str, wanted: str, *answers: str) -> list[bool]:
    """Whether answers pass `equals` after a test's transform."""
    path = folder / "promptfooconfig.yaml"
    test = {
        "vars": {"sign": "P"},
        "options": {"transform": transform},
        "assert": [{"type": "equals", "value": wanted}],
    }
    path.write_text(json.dumps({"prompts": ["x"], "providers": ["openai:m"], "tests": [test]}))
    plan = plan_suite(read_suite(path, {}), {}, OwnFunctions(folder / "functions"))
    score = build_scorer(ScorerSpec("per_example", {"column": "assert"}))
    inputs = plan.examples[0].inputs
    return [score(ScoringInput(text, inputs=inputs)).passed for text in answers]


@pytest.mark.parametrize(
    ("transform", "answer"),
    [
        ("{{ output | replace('city: ', '') }}", "city: Paris"),
        ("{% if output == vars.sign %}Paris{% endif %}", "P"),
        ("file://part.py", "PARIS it is"),
        ("file://part.py:second", "in Paris"),
    ],
)
def test_a_transform_in_jinja_or_python_is_done(
    tmp_path: Path, transform: str, answer: str
) -> None:
    (tmp_path / "part.py").write_text(
        "def get_transform(output, context):\n    return output.split()[0].title()\n"
        "def second(output, context):\n    return (output.split() + [''])[1]\n"
    )
    assert transformed(tmp_path, transform, "Paris", answer, "Rome in") == [True, False]


class OneJury:
    """Says the same of every answer, and keeps what it was asked."""

    def __init__(self, reply: str) -> None:
        self.reply = reply
        self.asked = ""

    def check(self, model: str) -> None:
        assert model == "office/judge"

    def ask(self, model: str, question: Ask) -> Reply:
        self.asked = question.messages[-1].content
        return Reply(self.reply, 0, {})


@pytest.mark.parametrize(
    ("assertion", "told", "right", "wrong"),
    [
        (
            {"type": "llm-rubric", "value": "Is about {{topic}}"},
            "Rubric: Is about tea",
            '{"pass": true}',
            '{"pass": false}',
        ),
        (
            {"type": "model-graded-closedqa", "value": "Is short"},
            "meet this criterion? Is short",
            '{"choice": "yes"}',
            '{"choice": "no"}',
        ),
        (
            {"type": "factuality", "value": "Tea is a drink"},
            "Reference:\n===\nTea is a drink",
            '{"choice": "superset"}',
            '{"choice": "conflict"}',
        ),
        (
            {"type": "g-eval", "value": ["Clear", "Kind"], "threshold": 0.8},
            "for Clear\nKind from 1 (worst) to 10",
            '{"score": 8}',
            '{"score": 7}',
        ),
        (
            {"type": "context-faithfulness"},
            "Context:\n===\nAll about tea.",
            '{"pass": true}',
            '{"pass": false}',
        ),
        ({"type": "not-llm-rubric", "value": "Rude"}, "Rude", '{"pass": false}', '{"pass": true}'),
    ],
    ids=lambda part: part["type"] if isinstance(part, dict) else "",
)
def test_what_a_model_is_to_judge_is_judged_by_the_one_that_is_named(
    tmp_path: Path, assertion: dict, told: str, right: str, wrong: str
) -> None:
    named = AssertionMapper(Files(tmp_path, {}), OwnFunctions(tmp_path), "office/judge")
    variables: dict[str, Json] = {"topic": "tea", "context": "All about tea."}
    mapped = named.map(read_assertion(assertion, "x", {}), variables)
    assert mapped.note.startswith("judged by office/judge")
    for reply, passed in ((right, True), (wrong, False)):
        jury = OneJury(reply)
        score = build_scorer(ScorerSpec.from_json(mapped.spec), jury)(ScoringInput("Tea."))
        assert score.passed is passed
        assert told in jury.asked


def planned(folder: Path, text: str) -> Plan:
    path = folder / "promptfooconfig.yaml"
    path.write_text(text)
    return plan_suite(read_suite(path, {}), {}, OwnFunctions(folder / "functions"))


def test_unsupported_checks_are_kept_beside_those_that_run(tmp_path: Path) -> None:
    plan = planned(
        tmp_path,
        """
prompts: ["{{q}}"]
providers: [openai:gpt-4o, "bedrock:some.model"]
tests:
  - vars: {q: one}
    assert:
      - {type: contains, value: a}
      - {type: javascript, value: "output.length > 3"}
  - vars: {q: two}
    assert: [{type: javascript, value: "true"}]
  - vars: {q: three}
""",
    )
    assert plan.assertion_count.words == "1 of 3"
    assert plan.test_count.words == "1 of 3"
    assert plan.provider_count.words == "1 of 2"
    assert plan.share == pytest.approx(1 / 3)
    first, second, third = plan.examples
    checks = first.inputs["assert"]
    assert isinstance(checks, dict)
    assert checks["unsupported"] == [
        {"type": "javascript", "value": "output.length > 3", "why": "JavaScript is not run here"}
    ]
    assert [example.split for example in (second, third)] == [UNJUDGED, UNJUDGED]


def test_weights_thresholds_and_sets_count_as_in_promptfoo(tmp_path: Path) -> None:
    plan = planned(
        tmp_path,
        """
prompts: ["{{q}}"]
providers: [openai:gpt-4o]
tests:
  - vars: {q: one}
    threshold: 0.6
    assert:
      - {type: contains, value: a, weight: 3}
      - {type: contains, value: b}
      - {type: contains, value: c, weight: 0}
      - type: assert-set
        threshold: 0.5
        weight: 2
        assert:
          - {type: contains, value: d}
          - {type: contains, value: e}
""",
    )
    score = build_scorer(ScorerSpec("per_example", {"column": "assert", "missing": "error"}))

    def judged(answer: str) -> tuple[bool, float]:
        found = score(ScoringInput(answer, inputs=plan.examples[0].inputs))
        return found.passed, found.value

    assert judged("abde") == (True, 1.0)
    assert judged("ad")[0] is True  # (3·1 + 1·0 + 2·½) / 6 ≥ 0.6
    assert judged("ad")[1] == pytest.approx(4 / 6)
    assert judged("bd")[0] is False  # (0 + 1 + 2·½) / 6


def test_the_collection_runs_for_the_most_part(shared_data: Path, tmp_path: Path) -> None:
    """The importer's report over every example: how much of each runs, and why the rest doesn't."""
    run = total = files = 0
    for path in sorted(shared_data.glob("configs/promptfoo*/**/promptfooconfig*.yaml")):
        plan = plan_suite(read_suite(path, {}), {}, OwnFunctions(tmp_path), "office/judge")
        files += 1
        run += plan.assertion_count.run
        total += plan.assertion_count.total
        kept = sum(
            len(checks.get("unsupported", []))
            for example in plan.examples
            if isinstance(checks := example.inputs["assert"], dict)
        )
        assert kept == plan.assertion_count.total - plan.assertion_count.run, path
        unrunnable = {note.where for note in plan.notes if note.what.startswith("assertion")}
        assert bool(unrunnable) >= bool(kept), path
        json.dumps([example.inputs for example in plan.examples])
    assert files > 60
    assert total > 400
    assert run / total > 0.7
