"""An alert that fires is said in every open app, with the terminal's bell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

    from llmops_tui.services.alerts import AlertEvent
    from llmops_tui.ui.app import LlmopsApp

SHOWN_S = 20.0


@dataclass
class AlertWatch:
    """Looks when the topic `alert` moved; what was told before the app began is old news."""

    app: LlmopsApp
    seen: int | None = None

    def look(self) -> None:
        """See in a thread what was told since the last look."""
        from llmops_tui.services import alerts

        workspace, seen = self.app.workspace, self.seen
        self.app.in_thread(lambda: alerts.told_since(workspace, seen), self._told, group="alerts")

    def _told(self, found: tuple[int, list[AlertEvent]]) -> None:
        self.seen, events = found
        for event in events:
            severity: SeverityLevel = "warning" if event.fired else "information"
            self.app.notify(event.sentence, severity=severity, timeout=SHOWN_S)
        if any(event.fired for event in events):
            self.app.bell()
