"""Which benchmarks there are.

A new one is a module with `measure(quick)`, an entry here and a row in the table of README.md.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark: `module.measure(quick)` gives its figures."""

    module: str
    summary: str
    against: str

    def measure(self, *, quick: bool) -> Sequence[Figure]:
        """Run it. The module is loaded only now."""
        figures: Sequence[Figure] = importlib.import_module(self.module).measure(quick=quick)
        return figures


BENCHMARKS: dict[str, Benchmark] = {
    "start": Benchmark(
        "benchmarks.start",
        "Starting the app on an existing workspace: first ink, bytes, memory",
        "a bare Textual app; toolong, harlequin, posting where LLMOPS_BENCH_PEERS finds them",
    ),
    "idle": Benchmark(
        "benchmarks.idle",
        "What the app costs while nothing happens: bytes to the terminal, CPU",
        "a bare Textual app, and the budget: no bytes, under 1 % of a core",
    ),
    "line": Benchmark(
        "benchmarks.terminal.line",
        "Bytes on the line at 80×24: start, idle, row move, page, live run; at a pty and over SSH",
        "the budgets; the same at the pty and through a real sshd, where there is one",
    ),
    "imports": Benchmark(
        "benchmarks.imports",
        "What is imported on the way to the first screen",
        "Textual's own share",
    ),
    "runner": Benchmark(
        "benchmarks.runner",
        "Test runs through the whole path: rows a second, first request, memory",
        "a bare aiohttp loop at the same endpoint",
    ),
    "live_screen": Benchmark(
        "benchmarks.live_screen",
        "A run of 100,000 rows on its live screen: the longest frame",
        "the budget of 50 ms",
    ),
    "editor": Benchmark(
        "benchmarks.editor",
        "Typing into a prompt of 1,000 lines: from the key to the painted line",
        "Textual's own text area without highlighting; the budget of 50 ms",
    ),
    "stopping": Benchmark(
        "benchmarks.stopping",
        "Runs that stop once they are decided: calls, false verdicts, cost of a look",
        "fixed runs of the same certainty; peeking at a fixed bound",
    ),
    "import_files": Benchmark(
        "benchmarks.import_files",
        "Importing a CSV and a JSON Lines file of a million rows: rows a second, memory",
        "sqlite-utils insert of the same files; the budget of 200 MiB",
    ),
    "store_write": Benchmark(
        "benchmarks.store_write",
        "Finished samples committed a second, by batch size",
        "bare SQLite inserts of the same texts",
    ),
    "gateway": Benchmark(
        "benchmarks.gateway",
        "Production calls received a second, each committed first; CPU, memory, bytes a call",
        "the budgets; Phoenix and MLflow as they were measured on a machine like this",
    ),
    "proxy": Benchmark(
        "benchmarks.proxy",
        "What the logging proxy adds at 200 calls a second, streams included",
        "the same calls straight to the upstream; the budgets of 2 and 10 ms",
    ),
    "live_tail": Benchmark(
        "benchmarks.live_tail",
        "The Monitor screen of a million calls while 1,000 a second arrive: CPU of the app, delay",
        "the budgets of 25 % of a core and 1 s",
    ),
    "calls": Benchmark(
        "benchmarks.calls",
        "A million production calls: lists, full text, latency by hour, opening the Monitor screen",
        "the budgets: 5 ms warm and 20 ms cold, 20 ms, 200 ms, 200 ms",
    ),
    "triage": Benchmark(
        "benchmarks.triage",
        "A queue of 100,000 of a million calls, judged at a terminal while 1,000 a second arrive",
        "the budgets: opened in 200 ms, the next call in 50 ms, 4 KB a verdict",
    ),
    "retention": Benchmark(
        "benchmarks.retention",
        "Old calls removed while others write, space given back; calls archived and searched",
        "commits without the removal; the budget of 50 ms",
    ),
    "browsing": Benchmark(
        "benchmarks.browsing",
        "A million examples on their screen: opening, answers; what versions cost",
        "an empty data set; the budget of 150 ms; one version",
    ),
    "rescoring": Benchmark(
        "benchmarks.rescoring",
        "100,000 stored answers scored again; two such runs compared; the grid filtered",
        "the budgets: 20,000 scores a second, 1 s",
    ),
}
