"""How often each rule is right, and how far people agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmops_tui.services import projects, reviews
from llmops_tui.services.reviews import RulePrecision, SecondOpinion
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.widgets.columns import Column
from llmops_tui.ui.widgets.virtual_table import VirtualTable
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

NO_FLAG = (
    "No rule flagged a call in the tolerance's window.\n\n"
    "What the gateway flags and what people say of it is set against each other here."
)
ALONE = "No call was judged by two people: how far they agree is not known."


@dataclass(frozen=True, slots=True)
class RulesView:
    """What the page shows."""

    rules: tuple[RulePrecision, ...]
    second: SecondOpinion | None
    days: int


class RulesPage(Page[RulesView]):
    """A line for each rule, the busiest first."""

    SCOPE = "triage.rules"
    PURPOSE = (
        "Rules against verdicts: how often each rule flagged an answer that people then called "
        "wrong. A rule that is rarely right costs reviewers' time: tune it. Calls that several "
        "people judged tell how far they agree; two that differ wait for a third, whose word "
        "stands."
    )
    FIGURES = (
        "right: share of the rule's judged calls that are wrong answers (precision).\n"
        "κ (Cohen 1960), α (Krippendorff 2004): agreement beyond chance; 1 is full agreement. "
        "Where nearly all verdicts are the same, both say little: the share wrong stands beside."
    )
    TOPICS = frozenset({"review", "call"})
    DEFAULT_CSS = "RulesPage #second { text-style: bold; height: auto; }"

    def compose_body(self) -> ComposeResult:
        """People in a line, rules in a table."""
        yield Words("", id="second")
        yield VirtualTable(
            columns=(
                Column("rule", lambda found: found.counts.rule, flex=2, least=16),
                Column(
                    "flagged", lambda found: f"{found.counts.flagged:,}", width=9, align="right"
                ),
                Column("judged", lambda found: f"{found.judged:,}", width=8, align="right"),
                Column("wrong", lambda found: f"{found.counts.wrong:,}", width=7, align="right"),
                Column("right", _share, width=7, align="right"),
                Column("", _advice, width=11),
            ),
            key=lambda found: found.counts.rule,
            empty=NO_FLAG,
            opens=False,
            id="rules",
        )

    def load(self) -> RulesView | None:
        """Count them."""
        project_id = self.project_id
        if project_id is None:
            return None
        days = projects.tolerance_of(self.workspace, project_id).window_days
        return RulesView(
            tuple(reviews.rule_precision(self.workspace, days, project_id)),
            reviews.second_opinion(self.workspace, project_id),
            days,
        )

    def show(self, model: RulesView) -> None:
        """Show them."""
        people = ALONE if model.second is None else model.second.sentence()
        self.query_one("#second", Words).put(f"Last {model.days} days. {people}")
        self.query_one(VirtualTable).show_rows(model.rules)


def _flagged(found: RulePrecision) -> str:
    return f"{found.counts.flagged:,}"


def _share(found: RulePrecision) -> str:
    return "–" if found.precision is None else f"{found.precision:.0%}"


def _advice(found: RulePrecision) -> tuple[str, str]:
    return ("! tune it", "doubt") if found.sentence().endswith("tune it.") else ("", "")
