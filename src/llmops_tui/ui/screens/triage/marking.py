"""Tags on a call, and whose it is: from every page on which a call is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from llmops_tui.core.call import CallDetail
from llmops_tui.services import call_marks
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.pick import PickScreen
from llmops_tui.ui.screens.triage.note_bar import NoteBar

if TYPE_CHECKING:
    from collections.abc import Callable

Model = TypeVar("Model")

TAGS, ASSIGNEE = "tags", "for"
NOBODY, OTHER = "\x00nobody", "\x00other"
"""Keys of the choices that are no names: no name holds that character."""


class Marking(Page[Model]):
    """Tag and assign the call in front."""

    @property
    def judged(self) -> CallDetail | None:
        """The call in front, where it has been read."""
        raise NotImplementedError

    def marked(self, detail: CallDetail) -> None:
        """A call has other tags, or is somebody else's."""

    def on_note_bar_noted(self, message: NoteBar.Noted) -> None:
        """Keep what was typed."""
        detail = self.judged
        if detail is None:
            return
        if message.about == TAGS:
            self._write_marks(
                lambda: call_marks.set_tags(self.workspace, detail.row.id, message.text)
            )
        elif message.about == ASSIGNEE:
            self._assign(detail, message.text)

    def do_tag(self) -> None:
        """Write the tags of the call."""
        if self.judged is not None:
            text = " ".join(self.judged.tags)
            self.query_one(NoteBar).open(text, TAGS, "words with blanks between")

    def do_assign(self) -> None:
        """Say whose the call is."""
        detail, workspace = self.judged, self.workspace
        if detail is None:
            return

        def chosen(name: str | None) -> None:
            if name == OTHER:
                self.query_one(NoteBar).open("", ASSIGNEE, "the login name of who shall judge it")
            elif name is not None:
                self._assign(detail, "" if name == NOBODY else name)

        def ask(people: list[str]) -> None:
            choices = [(name, name, "you" if name == workspace.person else "") for name in people]
            choices += [
                (OTHER, "somebody else…", "type a name"),
                (NOBODY, "nobody", "it waits for whoever comes"),
            ]
            self.app.push_screen(
                PickScreen("Whose call is it?", choices, detail.assignee or NOBODY), chosen
            )

        self.in_thread(lambda: call_marks.people(workspace), ask, group="people")

    def _assign(self, detail: CallDetail, name: str) -> None:
        workspace, call_id = self.workspace, detail.row.id
        self._write_marks(lambda: call_marks.assign(workspace, [call_id], name))

    def _write_marks(self, work: Callable[[], CallDetail]) -> None:
        self.in_thread(work, self.marked, group="marks")
