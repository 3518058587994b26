"""The flag rule `judge`: a model reads a share of production's answers, within what it may cost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from llmops_tui.core.call import CallFlag
from llmops_tui.core.chat import AnswerError
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import InputError, LlmopsError
from llmops_tui.core.flags import RULES, FlagRule
from llmops_tui.core.flags.base import brief
from llmops_tui.core.flags.judged import JudgeParameters
from llmops_tui.core.scorers import Score, ScorerSpec, ScoringInput
from llmops_tui.core.scorers.judge_prompts import JudgementError
from llmops_tui.core.tolerance.judge import JudgeLabels
from llmops_tui.gateway.background import Background
from llmops_tui.services.calls import DAY_MS
from llmops_tui.services.run_words import money
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import call_judgements, calls, endpoints, flag_rules, projects, traces
from llmops_tui.store.call_judgements import JudgedSince
from llmops_tui.store.database import Database

if TYPE_CHECKING:
    from llmops_tui.runner.jury import ModelJury

NAME: Final = "judge"
TRIED: Final = 20
"""Stored calls that a judge is tried on: each costs a request."""

_ROUND_S = 2.0
_AT_ONCE = 8
_NANO = 1_000_000_000
_LEAST_LABELS = 10
_LONGEST = 20_000
"""Characters of a question and an answer that a judge is shown, from their ends and beginnings."""

log = logging.getLogger("llmops_tui.gateway")


@dataclass(frozen=True, slots=True)
class JudgeDay:
    """What a project's judge did today, and what it may."""

    did: JudgedSince
    parameters: JudgeParameters
    currency: str

    @property
    def is_capped(self) -> bool:
        """Whether it has done, or spent, what it may a day."""
        return room_today(self.did, self.parameters) == 0

    def sentence(self) -> str:
        """In words."""
        did, may = self.did, self.parameters
        cost = money(did.cost, self.currency) if self.currency else ""
        words = f"Read {did.judged:,} calls today (UTC), {did.wrong:,} found wrong"
        failed = did.asked - did.judged
        if failed:
            words += f", {failed:,} without a judgement"
        if cost:
            words += f"; cost {cost} of at most {may.cost_a_day:g} {self.currency}"
        words += f"; at most {may.most_a_day:,} calls a day."
        return f"{words} That is reached: it reads on tomorrow." if self.is_capped else words


def parameters_of(rule: FlagRule) -> JudgeParameters:
    """What the rule says of its judge.

    Raises:
        InputError: its parameters can't be read.
    """
    found = rule.check()
    assert isinstance(found, JudgeParameters)
    return found


def today(workspace: Workspace, project_id: int | None, rule: FlagRule) -> JudgeDay:
    """What the judge did today."""
    did = call_judgements.since(workspace.db, project_id, _day_start())
    parameters = parameters_of(rule)
    return JudgeDay(did, parameters, _currency(workspace.db, parameters.model))


def against_people(workspace: Workspace, project_id: int | None, window_days: int) -> str:
    """How the judge compares with people's verdicts, in words; empty where it judged nothing.

    Sensitivity is the share of the wrong answers that it finds, specificity the share of the right
    ones that it passes, on calls that a person judged as well.
    """
    at = now_ms() - window_days * DAY_MS
    found = call_judgements.against_people(workspace.db, project_id, at)
    if not found:
        return ""
    labels = JudgeLabels(
        wrong_called_wrong=found.get((False, "wrong"), 0),
        wrong_called_right=found.get((True, "wrong"), 0),
        right_called_wrong=found.get((False, "right"), 0),
        right_called_right=found.get((True, "right"), 0),
    )
    if min(labels.wrong, labels.right) < _LEAST_LABELS:
        return (
            f"The judge is unverified: people judged {labels.wrong:,} wrong and {labels.right:,} "
            f"right of the calls that it read; {_LEAST_LABELS} each are needed."
        )
    return (
        f"The judge finds {labels.wrong_called_wrong / labels.wrong:.0%} of {labels.wrong:,} wrong "
        f"answers and passes {labels.right_called_right / labels.right:.0%} of {labels.right:,} "
        "right ones (sensitivity, specificity)."
    )


def try_judge(workspace: Workspace, project_id: int | None, rule: FlagRule) -> tuple[str, ...]:
    """What a judge says of the newest stored answers, a line each, what it cost first.

    Asks the model, at most `TRIED` times; judgements are cached, so trying it again is free.

    Raises:
        InputError: the rule doesn't say whom to ask for what, or there is no such model.
        AnswerError: the model can't be asked.
    """
    parameters = parameters_of(rule)
    RULES[NAME].compile(parameters)
    listed = calls.page(workspace.db, limit=TRIED * 5)
    chosen = [row.id for row in listed if row.status == "ok" and row.output_head][:TRIED]
    with JudgingModel(workspace.db, parameters) as judge:
        scores = [judge(call_id) for call_id in chosen]
    if not scores:
        return ("No answer is stored yet to try it on.",)
    cost = sum(score.cost for score in scores)
    currency = _currency(workspace.db, parameters.model)
    price = f", for {money(cost, currency)}" if cost and currency else ""
    wrong = [score for score in scores if not score.passed]
    words = f"{len(wrong):,} of the newest {len(scores):,} answers would have been flagged{price}."
    return (words, *(brief(score.reason, 160) for score in wrong[:5]))


class JudgingModel:
    """A model that judges stored calls by a rubric; a context manager."""

    def __init__(self, db: Database, parameters: JudgeParameters) -> None:
        self._db = db
        self._parameters = parameters
        self._jury: ModelJury | None = None
        self._score: Callable[[ScoringInput], Score] | None = None

    def __enter__(self) -> JudgingModel:
        from llmops_tui.runner.jury import ModelJury  # HTTP clients, which only a judge needs
        from llmops_tui.runner.pace import Paces
        from llmops_tui.runner.scorers.compilers import build_scorer

        self._jury = ModelJury(self._db, Paces())
        told = {"rubric": self._parameters.rubric, "model": self._parameters.model}
        try:
            self._score = build_scorer(ScorerSpec("judge_rubric", told), self._jury)
        except BaseException:
            self._jury.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        assert self._jury is not None
        self._jury.close()

    def __call__(self, call_id: int) -> Score:
        """Judge a call; blocks.

        Raises:
            AnswerError: no judgement was had.
            JudgementError: what came is none.
        """
        assert self._score is not None
        asked, answered, _ = calls.texts(self._db, call_id)
        return self._score(
            ScoringInput(answer=answered[:_LONGEST], question=asked[-_LONGEST:], expected=None)
        )


class JudgeThread(Background):
    """Reads what the projects' judges are to read, beside a gateway; as many may run as like to."""

    def __init__(self, db: Database) -> None:
        super().__init__("judging")
        self._db = db

    def work(self) -> None:
        """One round after the other; a stop waits for the call that is being judged."""
        while not self._stop.is_set():
            try:
                judged = self.round()
            except LlmopsError as error:
                log.warning("the judge has to wait: %s", error)
                judged = 0
            except Exception:
                log.exception("the judge failed")
                judged = 0
            self._stop.wait(0.05 if judged else _ROUND_S)

    def round(self) -> int:
        """Judge some calls of each project whose judge is on; how many were judged."""
        judged = 0
        for project_id in (None, *(project.id for project in projects.all_projects(self._db))):
            rule = next(r for r in flag_rules.stored(self._db, project_id) if r.name == NAME)
            parameters = parameters_of(rule) if rule.enabled else None
            if parameters is not None and parameters.is_complete:
                judged += self._judge_some(project_id, rule, parameters)
        return judged

    def _judge_some(
        self, project_id: int | None, rule: FlagRule, parameters: JudgeParameters
    ) -> int:
        did = call_judgements.since(self._db, project_id, _day_start())
        room = room_today(did, parameters)
        drawn = call_judgements.take(
            self._db, project_id, parameters.draws, limit=min(room, _AT_ONCE), scanned=200
        )
        if room > len(drawn):
            drawn += call_judgements.take_over(self._db, project_id, _AT_ONCE)
        if not drawn:
            return 0
        severity = rule.severity or RULES[NAME].severity
        with JudgingModel(self._db, parameters) as judge:
            for place, call_id in enumerate(drawn):
                if self._stop.is_set():
                    return place
                self._judge(call_id, judge, severity)
        return len(drawn)

    def _judge(self, call_id: int, judge: JudgingModel, severity: str) -> None:
        try:
            score = judge(call_id)
        except (AnswerError, InputError, JudgementError) as error:
            log.warning("call %d can't be judged: %s", call_id, error)
            call_judgements.keep(
                self._db, call_id, passed=None, reason=str(error)[:500], judge="", cost=0
            )
            return
        call_judgements.keep(
            self._db,
            call_id,
            passed=score.passed,
            reason=score.reason,
            judge=score.judge,
            cost=score.cost,
        )
        if not score.passed:
            flag = CallFlag(NAME, severity, f"A model judged it: {brief(score.reason, 300)}")
            traces.add_flag(self._db, call_id, flag)


def room_today(did: JudgedSince, parameters: JudgeParameters) -> int:
    """How many more calls a judge may read today; money counts as it was spent so far."""
    room = max(0, parameters.most_a_day - did.asked)
    if not did.cost:
        return room
    mean = did.cost / max(1, did.judged)
    left = parameters.cost_a_day * _NANO - did.cost
    return min(room, max(0, int(left / mean)))


def _day_start() -> int:
    return now_ms() // DAY_MS * DAY_MS


def _currency(db: Database, name: str) -> str:
    for model in endpoints.models(db):
        is_it = name == model.name or name.endswith(f"/{model.name}")
        if is_it and (model.input_price or model.output_price):
            return model.currency
    return ""
