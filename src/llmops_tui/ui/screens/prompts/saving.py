"""Saving a version: a note in one line, and never over what somebody else saved meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from llmops_tui.core.prompt_version import PromptVersion
from llmops_tui.core.text_merge import open_places
from llmops_tui.services import prompts
from llmops_tui.services.prompts import Conflict, EditorState
from llmops_tui.ui.screens.form import Field, FormScreen, Values

if TYPE_CHECKING:
    from llmops_tui.ui.screens.prompts.conflict import Choice
    from llmops_tui.ui.screens.prompts.editor import EditorPage

Then = Callable[[PromptVersion], None]


def _unsettled(text: str) -> str:
    places = open_places(text)
    if not places:
        return ""
    where = "A place still has" if places == 1 else f"{places} places still have"
    return f"{where} what both of you wrote: ctrl+f finds <<<<<<<."


class Saver:
    """Saves for the editor."""

    def __init__(self, page: EditorPage) -> None:
        self._page = page

    def save(self, *, then: Then | None = None, why: str = "") -> None:
        """Ask for a note, then save; what hinders is said in the form, which stays."""
        page = self._page
        state, text, settings = page.state, page.text, page.sampler.current
        assert state is not None
        affects = page.model.affects if page.model else ""
        said = (why, _unsettled(text), page.previewer.warning, affects)
        noted: list[str] = []

        def submit(values: Values) -> PromptVersion | Conflict:
            noted[:] = [values["note"]]
            return prompts.save_version(
                page.workspace, state, text, note=values["note"], settings=settings
            )

        def ended(result: PromptVersion | Conflict | None) -> None:
            if result is not None:
                self._saved(result, state, text, noted[0], then)

        page.app.push_screen(
            FormScreen(
                f"Save {state.prompt.name} as a new version",
                [Field("note", "What changed", help="One line for the list of versions, or none.")],
                submit,
                intro=" ".join(filter(None, said)),
            ),
            ended,
        )

    def _saved(
        self,
        result: PromptVersion | Conflict,
        state: EditorState,
        text: str,
        note: str,
        then: Then | None,
    ) -> None:
        page = self._page
        if isinstance(result, Conflict):
            self._conflict(result.theirs, state, text, note, then)
            return
        page.sampler.put(None)
        page.keeper.saved(EditorState(state.prompt, text, result, from_draft=False))
        if page.text != text:
            page.keeper.changed(page.text)
        others = (
            " What includes it keeps the text of before."
            if page.model and page.model.affects
            else ""
        )
        page.say(f"Saved as {result.title}.{others}")
        page.draw_header()
        page.refresh_bindings()
        if then is not None:
            then(result)

    def _conflict(
        self, theirs: PromptVersion, state: EditorState, text: str, note: str, then: Then | None
    ) -> None:
        from llmops_tui.ui.screens.prompts.conflict import ConflictPage, saved_meanwhile

        page = self._page
        sides = saved_meanwhile(state, theirs, text)

        def chosen(choice: Choice) -> None:
            if choice == "save":
                settings = page.sampler.current
                page.in_thread(
                    lambda: prompts.save_version(
                        page.workspace, state, text, note=note, settings=settings, despite=theirs
                    ),
                    lambda result: self._saved(result, state, text, note, then),
                    group="save",
                )
                return
            # First the base, so that the draft which is kept says what it began with.
            page.keeper.begin_from(
                EditorState(state.prompt, sides.theirs, theirs, from_draft=False)
            )
            if choice == "merge":
                page.take_merged(sides.merged)
            else:
                page.change_text(sides.theirs)
                page.say(f"{theirs.title} is in the editor; ctrl+z brings your text back.")
            page.draw_header()

        page.app.push_screen(ConflictPage(sides, chosen))
