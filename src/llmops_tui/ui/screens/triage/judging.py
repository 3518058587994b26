"""What every page on which a call is judged has: the verdict keys, the note, undo, copy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, TypeVar

from llmops_tui.core.call import CallDetail, CallRow, Lane, Review, ReviewVerdict
from llmops_tui.services import queues, triage
from llmops_tui.ui.screens.monitor import texts
from llmops_tui.ui.screens.pick import PickScreen
from llmops_tui.ui.screens.triage.ledger import Entry, Ledger, Remark
from llmops_tui.ui.screens.triage.marking import Marking
from llmops_tui.ui.screens.triage.note_bar import NOTE, NoteBar

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmops_tui.services.call_examples import Made
    from llmops_tui.ui.screens.form import FormScreen

Model = TypeVar("Model")

VERDICTS = (
    "right",
    "cosmetic",
    "wrong",
    "harmful",
    "unsure",
    "note",
    "reason",
    "correct",
    "mend",
)
JUDGING = (*VERDICTS, "copy", "in_editor", "example", "tag", "assign", "again")
"""Commands that need a call in front."""
NO_ANSWER = "There is no answer to judge: the call failed, or its text was not captured."
COSMETIC, WRONG, HARMFUL = triage.SEVERITIES


class JudgingPage(Marking[Model]):
    """Verdicts are shown at once and written behind; what can't be written comes back."""

    TAKES_WHOLE: ClassVar[bool] = True
    """Whether undo takes a verdict on many calls back from all, or from the one in front."""

    def __init__(self) -> None:
        super().__init__()
        self._ledger = Ledger(self._write, self._take_back)
        self._remarks: dict[int, Remark] = {}
        """What goes along with verdicts that are still to come, by call."""

    # What a page says.

    @property
    def judged(self) -> CallDetail | None:
        """The call in front, where it has been read."""
        raise NotImplementedError

    @property
    def is_blind(self) -> bool:
        """Whether why the call is here, and what others say of it, is hidden."""
        return False

    @property
    def lane(self) -> Lane | None:
        """The lane that one works through, where it is one."""
        return None

    def given(self, entry: Entry) -> None:
        """A verdict was just given: show what comes next."""

    def note_changed(self) -> None:
        """The note on the call in front is another one."""

    def written(self, entry: Entry) -> None:
        """A verdict is in the file, or was taken back."""

    def not_written(self, entry: Entry, error: Exception) -> None:
        """The file didn't take it: bring it back."""

    # What a page uses.

    def remark_of(self, call_id: int) -> Remark:
        """What the verdict on this call will carry."""
        return self._remarks.get(call_id, Remark())

    def remark(self, call_id: int, **changes: str | None) -> None:
        """Change what the verdict on a call will carry."""
        self._remarks[call_id] = replace(self.remark_of(call_id), **changes)  # type: ignore[arg-type]
        self.note_changed()

    def write_soon(self) -> None:
        """Write what was given, in a thread."""
        self.in_thread(self._ledger.drain, lambda _: self._drained(), group="verdicts")

    def on_unmount(self) -> None:
        """Whatever was pressed is in the file before the page is gone."""
        self._ledger.drain()
        for entry in self._ledger.take_done():
            if entry.error is not None:
                from llmops_tui.ui.trouble import log

                log().error("a verdict could not be written", exc_info=entry.error)

    def on_note_bar_noted(self, message: NoteBar.Noted) -> None:
        """Keep the note for the verdict; tags and a name at once."""
        message.stop()
        if message.about != NOTE:
            super().on_note_bar_noted(message)
        elif self.judged is not None:
            self.remark(self.judged.row.id, note=message.text)

    # Commands.

    def why_not(self, command_id: str) -> str | None:
        """Judging needs a call."""
        scope, _, name = command_id.rpartition(".")
        if scope == self.SCOPE and name in JUDGING:
            if self.judged is None:
                return "There is no call in front."
            if name in VERDICTS and not triage.can_be_judged(self.judged.row):
                return NO_ANSWER
        return super().why_not(command_id)

    def do_right(self) -> None:
        """The answer is right."""
        self._give(ReviewVerdict.RIGHT)

    def do_cosmetic(self) -> None:
        """Wrong, in its looks only."""
        self._give(ReviewVerdict.WRONG, COSMETIC)

    def do_wrong(self) -> None:
        """Wrong."""
        self._give(ReviewVerdict.WRONG, WRONG)

    def do_harmful(self) -> None:
        """Wrong and harmful."""
        self._give(ReviewVerdict.WRONG, HARMFUL)

    def do_unsure(self) -> None:
        """It can't be told."""
        self._give(ReviewVerdict.UNSURE)

    def do_note(self) -> None:
        """Write a note."""
        if self.judged is not None:
            self.query_one(NoteBar).open(self.remark_of(self.judged.row.id).note)

    def do_reason(self) -> None:
        """Choose why, from the project's list; it goes along with the verdict that follows."""
        detail, project_id = self.judged, self.project_id
        if detail is None:
            return
        call_id = detail.row.id

        def chosen(reason: str | None) -> None:
            if reason is not None:
                self.remark(call_id, reason=reason)

        def ask(reasons: tuple[str, ...]) -> None:
            choices = [(reason, reason, "") for reason in reasons]
            now = self.remark_of(call_id).reason
            asked = PickScreen("What is wrong with the answer?", choices, now, numbered=True)
            self.app.push_screen(asked, chosen)

        self.in_thread(lambda: triage.reasons(self.workspace, project_id), ask, group="reasons")

    def do_correct(self) -> None:
        """Write what the answer should have been, in $EDITOR; it goes along with the verdict."""
        from llmops_tui.ui import editor

        detail = self.judged
        if detail is None:
            return
        before = self.remark_of(detail.row.id).corrected or detail.output
        text = editor.edit_in_editor(self.llmops, before, ".txt")
        if text is None:
            self.llmops.notify("The answer came back unchanged.")
        else:
            self.remark(detail.row.id, corrected=text.rstrip("\n"))

    def do_mend(self) -> None:
        """Write what the answer should have been, in a dialog; reviewers have no $EDITOR."""
        from llmops_tui.ui.screens.triage.correct_screen import CorrectScreen

        detail = self.judged
        if detail is None:
            return
        call_id = detail.row.id

        def written(text: str | None) -> None:
            if text is not None:
                self.remark(call_id, corrected=text)

        before = self.remark_of(call_id).corrected or detail.output
        self.app.push_screen(CorrectScreen(call_id, before), written)

    def do_example(self) -> None:
        """Make the call an example of a data set."""
        from llmops_tui.ui.screens.triage.to_dataset import example_form

        detail, project_id = self.judged, self.project_id
        if detail is None or project_id is None:
            return

        def made(found: Made | None) -> None:
            if found is not None:
                self.llmops.notify(found.sentence())

        remark = self.remark_of(detail.row.id)
        self.in_thread(
            lambda: example_form(self.workspace, project_id, detail, remark.corrected),
            lambda form: self._ask_for_example(form, made),
            group="example",
        )

    def _ask_for_example(self, form: FormScreen[Made], made: Callable[[Made | None], None]) -> None:
        self.app.push_screen(form, made)

    def do_again(self) -> None:
        """Ask what the call asked once more, beside the answer that was given."""
        from llmops_tui.ui.screens.triage.again_page import AgainPage

        detail = self.judged
        if detail is not None:
            call_id = detail.row.id
            self.app.push_screen(
                AgainPage(detail, lambda text: self.remark(call_id, corrected=text))
            )

    def do_copy(self) -> None:
        """The answer to the clipboard."""
        from llmops_tui.ui import clipboard

        detail = self.judged
        if detail is not None:
            text, what = detail.output, f"the answer of call {detail.row.id}"
            if not text:
                text, what = detail.error, f"the error of call {detail.row.id}"
            self.llmops.notify(clipboard.send(self.app, text, what))

    def do_in_editor(self) -> None:
        """The call in $EDITOR; what is changed there is not taken over."""
        from llmops_tui.ui import editor

        if self.judged is not None and editor.edit_in_editor(
            self.llmops, texts.detail_json(self.judged), ".json"
        ):
            self.llmops.notify("Calls don't change: your edit was not taken over.")

    # How it works.

    def _give(self, verdict: ReviewVerdict, severity: str = "") -> None:
        detail = self.judged
        if detail is not None:
            remark = self._remarks.pop(detail.row.id, Remark())
            self.given(
                self._ledger.judge(
                    detail.row, verdict, severity, remark, blind=self.is_blind, lane=self.lane
                )
            )
            self.write_soon()

    def _write(self, entry: Entry) -> None:
        assert entry.call is not None
        assert entry.verdict is not None
        if entry.group is not None:
            entry.judged = queues.judge_group(
                self.workspace,
                entry.group,
                entry.verdict,
                project_id=self.project_id,
                severity=entry.severity,
                reason=entry.remark.reason,
                note=entry.remark.note,
            )
            return
        triage.review(
            self.workspace,
            entry.call,
            entry.verdict,
            severity=entry.severity,
            reason=entry.remark.reason,
            note=entry.remark.note,
            corrected=entry.remark.corrected,
            blind=entry.blind,
        )

    def _take_back(self, call_id: int | None) -> Review | None:
        return triage.undo(
            self.workspace, project_id=self.project_id, call_id=call_id, whole=self.TAKES_WHOLE
        )

    def _drained(self) -> None:
        for entry in self._ledger.take_done():
            if entry.error is None:
                self.written(entry)
                continue
            if entry.call is not None and entry.remark != Remark():
                self._remarks[entry.call.id] = entry.remark
            self.not_written(entry, entry.error)
            self.llmops.report(entry.error)


def verdict_words(entry: Entry) -> str:
    """What was said of a call: `wrong (harmful)`."""
    if entry.verdict is None:
        return ""
    plain = entry.severity in ("", entry.verdict.value)
    return entry.verdict.value if plain else f"{entry.verdict.value} ({entry.severity})"


def lane_words(call: CallRow) -> str:
    """What a verdict on a call counts for."""
    if not triage.can_be_judged(call):
        return "no answer to judge: errored is not wrong"
    lane, _ = triage.lane_of(call)
    return {
        Lane.FLAGGED: "flagged: counts for the estimate",
        Lane.AUDIT: "drawn at random: counts for the estimate",
        Lane.CHOSEN: "picked by you: counts for no estimate",
    }[lane]
