"""What a gateway was started without: the first project, and endpoints that are added later.

Somebody who tries the program starts a gateway first and makes the project and the endpoint when
they see that they are missing. The gateway notices by itself, and calls that came before there was
a project become calls of the first one: they would be in nobody's sight otherwise.
"""

from __future__ import annotations

import threading
import time

from llmops_tui.gateway.judge import Judge
from llmops_tui.gateway.upstreams import Upstreams
from llmops_tui.store import calls, endpoints, projects
from llmops_tui.store.database import Database

EVERY_S = 1.0
_STRAGGLERS_S = 30.0
"""For how long after the project was found calls may still be committed that were judged before."""


class Adoption:
    """Looks once a second.

    Args:
        db: The workspace.
        judge: Whose calls get the project.
        upstreams: What is kept up to date; None where the endpoints were given.
        turn: Held while this process writes.
    """

    def __init__(
        self, db: Database, judge: Judge, upstreams: Upstreams | None, turn: threading.Lock
    ) -> None:
        self._db = db
        self._judge = judge
        self._upstreams = upstreams
        self._turn = turn
        self._from = calls.last_id(db)
        self._until = 0.0 if judge.project_id is None else float("-inf")

    def look(self) -> None:
        """Take over what is new."""
        if self._upstreams is not None:
            found = endpoints.endpoints(self._db)
            self._upstreams.replace({place.name: place for place in found})
        if self._until < 0:
            return
        project_id = self._judge.project_id
        if project_id is None:
            known = projects.all_projects(self._db)
            if len(known) != 1:
                return
            self._judge.project_id = project_id = known[0].id
            self._until = time.monotonic() + _STRAGGLERS_S
        with self._turn:
            calls.adopt(self._db, project_id, after=self._from)
        if time.monotonic() > self._until:
            self._until = float("-inf")
