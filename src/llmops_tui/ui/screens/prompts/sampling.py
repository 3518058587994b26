"""How the prompt under work is asked: a form; kept at once, and with the version that is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.services import prompt_settings
from llmops_tui.services.prompt_settings import PromptSettings
from llmops_tui.ui.screens.form import Field, FormScreen

if TYPE_CHECKING:
    from llmops_tui.ui.screens.prompts.editor import EditorPage

PLACE = "prompts.settings"
FIELDS = (
    ("temperature", "temperature", "From 0 (always the likeliest word) to 2."),
    ("top_p", "top p", "Only the likeliest words up to this share, above 0 to 1."),
    ("max_tokens", "max tokens", "Of an answer: with it a cost cap can't be exceeded."),
    ("seed", "seed", "For endpoints that can repeat themselves."),
    ("stop", "stop", "Texts at which the answer ends, with | between them."),
    ("schema", "response schema", "JSON Schema of the answer, pasted, or the name of its file."),
    ("tools", "tools", "A JSON list of functions that the model may call, or its file."),
)
LONG = ("schema", "tools")
"""Pasted in many lines, or read from a file."""


class Sampler:
    """Settings of the editor's text, which may differ from those of the version below it."""

    def __init__(self, page: EditorPage) -> None:
        self._page = page
        self._kept: PromptSettings | None = None
        self._was_read = False

    @property
    def current(self) -> PromptSettings:
        """What a question is asked with."""
        if not self._was_read:
            self._was_read = True
            self._kept = PromptSettings.from_text(self._page.llmops.recall(self._place) or "")
        return self._kept or self._saved

    @property
    def changed(self) -> bool:
        """Whether they differ from those of the version that the text was begun from."""
        return self.current != self._saved

    def put(self, settings: PromptSettings | None) -> None:
        """Use these from now on; None: those of the version below."""
        self._was_read = True
        self._kept = settings
        self._page.llmops.remember(self._place, settings.to_text() if settings else "")

    def ask(self) -> None:
        """The form."""
        page, before = self._page, self.current
        values = prompt_settings.shown(before)
        fields = [
            Field(
                name,
                label,
                values[name],
                f"{help} Empty: the endpoint's own.",
                path=name in LONG,
                lines=name in LONG,
            )
            for name, label, help in FIELDS
        ]

        def done(settings: PromptSettings | None) -> None:
            if settings is not None:
                self.put(settings if settings != self._saved else None)
                page.draw_header()
                page.redraw()
                page.say(f"Asked with: {settings.words() or 'what the endpoint does by itself'}.")

        form = FormScreen(
            "How the prompt is asked", fields, lambda given: prompt_settings.read(given, before)
        )
        page.app.push_screen(form, done)

    @property
    def _saved(self) -> PromptSettings:
        state, desk = self._page.state, self._page.model
        if state is not None and state.base is None and desk is not None:
            # A new prompt asks for what the project wants its answers to look like.
            return PromptSettings(response_schema=desk.answer_schema)
        return PromptSettings.of(state.base if state else None)

    @property
    def _place(self) -> str:
        return f"{PLACE}.{self._page.prompt.id}"
