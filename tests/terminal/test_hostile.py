"""Texts that try to take over the terminal, on every screen: none of them ever gets there raw.

The same keys are pressed over two workspaces of the same shape, one with harmless texts and one
with texts from the collection of hostile ones. Whatever control sequence is written for the second
and not for the first came out of a text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.endpoints.process import MockEndpoint
from tests.terminal.console import CTRL_Q, ENTER, ESCAPE, Console, product
from tests.terminal.hostile import COLOURS, INVISIBLE, OWN, SEQUENCE, fill, sequences
from tests.ui.driving import enter, press, settle, shown
from tests.workspaces import Bench, make_bench
from textual.drivers.headless_driver import HeadlessDriver

from llmops_tui.services import prompts
from llmops_tui.ui.app import LlmopsApp

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("terminal")]

PAGE_DOWN = b"\x1b[6~"
PAGES = 32


@pytest.fixture(scope="module")
def hostile_texts(shared_data: Path) -> list[str]:
    """The collection's terminal sequences, naughty strings and injections."""
    hostile = shared_data / "hostile"
    # As Latin-1, so that bytes above 0x7f become the control characters that they stand for.
    found = [path.read_text("latin-1") for path in sorted((hostile / "ansi").glob("*.in"))]
    found += json.loads((hostile / "strings" / "blns.json").read_text("utf-8"))
    lines = (hostile / "injection" / "bastion_injections_even.jsonl").read_text("utf-8")
    found += [json.loads(line)["text"] for line in lines.split("\n") if line]
    for name in ("ansi_prompts.txt", "rich_markup_prompts.txt"):
        found += (shared_data / "made" / name).read_text("latin-1").split("\n")
    return [*OWN, *(text for text in found if text.strip())]


def walk(console: Console, *first: str) -> None:
    """Through every screen and page, as far down as the texts go; `first` are on the first page."""
    console.until("data gathering")
    console.press(b"2")
    console.until("[2 Datasets]")
    console.quiet(0.3)
    console.press(b"Gk")  # the imported ones, between those of hostile names and the first
    console.quiet(0.3)
    console.press(ENTER)
    console.until(lambda text: all(part in text for part in first))
    for keys in (
        (
            *[PAGE_DOWN] * PAGES,
            ENTER,
            PAGE_DOWN,
            ESCAPE,
            b"gjj",
            ENTER,
            ESCAPE,
            ESCAPE,
        ),
        (
            b"3",
            b"jjj",
            b"v",
            ENTER,
            ESCAPE,
            b"d",
            PAGE_DOWN,
            ESCAPE,
            ESCAPE,
            ENTER,
            PAGE_DOWN,
            ESCAPE,
        ),
        (b"4", ENTER, *[PAGE_DOWN] * PAGES, ENTER, PAGE_DOWN, *[b"]"] * 5, ESCAPE, ESCAPE),
        (b"5", *[PAGE_DOWN] * PAGES, ENTER, PAGE_DOWN, PAGE_DOWN, *[b"["] * 8, ESCAPE),
        (b"6", *[b"r"] * 12, b"a", *[b"r"] * 12, b"o", ESCAPE),
        (b"7", ENTER, ESCAPE, b"jjj", ENTER, ESCAPE, b"P", ESCAPE, b"1"),
    ):
        for key in keys:
            console.press(key)
            console.quiet(0.15) if key == ENTER else console.watch(0.04)
        console.quiet(0.2)
    console.press(CTRL_Q)
    assert console.ended() == 0


IN_DEPTH: tuple[tuple[str, str], ...] = (
    ("1", "data gathering"),
    ("2", "Tolerance"),
    ("G k", "texts"),
    ("enter", "texts v2"),
    ("v j enter b", "1 bad row"),
    ("enter", "no JSON"),
    ("escape escape escape escape", "texts v2"),
    ("c", "examples looked at"),
    ("f pagedown pagedown", "Lengths"),
    ("f enter pagedown", "rows"),
    ("escape escape l", "0/1 rows"),
    ("t escape o", "opinion"),
    ("escape v", "texts: 2 versions"),
    ("d", "v1 → v2"),
    ("enter pagedown", "+ tags"),
    ("escape escape escape o", "Order"),
    ("escape t", "Tag"),
    ("escape s", "split"),
    ("escape m", "model"),
    ("escape x", "Leave examples out"),
    ("escape slash z z z enter", "zzz"),
    ("escape escape x", "Export"),
    ("escape 3 g j j j v", "not measured"),
    ("b pagedown", "author"),
    ("escape L enter", "grounds"),
    ("escape l", "Label"),
    ("escape 4 g enter m pagedown pagedown", "rows by cells"),
    ("t pagedown", "by tag"),
    ("escape escape d", "Compare"),
    ("enter", "rows in common"),
    ("s pagedown", "in common"),
    ("escape escape s", "core"),
    ("escape escape L pagedown", "precision"),
    ("escape t", "known to be right"),
    ("escape n", "Start"),
    ("escape 5 C", "4318"),
    ("escape f", "flagged"),
    ("f 6 n escape u", "wait"),
    ("7 question_mark", "Where models are reached"),
    ("escape a", "Add"),
    ("escape e", "Change"),
    ("escape c", "Answer cache"),
    ("escape 1 t", "Wrong at most"),
    ("escape o", "wner"),
    ("escape P", "roject"),
    ("escape ctrl+p r u n", "run"),
    ("escape question_mark", "Overview"),
)
"""Pages and dialogs that the walk through the screens leaves out, and a word of the product's."""


FRAMES = {
    b"\x1b[?2026h",
    b"\x1b[?2026l",
    b"\x1b]22;default\x07",
    b"\x1b]22;pointer\x07",
    b"\x1b]22;text\x07",
}
"""Around each frame: a terminal that knows them shows it at once."""


class Recorder:
    """Keeps what would be written to the terminal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._written: list[str] = []
        monkeypatch.setattr(HeadlessDriver, "is_headless", property(lambda _: False))
        monkeypatch.setattr(HeadlessDriver, "write", lambda _, data: self._written.append(data))

    def take(self) -> bytes:
        """All that came since the last time."""
        raw = "".join(self._written).encode("utf-8", "surrogatepass")
        self._written.clear()
        return raw


def walked(bench: Bench, surroundings: dict[str, str], first: tuple[str, ...]) -> bytes:
    """All that was written on the way."""
    with Console(product("--db", bench.workspace.path), surroundings) as console:
        walk(console, *first)
        return bytes(console.raw)


@pytest.fixture(scope="module")
def harmless_and_hostile(
    hostile_texts: list[str], tmp_path_factory: pytest.TempPathFactory, endpoint: MockEndpoint
) -> Iterator[tuple[Bench, Bench]]:
    """Two workspaces of the same shape."""
    endpoint.configure(answer="echo", wrong=0, latency_ms=0)
    benches = []
    for name, texts in (
        ("harmless", [f"a harmless text, number {n}" for n in range(len(hostile_texts))]),
        ("hostile", hostile_texts),
    ):
        directory = tmp_path_factory.mktemp(name)
        bench = make_bench(
            directory / "workspace.db", endpoint.base_url, rows=2, prompt="--- user ---\n{{ word }}"
        )
        fill(bench, directory, texts)
        benches.append(bench)
    yield benches[0], benches[1]
    endpoint.configure(answer="last-word")
    for bench in benches:
        bench.workspace.db.close()


def test_no_text_of_any_screen_reaches_the_terminal_raw(
    harmless_and_hostile: tuple[Bench, Bench], surroundings: dict[str, str]
):
    harmless, hostile = (
        walked(bench, surroundings, first)
        for bench, first in zip(
            harmless_and_hostile,
            (("a harmless text, number 0",), ("taken over", "\\u202e", "[@click=app")),
            strict=True,
        )
    )
    assert sequences(hostile) - sequences(harmless) == set()
    shown = SEQUENCE.sub(b"", hostile).decode("utf-8")  # and nothing that isn't UTF-8
    assert sorted(set(INVISIBLE.findall(shown))) == []


async def test_no_text_of_the_pages_and_dialogs_below_them_is_written_raw_either(
    harmless_and_hostile: tuple[Bench, Bench], monkeypatch: pytest.MonkeyPatch
):
    recorder = Recorder(monkeypatch)
    app = LlmopsApp(harmless_and_hostile[1].workspace)
    texts = harmless_and_hostile[1].workspace.path.with_name("texts.jsonl")
    painted = 0
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for keys, expected in IN_DEPTH:
            for key in keys.split():
                await press(pilot, key)
            assert expected in shown(app), f"{expected!r} is missing after {keys}:\n{shown(app)}"
            raw = recorder.take()
            painted += len(raw)
            assert sequences(raw) <= FRAMES, keys
            assert INVISIBLE.findall(SEQUENCE.sub(b"", raw).decode("utf-8")) == [], keys
        await press(pilot, "escape", "2", "i")
        await enter(pilot, str(texts))
        await press(pilot, "enter")
        assert "expected" in shown(app), f"the columns of the file are missing:\n{shown(app)}"
        await press(pilot, "pagedown", "enter")
        assert sequences(recorder.take()) <= FRAMES
        assert app.unforeseen == []
    assert painted > 100_000, "it was written down"


COMMANDS = (
    ("dataset", "list"),
    ("prompt", "list"),
    ("run", "--list"),
    ("project", "list"),
    ("project", "tolerance"),
    ("model", "list"),
    ("cache", "show"),
    ("doctor",),
    ("show", "call", "1"),
    ("show", "sample", "1"),
    ("show", "example", "texts", "2"),
    ("prompt", "get", "@newest"),
    ("prompt", "moves", "@newest"),
    ("prompts", "export", "@newest"),
    ("prompts", "diff", "."),
    ("prompts", "import", "@file"),
    ("dataset", "import", "@file"),
    ("dataset", "export", "texts"),
    ("report", "latest", "-"),
    ("import", "@file"),
    ("plan",),
    ("run", "--dataset", "\x1b]0;taken over\x07"),
    ("run", "--dataset", "texts", "--prompt", "\x1b[2J"),
    ("\x1b]0;taken over\x07",),
)
"""Everything that prints what is in a workspace or a file, or what was asked of it."""


def test_no_text_reaches_the_terminal_raw_from_the_command_line(
    harmless_and_hostile: tuple[Bench, Bench],
    hostile_texts: list[str],
    surroundings: dict[str, str],
    tmp_path: Path,
):
    garbage = tmp_path / "\x1b[2Jgarbage.json"
    garbage.write_text("{" + "".join(hostile_texts[:60]), encoding="utf-8", newline="")
    bench = harmless_and_hostile[1]
    newest = prompts.list_prompts(bench.workspace, bench.project.id)[0].prompt.name
    for arguments in COMMANDS:
        named = [{"@newest": newest, "@file": str(garbage)}.get(word, word) for word in arguments]
        command = product("--db", bench.workspace.path, "--project", "test", *named)
        with Console(command, surroundings) as console:
            code = console.ended(60)
            raw = bytes(console.raw)
        assert b"Traceback" not in raw, arguments
        assert code != 2 or arguments[0].startswith("\x1b"), raw  # it was understood
        other = [found for found in SEQUENCE.findall(raw) if not COLOURS.fullmatch(found)]
        assert other == [], arguments
        said = SEQUENCE.sub(b"", raw).decode("utf-8").replace("\r\n", "\n")
        assert sorted(set(INVISIBLE.findall(said))) == [], arguments
