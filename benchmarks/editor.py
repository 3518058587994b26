"""Typing into a long prompt: from the key to the painted lines, highlighting and preview on.

The app runs headless; the moment is taken when Textual hands over what changed on the screen,
rendered to what a terminal gets. Beside it the same keys in Textual's own text area without any
highlighting.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.workspaces import make_bench
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import TextArea

from benchmarks.figures import Figure
from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.services import prompts
from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.screens.prompts.editor import EditorPage

LINES = 1_000
LIMIT_MS = 50
Times = tuple[float, float]
"""Milliseconds by the clock, and of the UI thread alone: other processes don't lengthen those."""
LINE = '- **{n}** `say` "key": {{{{ word }}}} {{% if word %}}yes{{% endif %}} and more text\n'


class _Painted:
    """Notices when something was painted, and renders it as a terminal would get it."""

    painted: asyncio.Event

    def _display(self, screen: Screen[object], renderable: object) -> None:
        if hasattr(renderable, "render_segments"):
            renderable.render_segments(self.console)  # type: ignore[attr-defined]
        self.painted.set()


class _Ours(_Painted, LlmopsApp):
    """The app."""


class _Plain(_Painted, App[None]):
    """Textual's own text area."""

    def compose(self) -> ComposeResult:
        text = "\n".join(f'{{"key {n}": [1, true, "some text of a line"]}},' for n in range(LINES))
        yield TextArea.code_editor(text, soft_wrap=True)


def measure(*, quick: bool) -> Sequence[Figure]:
    """99th percentiles of ours and of Textual's."""
    keys = 60 if quick else 300
    ours = asyncio.run(_type_into_prompt(keys))
    plain = asyncio.run(_type_into_plain(min(keys, 100)))
    return [
        Figure(f"key to paint, {LINES:,} lines, 99th percentile", _cpu(ours, 0.99), "ms CPU",
               "Textual's text area, plain", _cpu(plain, 0.99), at_most=LIMIT_MS),
        Figure("key to paint, median", _cpu(ours, 0.5), "ms CPU",
               "Textual's text area, plain", _cpu(plain, 0.5)),
        Figure("median with other processes' share", _wall(ours, 0.5), "ms",
               "Textual's text area, plain", _wall(plain, 0.5)),
    ]  # fmt: skip


async def _type_into_prompt(keys: int) -> list[Times]:
    text = "--- user ---\n" + "".join(LINE.format(n=n) for n in range(LINES))
    with tempfile.TemporaryDirectory() as directory:
        rows = [ExampleDraft({"word": f"w{n}"}, f"w{n}") for n in range(50)]
        bench = make_bench(
            Path(directory) / "w.db", "http://127.0.0.1:9/v1", rows=rows, prompt=text
        )
        app = _Ours(bench.workspace)
        app.painted = asyncio.Event()
        async with app.run_test(size=(120, 40)) as pilot:
            prompt = prompts.list_prompts(bench.workspace, bench.project.id)[0].prompt
            page = EditorPage(prompt)
            await app.push_screen(page)
            while page.previewer.preview is None:
                await pilot.pause(0.05)
            page.area.move_cursor((LINES // 2, 5))
            await pilot.pause(0.5)
            times = await _type(app, pilot, keys)
        bench.workspace.db.close()
    return times


async def _type_into_plain(keys: int) -> list[Times]:
    app = _Plain()
    app.painted = asyncio.Event()
    async with app.run_test(size=(120, 40)) as pilot:
        app.query_one(TextArea).move_cursor((LINES // 2, 5))
        await pilot.pause(0.5)
        return await _type(app, pilot, keys)


async def _type(app: _Ours | _Plain, pilot: Pilot[None], keys: int) -> list[Times]:
    times = []
    for n in range(keys):
        app.painted.clear()
        began, cpu = time.perf_counter(), time.thread_time()
        app.simulate_key("abcde "[n % 6].replace(" ", "space"))
        await app.painted.wait()
        spent = time.thread_time() - cpu
        times.append(((time.perf_counter() - began) * 1000, spent * 1000))
        await asyncio.sleep(0.04)  # as fast as a keyboard repeats
    return times


def _wall(times: list[Times], share: float) -> float:
    return _percentile([wall for wall, _ in times], share)


def _cpu(times: list[Times], share: float) -> float:
    return _percentile([cpu for _, cpu in times], share)


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
