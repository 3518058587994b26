"""One call of an archive, whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from llmops_tui.services import archive_search
from llmops_tui.services.archive_search import ArchivedCall
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.monitor import texts
from llmops_tui.ui.widgets.text_pane import Section, TextPane
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult


class ArchivedPage(Page[ArchivedCall]):
    """As the workspace showed it; nothing of it can be changed."""

    SCOPE = "monitor.archived"
    PURPOSE = (
        "One archived call: why it was flagged, what was asked and answered, verdicts, how it "
        "went, what users said, the steps of its trace, everything that came with it. An archive "
        "is only read here."
    )
    AUTO_FOCUS = "#archived-call"
    DEFAULT_CSS = "ArchivedPage #head { height: 1; text-style: bold; }"

    def __init__(self, directory: Path, call_id: int, started_at: int) -> None:
        """A page of a call.

        Args:
            directory: The archive.
            call_id: Its number.
            started_at: When it started: says which day's file holds it.
        """
        super().__init__()
        self._directory = directory
        self._call_id = call_id
        self._day = archive_search.day_name(started_at)

    def compose_body(self) -> ComposeResult:
        """What it is, everything about it."""
        yield Words(id="head")
        yield TextPane(id="archived-call")

    def load(self) -> ArchivedCall:
        """Read it."""
        return archive_search.open_call(self._directory, self._call_id, self._day)

    def show(self, model: ArchivedCall) -> None:
        """Show it."""
        self.query_one("#head", Words).put(f"archived {texts.call_line(model.detail().row)}")
        self.query_one(TextPane).show_sections(archived_sections(model))

    def why_not(self, command_id: str) -> str | None:
        """Nothing can be done before it was read."""
        if command_id.startswith("monitor.archived.") and self.model is None:
            return "The call is being read."
        return super().why_not(command_id)

    def do_copy(self) -> None:
        """The call whole to the clipboard."""
        from llmops_tui.ui import clipboard

        if self.model is not None:
            text = texts.detail_json(self.model.detail())
            self.llmops.notify(clipboard.send(self.app, text, "the call"))

    def do_in_editor(self) -> None:
        """The call whole in $EDITOR; what is changed there is not taken over."""
        from llmops_tui.ui import editor

        if self.model is not None:
            text = texts.detail_json(self.model.detail())
            if editor.edit_in_editor(self.llmops, text, ".json"):
                self.llmops.notify("An archive doesn't change: your edit was not taken over.")


def archived_sections(call: ArchivedCall) -> list[Section]:
    """Everything about it."""
    *most, came_with = texts.call_sections(call.detail())
    for heading, name in (
        ("What a model judged", "judgements"),
        ("What was said of it", "feedback"),
        ("Steps of its trace", "steps"),
    ):
        told = call.listed(name)
        if told:
            most.append(Section(heading, json.dumps(told, ensure_ascii=False, indent=1)))
    return [*most, came_with]
