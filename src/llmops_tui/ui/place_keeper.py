"""Keeping where a person is while they work, not only at the end, without ever holding them up."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from llmops_tui.core.errors import LlmopsError
from llmops_tui.services import places
from llmops_tui.services.workspace import Workspace

if TYPE_CHECKING:
    from textual.timer import Timer

    from llmops_tui.ui.app import LlmopsApp

SOON_S = 0.5
"""Places are written this long after they changed, together."""
AGAIN_S = 10.0
"""After a failure. The file may be locked by an import for as long as that takes."""


class PlaceKeeper:
    """The places of one person in one workspace."""

    def __init__(self, app: LlmopsApp, workspace: Workspace) -> None:
        self._app = app
        self._workspace = workspace
        self._unkept: dict[str, str] = {}
        self._known: dict[str, str] = {}
        """Everything that was remembered here: what is being written isn't in the file yet."""
        self._timer: Timer | None = None

    def remember(self, name: str, value: str) -> None:
        """Keep a place; written soon, together with others."""
        self._known[name] = value
        if not self._workspace.db.read_only:
            self._unkept[name] = value
            self._write_in(SOON_S)

    def recall(self, name: str) -> str | None:
        """Where the person left off."""
        known = self._known.get(name)
        if known is not None:
            return known
        try:
            return places.recall(self._workspace, name)
        except LlmopsError:
            return None  # a place is a comfort: without it the app opens at the beginning

    def keep_now(self) -> None:
        """Write what isn't written yet, before the end."""
        kept, self._unkept = self._unkept, {}
        with suppress(LlmopsError):
            _keep(self._workspace, kept)

    def _write_in(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = self._app.set_timer(seconds, self._write)

    def _write(self) -> None:
        self._timer = None
        kept, self._unkept = self._unkept, {}
        self._app.in_thread(
            partial(_keep, self._workspace, kept),
            lambda _: None,
            group="places",
            failed=lambda _: self._not_kept(kept),
        )

    def _not_kept(self, kept: dict[str, str]) -> None:
        self._unkept = {**kept, **self._unkept}
        self._write_in(AGAIN_S)


def _keep(workspace: Workspace, kept: dict[str, str]) -> None:
    for name, value in kept.items():
        places.remember(workspace, name, value)
