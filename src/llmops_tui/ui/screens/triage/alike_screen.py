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
    from textual.app import ComposeResult

Judgement = tuple[ReviewVerdict, str]
"""Verdict and severity."""
COSMETIC, WRONG, HARMFUL = triage.SEVERITIES
WIDTH = 72


class AlikeScreen(Dialog[Judgement]):
    """The verdict keys judge all of them; esc leaves everything as it is."""

    SCOPE = "dialogs.alike"

    def __init__(self, view: GroupView, remark: str) -> None:
        """Prepare the question.

        Args:
            view: The calls, with examples.
            remark: What goes along with each verdict, in words.
        """
        super().__init__()
        self._view = view
        self._remark = remark

    def compose_box(self) -> ComposeResult:
        """How many, what they share, some of them, what will happen."""
        group = self._view.group
        yield Label(f"Judge {len(group.ids):,} calls at once?", classes="title", markup=False)
        yield Label(one_line(f"All {group.words()}.", WIDTH), markup=False)
        lines = [
            one_line(f"call {row.id}: {row.output_head or '(empty answer)'}", WIDTH)
            for row in self._view.examples
        ]
        yield Static("\n".join(lines), markup=False)
        along = f" With it goes: {self._remark}." if self._remark else ""
        yield Static(
            visible(
                "\nEach gets the verdict whose key you press, marked as given to many at once: "
                "nobody read each answer. u takes it back from all. What somebody else has in "
                f"front is left out.{along}"
            ),
            markup=False,
        )

    def do_right(self) -> None:
        """All are right."""
        self.dismiss((ReviewVerdict.RIGHT, ""))

    def do_cosmetic(self) -> None:
        """All are wrong in their looks only."""
        self.dismiss((ReviewVerdict.WRONG, COSMETIC))

    def do_wrong(self) -> None:
        """All are wrong."""
        self.dismiss((ReviewVerdict.WRONG, WRONG))

    def do_harmful(self) -> None:
        """All are wrong and harmful."""
        self.dismiss((ReviewVerdict.WRONG, HARMFUL))

    def do_cancel(self) -> None:
        """Leave them."""
        self.dismiss(None)
