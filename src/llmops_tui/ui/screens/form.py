"""A dialog with fields: checked as they are, kept while something is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from rich.text import Text
from textual import events
from textual.containers import Horizontal
from textual.message import Message
from textual.reactive import reactive
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from llmops_tui.core.errors import LlmopsError
from llmops_tui.core.text import visible
from llmops_tui.ui.screens.dialog import Dialog
from llmops_tui.ui.widgets.line_input import LineInput

if TYPE_CHECKING:
    from textual.app import ComposeResult

Made = TypeVar("Made")
Values = dict[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a form."""

    name: str
    label: str
    value: str = ""
    help: str = ""
    """What belongs here; shown while the field has the focus."""
    choices: tuple[tuple[str, str], ...] = ()
    """Value and explanation; a field with choices is stepped through, not typed into."""
    check: Callable[[str], str | None] | None = None
    """Says what is wrong with a value, or None."""
    path: bool = False
    """Completes file names."""
    lines: bool = False
    """Keeps the lines of pasted text."""
    whole: bool = False
    """Selects what it holds when it is entered: typing replaces it."""


class PathSuggester(Suggester):
    """Completes the name of a file or directory; → takes what is suggested."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The first entry of the directory that begins so."""
        import asyncio

        return await asyncio.to_thread(complete_path, value)


def complete_path(typed: str) -> str | None:
    """What was typed, extended to the first matching entry; None where there is none."""
    if not typed:
        return None
    directory, _, start = typed.rpartition("/")
    where = Path(f"{directory}/" if "/" in typed else ".").expanduser()
    try:
        names = sorted(e.name + ("/" if e.is_dir() else "") for e in os.scandir(where))
    except OSError:
        return None
    for name in names:
        is_plain = visible(name, newlines=False) == name
        if is_plain and name.startswith(start) and (start or not name.startswith(".")):
            return typed[: len(typed) - len(start)] + name
    return None


class ChoiceLine(Widget):
    """One of a few values: ← → or space step through them."""

    can_focus = True
    value = reactive("")
    DEFAULT_CSS = """
    ChoiceLine { height: 1; width: 1fr; background: $surface; }
    ChoiceLine:focus { text-style: bold reverse; }
    """

    class Entered(Message):
        """Enter was pressed: on to the next field."""

    class Changed(Message):
        """Another value was chosen."""

    def __init__(self, choices: tuple[tuple[str, str], ...], value: str, *, id: str) -> None:
        super().__init__(id=id)
        self._choices = choices
        known = [choice for choice, _ in choices]
        self.value = value if value in known else known[0]

    def watch_value(self, before: str, now: str) -> None:
        """Say that it is another one."""
        if before and before != now:
            self.post_message(self.Changed())

    def render(self) -> Text:
        """The value between arrows, and what it means."""
        line = visible(f"‹ {self.value} ›  {dict(self._choices)[self.value]}", newlines=False)
        return Text(line, no_wrap=True, overflow="ellipsis", end="")

    def on_key(self, event: events.Key) -> None:
        """Step, or go on."""
        known = [choice for choice, _ in self._choices]
        step = {"right": 1, "space": 1, "left": -1}.get(event.key)
        if step is not None:
            event.stop()
            self.value = known[(known.index(self.value) + step) % len(known)]
        elif event.key == "enter":
            event.stop()
            self.post_message(self.Entered())


class FormScreen(Dialog[Made], Generic[Made]):
    """Fields, and what to make of them.

    `submit` runs in a thread with the values; its result is the dialog's. What it raises is shown
    in the form, which stays as it is.
    """

    SCOPE = "dialogs.form"
    AUTO_FOCUS = "#box Input, #box ChoiceLine"
    DEFAULT_CSS = """
    FormScreen .field { height: 1; }
    FormScreen .field > Label { width: 20; }
    FormScreen .field:focus-within > Label { text-style: bold; }
    FormScreen Input, FormScreen Input:focus {
        border: none; height: 1; padding: 0; width: 1fr; background: $surface;
    }
    FormScreen .wrong {
        color: $bad; text-style: bold; display: none; padding-left: 20; width: 100%;
    }
    FormScreen .wrong.-shown { display: block; }
    FormScreen #hint { color: $muted; margin-top: 1; height: auto; min-height: 1; }
    FormScreen #problem { color: $bad; text-style: bold; display: none; margin-top: 1; }
    FormScreen #problem.-shown { display: block; }
    """

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        submit: Callable[[Values], Made],
        *,
        intro: str = "",
    ) -> None:
        super().__init__()
        self._heading = title
        self._intro = intro
        self._fields = list(fields)
        self._submit = submit
        self._warned = False
        self._busy = False
        self._began: Values = {}

    def compose_box(self) -> ComposeResult:
        """Title, fields, what is wrong, what belongs here."""
        yield Label(visible(self._heading, newlines=False), classes="title", markup=False)
        if self._intro:
            yield Static(visible(self._intro), markup=False)
        for field in self._fields:
            with Horizontal(classes="field"):
                yield Label(visible(field.label, newlines=False), markup=False)
                yield self._control(field)
            yield Label("", id=f"wrong-{field.name}", classes="wrong", markup=False)
        yield Static("", id="problem", markup=False)
        yield Static("", id="hint", markup=False)

    def on_mount(self) -> None:
        """Remember how the fields began."""
        self._began = self.values()

    def values(self) -> Values:
        """What the fields hold, without spaces around it."""
        return {field.name: self._control_of(field).value.strip() for field in self._fields}

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Say what belongs in the field."""
        for field in self._fields:
            if event.widget is self._control_of(field):
                self.query_one("#hint", Static).update(visible(field.help))

    def on_input_changed(self, _: Input.Changed) -> None:
        """A changed form asks again before it is thrown away."""
        self._warned = False

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on; on the last field it hands the form in."""
        event.stop()
        self._go_on(event.input)

    def on_choice_line_entered(self, event: ChoiceLine.Entered) -> None:
        """Enter goes on."""
        event.stop()
        if self.focused is not None:
            self._go_on(self.focused)

    def do_submit(self) -> None:
        """Check the fields and hand them in."""
        values = self.values()
        if self._busy or not self._check(values):
            return
        self._busy = True
        self._say("")
        self.query_one("#hint", Static).update("Working…")
        self.in_thread(lambda: self._submit(values), self._made, group="form", failed=self._failed)

    def do_cancel(self) -> None:
        """Leave; asks once where something was typed."""
        if self.values() != self._began and not self._warned:
            self._warned = True
            self._say("Press esc again to throw away what you typed.")
            return
        self.dismiss(None)

    def _go_on(self, control: Widget) -> None:
        if control is self._control_of(self._fields[-1]):
            self.do_submit()
        else:
            self.focus_next()

    def _check(self, values: Values) -> bool:
        wrong_first: Widget | None = None
        for field in self._fields:
            problem = field.check(values[field.name]) if field.check else None
            label = self.query_one(f"#wrong-{field.name}", Label)
            label.update(visible(problem or ""))
            label.set_class(bool(problem), "-shown")
            if problem and wrong_first is None:
                wrong_first = self._control_of(field)
        if wrong_first is not None:
            wrong_first.focus()
        return wrong_first is None

    def _made(self, made: Made) -> None:
        self.dismiss(made)

    def _failed(self, error: Exception) -> None:
        self._busy = False
        self.query_one("#hint", Static).update("")
        if isinstance(error, LlmopsError):
            self._say(f"{error} {error.hint}".strip())
        else:
            self.llmops.report(error)

    def _say(self, sentence: str) -> None:
        problem = self.query_one("#problem", Static)
        problem.update(visible(sentence))
        problem.set_class(bool(sentence), "-shown")

    def _control(self, field: Field) -> Input | ChoiceLine:
        if field.choices:
            return ChoiceLine(field.choices, field.value, id=f"field-{field.name}")
        control = LineInput(
            value=field.value,
            id=f"field-{field.name}",
            suggester=PathSuggester() if field.path else None,
            select_on_focus=field.whole,
        )
        control.keeps_lines = field.lines
        control.cursor_blink = False
        return control

    def _control_of(self, field: Field) -> Input | ChoiceLine:
        control = self.query_one(f"#field-{field.name}")
        assert isinstance(control, Input | ChoiceLine)
        return control


def required(what: str) -> Callable[[str], str | None]:
    """A check that something was entered."""
    return lambda value: None if value else f"{what} is needed."
