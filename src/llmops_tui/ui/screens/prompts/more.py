"""Further commands of the editor: models, data set, versions, turns, finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from llmops_tui.core.text_merge import YOURS
from llmops_tui.services import prompt_turns, prompts
from llmops_tui.services.question_cost import QuestionCost, question_cost
from llmops_tui.ui.screens.pick import PickScreen
from llmops_tui.ui.screens.prompts import choices
from llmops_tui.ui.widgets.two_panes import TwoPanes

if TYPE_CHECKING:
    from llmops_tui.core.prompt_version import PromptVersion
    from llmops_tui.core.text_merge import Merged
    from llmops_tui.services.models import ModelView
    from llmops_tui.ui.screens.prompts.editor import EditorPage

MOST_MODELS = 4
BESIDE_PLACE = "prompts.beside"


class MoreCommands:
    """What `EditorPage` does too; apart, because a file is read at once."""

    @property
    def _page(self) -> EditorPage:
        return cast("EditorPage", self)

    @property
    def models_asked(self) -> tuple[ModelView, ...]:
        """The model to try it on, and those beside it: one to four."""
        page = self._page
        first = page.chosen_model
        if first is None or page.model is None:
            return ()
        kept = (page.llmops.recall(BESIDE_PLACE) or "").split(",")
        beside = [
            view
            for view in page.model.models
            if str(view.model.id) in kept and view.model.id != first.model.id
        ]
        return (first, *beside[: MOST_MODELS - 1])

    @property
    def costs(self) -> tuple[QuestionCost, ...]:
        """What the question costs on each model that is asked; none before it is rendered."""
        page = self._page
        preview = page.previewer.preview
        if preview is None or preview.problem:
            return ()
        return tuple(
            question_cost(view.model, preview.tokens, page.trier.heard(view))
            for view in self.models_asked
        )

    def do_beside(self) -> None:
        """Add a model to try beside the first, or take one away."""
        page = self._page
        asked = [view.model.id for view in self.models_asked]
        known = page.model.models if page.model else ()
        others = [view for view in known if view.model.id != asked[0]]

        def chosen(key: str | None) -> None:
            if key is None:
                return
            beside = [str(number) for number in asked[1:]]
            if key in beside:
                beside.remove(key)
            elif len(asked) >= MOST_MODELS:
                page.say(f"At most {MOST_MODELS} models: take one away first.")
                return
            else:
                beside.append(key)
            page.llmops.remember(BESIDE_PLACE, ",".join(beside))
            page.redraw()

        page.app.push_screen(
            PickScreen(
                "Try it beside on which model?",
                [
                    (
                        str(view.model.id),
                        ("✓ " if view.model.id in asked else "  ") + view.title,
                        "asked beside; enter takes it away" if view.model.id in asked else "",
                    )
                    for view in others
                ],
            ),
            chosen,
        )

    def take_merged(self, merged: Merged) -> None:
        """Go on with two texts put together, at the first place that waits for a choice."""
        page = self._page
        page.change_text(merged.text)
        places = merged.open_places
        if places:
            page.area.move_cursor((merged.text.split("\n").index(YOURS), 0), center=True)
            where = "One place has" if places == 1 else f"{places} places have"
            page.say(f"{where} what both wrote: keep one of them. ctrl+z has your text.")
        else:
            page.say("Both changes are in the text; ctrl+z has yours alone.")

    def do_next_example(self) -> None:
        """The next example; after the last the first."""
        self._page.previewer.step(1)

    def do_previous_example(self) -> None:
        """The one before."""
        self._page.previewer.step(-1)

    def do_model(self) -> None:
        """Choose the model."""
        page = self._page
        found = page.model.models if page.model else ()
        choices.pick_model(page, found, page.chosen_model, page.use_model)

    def do_settings(self) -> None:
        """Temperature, lengths, schema, tools."""
        self._page.sampler.ask()

    def do_dataset(self) -> None:
        """Choose the data set."""
        page = self._page
        found = page.model.datasets if page.model else ()
        previewer = page.previewer
        choices.pick_dataset(page, page.prompt, found, previewer.dataset, previewer.use_dataset)

    def do_preview(self) -> None:
        """Between text and preview."""
        page = self._page
        panes = page.query_one(TwoPanes)
        if panes.close():
            pass
        elif not panes.side_by_side:
            panes.open()
        elif page.focused is panes.detail:
            panes.listing.focus()
        else:
            panes.detail.focus()
        page.refresh_bindings()

    def do_versions(self) -> None:
        """Show the versions, one of which may come back into the text."""
        from llmops_tui.ui.screens.prompts.versions import VersionsPage

        page = self._page

        def restore(version: PromptVersion) -> None:
            page.change_text(prompts.as_text(version))
            page.say(f"{version.title} is in the editor; ctrl+z brings back what was.")

        page.app.push_screen(VersionsPage(page.prompt, restore))

    def do_discard(self) -> None:
        """Go back to what is saved."""
        from llmops_tui.services import prompt_writing

        page = self._page
        state = page.state
        if state is not None:
            page.sampler.put(None)
            page.change_text(prompt_writing.saved_text(state))
            page.draw_header()
            page.say("The draft is gone; ctrl+z brings it back while this page is open.")

    def do_to_start(self) -> None:
        """The first line; Textual's text area has no key for it."""
        self._page.area.move_cursor(self._page.area.document.start)

    def do_to_end(self) -> None:
        """The last line."""
        self._page.area.move_cursor(self._page.area.document.end)

    def do_find(self) -> None:
        """Find and replace."""
        self._page.finder.ask()

    def do_find_next(self) -> None:
        """The next place."""
        self._page.finder.again()

    def do_continue(self) -> None:
        """Take the answer into the text and go on with the conversation."""
        attempt = self._page.trier.attempt
        assert attempt is not None
        self.continue_with(attempt.text)

    def continue_with(self, answer: str) -> None:
        """Take an answer into the text as the assistant's turn."""
        page = self._page
        page.change_text(prompt_turns.continued(page.text, answer))
        page.area.move_cursor((page.area.document.line_count - 2, 0))
        page.show_text()
        page.say("The answer is in the text; write the next question. ctrl+z takes it out.")

    def do_keep(self) -> None:
        """Keep the answer with the example that it is about."""
        self._page.trier.keep(0, self._page.say)

    def do_few_shot(self) -> None:
        """Put examples into the text: the one shown, by number, by tag or by likeness."""
        from llmops_tui.ui.screens.prompts.shots import few_shot_form

        page = self._page
        if page.previewer.examples is None:
            return

        def made(changed: tuple[str, str] | None) -> None:
            if changed is not None:
                page.change_text(changed[0])
                page.say(f"The examples are in the text{changed[1]}; ctrl+z takes them out.")

        page.app.push_screen(few_shot_form(page), made)
