"""The labelling loop: a row, its choices on the digit keys, the next row."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual import events

from llmops_tui.core.dataset import DatasetVersion, Example
from llmops_tui.services import dataset_versions, datasets, labelling
from llmops_tui.services.labelling import LabelDesk, Taken
from llmops_tui.ui import editor
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.datasets import texts
from llmops_tui.ui.screens.form import Field, FormScreen, required
from llmops_tui.ui.widgets.progress import Progress, progress_text
from llmops_tui.ui.widgets.text_pane import TextPane
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

Shown = tuple[LabelDesk, Example | None]


class LabelPane(TextPane):
    """The row. Here digits are labels, not areas."""

    def on_key(self, event: events.Key) -> None:
        """A digit gives its label."""
        page = self.screen
        if isinstance(page, LabelPage) and event.character and event.character in "123456789":
            event.stop()
            event.prevent_default()
            page.give_choice(int(event.character) - 1)


class LabelPage(Page[Shown]):
    """One row after the other."""

    SCOPE = "datasets.label"
    PURPOSE = (
        "Fill in expected answers. A digit gives the answer that stands beside it and shows the "
        "next row; t types another one, e writes it in $EDITOR, s skips, u takes the last label "
        "back. Each label is kept at once; w makes the next version of all of them. o gives "
        "second opinions: rows that somebody else labelled, without their answer."
    )
    FIGURES = (
        "agree: share of rows with two labels on which both are the same.\n"
        "κ, α, AC1: agreement beyond chance by Cohen, Krippendorff and Gwet; κ and α fall where "
        "one label is rare although people agree, AC1 doesn't."
    )
    TOPICS = frozenset({"example_label", "dataset"})
    AUTO_FOCUS = "#row"
    DEFAULT_CSS = """
    LabelPage #progress { padding: 0 2; height: 1; }
    LabelPage #agreement { padding: 0 2; height: 1; color: $muted; }
    LabelPage #choices { padding: 0 2; height: auto; max-height: 4; text-style: bold; }
    """

    def __init__(self, name: str, version: DatasetVersion, find: str) -> None:
        super().__init__()
        self._dataset = name
        self._version = version
        self._find = find
        self._second = False
        self._skipped: list[int] = []
        self._wanted: int | None = None
        """The row to show next, because its label was taken back."""
        self._more: list[str] = []
        self._busy = False

    def compose_body(self) -> ComposeResult:
        """How far one is, the row, the choices."""
        yield Words(id="progress")
        yield Words(id="agreement")
        yield LabelPane(id="row")
        yield Words(id="choices")

    def load(self) -> Shown:
        """What waits, and the first of it."""
        self._version = dataset_versions.newest(self.workspace, self._version.dataset_id)
        desk = labelling.desk(
            self.workspace,
            self._version,
            find=self._find,
            second=self._second,
            more_choices=self._more,
        )
        queue = [p for p in desk.queue if p not in self._skipped] or list(desk.queue)
        if self._wanted in desk.queue and self._wanted is not None:
            queue.insert(0, self._wanted)
        found = datasets.examples_at(self.workspace, self._version, queue[:1])
        return desk, found[0] if found else None

    def show(self, model: Shown) -> None:
        """Show the row."""
        desk, example = model
        self._busy = False
        done = Progress(desk.done, desk.total, aside=f"{desk.waiting:,} not in a version yet")
        self.query_one("#progress", Words).put(progress_text(done, self.size.width - 4))
        said = labelling.agreement_words(desk.agreement) if desk.agreement else (
            "nobody has given second opinions yet (o)"
        )  # fmt: skip
        self.query_one("#agreement", Words).put(("second opinions; " if desk.second else "") + said)
        if example is None:
            self.query_one(LabelPane).show_text(self._nothing_left(desk))
            self.query_one("#choices", Words).put("")
            return
        blind = [s for s in texts.example_sections(example) if s.heading != "expected"]
        self.query_one(LabelPane).show_sections(blind)
        keys = "   ".join(f"{n} {value}" for n, value in enumerate(desk.choices, 1))
        self.query_one("#choices", Words).put(keys or "t types the first answer")

    def why_not(self, command_id: str) -> str | None:
        """Labelling needs a row, a version needs labels."""
        name = command_id.rpartition(".")[2]
        desk, example = self.model or (None, None)
        if name in ("type_answer", "in_editor", "skip") and example is None:
            return "There is no row to label."
        if name == "make_version" and (desk is None or not desk.waiting):
            return "There are no new labels."
        return super().why_not(command_id)

    def give_choice(self, number: int) -> None:
        """The label on a digit key."""
        if self._busy or self.model is None or self.model[1] is None:
            return
        choices = self.model[0].choices
        if number < len(choices):
            self._give(choices[number])
        else:
            self.llmops.notify(f"No answer is on {number + 1}; t types one.", severity="warning")

    def do_type_answer(self) -> None:
        """Type a label."""
        fields = [Field("answer", "answer", "", "The right answer.", check=required("An answer"))]

        def typed(answer: str | None) -> None:
            if answer:
                self._give(answer)

        self.app.push_screen(FormScreen("Expected answer", fields, lambda v: v["answer"]), typed)

    def do_in_editor(self) -> None:
        """Write a long label in the person's editor."""
        text = editor.edit_in_editor(self.llmops, "", ".txt")
        if text is not None and text.strip():
            self._give(text.rstrip("\n"))

    def do_skip(self) -> None:
        """The next row; this one waits."""
        if self.model is not None and self.model[1] is not None:
            self._skipped.append(self.model[1].position)
            self._wanted = None
            self.reload_now()

    def do_undo(self) -> None:
        """Take the last label back."""
        self.in_thread(
            partial(labelling.undo, self.workspace, self._version), self._undone, group="label"
        )

    def do_opinions(self) -> None:
        """Change between new rows and second opinions."""
        self._second = not self._second
        self._skipped.clear()
        self._wanted = None
        self.reload_now()

    def do_make_version(self) -> None:
        """Make the next version of all labels."""
        self.in_thread(
            partial(labelling.take_over, self.workspace, self._version), self._taken, group="label"
        )

    def _give(self, value: str) -> None:
        model = self.model
        if model is None or model[1] is None or self._busy:
            return
        self._busy = True
        self._wanted = None
        if len(value) <= 40 and value not in model[0].choices:
            self._more.append(value)
        self.in_thread(
            partial(labelling.give, self.workspace, self._version, model[1].position, value),
            lambda _: self.reload_now(),
            group="label",
            failed=self._failed,
        )

    def _failed(self, error: Exception) -> None:
        self._busy = False
        self.llmops.report(error)

    def _undone(self, position: int) -> None:
        self._wanted = position
        self.llmops.notify(f"The label of example {position:,} was taken back.")
        self.reload_now()

    def _taken(self, taken: Taken) -> None:
        self.llmops.notify(taken.words)
        self.reload_now()

    def _nothing_left(self, desk: LabelDesk) -> str:
        if desk.second:
            return "No row waits for a second opinion. o goes back to unlabelled rows."
        if desk.waiting:
            return "Every row has a label. w makes the next version of them."
        return "Every row has an expected answer. o gives second opinions on labels."
