"""Texts that try to take over the terminal, on every screen: none of them ever gets there raw.

The same keys are pressed over two workspaces of the same shape, one with harmless texts and one
with texts from the collection of hostile ones. Whatever control sequence is written for the second
and not for the first came out of a text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.endpoints.process import MockEndpoint
from tests.terminal.console import CTRL_Q, ENTER, ESCAPE, Console, product
from tests.workspaces import Bench, make_bench

from llmops_tui.core.call import CallDraft, Lane, ReviewVerdict
from llmops_tui.core.chat import Endpoint, Model
from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.project import Stage
from llmops_tui.core.run import RunStatus
from llmops_tui.gateway.judge import Judge, flagger_of
from llmops_tui.services import (
    dataset_editing,
    dataset_import,
    datasets,
    labels,
    models,
    projects,
    prompts,
    runs,
    triage,
)
from llmops_tui.services.example_search import ExampleSearch
from llmops_tui.services.runs import RunRequest
from llmops_tui.store import calls

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("terminal")]

PAGE_DOWN = b"\x1b[6~"
PAGES = 32
OWN = (
    "\x1b]0;taken over\x07",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]8;;http://127.0.0.1/\x1b\\a link\x1b]8;;\x1b\\",
    "\x1bPq#0;2;0;0;0\x1b\\",
    "\x1b[?1049l\x1b[2J\x1bc",
    "\x9d0;eight bits\x9c \x9b31m",
    "right \u202egnorw\u202c, \u2066hidden\u2069, zero\u200bwidth, \U000e0041tag",
    "[@click=app.quit]press[/] [bold]markup[/bold] [link=http://127.0.0.1/]x[/link]",
    "\x00\x01\x07\x08\x0b\x0c\x0e\x1a\x7f\r\rback",
    "a" * 100_000,
)
"""What the collection may not hold."""

# ESC sequences by the standard's form: CSI, OSC and other strings to their end, two bytes.
SEQUENCE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~]|$)"
)
PAINTS = re.compile(rb"\x1b\[[\d;]*[mH]")
COLOURS = re.compile(rb"\x1b\[[\d;]*m")
INVISIBLE = re.compile(
    "[\x00-\x09\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f\x80-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)


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


def fill(bench: Bench, directory: Path, texts: Sequence[str]) -> None:
    """Put texts wherever a text can come from: examples, answers, calls, names and notes."""
    workspace, project = bench.workspace, bench.project
    source = directory / "texts.jsonl"
    rows = ({"word": text, "expected": text[:40], "tags": text[:20]} for text in texts)
    lines = [json.dumps(row) for row in rows]
    lines.append(json.dumps({"word": texts[3], "tags": texts[4]}))  # waits for a label
    broken = "".join(texts[:10]).replace("\n", " ").replace("\r", " ")
    source.write_text("\n".join([*lines, f'{{"word": {broken}']), encoding="utf-8")
    preview = dataset_import.preview_import(source)
    imported = dataset_import.import_dataset(workspace, project.id, preview, note=texts[0])
    found = ExampleSearch(workspace, imported.version, "").ids()
    edited = dataset_editing.set_tags(workspace, imported.version, found[:3], texts[2][:40])
    for _ in range(2):
        request = RunRequest(
            (bench.prompt.id,), (bench.model.model.id,), edited.version.id, note=texts[1]
        )
        run_id = runs.plan_run(workspace, project.id, request)
        assert runs.work(workspace, run_id, lambda _: None) is RunStatus.FINISHED
    judge = Judge(workspace.db, flagger_of(), project_id=project.id, audit_probability=0.9, seed=1)
    drafts = [call(number, text) for number, text in enumerate(texts)]
    calls.add(workspace.db, [judge.judge(draft) for draft in drafts])
    waiting = triage.queue(workspace, Lane.AUDIT, project_id=project.id)
    triage.review(workspace, waiting[0], ReviewVerdict.WRONG, reason=texts[0], note=texts[2])
    for text in texts[:5]:
        row = ExampleDraft({text[:30]: text}, text, (text,), text[:10])
        datasets.add_examples(workspace, project.id, text[:60], iter([row]), source=text)
    for text in texts[:8]:
        made = prompts.create_prompt(workspace, project.id, text[:60])
        saved = prompts.add_version(workspace, made, [("user", text.replace("{", ""))], note=text)
        labels.move(workspace, saved, "".join(text.split())[:30])
    projects.create_project(workspace, texts[0], description=texts[1], variables=[texts[2][:30]])
    models.add_endpoint(
        workspace,
        Endpoint(0, texts[0], "openai", "http://127.0.0.1:9/v1"),
        [Model(0, 0, text, {"stop": text}) for text in texts[:8]],
    )
    projects.set_owner(workspace, project.id, Stage.DATA, texts[0])


def call(number: int, text: str) -> CallDraft:
    return CallDraft(
        identity=f"call {number}".encode(),
        source="otlp",
        input=text,
        output=text,
        started_at=1_772_442_000_000 + number,
        duration_ms=10,
        model=text[:30],
        provider=text[:20],
        prompt_name=text[:30],
        prompt_version=text[:10],
        finish_reason=text[:20],
        status="error" if number % 7 == 0 else "ok",
        error=text if number % 7 == 0 else "",
        attributes=json.dumps({"text": text}),
    )


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


def walked(bench: Bench, surroundings: dict[str, str], first: tuple[str, ...]) -> bytes:
    """All that was written on the way."""
    with Console(product("--db", bench.workspace.path), surroundings) as console:
        walk(console, *first)
        return bytes(console.raw)


def sequences(raw: bytes) -> set[bytes]:
    """Every control sequence but colours and jumps."""
    return {found for found in SEQUENCE.findall(raw) if not PAINTS.fullmatch(found)}


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
