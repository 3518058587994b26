"""Gateways at work, as they say of themselves; and how far log files were read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from llmops_tui.core.clock import now_ms
from llmops_tui.store.database import Database

SEEN = """
INSERT INTO gateway_state (id, pid, url, counts, started_at, seen_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET counts = excluded.counts, seen_at = excluded.seen_at
"""
STOPPED = "UPDATE gateway_state SET stopped_at = ?, counts = ? WHERE id = ?"
STATES = "SELECT * FROM gateway_state ORDER BY started_at DESC LIMIT ?"
FORGET = "DELETE FROM gateway_state WHERE seen_at < ?"
SILENT_AFTER_MS = 15_000
FORGOTTEN_AFTER_MS = 30 * 86_400_000


@dataclass(frozen=True, slots=True)
class GatewayState:
    """What a gateway last said of itself."""

    id: str
    pid: int
    url: str
    counts: Mapping[str, int]
    """`received`, `stored`, `duplicates`, `refused`, `lost`, `unfit`."""
    started_at: int
    seen_at: int
    stopped_at: int | None

    @property
    def is_up(self) -> bool:
        """Whether it was heard of lately and didn't stop."""
        return self.stopped_at is None and now_ms() - self.seen_at < SILENT_AFTER_MS


def seen(
    db: Database, gateway_id: str, pid: int, url: str, started_at: int, counts: Mapping[str, int]
) -> None:
    """A gateway is at work."""
    now = now_ms()
    with db.write("gateway") as connection:
        connection.execute(SEEN, (gateway_id, pid, url, json.dumps(counts), started_at, now))
        connection.execute(FORGET, (now - FORGOTTEN_AFTER_MS,))


def stopped(db: Database, gateway_id: str, counts: Mapping[str, int]) -> None:
    """A gateway ended in good order."""
    with db.write("gateway") as connection:
        connection.execute(STOPPED, (now_ms(), json.dumps(counts), gateway_id))


def states(db: Database, limit: int = 16) -> list[GatewayState]:
    """Gateways of the last weeks, the newest first."""
    return [
        GatewayState(
            row["id"],
            row["pid"],
            row["url"],
            {name: int(number) for name, number in json.loads(row["counts"]).items()},
            row["started_at"],
            row["seen_at"],
            row["stopped_at"],
        )
        for row in db.rows(STATES, (limit,))
    ]
