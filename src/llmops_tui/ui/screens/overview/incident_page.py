"""An incident: what is wrong, whose it is, what may be done at once, what was done."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from llmops_tui.services import incidents
from llmops_tui.services.incidents import IncidentView
from llmops_tui.services.triage import budget_words
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.confirm import ConfirmScreen
from llmops_tui.ui.screens.form import Field, FormScreen, Values, required
from llmops_tui.ui.widgets.text_pane import Section, TextPane

if TYPE_CHECKING:
    from textual.app import ComposeResult


class IncidentPage(Page[IncidentView]):
    """Everything on one page; b does what the timeline then says was done."""

    SCOPE = "overview.incident"
    PURPOSE = (
        "Production is certainly beyond its tolerance: the lower bound of its wrong rate lies "
        "above what is tolerated. b moves the label production back to the last version that was "
        "within it on the gate split, a draws more calls for the audit, v opens the queue; "
        "everything that is done stands in the timeline."
    )
    FIGURES = (
        "exceeded: the whole interval of the live wrong rate lies above the tolerance; an estimate "
        "that may still be within opens no incident."
    )
    EXPLAINS = ("live wrong rate", "error budget")
    TOPICS = frozenset({"incident", "review", "prompt", "project"})
    AUTO_FOCUS = "#incident"

    def __init__(self, incident_id: int) -> None:
        super().__init__()
        self._incident_id = incident_id

    def compose_body(self) -> ComposeResult:
        """One text."""
        yield TextPane(id="incident")

    def load(self) -> IncidentView:
        """The incident as it stands."""
        return incidents.view(self.workspace, self._incident_id)

    def show(self, model: IncidentView) -> None:
        """Show it."""
        self.query_one(TextPane).show_sections(incident_sections(model), keep_place=True)

    def why_not(self, command_id: str) -> str | None:
        """An incident that is over takes no more deeds."""
        name = command_id.rpartition(".")[2]
        if name in ("roll_back", "raise_audit", "close", "note") and self.model is not None:
            if self.model.is_over:
                return f"Incident {self._incident_id} is closed."
            if name == "raise_audit" and not self.model.larger_audit:
                return "All calls are drawn for the audit already."
            if name == "roll_back" and not self.model.roll_backs:
                return "No earlier version of a released prompt was within the tolerance."
        return super().why_not(command_id)

    def do_roll_back(self) -> None:
        """Ask, then move the labels back."""
        if self.model is None:
            return
        moves = "\n".join(item.sentence() for item in self.model.roll_backs)

        def answered(yes: bool | None) -> None:
            if yes:
                work = partial(incidents.roll_back, self.workspace, self._incident_id)
                self.in_thread(work, self._done, group="incident")

        self.app.push_screen(
            ConfirmScreen("Roll back?", f"incident {self._incident_id}", moves), answered
        )

    def do_raise_audit(self) -> None:
        """Ask, then draw more."""
        if self.model is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                work = partial(incidents.raise_audit, self.workspace, self._incident_id)
                self.in_thread(work, self._done, group="incident")

        subject = f"incident {self._incident_id}"
        words = f"{self.model.larger_audit}."
        self.app.push_screen(ConfirmScreen("Raise the audit?", subject, words), answered)

    def do_queue(self) -> None:
        """Judge what waits."""
        self.llmops.go_to("triage")

    def do_note(self) -> None:
        """Write into the timeline."""
        self._ask("Into the timeline", "What was done or found.", incidents.note)

    def do_close(self) -> None:
        """End it."""
        self._ask("Close the incident", "What it came to.", incidents.close)

    def _ask(self, title: str, help: str, do: object) -> None:
        assert callable(do)

        def submit(values: Values) -> bool:
            do(self.workspace, self._incident_id, values["text"])
            return True

        field = Field("text", "text", help=help, check=required("A text"))
        self.app.push_screen(
            FormScreen(title, [field], submit), lambda done: self.reload_now() if done else None
        )

    def _done(self, sentence: str) -> None:
        self.llmops.notify(sentence)
        self.reload_now()


def incident_sections(view: IncidentView) -> list[Section]:
    """The page's text."""
    incident = view.incident
    state = "closed" if view.is_over else "open"
    owner = incident.owner or "nobody"
    since = _time(incident.closed_at or incident.opened_at)
    sections = [
        Section(
            f"Incident {incident.id}, {state} since {since}",
            f"{incident.cause}\n{owner} answers for it.",
            style="" if view.is_over else "bad",
        )
    ]
    budget = budget_words(view.live, view.tolerance)
    now = f"{view.live.sentence} State: {view.live.state}."
    sections.append(Section("Now", f"{now} {budget[:1].upper()}{budget[1:]}.".strip()))
    if not view.is_over:
        deeds = [f"b: {item.sentence()}" for item in view.roll_backs]
        if view.larger_audit:
            deeds.append(f"a: {view.larger_audit}.")
        sections.append(Section("What may be done", "\n".join([*deeds, *view.advice])))
    lines = [
        f"{_time(event.happened_at)}  {event.kind}, {event.author}: {event.sentence}"
        for event in view.timeline
    ]
    sections.append(Section("Timeline", "\n".join(lines)))
    return sections


def _time(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M} UTC"
