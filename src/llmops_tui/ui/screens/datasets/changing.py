"""What changes examples: one at a time in the editor, many at once by what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llmops_tui.core.curation.splitting import DEV, GATE, TRAIN
from llmops_tui.core.dataset import DatasetVersion, Example
from llmops_tui.core.errors import InputError
from llmops_tui.services import dataset_editing as editing
from llmops_tui.services.dataset_editing import Edited
from llmops_tui.services.example_search import ExampleSearch
from llmops_tui.ui import editor
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.datasets import texts
from llmops_tui.ui.screens.form import Field, FormScreen, Values
from llmops_tui.ui.widgets.virtual_table import VirtualTable

ONE, FOUND, ALL = "this row", "found", "all"
ASSIGN = "by chance"
CHANGES = frozenset({"edit", "label", "tag", "split", "make_more", "remove"})
ABOUT_ONE = frozenset({"edit", "tag", "split", "remove", "copy"})


class Changing(Page[DatasetVersion]):
    """A page over examples whose commands make new versions."""

    def __init__(self, name: str, version: DatasetVersion, *, old: bool) -> None:
        super().__init__()
        self.dataset = name
        self.version = version
        self.old = old
        self.search: ExampleSearch
        self._leaving = False
        self._rejected: dict[int, str] = {}
        """Edited texts that couldn't be read, by position: kept for the next try."""

    @property
    def table(self) -> VirtualTable[Example]:
        """The list."""
        raise NotImplementedError

    @property
    def example(self) -> Example | None:
        """The one under the cursor."""
        return self.table.cursor_row

    def why_not(self, command_id: str) -> str | None:
        """Most of it is about the example under the cursor, or changes something."""
        name = command_id.rpartition(".")[2]
        if name == "bad_rows" and not self.version.bad_rows:
            return "This version has no bad rows."
        if name in CHANGES and self.old:
            return (
                f"Version {self.version.number} is an older one and never changes; "
                "restore it from the list of versions to go on with it."
            )
        if name in ABOUT_ONE and self.example is None:
            return "There is no example under the cursor."
        return super().why_not(command_id)

    def do_edit(self) -> None:
        """Edit the example in the person's editor; what is written makes the next version."""
        example = self.example
        if example is None:
            return
        before = self._rejected.get(example.position, editing.example_as_text(example))
        text = editor.edit_in_editor(self.llmops, before, ".json")
        if text is None and example.position not in self._rejected:
            return
        written = before if text is None else text
        workspace, version = self.workspace, self.version

        def failed(error: Exception) -> None:
            self._rejected[example.position] = written
            self.llmops.report(error)
            self.llmops.notify("What you wrote is kept: e goes on with it.")

        def done(edited: Edited) -> None:
            self._rejected.pop(example.position, None)
            self.changed(edited)

        self.in_thread(
            lambda: editing.edit_example(workspace, version, example, written),
            done,
            group="change",
            failed=failed,
        )

    def do_tag(self) -> None:
        """Ask which tags, and for which rows."""
        fields = [
            Field("tags", "tags", "", "With commas; -tag takes one away, as in urgent, -draft."),
            self._which(),
        ]
        self._ask(
            "Tag examples",
            fields,
            lambda values, ids: editing.set_tags(self.workspace, self.version, ids, values["tags"]),
        )

    def do_split(self) -> None:
        """Ask which split, or for a spread by chance."""
        help_text = "gate is held out for verdicts: each look at it wears it out."
        fields = [
            Field(
                "split",
                "split",
                DEV,
                help_text,
                choices=(
                    (TRAIN, "to learn from: few-shot examples, fine-tuning"),
                    (DEV, "to try prompts on"),
                    (GATE, "held out for verdicts"),
                    ("none", "in no split"),
                    (ASSIGN, "all examples, by the shares below"),
                ),
            ),
            self._which(),
            Field("shares", "shares", "train 70, dev 15, gate 15", "For “by chance” only."),
            Field("seed", "seed", "1", "The same seed gives the same splits.", check=_whole),
            Field("even", "even by", "expected", "Each of its values is spread evenly; or empty."),
        ]

        def submit(values: Values, ids: Sequence[int]) -> Edited:
            if values["split"] == ASSIGN:
                return editing.assign_splits(
                    self.workspace,
                    self.version,
                    values["shares"],
                    seed=int(values["seed"]),
                    stratify=values["even"],
                )
            name = "" if values["split"] == "none" else values["split"]
            return editing.set_split(self.workspace, self.version, ids, name)

        self._ask("Put examples into a split", fields, submit)

    def do_remove(self) -> None:
        """Ask which rows to leave out."""
        self._ask(
            "Leave examples out of the next version",
            [self._which()],
            lambda _, ids: editing.remove_examples(self.workspace, self.version, ids),
        )

    def do_label(self) -> None:
        """Open the labelling loop."""
        from llmops_tui.ui.screens.datasets.labelling import LabelPage

        self.app.push_screen(LabelPage(self.dataset, self.version, self.filter_text))

    def do_check(self) -> None:
        """Look for trouble in the data."""
        from llmops_tui.ui.screens.datasets.quality import QualityPage

        self.app.push_screen(QualityPage(self.dataset, self.version))

    def do_make_more(self) -> None:
        """Ask a model for variations of the examples shown."""
        from llmops_tui.ui.screens.datasets.making import make_more

        make_more(self)

    @property
    def is_leaving(self) -> bool:
        """Whether the page is gone; asked by threads that work for it."""
        return self._leaving

    def say_working(self, line: str) -> None:
        """Show how far work is; an empty line when it's over."""
        raise NotImplementedError

    def changed(self, edited: Edited) -> None:
        """A version was made: say so and show it."""
        self.llmops.notify(edited.words)
        self.reload_now()

    def _which(self) -> Field:
        everyone = texts.counted(self.version.rows, "example")
        many = (
            (FOUND, f"all that fit “{self.filter_text}”")
            if self.filter_text
            else (ALL, f"all {everyone} of the version")
        )
        example = self.example
        one = (ONE, f"example {example.position:,}" if example else "")
        return Field("which", "rows", many[0] if self.filter_text else ONE, choices=(one, many))

    def _ask(
        self,
        title: str,
        fields: Sequence[Field],
        submit: Callable[[Values, Sequence[int]], Edited],
    ) -> None:
        example, search = self.example, self.search

        def hand_in(values: Values) -> Edited:
            if values["which"] != ONE:
                return submit(values, search.ids())
            if example is None:
                raise InputError("There is no example under the cursor.")
            return submit(values, [example.id])

        def made(edited: Edited | None) -> None:
            if edited is not None:
                self.changed(edited)

        self.app.push_screen(FormScreen(title, fields, hand_in), made)


def _whole(value: str) -> str | None:
    return None if value.lstrip("-").isdecimal() else "The seed is a whole number."
