"""An endpoint, a gateway, and an application that is written anew for each test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.compat import documented
from tests.endpoints.process import mock_endpoint
from tests.gateway.process import GatewayProcess, gateway

from llmops_tui.core.call import CallDetail
from llmops_tui.services import traces
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.store import calls

LONGEST_WAIT_S = 30


@dataclass
class Production:
    """What runs, and where its calls arrive."""

    model: str
    gateway: GatewayProcess
    workspace: Workspace
    folder: Path
    printed: str = ""
    """What the application printed when it ran last."""

    def run(
        self, *titles: str, expected: int, by_otlp: bool = False, then: str = "", **exports: str
    ) -> list[CallDetail]:
        """Run the documented snippets under some headings; the calls that arrive, oldest first.

        Args:
            *titles: The headings.
            expected: How many calls to wait for.
            by_otlp: Whether with the variables that every instrumentation needs.
            then: What the program goes on with.
            **exports: Variables in place of the page's.
        """
        newest = calls.page(self.workspace.db, limit=1)
        code = documented.program(*titles, gateway=self.gateway.url, by_otlp=by_otlp, more=exports)
        self.printed = documented.run(self.folder, f"{code}\n\n{then}\n", self.model)
        return self._arrived(newest[0].id if newest else 0, expected)

    def steps(self, call: CallDetail) -> list[tuple[int, str, str]]:
        """The trace of a call as a tree: depth, kind and name."""
        found = traces.trace_of_call(self.workspace, call.row.id)
        return [(node.depth, node.step.kind, node.step.name) for node in found.nodes]

    def _arrived(self, last: int, expected: int) -> list[CallDetail]:
        """The calls after one as they were made, once all are there and have their texts.

        Texts may come apart, and what two ways bring needn't arrive in order.
        """
        deadline = time.monotonic() + LONGEST_WAIT_S
        while True:
            rows = calls.newer(self.workspace.db, last)
            whole = [row for row in rows if row.output_head or row.status == "error"]
            if len(whole) >= expected or time.monotonic() > deadline:
                rows.sort(key=lambda row: (row.started_at, row.id))
                return [calls.detail(self.workspace.db, row.id) for row in rows]
            time.sleep(0.05)


@contextmanager
def production(folder: Path) -> Iterator[Production]:
    """Start all of it, end it afterwards."""
    with mock_endpoint(answer="=Paris.", calls_tools=True) as mock:
        upstreams = ("--upstream", mock.base_url, "--anthropic", mock.base_url)
        with gateway(folder / "w.db", *upstreams) as running:
            workspace = open_workspace(running.db_path)
            try:
                yield Production(mock.base_url.removesuffix("/v1"), running, workspace, folder)
            finally:
                workspace.db.close()


def said(call: CallDetail) -> tuple[str, str, str, str, int | None, int | None]:
    """What matters of a call: model, question, answer, end, tokens in and out."""
    row = call.row
    asked, answered = (text.replace('": "', '":"') for text in (call.input, call.output))
    return row.model, asked, answered, row.finish_reason, row.input_tokens, row.output_tokens
