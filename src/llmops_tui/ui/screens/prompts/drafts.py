"""Keeping what is typed: soon after it changed, never over another window's text."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING

from llmops_tui.core.errors import ConflictError, LlmopsError
from llmops_tui.core.prompt_version import Draft
from llmops_tui.core.text import visible
from llmops_tui.services import prompt_writing
from llmops_tui.services.prompts import EditorState
from llmops_tui.ui.screens.prompts.latest import Latest

if TYPE_CHECKING:
    from llmops_tui.ui.screens.prompts.conflict import Choice
    from llmops_tui.ui.screens.prompts.editor import EditorPage

WAIT_S = 0.4
LONGEST_S = 0.9
"""So much typing a crash may cost."""
AGAIN_S = 3.0
"""After keeping failed: the disk may have room again, the lock be gone."""


class DraftKeeper:
    """Keeps the draft of one prompt while its editor is open."""

    def __init__(self, page: EditorPage, state: EditorState, seen: int | None) -> None:
        self._page = page
        self.state = state
        self.seen = seen
        """When the draft that this window knows was kept."""
        self.problem = ""
        """Why what is typed isn't kept; empty while all is well."""
        self.conflict = False
        """Whether another window kept another text; the person has to choose."""
        self._latest: Latest[str, int | None] = Latest(
            page, "draft", self._keep, self._kept, self._failed, wait_s=WAIT_S, longest_s=LONGEST_S
        )

    @property
    def exists(self) -> bool:
        """Whether a draft lies in the file."""
        return self.seen is not None

    def changed(self, text: str) -> None:
        """The text changed: keep it soon."""
        self._latest.put(text)

    def saved(self, state: EditorState) -> None:
        """A version was saved, and with it the draft forgotten."""
        self._latest.take_back()
        self.state, self.seen, self.problem, self.conflict = state, None, "", False

    def begin_from(self, state: EditorState) -> None:
        """The person goes on from another version; the draft in the file stays known."""
        self.state = state

    def leave(self, after: Callable[[], None]) -> None:
        """Keep what isn't kept yet, then go on; stays where that fails."""
        self._latest.hurry(after)

    def keep_now(self) -> None:
        """The app ends: keep what waits, here and now, and be it beside the workspace."""
        for text in self._latest.take_back():
            try:
                self._keep(text)
            except LlmopsError as error:
                self._put_aside(text, error)

    def _put_aside(self, text: str, error: LlmopsError) -> None:
        handle, name = tempfile.mkstemp(prefix="llmops-draft-", suffix=".md")
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
        app = self._page.app
        said = f"The draft of {self.state.prompt.name} could not be kept: {error} It is in {name}."
        app.exit(return_code=app.return_code or 0, message=visible(said))

    def _keep(self, text: str) -> int | None:
        return prompt_writing.keep_draft(self._page.workspace, self.state, text, seen=self.seen)

    def _kept(self, seen: int | None) -> None:
        self.seen, self.problem, self.conflict = seen, "", False
        self._page.draw_header()

    def _failed(self, error: Exception) -> None:
        first = not self.problem
        if isinstance(error, ConflictError):
            self.conflict = True
            self.problem = "another window of yours changed it, ^s to choose"
        else:
            self.problem = str(error) if isinstance(error, LlmopsError) else type(error).__name__
            self._page.set_timer(AGAIN_S, self._again)
        if first:
            self._page.llmops.report(error)
        self._page.draw_header()

    def _again(self) -> None:
        if self.problem and not self.conflict:
            self.changed(self._page.text)

    def ask_which(self) -> None:
        """Another window kept another text: let the person choose. Asked only on a key press."""
        prompt = self.state.prompt
        self._page.in_thread(
            lambda: prompt_writing.other_draft(self._page.workspace, prompt),
            self._ask_which,
            group="other-draft",
        )

    def _ask_which(self, theirs: Draft | None) -> None:
        from llmops_tui.ui.screens.prompts.conflict import ConflictPage, drafted_meanwhile

        page = self._page
        if theirs is None:
            self._settle(None)
            return
        sides = drafted_meanwhile(self.state, theirs, page.text)

        def chosen(choice: Choice) -> None:
            self._settle(theirs)
            if choice == "merge":
                page.take_merged(sides.merged)
            elif choice == "take":
                page.change_text(sides.theirs)
                page.say("The other window's text is here; ctrl+z brings yours back.")

        page.app.push_screen(ConflictPage(sides, chosen))

    def _settle(self, theirs: Draft | None) -> None:
        """What stands in the editor is the draft from here on."""
        self.conflict = False
        self.seen = theirs.changed_at if theirs else None
        self.changed(self._page.text)
