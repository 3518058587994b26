"""Asking before many calls are judged at once: how many, which, and what they get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Label, Static

from llmops_tui.core.call import ReviewVerdict
from llmops_tui.core.text import one_line, visible
from llmops_tui.services import triage
from llmops_tui.services.queues import GroupView
from llmops_tui.ui.screens.dialog import Dialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

Judgement = tuple[GroupView, ReviewVerdict, str]
"""The calls, verdict and severity."""
COSMETIC, WRONG, HARMFUL = triage.SEVERITIES
WIDTH = 72
LOOKING = "Looking for calls that failed alike…"


class AlikeScreen(Dialog[Judgement]):
    """The verdict keys judge all of them; esc leaves everything as it is.

    It opens at once and looks then: a verdict key that is pressed a moment too early must not
    reach the one call that is in front below.
    """

    SCOPE = "dialogs.alike"

    def __init__(
        self, look: Callable[[], GroupView | None], remark: str, nobody: Callable[[], None]
    ) -> None:
        """Prepare the question.

        Args:
            look: Finds the calls, with examples. Runs in a thread.
            remark: What goes along with each verdict, in words.
            nobody: Called where there is none; the dialog is closed then.
        """
        super().__init__()
        self._look = look
        self._remark = remark
        self._nobody = nobody
        self._view: GroupView | None = None

    def compose_box(self) -> ComposeResult:
        """How many, what they share, some of them, what will happen."""
        yield Label(LOOKING, classes="title", markup=False)
        yield Static("", markup=False, id="calls")
        yield Static("", markup=False, id="effect")

    def on_mount(self) -> None:
        """Look for them."""
        self.in_thread(self._look, self._found, group="alike")

    def _found(self, view: GroupView | None) -> None:
        if view is None:
            self.dismiss(None)
            self._nobody()
            return
        self._view = view
        group = view.group
        self.query_one(Label).update(f"Judge {len(group.ids):,} calls at once?")
        lines = [one_line(f"All {group.words()}.", WIDTH)]
        lines += [
            one_line(f"call {row.id}: {row.output_head or '(empty answer)'}", WIDTH)
            for row in view.examples
        ]
        self.query_one("#calls", Static).update("\n".join(lines))
        along = f" With it goes: {self._remark}." if self._remark else ""
        self.query_one("#effect", Static).update(
            visible(
                "\nEach gets the verdict whose key you press, marked as given to many at once: "
                "nobody read each answer. u takes it back from all. What somebody else has in "
                f"front is left out.{along}"
            )
        )
        self.refresh_bindings()

    def why_not(self, command_id: str) -> str | None:
        """They have to be found first."""
        if self._view is None and command_id != "dialogs.alike.cancel":
            return LOOKING
        return super().why_not(command_id)

    def _judge(self, verdict: ReviewVerdict, severity: str = "") -> None:
        if self._view is not None:
            self.dismiss((self._view, verdict, severity))

    def do_right(self) -> None:
        """All are right."""
        self._judge(ReviewVerdict.RIGHT)

    def do_cosmetic(self) -> None:
        """All are wrong in their looks only."""
        self._judge(ReviewVerdict.WRONG, COSMETIC)

    def do_wrong(self) -> None:
        """All are wrong."""
        self._judge(ReviewVerdict.WRONG, WRONG)

    def do_harmful(self) -> None:
        """All are wrong and harmful."""
        self._judge(ReviewVerdict.WRONG, HARMFUL)

    def do_cancel(self) -> None:
        """Leave them."""
        self.dismiss(None)
