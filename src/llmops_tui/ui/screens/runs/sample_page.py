"""A sample whole: what was asked, what came back, how it was judged, what it took."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from llmops_tui.core.prompt_version import Prompt
from llmops_tui.core.run import Outcome
from llmops_tui.core.text import visible
from llmops_tui.services import judging, matrix, prompts, rescoring, run_samples, runs
from llmops_tui.services.run_words import money
from llmops_tui.services.runs import SampleView
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.form import Field, FormScreen, Values
from llmops_tui.ui.screens.runs import texts
from llmops_tui.ui.widgets.text_pane import Section, TextPane
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult


class SamplePage(Page[SampleView]):
    """Everything about one sample; brackets go to its neighbours."""

    SCOPE = "runs.sample"
    PURPOSE = (
        "One sample of a run: the inputs, what was sent, what came back, what was expected, and "
        "each scorer's reason. [ and ] go to the sample that came later or earlier, within the "
        "filter of the run's list."
    )
    FIGURES = (
        "took: from sending the request to the last byte of the answer; first token only where "
        "the answer was streamed, and then the mean time between two tokens.\n"
        "attempts: how often it was asked until an answer or a final error came.\n"
        "tokens: as the endpoint counted them; ≈ where it said nothing and they are guessed from "
        "the length."
    )
    DEFAULT_CSS = "SamplePage #head { text-style: bold; height: 1; }"

    def __init__(self, run_id: int, sample_id: int, outcome: Outcome | None = None) -> None:
        super().__init__()
        self.sample_id = sample_id
        self._run_id = run_id
        self._outcome = outcome

    def compose_body(self) -> ComposeResult:
        """One line of what it is, and everything about it."""
        yield Words(id="head")
        yield TextPane(id="sample")

    def load(self) -> SampleView | None:
        """The sample with its example."""
        return runs.sample_view(self.workspace, self.sample_id)

    def show(self, model: SampleView) -> None:
        """Show it."""
        sample = model.detail.sample
        mark = texts.MARKS[sample.outcome]
        self.query_one("#head", Words).put(
            f"{mark} · row {model.position:,} · {model.cell} · run {sample.run_id}"
        )
        self.query_one(TextPane).show_sections(sample_sections(model))

    def do_later(self) -> None:
        """The sample that finished next."""
        self._go(later=True)

    def do_earlier(self) -> None:
        """The sample that finished before."""
        self._go(later=False)

    def do_copy(self) -> None:
        """The answer, or the error's evidence, to the clipboard."""
        from llmops_tui.ui import clipboard

        if self.model is not None:
            detail = self.model.detail
            text = detail.answer.text if detail.answer else detail.evidence or detail.error_message
            what = "the answer" if detail.answer else "the evidence"
            self.llmops.notify(clipboard.send(self.app, text, what))

    def do_in_editor(self) -> None:
        """The whole sample in $EDITOR, to read or search it there."""
        from llmops_tui.ui.editor import edit_in_editor

        if self.model is not None:
            text = "\n\n".join(
                f"{section.heading}\n{section.text}" for section in sample_sections(self.model)
            )
            edit_in_editor(self.app, text)

    def do_next_cell(self) -> None:
        """The same row in the next cell or repeat."""
        if self.model is not None:
            ordinal = self.model.detail.sample.ordinal
            self.in_thread(
                lambda: matrix.sample_of_next_cell(self.workspace, self._run_id, ordinal),
                self._to_cell,
                group="go",
            )

    def do_relabel(self) -> None:
        """Ask for the right answer; the row's samples of this run are judged anew."""
        if self.model is None:
            return
        sample_id, before = self.sample_id, self.model.expected or ""
        fields = [
            Field(
                "expected",
                "Expected",
                before,
                "The data set gets a new version that differs in this row; empty: not labelled.",
            )
        ]

        def submit(values: Values) -> str:
            outcome, reason = rescoring.relabel_sample(
                self.workspace, sample_id, values["expected"] or None
            )
            return f"Labelled; the answer is {outcome.value} now: {reason}"

        def labelled(said: str | None) -> None:
            if said is not None:
                self.llmops.notify(visible(said, newlines=False))
                self.reload_now()

        self.app.push_screen(
            FormScreen(f"The right answer for row {self.model.position:,}", fields, submit),
            labelled,
        )

    def do_prompt(self) -> None:
        """That version of the prompt, among its versions."""
        project_id = self.project_id
        if self.model is None or project_id is None:
            return
        version_id = self.model.prompt_version_id

        def opened(prompt: Prompt) -> None:
            from llmops_tui.ui.screens.prompts.versions import VersionsPage

            self.app.push_screen(VersionsPage(prompt, at=version_id))

        self.in_thread(
            lambda: prompts.prompt_of(self.workspace, project_id, version_id), opened, group="go"
        )

    def do_say_right(self) -> None:
        """A person's own verdict, by which judges are known."""
        self._say(right=True)

    def do_say_wrong(self) -> None:
        """The same, the other way."""
        self._say(right=False)

    def _say(self, *, right: bool) -> None:
        sample_id = self.sample_id

        def said(words: str) -> None:
            self.llmops.notify(words)
            self.reload_now()

        self.in_thread(
            lambda: judging.label_sample(self.workspace, sample_id, right=right),
            said,
            group="label",
        )

    def do_again(self) -> None:
        """Ask the row again in a run of its own."""
        from llmops_tui.ui.screens.runs.matrix_page import ask_again

        if self.model is not None:
            ask_again(self, self._run_id, [self.model.detail.sample.example_id])

    def _to_cell(self, sample_id: int | None) -> None:
        if sample_id is None:
            self.llmops.notify("This row has no other answer in this run.")
            return
        self.sample_id = sample_id
        self.reload_now()

    def _go(self, *, later: bool) -> None:
        self.in_thread(
            lambda: run_samples.neighbour(
                self.workspace, self._run_id, self.sample_id, self._outcome, later=later
            ),
            lambda found: self._gone(found, later=later),
            group="go",
        )

    def _gone(self, sample_id: int | None, *, later: bool) -> None:
        if sample_id is None:
            which = "latest" if later else "first"
            kind = f" {self._outcome.value}" if self._outcome else ""
            self.llmops.notify(f"This is the run's {which}{kind} sample.")
            return
        self.sample_id = sample_id
        self.reload_now()


def sample_sections(view: SampleView) -> list[Section]:
    """Everything about a sample, the outcome first."""
    detail = view.detail
    sample = detail.sample
    style = texts.STYLES[sample.outcome]
    why = detail.error_message if sample.error_kind else sample.reason
    kind = f" ({sample.error_kind})" if sample.error_kind else ""
    sections = [Section("Outcome", f"{texts.MARKS[sample.outcome]}{kind}: {why}", style=style)]
    if detail.answer is not None:
        sections.append(Section("Answer", detail.answer.text or "(empty)"))
    sections.append(
        Section("Expected", view.expected if view.expected is not None else "(not labelled)")
    )
    sections += [Section(f"Input: {name}", _text(value)) for name, value in view.inputs.items()]
    sections += _asked(detail.request)
    if detail.scores:
        lines = [
            f"{'✓' if score.passed else '✗'} {score.scorer} {score.value:g}: {score.reason}"
            + (f"\n  judged by {score.judge}" if score.judge else "")
            for score in detail.scores
        ]
        sections.append(Section("Scores", "\n".join(lines)))
    if view.label is not None:
        sections.append(Section("A person says", f"{view.label[0]} ({view.label[1]})"))
    if detail.evidence:
        sections.append(Section("What the endpoint really sent", detail.evidence))
    sections.append(Section("Figures", _figures(view)))
    return sections


def _asked(request: str) -> list[Section]:
    """What was sent: each message under its role, then the parameters."""
    try:
        asked = json.loads(request)
        messages = [(str(m["role"]), _text(m["content"])) for m in asked.pop("messages")]
    except (ValueError, KeyError, TypeError, AttributeError):
        return [Section("Asked", request)] if request else []
    sections = [Section(f"Asked as {role}", content) for role, content in messages]
    return [*sections, Section("Asked with", json.dumps(asked, ensure_ascii=False))]


def _figures(view: SampleView) -> str:
    sample, answer = view.detail.sample, view.detail.answer
    when = datetime.fromtimestamp(sample.finished_at / 1000, UTC)
    took = f"{sample.latency_ms:,.0f} ms"
    if sample.first_token_ms is not None:
        took += f", first token after {sample.first_token_ms:,.0f} ms"
    if answer is not None and answer.between_tokens_ms is not None:
        took += f", then one each {answer.between_tokens_ms:,.1f} ms"
    if sample.cached:
        took = f"from the cache, free of charge; when it was asked: {took}"
    about = "≈ " if answer is not None and answer.usage.estimated else ""
    lines = [
        f"took      {took}",
        f"tokens    {about}{sample.input_tokens:,} in, {about}{sample.output_tokens:,} out",
        f"cost      {money(sample.cost, view.currency)}",
        f"attempts  {sample.attempts}",
        f"finished  {when:%Y-%m-%d %H:%M:%S} UTC",
    ]
    if answer is not None:
        lines.append(f"ended     {answer.finish_reason} (model {answer.model or 'unnamed'})")
    return "\n".join(lines)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
