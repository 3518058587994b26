"""What app, screens and widgets share: commands by their id, and work off the UI thread."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from textual.message import Message
from textual.worker import get_current_worker

from llmops_tui.core.errors import LlmopsError

if TYPE_CHECKING:
    from textual.dom import DOMNode as _Base

    from llmops_tui.ui.app import LlmopsApp
else:
    # Textual follows the styles of the first base that is a node: a mixin must not be one.
    _Base = object

T = TypeVar("T")


class WorkDone(Message, bubble=False):
    """Work in a thread ended; what comes after it happens on the UI thread."""

    def __init__(self, after: Callable[[], None]) -> None:
        super().__init__()
        self.after = after


class CommandHost(_Base):
    """Has a method `do_<name>` for each command of its scope."""

    def why_not(self, command_id: str) -> str | None:
        """Why a command can't be used now, as a sentence; None where it can.

        Such a command leaves the footer, and its key says the sentence.
        """
        return None

    def title_now(self, command_id: str) -> str | None:
        """What the footer calls a command at this moment; None for its own title."""
        return None

    def refusal(self, command_id: str) -> str | None:
        """Why a command can't be used now, or never in a session of this role."""
        from llmops_tui.ui.permissions import refusal

        return refusal(self.llmops.role, command_id) or self.why_not(command_id)

    async def action_command(self, command_id: str) -> None:
        """Run a command of this object; what goes wrong is shown, never fatal."""
        reason = self.refusal(command_id)
        if reason is not None:
            self.llmops.notify(reason, severity="warning")
            return
        handler: Callable[[], object] = getattr(self, "do_" + command_id.rpartition(".")[2])
        try:
            result = handler()
            if inspect.isawaitable(result):
                await result
        except Exception as error:  # noqa: BLE001 - the app's one place for what nobody foresaw
            self.llmops.report(error)

    def in_thread(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        *,
        group: str,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Do `work` in a thread, then `done` with its result on the UI thread.

        A later call of the same group replaces this one: its result is dropped.

        Args:
            work: Touches no widget.
            done: Isn't called when `work` failed or was replaced.
            group: What this work is about.
            failed: Gets the exception instead of the app's error report.
        """
        on_error = failed or self.llmops.report

        def run() -> None:
            worker = get_current_worker()
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - handed to the UI thread, shown there
                after: Callable[[], None] = lambda error=error: on_error(error)  # type: ignore[misc]  # noqa: E731
            else:
                after = lambda: done(result)  # noqa: E731
            if not worker.is_cancelled:
                self.post_message(WorkDone(after))

        self.run_worker(run, thread=True, exclusive=True, exit_on_error=False, group=group)

    def on_work_done(self, message: WorkDone) -> None:
        """Go on where the thread ended."""
        message.after()

    @property
    def llmops(self) -> LlmopsApp:
        """The app, as what it is."""
        app = self.app
        from llmops_tui.ui.app import LlmopsApp  # the app imports this module

        if not isinstance(app, LlmopsApp):
            raise LlmopsError("This part of the interface works in the llmops-tui app only.")
        return app
