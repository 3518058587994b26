"""The preview of a prompt under work: which data set, which example, and what comes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.core.dataset import Dataset, Example
from llmops_tui.services import composition, prompt_trying, prompt_writing
from llmops_tui.services.composition import Composer
from llmops_tui.services.prompt_trying import Preview
from llmops_tui.services.prompt_writing import Examples
from llmops_tui.services.selftest import RIGHT_COLUMN, WRONG_COLUMN
from llmops_tui.ui.screens.prompts.latest import Latest

if TYPE_CHECKING:
    from llmops_tui.ui.screens.prompts.editor import EditorPage

WAIT_S = 0.2
LONGEST_S = 0.8

Shown = tuple[str, Example | None, tuple[str, ...], tuple[str, ...]]
"""Text, example, columns and the project's inputs that a preview is of."""


class Previewer:
    """Steps through examples and renders, off the UI thread; tells the page what came of it."""

    def __init__(self, page: EditorPage) -> None:
        self._page = page
        self.dataset: Dataset | None = None
        self.examples: Examples | None = None
        self.example: Example | None = None
        self.index = 0
        """Of the example, from 0."""
        self.preview: Preview | None = None
        self._checked_inputs: tuple[str, ...] = ()
        self._latest: Latest[Shown, Preview] = Latest(
            page,
            "preview",
            lambda shown: prompt_trying.preview(*shown[:3], self.composer, shown[3]),
            self._previewed,
            lambda error: page.llmops.report(error),
            wait_s=WAIT_S,
            longest_s=LONGEST_S,
        )

    @property
    def composer(self) -> Composer:
        """Puts the text together with what it includes; looked up each time, as labels move."""
        page = self._page
        return composition.composer(page.workspace, page.prompt.project_id, page.prompt.name)

    @property
    def columns(self) -> tuple[str, ...]:
        """What the data set has for variables; answers that test scorers are for no prompt."""
        found = self.examples.version.columns if self.examples else ()
        return tuple(name for name in found if name not in (RIGHT_COLUMN, WRONG_COLUMN))

    @property
    def inputs(self) -> tuple[str, ...]:
        """What the project allows as variables; empty for anything."""
        return self._page.model.inputs if self._page.model else ()

    @property
    def warning(self) -> str:
        """What a person should know before they save; empty where all variables are known."""
        if self.preview is None:
            return ""
        unknown = [one for one in self.preview.variables if one.unknown]
        lacking = ", ".join(one.short for one in unknown if not one.in_data)
        foreign = ", ".join(one.short for one in unknown if one.in_data)
        who = self.examples.title if self.examples else "The project"
        said = [f"{who} doesn't have what it asks for: {lacking}."] if lacking else []
        return " ".join([*said, f"No inputs of the project: {foreign}."] if foreign else said)

    def use_dataset(self, dataset: Dataset | None) -> None:
        """Take examples from here, from where the person left off."""
        self.dataset, self.examples, self.example, self.index = dataset, None, None, 0
        if dataset is None:
            self.look()
            return
        kept = self._page.recall(f"example.{dataset.id}")
        self.index = int(kept) if kept and kept.isdecimal() else 0
        workspace = self._page.workspace
        self._page.in_thread(
            lambda: prompt_writing.examples_of(workspace, dataset),
            self._use_examples,
            group="examples",
        )

    def step(self, by: int) -> None:
        """So many examples on, around the ends."""
        examples = self.examples
        if examples is None:
            return
        index = self.index = (self.index + by) % max(1, len(examples.positions))
        self._page.remember(f"example.{examples.version.dataset_id}", str(index))
        workspace = self._page.workspace
        self._page.in_thread(
            lambda: prompt_writing.example_at(workspace, examples, index),
            self._use_example,
            group="example",
        )

    def look(self) -> None:
        """The text changed: render it soon."""
        self._latest.put((self._page.text, self.example, self.columns, self.inputs))

    def look_again(self) -> None:
        """The project may allow other variables by now."""
        if self.inputs != self._checked_inputs:
            self._checked_inputs = self.inputs
            self.look()

    def _use_examples(self, examples: Examples) -> None:
        self.examples = examples
        self.step(0)

    def _use_example(self, example: Example | None) -> None:
        self.example = example
        self.look()
        self._latest.hurry()

    def _previewed(self, preview: Preview) -> None:
        self.preview = preview
        self._page.previewed(preview)
