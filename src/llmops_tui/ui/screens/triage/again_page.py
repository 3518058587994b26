"""A production call asked again: the new answer beside the one that was given."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.containers import Container

from llmops_tui.core.call import CallDetail
from llmops_tui.core.errors import LlmopsError
from llmops_tui.core.prompt_version import PromptVersion
from llmops_tui.services import asking_again, models
from llmops_tui.services.asking_again import AskedAgain, Question
from llmops_tui.services.models import ModelView
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.monitor.texts import call_line, cost_text, moment, took
from llmops_tui.ui.screens.pick import PickScreen
from llmops_tui.ui.widgets.text_pane import Section, TextPane
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer

SHOW_S = 0.25
"""What arrives is shown this often."""
AS_SENT = "\x00as sent"
NOT_ASKED = "Not asked yet. a asks; v chooses a version of the prompt, m a model."


@dataclass(frozen=True, slots=True)
class AgainView:
    """What the page shows."""

    question: Question | None
    problem: str
    """Why it can't be asked, and what helps; empty where it can."""
    versions: tuple[PromptVersion, ...]
    models: tuple[ModelView, ...]
    model: ModelView | None
    asked: tuple[AskedAgain, ...]
    """Newest first."""


class AgainPage(Page[AgainView]):
    """The old answer, the new one, and what was asked."""

    SCOPE = "triage.again"
    PURPOSE = (
        "Ask what a production call asked once more: exactly as it was sent, or on another "
        "version of its prompt, filled in with what the call's own was filled in with. The new "
        "answer stands beside the old one and stays with the call. Another answer to the same "
        "question says little by itself: models answer differently each time, and one call is no "
        "measurement."
    )
    FIGURES = "took: from the request to the last byte, from here: not as production measured it."
    TOPICS = frozenset({"review", "prompt", "model"})
    AUTO_FOCUS = "#new"
    DEFAULT_CSS = """
    AgainPage #head { height: 1; text-style: bold; }
    AgainPage #choice { height: auto; max-height: 2; }
    AgainPage #answers { height: 1fr; layout: vertical; }
    AgainPage #old { height: 1fr; }
    AgainPage #new { height: 1fr; border-top: solid $border-blurred; }
    AgainPage #new:focus { border-top: solid $border; }
    AgainPage #status { height: 1; color: $muted; }
    AgainPage.-wide #answers { layout: horizontal; }
    AgainPage.-wide #old, AgainPage.-wide #new { width: 1fr; height: 1fr; }
    AgainPage.-wide #new, AgainPage.-wide #new:focus {
        border-top: none; border-left: vkey $border-blurred;
    }
    """

    def __init__(self, detail: CallDetail, use: Callable[[str], None]) -> None:
        """A page about a call.

        Args:
            detail: The call.
            use: Takes an answer as what should have been answered.
        """
        super().__init__()
        self._detail = detail
        self._use = use
        self._version: PromptVersion | None = None
        self._model: ModelView | None = None
        self._parts: list[str] = []
        self._stop: threading.Event | None = None
        """Of the question that is out; None where none is."""
        self._at = 0
        """Which of the answers is shown, 0 the newest."""
        self._said = ""
        self._failure = ""
        """Why the last question has no answer; empty where it has, or is out."""
        self._timer: Timer | None = None

    def compose_body(self) -> ComposeResult:
        """The call, what would be asked, both answers."""
        yield Words(id="head")
        yield Words(id="choice")
        with Container(id="answers"):
            yield TextPane(id="old")
            yield TextPane(id="new")
        yield Words(id="status")

    def load(self) -> AgainView:
        """What would be asked, of whom, and what was answered before."""
        workspace, detail = self.workspace, self._detail
        found: Question | None = None
        model, problem = self._model, ""
        try:
            found = asking_again.question(workspace, detail, self._version)
            model = model or asking_again.model_for(workspace, detail)
        except LlmopsError as error:
            problem = f"{error} {error.hint}".strip()
        return AgainView(
            found,
            problem,
            tuple(asking_again.versions(workspace, detail)),
            tuple(models.list_models(workspace)),
            model,
            tuple(asking_again.asked(workspace, detail.row.id)),
        )

    def show(self, model: AgainView) -> None:
        """Show it."""
        self.query_one("#head", Words).put(call_line(self._detail.row))
        answer = self._detail.output or self._detail.error or "(no answer)"
        sections = [Section("The answer in production", answer)]
        if model.question is not None:
            words = model.question.how
            heading = f"Asked: {model.question.title}{f' ({words})' if words else ''}"
            told = "\n".join(f"{one.role}: {one.content}" for one in model.question.messages)
            sections.append(Section(heading, told))
        self.query_one("#old", TextPane).show_sections(sections, keep_place=True)
        self._show_new()

    def on_unmount(self) -> None:
        """Nobody is left to read it: take the question back."""
        if self._stop is not None:
            self._stop.set()

    # Commands.

    def why_not(self, command_id: str) -> str | None:
        """Some keys need an answer, a choice or a question that is out."""
        view, name = self.model, command_id.rpartition(".")[2]
        if view is None or not command_id.startswith("triage.again."):
            return super().why_not(command_id)
        out = self._stop is not None
        reasons = {
            "ask": (out and "The question is out; s takes it back.") or view.problem,
            "stop": "" if out else "No question is out.",
            "version": "" if view.versions else "The call names no prompt that is known here.",
            "model": "" if view.models else "The workspace has no model yet; 7 adds one.",
            "use": "" if view.asked and not out else "There is no new answer yet.",
            "earlier": "" if self._at + 1 < len(view.asked) else "There is no earlier answer.",
            "later": "" if self._at else "This is the newest answer.",
        }
        return reasons.get(name) or super().why_not(command_id)

    def do_ask(self) -> None:
        """Ask."""
        view = self.model
        if view is None or view.question is None or view.model is None:
            return
        stop, parts = threading.Event(), list[str]()
        self._stop, self._parts, self._at = stop, parts, 0
        self._said = self._failure = ""
        workspace, call_id = self.workspace, self._detail.row.id
        question, model = view.question, view.model
        self.in_thread(
            lambda: asking_again.ask(
                workspace,
                call_id,
                question,
                model,
                on_delta=parts.append,
                cancelled=stop.is_set,
            ),
            lambda _: self._ended(stop, ""),
            group="ask",
            failed=lambda error: self._failed(stop, error),
        )
        self._timer = self.set_interval(SHOW_S, self._show_new)
        self._show_new()
        self.refresh_bindings()

    def do_stop(self) -> None:
        """Take the question back."""
        if self._stop is not None:
            self._stop.set()
            self._ended(self._stop, "The question was taken back; nothing of it is kept.")

    def do_version(self) -> None:
        """Choose what is asked."""
        if self.model is None:
            return
        known = self.model.versions
        choices = [(AS_SENT, "as it was sent", "the same messages")]
        choices += [(str(one.id), one.title, ", ".join(one.labels)) for one in known]

        def chosen(key: str | None) -> None:
            if key is not None:
                self._version = next((one for one in known if str(one.id) == key), None)
                self.reload_now()

        now = AS_SENT if self._version is None else str(self._version.id)
        self.app.push_screen(PickScreen("Ask what?", choices, now), chosen)

    def do_model(self) -> None:
        """Choose who is asked."""
        if self.model is None:
            return
        known = self.model.models
        choices = [(view.title, view.title, "") for view in known]

        def chosen(key: str | None) -> None:
            if key is not None:
                self._model = next((view for view in known if view.title == key), None)
                self.reload_now()

        now = self.model.model.title if self.model.model is not None else ""
        self.app.push_screen(PickScreen("Ask whom?", choices, now), chosen)

    def do_use(self) -> None:
        """The new answer is what should have been answered; it goes along with the verdict."""
        if self.model is not None and self.model.asked:
            self._use(self.model.asked[self._at].text)
            self.dismiss()

    def do_earlier(self) -> None:
        """The answer before."""
        self._at += 1
        self._show_new()
        self.refresh_bindings()

    def do_later(self) -> None:
        """The answer after."""
        self._at -= 1
        self._show_new()
        self.refresh_bindings()

    # How it works.

    def _failed(self, stop: threading.Event, error: Exception) -> None:
        if self._stop is not stop:
            return
        if not isinstance(error, LlmopsError):
            self.llmops.report(error)
        hint = getattr(error, "hint", "")
        self._failure = f"{error} {hint}".strip()
        self._ended(stop, "")

    def _ended(self, stop: threading.Event, said: str) -> None:
        if self._stop is not stop:
            return
        self._stop, self._said = None, said
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._show_new()
        self.refresh_bindings()
        self.reload_now()

    def _show_new(self) -> None:
        view = self.model
        if view is None:
            return
        title = view.question.title if view.question is not None else "nothing"
        whom = view.model.title if view.model is not None else "no model yet"
        self.query_one("#choice", Words).put(view.problem or f"Asks {title}, of {whom}.")
        pane = self.query_one("#new", TextPane)
        if self._stop is not None:
            text = "".join(self._parts)
            pane.show_sections([Section("The new answer, as it comes", text or "Waiting…")])
        else:
            failed = [Section("No answer", self._failure, style="doubt")] if self._failure else []
            if view.asked:
                failed.append(_section(view.asked[min(self._at, len(view.asked) - 1)]))
            pane.show_sections(failed or [Section("The new answer", NOT_ASKED, style="muted")])
        many = len(view.asked)
        place = (
            f"answer {many - self._at:,} of {many:,}; [ and ] show the others" if many > 1 else ""
        )
        same = ""
        if view.asked and self._stop is None:
            new = view.asked[min(self._at, many - 1)].text
            same = "the same answer" if new.strip() == self._detail.output.strip() else ""
        words = [self._said, same, place]
        self.query_one("#status", Words).put(" · ".join(filter(None, words)))


def _section(found: AskedAgain) -> Section:
    facts = [found.title, found.model, took(found.duration_ms)]
    facts.append(f"{found.input_tokens:,}+{found.output_tokens:,} tokens")
    if found.cost:
        facts.append(cost_text(found.cost, found.currency))
    facts += [found.finish_reason, f"{found.author}, {moment(found.asked_at)}"]
    return Section(f"The new answer: {' · '.join(filter(None, facts))}", found.text or "(empty)")
