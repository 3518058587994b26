"""Texts that try to take over a terminal, put wherever a text can come from."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from tests.workspaces import Bench

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
    queues,
    runs,
    triage,
)
from llmops_tui.services.example_search import ExampleSearch
from llmops_tui.services.runs import RunRequest
from llmops_tui.store import calls

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
    waiting = queues.queue(workspace, Lane.AUDIT, project_id=project.id)
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


def sequences(raw: bytes) -> set[bytes]:
    """Every control sequence but colours and jumps."""
    return {found for found in SEQUENCE.findall(raw) if not PAINTS.fullmatch(found)}
