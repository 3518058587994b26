"""Writing a prompt: the text, what is wrong with it, what a model gets and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual import events
from textual.widgets import TextArea

from llmops_tui.core.chat import Json
from llmops_tui.core.prompt_version import Prompt, PromptVersion
from llmops_tui.core.text import visible
from llmops_tui.services import prompt_writing, prompts
from llmops_tui.services.models import ModelView
from llmops_tui.services.prompt_trying import Preview
from llmops_tui.services.prompt_writing import Desk
from llmops_tui.services.prompts import EditorState
from llmops_tui.ui import hidden
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.prompts import choices, words
from llmops_tui.ui.screens.prompts.drafts import DraftKeeper
from llmops_tui.ui.screens.prompts.finding import Finder
from llmops_tui.ui.screens.prompts.more import MoreCommands
from llmops_tui.ui.screens.prompts.previewing import Previewer
from llmops_tui.ui.screens.prompts.prompt_text import PromptText
from llmops_tui.ui.screens.prompts.sampling import Sampler
from llmops_tui.ui.screens.prompts.saving import Saver
from llmops_tui.ui.screens.prompts.trying import Trier
from llmops_tui.ui.widgets.bars import Bar
from llmops_tui.ui.widgets.text_pane import TextPane
from llmops_tui.ui.widgets.two_panes import TwoPanes

if TYPE_CHECKING:
    from textual.app import ComposeResult

EXAMPLE_KEY = "alt+n"
SAY_S = 2.5


class EditorPage(MoreCommands, Page[Desk]):
    """One prompt under work. Typing is kept all along; esc goes back without asking."""

    SCOPE = "prompts.editor"
    PURPOSE = (
        "Write a prompt. A line such as --- system --- or --- user --- begins a message; "
        "{{ name }} is a variable that each example of the data set fills in. What you type is "
        "kept within a second, so that nothing is lost with the line or the machine; ctrl+s makes "
        "it a version, which never changes again."
    )
    FIGURES = (
        "unknown: a variable that the data set doesn't have. not used: a column that no variable "
        "asks for.\n"
        "tokens: estimated from the length until the model answered this prompt once, then from "
        "its own counts; the price has the usual answer in it from then on. context: tokens that "
        "fit into question and answer together.\n"
        "In the text: ctrl+z undoes and ctrl+y does again; ctrl+x, ctrl+c and ctrl+v cut, copy "
        "and paste; shift with arrows selects; ctrl+u and ctrl+k delete to the start and the end "
        "of the line; tab goes to the preview and back. Characters that can't be seen stand as "
        "signs such as ␛ or ¤ and are kept as they are."
    )
    TOPICS = frozenset({"prompt", "dataset", "model", "project"})
    DEFAULT_CSS = """
    EditorPage #header, EditorPage #variables, EditorPage #figures {
        background: $surface; color: $foreground; padding: 0 1;
    }
    """

    def __init__(self, prompt: Prompt, restore: PromptVersion | None = None) -> None:
        """Prepare.

        Args:
            prompt: What is written.
            restore: A version whose text is put in the place of the draft.
        """
        super().__init__()
        self.prompt = prompt
        self._restore = restore
        self._keeper: DraftKeeper | None = None
        self._text = ""
        self._raw: str | None = None
        """The text where the editor can't hold it; it is shown then, and edited in $EDITOR."""
        self._model: ModelView | None = None
        self.trier = Trier(self, self.redraw)
        self.saver = Saver(self)
        self.previewer = Previewer(self)
        self.finder = Finder(self)
        self.sampler = Sampler(self)

    def compose_body(self) -> ComposeResult:
        """Header, text beside preview, and two lines that say how it stands."""
        yield Bar(id="header")
        area = PromptText(id="text")
        area.read_only = True  # until the text is read: nothing typed may be lost
        yield TwoPanes(area, TextPane(id="preview"))
        yield Bar(id="variables")
        yield Bar(id="figures")

    def load(self) -> Desk:
        """The prompt, and what there is to try it with."""
        return prompt_writing.desk(self.workspace, self.prompt)

    def show(self, model: Desk) -> None:
        """Begin with the text; later only what is around it changes."""
        if self._keeper is None:
            self._begin(model)
        self._model = choices.chosen_model(self, model.models)
        previewer = self.previewer
        if previewer.dataset is None or previewer.dataset not in model.datasets:
            previewer.use_dataset(
                choices.chosen_dataset(self, self.prompt, model.datasets, self._text)
            )
        previewer.look_again()
        self.draw_header()
        self._draw_lines()

    # What the helpers of this page use.

    @property
    def chosen_model(self) -> ModelView | None:
        """The model that is asked first."""
        return self._model

    def use_model(self, view: ModelView) -> None:
        """Ask this one from now on."""
        self._model = view
        self.redraw()

    def redraw(self) -> None:
        """Paint again what depends on the models."""
        self._draw_lines()
        self._draw_detail()

    @property
    def area(self) -> PromptText:
        """Where the text is written."""
        return self.query_one(PromptText)

    def show_text(self) -> None:
        """The text in front, where there is room for one pane."""
        self.query_one(TwoPanes).close()
        self.area.focus()

    @property
    def text(self) -> str:
        """The prompt as it stands."""
        return self._text

    @property
    def state(self) -> EditorState | None:
        """What the text was begun from; None before it was read."""
        return self._keeper.state if self._keeper else None

    @property
    def keeper(self) -> DraftKeeper:
        """Who keeps the draft."""
        assert self._keeper is not None
        return self._keeper

    @property
    def scorers(self) -> tuple[Mapping[str, Json], ...]:
        """How the project judges."""
        return self.model.scorers if self.model else ()

    @property
    def changed(self) -> bool:
        """Whether text or settings differ from the version that it was begun from."""
        state = self.state
        same = state is None or prompt_writing.is_saved(state, self._text)
        return not same or (state is not None and self.sampler.changed)

    def change_text(self, text: str) -> None:
        """Put another text in the place of this one; undo brings this one back."""
        area = self.area
        if hidden.can_hide(text) and self._raw is None:
            area.change_to(text)
            return
        self._show_text(text)
        self._text_is(text)

    def say(self, sentence: str) -> None:
        """A toast that doesn't cover the lines below the text for long."""
        self.notify(sentence, timeout=SAY_S)

    def draw_header(self) -> None:
        """Name, version and draft."""
        state = self.state
        if state is None or not self.is_attached:
            return
        newest = self.model.newest if self.model else None
        parts = words.header_parts(state, newest, self.changed, self.keeper.problem)
        bar = self.query_one("#header", Bar)
        bar.put(words.line_of(parts, bar.size.width))

    # Reading and keeping.

    def _begin(self, model: Desk) -> None:
        self._keeper = DraftKeeper(self, model.state, model.draft_at)
        self._text = model.state.text
        self._show_text(self._text)
        self.area.focus()
        if model.state.base is None and not model.state.from_draft:
            self.area.move_cursor((1, 0))  # below the first heading
        if self._restore is not None:
            self.change_text(prompts.as_text(self._restore))
            self.say(f"{self._restore.title} is in the editor; ctrl+z brings back what was.")

    def _show_text(self, text: str) -> None:
        area = self.area
        fits = hidden.can_hide(text)
        self._raw = None if fits else text
        area.begin_with(text if fits else visible(text))
        area.read_only = not fits
        if not fits:
            self.notify(
                "This text uses private characters that can't be edited here: ctrl+e edits it in "
                "your own editor.",
                severity="warning",
            )

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Something was typed."""
        event.stop()
        if self._raw is None and self._keeper is not None:
            text = self.area.prompt
            if text != self._text:
                self._text_is(text)

    def _text_is(self, text: str) -> None:
        was_changed = self.changed
        self._text = text
        self.keeper.changed(text)
        self.previewer.look()
        if was_changed != self.changed:
            self.draw_header()
            self.refresh_bindings()

    def do_back(self) -> None:
        """Stop the question, close the preview, or leave with the draft kept."""
        if self.trier.stop():
            return
        if self.query_one(TwoPanes).close():
            self.refresh_bindings()
            return
        self.do_leave()

    def do_leave(self) -> None:
        """Leave once everything is kept."""
        if self._keeper is None:
            self.dismiss()
        elif self._keeper.conflict:
            self._keeper.ask_which()
        else:
            self._keeper.leave(self._left)

    def _left(self) -> None:
        if self.changed:
            self.say(f"Your draft of {self.prompt.name} is kept.")
        self.dismiss()

    def on_unmount(self) -> None:
        """The app ends, or the page was taken away: keep what was typed last."""
        self.trier.forget()
        if self._keeper is not None:
            self._keeper.keep_now()

    def previewed(self, preview: Preview) -> None:
        """The text was rendered, or it was found why it can't be."""
        unknown = [problem.name for problem in preview.variables if problem.unknown]
        if self._raw is None:
            # A variable that has no value is marked itself; its whole line needn't be.
            lacking = any(not problem.in_data for problem in preview.variables if problem.unknown)
            self.area.mark_mistakes(unknown, None if lacking else preview.line)
        self._draw_lines()
        self._draw_detail()
        self.refresh_bindings()

    # Painting.

    def on_resize(self, event: events.Resize) -> None:
        """The lines are cut to the width."""
        super().on_resize(event)
        self.call_after_refresh(self._draw_all)

    def _draw_all(self) -> None:
        self.draw_header()
        self._draw_lines()

    def _draw_lines(self) -> None:
        previewer = self.previewer
        if not self.is_attached:
            return
        bar = self.query_one("#variables", Bar)
        width = bar.size.width
        secret = "" if self._raw is not None else hidden.hidden_words(self.area.text)
        parts = words.variable_parts(
            previewer.preview, secret, previewer.columns or previewer.inputs
        )
        bar.put(words.line_of(parts, width))
        example = words.example_words(previewer.examples, previewer.index, EXAMPLE_KEY)
        many = len(self.model.models) if self.model else 0
        cost = next(iter(self.costs), None)
        parts = words.figure_parts(cost, example, self._model, many)
        self.query_one("#figures", Bar).put(words.line_of(parts, width))

    def _draw_detail(self) -> None:
        previewer = self.previewer
        if not self.is_attached:
            return
        attempt = words.attempt_sections(self.trier.attempt)
        preview = words.preview_sections(previewer.preview, previewer.example)
        costs = words.cost_sections(self.costs)
        shown = [*attempt, *costs, *preview]
        self.query_one("#preview", TextPane).show_sections(shown, keep_place=True)

    # Commands.

    def why_not(self, command_id: str) -> str | None:
        """What is missing for a command."""
        name = command_id.rpartition(".")[2]
        if self._keeper is None and command_id.startswith("prompts.editor"):
            return "The prompt is still being read."
        if name in ("save", "discard") and not self.changed and not self.keeper.conflict:
            return "Nothing was changed: there is no draft."
        if name in ("try_it", "model") and self._model is None:
            return "There is no model to ask: 7, then a adds one."
        if name == "beside" and len(self.model.models if self.model else ()) < 2:
            return "There is no second model to ask: 7, then a adds one."
        if name in ("continue", "keep") and not self.trier.is_answered:
            return "There is no answer yet: ctrl+r asks."
        if name == "keep" and self.trier.asked_example is None:
            return "The answer is about no example: alt+d chooses a data set."
        if (
            name in ("next_example", "previous_example", "dataset", "few_shot")
            and not self.previewer.columns
        ):
            return "There is no data set: 2, then i imports one."
        return super().why_not(command_id)

    def do_try_it(self) -> None:
        """Ask the model."""
        assert self._model is not None
        example, index = self.previewer.example, self.previewer.index
        asked = self.models_asked
        self.trier.ask(asked, self._text, example, index + 1 if example else None)
        if len(asked) > 1:
            from llmops_tui.ui.screens.prompts.tries import TriesPage

            self.app.push_screen(TriesPage(self.trier, self.continue_with))
            return
        panes = self.query_one(TwoPanes)
        self.query_one("#preview", TextPane).do_top()
        if not panes.side_by_side:
            panes.open()
        self.refresh_bindings()

    def do_in_editor(self) -> None:
        """Hand the text over, once the draft is kept."""
        self.keeper.leave(self._edit)

    def _edit(self) -> None:
        from llmops_tui.ui.editor import edit_in_editor

        # Textual types the app's result, the editor doesn't care.
        text = edit_in_editor(self.llmops, self._text, ".prompt.md")
        if text is None:
            self.say("The text came back unchanged.")
        else:
            self.change_text(text)

    def do_save(self) -> None:
        """Make the text a version."""
        if self.keeper.conflict:
            self.keeper.ask_which()
        else:
            # Draft first: one that is on its way must not come to lie beside the new version.
            self.keeper.leave(self.saver.save)

    def do_run(self) -> None:
        """Run the saved version; what isn't saved yet is saved first."""
        if self.changed:
            why = "A run measures a saved version: save this one first."
            self.keeper.leave(lambda: self.saver.save(then=self._run, why=why))
        elif self.state and self.state.base:
            self._run(self.state.base)
        else:
            self.notify("There is no version to run yet: write the prompt first.")

    def _run(self, version: PromptVersion) -> None:
        dataset = self.previewer.dataset
        choices.offer_run(self, version, self._model, dataset, self.prompt.project_id)
