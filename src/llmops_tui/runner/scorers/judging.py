"""The judges: each makes the question for an answer, has it asked, and reads what comes back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from llmops_tui.core.chat import Json
from llmops_tui.core.scorers.base import Check, Judged, ScoringInput, need_expected, quote, wanted
from llmops_tui.core.scorers.judge_prompts import (
    Ask,
    Judgement,
    ask,
    data,
    prompt_hash,
    read_judgement,
)
from llmops_tui.core.scorers.judges import (
    FACT_WORDS,
    ChoiceParameters,
    FactualityParameters,
    PairwiseParameters,
    RubricParameters,
    StepsParameters,
)
from llmops_tui.core.scorers.registry import Compilers

FACTS = (
    "Compare the facts of the answer with those of the reference. Wording and style don't count. "
    "Choose one word: subset (the answer says less, nothing against the reference), superset (it "
    "says more, nothing against it), same (the same facts), conflict (they disagree about a "
    "fact), irrelevant (they differ, but not in what the question asks)."
)
PASSING_FORM = (
    "Judge whether the answer meets the rubric. `pass` is true or false; `score` is from 0 (not at "
    "all) to 1 (entirely).\n\n"
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a judging model said."""

    text: str
    cost: int
    """Nano-units."""
    parameters: Json
    """Sampling parameters with which it was asked."""


class Jury(Protocol):
    """Asks judging models, from any thread."""

    def check(self, model: str) -> None:
        """Raise an `InputError` where there is no such model."""

    def ask(self, model: str, question: Ask) -> Reply:
        """The reply, from the cache where exactly this was asked before; blocks."""


def judge_compilers(jury: Jury) -> Compilers:
    """How judges are compiled that ask this jury."""
    return {
        "judge_rubric": lambda p: _rubric(p, jury),
        "judge_choice": lambda p: _choice(p, jury),
        "judge_factuality": lambda p: _factuality(p, jury),
        "judge_pairwise": lambda p: _pairwise(p, jury),
        "judge_steps": lambda p: _steps(p, jury),
    }


def _judge_mark(model: str, prompt: str, parameters: Json, **more: Json) -> str:
    mark = {"model": model, "prompt": prompt, "parameters": parameters, **more}
    return json.dumps(mark, sort_keys=True, separators=(",", ":"))


def _rubric(parameters: RubricParameters, jury: Jury) -> Check:
    jury.check(parameters.model)
    task = f"{PASSING_FORM}Rubric: {parameters.rubric}"
    prompt = prompt_hash("judge_rubric", task)

    def check(given: ScoringInput) -> Judged:
        more = data("Expected answer", given.expected) if given.expected else ""
        fields: dict[str, Json] = {"pass": {"type": "boolean"}, "score": {"type": "number"}}
        reply = jury.ask(parameters.model, ask(task, given, fields, more=more))
        found = read_judgement(reply.text)
        value = found.score if found.score is not None else float(bool(found.passed))
        value = min(1.0, max(0.0, value))
        passed = value >= parameters.least if found.passed is None else found.passed
        mark = _judge_mark(parameters.model, prompt, reply.parameters)
        said = "meets the rubric" if passed else "doesn't meet the rubric"
        return Judged(passed, _because(said, found), value, mark, reply.cost)

    return check


def _choice(parameters: ChoiceParameters, jury: Jury) -> Check:
    jury.check(parameters.model)
    options = ", ".join(parameters.choices)
    task = f"{parameters.question}\n\n`choice` is exactly one of: {options}."
    prompt = prompt_hash("judge_choice", task)
    passing = set(parameters.passing)

    def check(given: ScoringInput) -> Judged:
        more = data("Expected answer", given.expected) if given.expected else ""
        found, reply = _chosen(jury, parameters.model, task, given, parameters.choices, more)
        mark = _judge_mark(parameters.model, prompt, reply.parameters)
        passed = found.word in passing
        said = f"is judged {quote(found.word)}"
        return Judged(passed, _because(said, found), float(passed), mark, reply.cost)

    return check


def _factuality(parameters: FactualityParameters, jury: Jury) -> Check:
    jury.check(parameters.model)
    prompt = prompt_hash("judge_factuality", FACTS)
    passing = set(parameters.passing)

    def check(given: ScoringInput) -> Judged:
        more = data("Reference", parameters.reference or need_expected(given))
        found, reply = _chosen(jury, parameters.model, FACTS, given, FACT_WORDS, more)
        mark = _judge_mark(parameters.model, prompt, reply.parameters)
        passed = found.word in passing
        said = f"has facts that are judged {quote(found.word)}"
        return Judged(passed, _because(said, found), float(passed), mark, reply.cost)

    return check


def _chosen(
    jury: Jury,
    model: str,
    task: str,
    given: ScoringInput,
    choices: Sequence[str],
    more: str,
) -> tuple[Judgement, Reply]:
    field: Json = {"type": "string", "enum": list(choices)}
    reply = jury.ask(model, ask(task, given, {"choice": field}, more=more))
    return read_judgement(reply.text, choices), reply


def _steps(parameters: StepsParameters, jury: Jury) -> Check:
    jury.check(parameters.model)
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(parameters.steps, 1))
    task = (
        f"Score the answer for {parameters.criterion} from 1 (worst) to {parameters.most} (best)."
        + (f"\n\nGo through these steps in your reason:\n{steps}" if steps else "")
    )
    prompt = prompt_hash("judge_steps", task)

    def check(given: ScoringInput) -> Judged:
        more = data("Expected answer", given.expected) if given.expected else ""
        field: Json = {"type": "integer", "minimum": 1, "maximum": parameters.most}
        reply = jury.ask(parameters.model, ask(task, given, {"score": field}, more=more))
        found = read_judgement(reply.text)
        score = found.score if found.score is not None else 0.0
        if not 1 <= score <= parameters.most:
            from llmops_tui.core.scorers.judge_prompts import JudgementError

            raise JudgementError(f"The judge gave {score:g} on a scale of 1 to {parameters.most}.")
        value = (score - 1) / (parameters.most - 1)
        passed = score / parameters.most >= parameters.least
        mark = _judge_mark(parameters.model, prompt, reply.parameters)
        said = f"gets {score:g} of {parameters.most} for {parameters.criterion}"
        return Judged(passed, _because(said, found), value, mark, reply.cost)

    return check


def _pairwise(parameters: PairwiseParameters, jury: Jury) -> Check:
    jury.check(parameters.model)
    task = (
        f"{parameters.criterion}\n\nTwo answers to the question are given. `better` is exactly "
        "one of: first, second, tie."
    )
    prompt = prompt_hash("judge_pairwise", task)
    field: Json = {"type": "string", "enum": ["first", "second", "tie"]}

    def one(given: ScoringInput, first: str, second: str) -> tuple[str, Judgement, Reply]:
        shown = f"{data('First answer', first)}\n\n{data('Second answer', second)}"
        fields: dict[str, Json] = {"better": field}
        question = ask(task, _without_answer(given), fields, more=shown)
        reply = jury.ask(parameters.model, question)
        found = read_judgement(reply.text, ("first", "second", "tie"))
        return found.word, found, reply

    def check(given: ScoringInput) -> Judged:
        other = wanted((), given)[0]
        ahead, found, reply = one(given, given.answer, other)
        behind, again, second = one(given, other, given.answer)
        wins = (ahead == "first") + (behind == "second")
        losses = (ahead == "second") + (behind == "first")
        place = ahead if ahead == behind != "tie" else ""
        mark = _judge_mark(parameters.model, prompt, reply.parameters, position=place, pairwise=1)
        cost = reply.cost + second.cost
        value = 0.5 + (wins - losses) / 4
        if place:
            said = f"can't be told from the other: the judge prefers whatever stands {place}"
        elif value == 0.5:
            said = "is as good as the expected one"
        else:
            said = f"is {'better' if value > 0.5 else 'worse'} than the expected one"
        passed = value > 0.5 or (value == 0.5 and parameters.ties)
        telling = found if found.reason else again
        return Judged(passed, _because(said, telling), value, mark, cost)

    return check


def _without_answer(given: ScoringInput) -> ScoringInput:
    """The same question, with both answers shown elsewhere."""
    return ScoringInput("(the two answers above)", None, given.inputs, question=given.question)


def _because(said: str, found: Judgement) -> str:
    return f"{said}: {found.reason}" if found.reason else said
