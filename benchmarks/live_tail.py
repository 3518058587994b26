"""The Monitor screen of a million calls while a thousand a second arrive: what it costs, how late.

Gateway and app are the real programs, the app in a pseudo-terminal of 80×24. Each call has its
number in its answer. A call counts as shown when it stands on the screen or the list has moved on
past it; its delay runs from the moment in which the gateway's success had come.
"""

from __future__ import annotations

import http.client
import json
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import pyte

from benchmarks.figures import Figure
from benchmarks.gateway import gateway
from benchmarks.production import calls_stored
from benchmarks.spans import PROSE
from benchmarks.terminal.pseudo import COLUMNS, LINES, Terminal, environment
from llmops_tui.store import projects, prompts
from llmops_tui.store.database import Database

CALLS, QUICK_CALLS = 1_000_000, 30_000
RATE, BATCH = 1000, 50
PROMPT = "answer"
SECONDS, QUICK_SECONDS = 30.0, 6.0
SETTLING_S = 3.0
MOST_CPU, MOST_DELAY_S = 25.0, 1.0
_NUMBER = re.compile(r"n(\d{7})n")


@dataclass(slots=True)
class Sender:
    """Sends numbered calls at a steady rate until it is stopped."""

    url: str
    acknowledged: list[tuple[int, float]] = field(default_factory=list)
    """Number of the last call of each batch, and when its success had come."""
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Send; in a thread."""
        address = urlsplit(self.url)
        line = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
        headers = {"Content-Type": "application/json"}
        begun, number = time.perf_counter(), 0
        while not self.stop.is_set():
            body = _body(range(number, number + BATCH))
            line.request("POST", "/v1/traces", body, headers)
            answer = line.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"the gateway answered {answer.status}")
            number += BATCH
            self.acknowledged.append((number - 1, time.perf_counter()))
            self.stop.wait(max(0.0, begun + number / RATE - time.perf_counter()))
        line.close()


def measure(*, quick: bool) -> Sequence[Figure]:
    """CPU of the app, delays, bytes."""
    number, seconds = (QUICK_CALLS, QUICK_SECONDS) if quick else (CALLS, SECONDS)
    with tempfile.TemporaryDirectory() as name, calls_stored(number) as stored:
        path = Path(name) / "tail.db"
        shutil.copyfile(stored, path)
        _name_the_prompt(path)
        with gateway(path) as running:
            sender = Sender(running.url)
            sending = threading.Thread(target=sender.run)
            sending.start()
            try:
                command = (sys.executable, "-m", "llmops_tui", "--db", str(path))
                with Terminal(command, environment(HOME=name)) as terminal:
                    terminal.until("Monitor")
                    terminal.press(b"5")
                    terminal.until("FOLLOWING")
                    terminal.watch(SETTLING_S)
                    began, cpu = time.perf_counter(), terminal.cpu_seconds()
                    written = terminal.watch(seconds)
                    cpu = 100 * (terminal.cpu_seconds() - cpu) / seconds
                    ended = time.perf_counter()
                    shown = _shown(terminal)
            finally:
                sender.stop.set()
                sending.join()
    delays = _delays(sender.acknowledged, shown, began, ended - 2 * MOST_DELAY_S)
    rate = sum(BATCH for _, at in sender.acknowledged if began <= at <= ended) / (ended - began)
    return [
        Figure("calls stored before", number, "calls"),
        Figure("calls that arrived", rate, "calls/s"),
        Figure("share of a core, app", cpu, "%", at_most=MOST_CPU),
        Figure("from acknowledged to shown, median", median(delays), "s"),
        Figure("from acknowledged to shown, most", max(delays), "s", at_most=MOST_DELAY_S),
        Figure("on the line", written / seconds, "bytes/s"),
    ]


def _name_the_prompt(path: Path) -> None:
    """By its prompt a call is known to be of the project that the screen shows."""
    db = Database(path)
    prompts.ensure(db, projects.all_projects(db)[0].id, PROMPT)
    db.close()


def _shown(terminal: Terminal) -> list[tuple[float, int]]:
    """(time, highest number on the screen) after each piece that the app wrote."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    found = []
    for chunk in terminal.chunks:
        stream.feed(chunk.data)
        numbers = [int(one) for line in screen.display for one in _NUMBER.findall(line)]
        if numbers:
            found.append((terminal.started + chunk.at, max(numbers)))
    return found


def _delays(
    acknowledged: list[tuple[int, float]],
    shown: list[tuple[float, int]],
    since: float,
    until: float,
) -> list[float]:
    delays = []
    place = 0
    for last, at in acknowledged:
        while place < len(shown) and (shown[place][0] < at or shown[place][1] < last):
            place += 1
        if since <= at <= until:
            delays.append(shown[place][0] - at if place < len(shown) else float("inf"))
    return delays


def _body(numbers: range) -> bytes:
    now = time.time_ns()
    spans = [
        {
            "traceId": f"{number + 1:032x}",
            "spanId": f"{number + 1:016x}",
            "name": "chat mock-large",
            "startTimeUnixNano": str(now - 900_000_000),
            "endTimeUnixNano": str(now),
            "attributes": [
                {"key": name, "value": {"stringValue": told}}
                for name, told in {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "mock-large",
                    "llmops.prompt.name": PROMPT,
                    "gen_ai.input.messages": _messages("user", PROSE[number % 9000 :][:900]),
                    "gen_ai.output.messages": _messages(
                        "assistant", f"n{number:07}n {PROSE[number % 7000 :][:900]}"
                    ),
                }.items()
            ],
        }
        for number in numbers
    ]
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()


def _messages(role: str, told: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": told}]}])
