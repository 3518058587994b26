"""How long production calls are kept, what that would remove now, and how the file stands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.worker import get_current_worker

from llmops_tui.core.clock import ago, now_ms
from llmops_tui.core.errors import LlmopsError
from llmops_tui.core.retention import read_days, read_megabytes
from llmops_tui.services import retention
from llmops_tui.services.retention import (
    Outlook,
    RetentionPolicy,
    RetentionView,
    Tally,
    megabytes,
    outlook_words,
    space_words,
)
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.confirm import ConfirmScreen
from llmops_tui.ui.screens.form import Field, FormScreen, Values
from llmops_tui.ui.screens.monitor.texts import moment
from llmops_tui.ui.widgets.text_pane import Section, TextPane

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult


@dataclass(frozen=True, slots=True)
class Chosen:
    """A policy from the form, and what it would remove."""

    policy: RetentionPolicy
    outlook: Outlook


class RetentionPage(Page[RetentionView]):
    """One text; e sets it, x does now what a gateway does once a minute."""

    SCOPE = "monitor.retention"
    PURPOSE = (
        "How long this project's production calls are kept: for good, until somebody sets an age "
        "or a size. What a person judged or still has to judge stays whatever its age, so does "
        "what became an example, what a user corrected and what arrived during an incident. A "
        "gateway removes what is due, once a minute; x does it now."
    )
    FIGURES = (
        "Rates, costs and the live wrong rate over a window count removed calls as they were, by "
        "the hour. Times (p50, p95, p99) are told only of the span in which every call is there: "
        "old calls that stayed are the conspicuous ones.\n"
        "size: texts as they lie packed in the file, and 1.1 kB for each call's row, its places in "
        "the indexes and its words. The steps of traces come on top; they go with the last call of "
        "their trace."
    )
    TOPICS = frozenset({"retention", "review"})
    AUTO_FOCUS = "#kept"

    def compose_body(self) -> ComposeResult:
        """One text."""
        yield TextPane(id="kept")

    def load(self) -> RetentionView:
        """How it stands."""
        return retention.view(self.workspace, self.project_id)

    def show(self, model: RetentionView) -> None:
        """Show it."""
        self.query_one(TextPane).show_sections(retention_sections(model), keep_place=True)

    def why_not(self, command_id: str) -> str | None:
        """Removing needs something that is due."""
        if command_id == "monitor.retention.remove" and self.model is not None:
            if not self.model.policy.is_on:
                return "Nothing is set: everything is kept. e sets it."
            if not self.model.outlook.calls:
                return "Nothing is due."
        return super().why_not(command_id)

    def do_edit(self) -> None:
        """Ask for age and size; what that removes is asked again."""
        if self.model is None:
            return
        workspace, project_id = self.workspace, self.project_id

        def submit(values: Values) -> Chosen:
            policy = retention.read_policy(values["days"], values["size"])
            return Chosen(policy, retention.outlook(workspace, project_id, policy))

        self.app.push_screen(retention_form(self.model.policy, submit), self._chosen)

    def do_remove(self) -> None:
        """Ask, then remove what is due."""
        if self.model is None:
            return
        view, workspace, project_id = self.model, self.workspace, self.project_id

        def work() -> Tally:
            worker = get_current_worker()  # leaving the app ends it after a transaction
            return retention.run(workspace, project_id, go_on=lambda tally: not worker.is_cancelled)

        def answered(yes: bool | None) -> None:
            if yes:
                self.in_thread(work, self._removed, group="remove")

        self.app.push_screen(
            ConfirmScreen(
                "Remove calls for good?", _whose(view), outlook_words(view.outlook, view.policy)
            ),
            answered,
        )

    def _chosen(self, chosen: Chosen | None) -> None:
        if chosen is None:
            return
        work = partial(retention.set_policy, self.workspace, self.project_id, chosen.policy)

        def answered(yes: bool | None) -> None:
            if yes:
                self.in_thread(work, lambda _: self.reload_now(), group="retention")

        if not chosen.outlook.calls or self.model is None:
            answered(True)
            return
        told = outlook_words(chosen.outlook, chosen.policy)
        question = f"Keep them so: {chosen.policy.words()}?"
        self.app.push_screen(ConfirmScreen(question, _whose(self.model), told), answered)

    def _removed(self, tally: Tally) -> None:
        self.llmops.notify(f"{tally.calls:,} calls removed, {megabytes(tally.size)}.")
        self.reload_now()


def retention_form(
    policy: RetentionPolicy, submit: Callable[[Values], Chosen]
) -> FormScreen[Chosen]:
    """The form."""
    return FormScreen(
        "How long calls are kept",
        [
            Field(
                "days",
                "days",
                "" if policy.days is None else str(policy.days),
                "Older calls go. Empty: whatever their age.",
                check=_checked(read_days),
            ),
            Field(
                "size",
                "size",
                "" if policy.megabytes is None else f"{policy.megabytes} MB",
                "While they take more than this (500 MB, 2 GB) the oldest go. Empty: any size.",
                check=_checked(read_megabytes),
            ),
        ],
        submit,
        intro="What people judged, or still have to, stays in any case.",
    )


def retention_sections(view: RetentionView) -> list[Section]:
    """The page's text."""
    policy, size = view.policy, view.size
    oldest = f", the oldest of {moment(view.oldest)[:16]}" if view.oldest is not None else ""
    about = "about" if view.measured else "being measured, so far"
    sections = [
        Section(f"How long calls of {_whose(view)} are kept", _sentence(policy)),
        Section("Stored", f"{size.calls:,} calls, {about} {megabytes(size.size)}{oldest}."),
    ]
    if policy.is_on:
        due = view.outlook.calls > 0
        sections.append(
            Section(
                "What is due", outlook_words(view.outlook, policy), style="doubt" if due else ""
            )
        )
    if size.removed_calls and size.removed_at is not None and size.removed_until is not None:
        sections.append(
            Section(
                "Removed so far",
                f"{size.removed_calls:,} calls, {megabytes(size.removed_size)}, the last "
                f"{ago(size.removed_at, now_ms())}. They are still counted in rates. Every call "
                f"since {moment(size.removed_until)[:16]} is there.",
            )
        )
    sections.append(Section("The file", space_words(view.file)))
    if policy.is_on:
        at_work = "A gateway is at work: it removes what is due, once a minute."
        nobody = "No gateway is at work. x, or `llmops-tui retention run`, removes what is due."
        sections.append(Section("Who sees to it", at_work if view.gateways else nobody))
    return sections


def _sentence(policy: RetentionPolicy) -> str:
    if not policy.is_on:
        return "For good: nothing is ever removed. e sets an age or a size."
    parts = []
    if policy.days is not None:
        parts.append("for one day" if policy.days == 1 else f"for {policy.days:,} days")
    if policy.megabytes is not None:
        parts.append(f"as long as they take at most {policy.megabytes:,} MB")
    words = ", and ".join(parts)
    return f"{words[:1].upper()}{words[1:]}. What people judged, or still have to, stays."


def _whose(view: RetentionView) -> str:
    return view.project or "no project"


def _checked(read: Callable[[str], object]) -> Callable[[str], str | None]:
    def check(typed: str) -> str | None:
        try:
            read(typed)
        except LlmopsError as error:
            return f"{error} {error.hint}".strip()
        return None

    return check
