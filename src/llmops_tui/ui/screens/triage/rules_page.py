"""How often each rule is right, and how far people agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmops_tui.core.errors import InputError
from llmops_tui.services import projects, reviews, triage
from llmops_tui.services.reviews import RulePrecision, SecondOpinion
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.form import Field, FormScreen, Values, required
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
    share: float
    """Of the judged calls that a second person judges."""


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
        "second looks: that share of the judged calls, and every wrong one of the audit, is judged "
        "again by somebody who doesn't know the first verdict; agreement is measured on these.\n"
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
            triage.second_share(self.workspace, project_id),
        )

    def show(self, model: RulesView) -> None:
        """Show them."""
        people = ALONE if model.second is None else model.second.sentence()
        share = f"{model.share * 100:g} % are judged by a second person, blind."
        self.query_one("#second", Words).put(f"Last {model.days} days. {people} {share}")
        self.query_one(VirtualTable).show_rows(model.rules)

    def do_share(self) -> None:
        """Which share a second person judges."""
        project_id = self.project_id
        if project_id is None or self.model is None:
            return

        def submit(values: Values) -> str:
            wanted = values["share"].strip().removesuffix("%").strip()
            try:
                share = float(wanted) / 100
            except ValueError as error:
                raise InputError(f"“{wanted}” is no share.", "Such as 15, for 15 %.") from error
            triage.set_second_share(self.workspace, project_id, share)
            return wanted

        def done(wanted: str | None) -> None:
            if wanted is not None:
                self.reload_now()

        field = Field(
            "share",
            "share in %",
            f"{self.model.share * 100:g}",
            "Of the judged calls, drawn by chance; 10 to 20 is usual.",
            check=required("The share"),
        )
        self.app.push_screen(FormScreen("Judged by a second person, blind", [field], submit), done)


def _flagged(found: RulePrecision) -> str:
    return f"{found.counts.flagged:,}"


def _share(found: RulePrecision) -> str:
    return "–" if found.precision is None else f"{found.precision:.0%}"


def _advice(found: RulePrecision) -> tuple[str, str]:
    return ("! tune it", "doubt") if found.sentence().endswith("tune it.") else ("", "")
