"""A workspace with something on every screen, the same whenever and wherever it is made.

The examples, prompts and production messages are the demonstration's. Answers, times and verdicts
are made up, as no model gives the same ones on every machine: what this makes is for looking at
screens and for tests, never for saying how good a prompt or a model is.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from llmops_tui.core.call import CallDraft, Lane, ReviewVerdict
from llmops_tui.core.chat import Answer, Endpoint, Model, Usage
from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.project import Project, Stage
from llmops_tui.core.prompt_version import PromptVersion
from llmops_tui.core.run import Outcome, RunStatus
from llmops_tui.core.tolerance import Tolerance
from llmops_tui.gateway.judge import Judge, flagger_of
from llmops_tui.runner.jobs import Feed, Job, load_targets
from llmops_tui.runner.scoring import Scoring
from llmops_tui.services import (
    dataset_import,
    datasets,
    labels,
    models,
    places,
    projects,
    prompts,
    queues,
    runs,
    triage,
)
from llmops_tui.services.demo.content import TASKS, TOPICS, DemoTask, production_messages
from llmops_tui.services.runs import RunRequest
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.store import calls, samples
from llmops_tui.store import runs as run_store
from llmops_tui.store.finished_sample import FinishedSample
from tools.steady import DAY_MS, HOUR_MS, MINUTE_MS

WORKER = "worker"
LEASE_MS = 30_000
BATCH = 8
"""Samples that are committed together."""
FEEDBACK = """\
message,topic
The parcel was left in the rain.,delivery
"My card was charged twice, in March and in April.",payment
I cannot remember which address I signed up with.,login
"Two columns too many",login,x,y
The handle came off after a week.,product
Only one column
Where do I change my card?,payment
"""
"""A file to import, with two rows that can't be used."""
FEEDBACK_FILE = "tickets.csv"
OWNERS = {
    Stage.DATA: "data science",
    Stage.PROMPTING: "development",
    Stage.TESTING: "development",
    Stage.MONITORING: "operations",
}

ODD_ANSWERS = (
    "I'm sorry, but I can't help with that request.",
    "",
    "As an AI language model I cannot see your orders.",
    "payment\x1b]0;a title\x07 \x1b[31mor delivery",
)
"""What production says now and then instead of a topic."""

Pass = Callable[[int], None]
"""Lets milliseconds pass."""


@dataclass(frozen=True, slots=True)
class Made:
    """An open workspace and what is in it."""

    workspace: Workspace
    project: Project
    versions: tuple[PromptVersion, ...]
    run_ids: tuple[int, ...]
    """Finished, finished with errors, and the one that was begun last."""


def make(path: Path, *, last_run: RunStatus = RunStatus.PAUSED, let_pass: Pass) -> Made:
    """Make the workspace at `path`; files to import are put beside it.

    Args:
        path: Where; nothing may be there.
        last_run: How the newest run is left: running, paused or interrupted.
        let_pass: Moves the clock, where there is one to move.
    """
    workspace = open_workspace(path)
    task = TASKS[0]
    project = _project(workspace, task)
    versions = _prompt(workspace, project, task, let_pass)
    small, large = _models(workspace)
    let_pass(HOUR_MS)
    first = _run(workspace, project, versions, [small], let_pass, note="before the first release")
    let_pass(DAY_MS)
    second = _run(workspace, project, versions[-1:], [large], let_pass, errors=0.04)
    let_pass(DAY_MS)
    _calls(workspace, project, let_pass)
    let_pass(2 * HOUR_MS)
    last = _run(workspace, project, versions[-1:], [small, large], let_pass, last_run, stop=0.4)
    if last_run is RunStatus.INTERRUPTED:
        let_pass(3 * MINUTE_MS)
    places.remember(workspace, "project", str(project.id))
    return Made(workspace, project, versions, (first, second, last))


def found(workspace: Workspace) -> Made:
    """What `make` made, in a workspace that was opened again."""
    project = projects.list_projects(workspace)[0]
    prompt = prompts.list_prompts(workspace, project.id)[0].prompt
    versions = [view.version for view in prompts.list_versions(workspace, prompt)]
    ids = sorted(view.run.id for view in runs.list_runs(workspace, project.id))
    return Made(workspace, project, tuple(reversed(versions)), tuple(ids))


def go_on(made: Made, batches: int, let_pass: Pass) -> None:
    """Let the newest run finish some more batches, as its worker would."""
    _work(made.workspace, made.run_ids[-1], let_pass, errors=0.0, most=batches * BATCH)


def arrive(made: Made, number: int, let_pass: Pass, *, first: int = 1000) -> int:
    """Let some more production calls arrive, numbered from `first` on; how many did."""
    _calls(made.workspace, made.project, let_pass, first=first, number=number, reviewed=0)
    return number


def _project(workspace: Workspace, task: DemoTask) -> Project:
    tolerance = task.tolerance
    project = projects.create_project(
        workspace,
        task.name,
        description=task.description,
        variables=task.variables,
        scorers=({"name": task.scorer.name, "parameters": dict(task.scorer.parameters)},),
        tolerance=Tolerance(
            max_wrong=tolerance.max_wrong,
            confidence=tolerance.confidence,
            on_breach=tolerance.on_breach,
            owner=OWNERS[Stage.TESTING],
        ),
    )
    for stage, owner in OWNERS.items():
        projects.set_owner(workspace, project.id, stage, owner)
    rows = (ExampleDraft(row.inputs, row.expected, row.tags, row.split) for row in task.rows())
    datasets.add_examples(workspace, project.id, task.dataset, rows, source="written for it")
    source = Path(FEEDBACK_FILE)
    source.write_text(FEEDBACK, encoding="utf-8")
    preview = dataset_import.remap(dataset_import.preview_import(source), expected="topic")
    dataset_import.import_dataset(workspace, project.id, preview)
    return project


def _prompt(
    workspace: Workspace, project: Project, task: DemoTask, let_pass: Pass
) -> tuple[PromptVersion, ...]:
    prompt = prompts.create_prompt(workspace, project.id, task.prompt)
    saved = []
    for version in task.versions:
        let_pass(20 * MINUTE_MS)
        saved.append(
            prompts.add_version(
                workspace,
                prompt,
                version.messages,
                parameters=version.parameters,
                response_schema=version.response_schema,
                note=version.note,
            )
        )
    labels.move(workspace, saved[0], "production", "It began with this one.", override=True)
    labels.move(workspace, saved[-1], "staging")
    return tuple(saved)


def _models(workspace: Workspace) -> tuple[int, int]:
    """Ids of a free model and of one that costs."""
    endpoint = Endpoint(0, "office", "openai", "http://127.0.0.1:9/v1", "env:OFFICE_KEY", 16)
    model = Model(0, 0, "large-chat", {"temperature": 0}, 400, 1600, "USD", context_window=128_000)
    small = models.ensure_embedded(workspace)
    models.add_endpoint(workspace, endpoint, [model])
    return small.model.id, models.find_model(workspace, "large-chat").model.id


def _run(
    workspace: Workspace,
    project: Project,
    versions: tuple[PromptVersion, ...],
    model_ids: list[int],
    let_pass: Pass,
    left: RunStatus = RunStatus.FINISHED,
    *,
    errors: float = 0.0,
    stop: float = 1.0,
    note: str = "",
) -> int:
    dataset = datasets.find_dataset(workspace, project.id, TASKS[0].dataset).version
    assert dataset is not None
    run_id = runs.plan_run(
        workspace,
        project.id,
        RunRequest(
            prompt_version_ids=tuple(version.id for version in versions),
            model_ids=tuple(model_ids),
            dataset_version_id=dataset.id,
            split="gate",
            seed=7,
            use_cache=left is RunStatus.FINISHED,
            note=note,
        ),
    )
    run_store.claim(workspace.db, run_id, WORKER, 1, LEASE_MS)
    total = runs.run_view(workspace, run_id).run.total
    _work(workspace, run_id, let_pass, errors=errors, most=int(total * stop))
    if left not in (RunStatus.RUNNING, RunStatus.INTERRUPTED):
        run_store.end(workspace.db, run_id, WORKER, left)
    return run_id


def _work(workspace: Workspace, run_id: int, let_pass: Pass, *, errors: float, most: int) -> None:
    """Do `most` samples of a run, in batches, as a worker does."""
    db = workspace.db
    run = run_store.get(db, run_id)
    feed = Feed(db, run, load_targets(db, run))
    scoring = Scoring(run.spec.scorers)
    for start in range(0, most, BATCH):
        jobs = [feed.take() for _ in range(min(BATCH, most - start))]
        batch = [_sample(feed, job, scoring, errors) for job in jobs if job is not None]
        let_pass(640)
        samples.commit(
            db, run_id, batch, worker=WORKER, lease_ms=LEASE_MS, active_ms=640 if batch else 0
        )


def _sample(feed: Feed, job: Job, scoring: Scoring, errors: float) -> FinishedSample:
    target = feed.targets[job.place.cell]
    subject = f"{target.version.number} {target.model.name} {job.example.id}"
    latency = 180.0 + 400 * _fraction(f"latency {subject}")
    common = {
        "ordinal": job.ordinal,
        "cell": job.place.cell,
        "example_id": job.example.id,
        "repeat": job.place.repeat,
        "request": job.request_json,
        "latency_ms": latency,
    }
    if job.cached is not None:
        outcome, reason, scores = scoring(job.cached.answer, job.example, 0)
        return FinishedSample(
            **common,  # type: ignore[arg-type]
            outcome=outcome,
            reason=reason,
            scores=scores,
            answer=job.cached.answer,
            cached_answer_id=job.cached.id,
        )
    if _fraction(f"error {subject}") < errors:
        message = "The endpoint answered 503 (service unavailable)."
        return FinishedSample(
            **common,  # type: ignore[arg-type]
            outcome=Outcome.ERRORED,
            reason=message,
            attempts=5,
            error_kind="server",
            error_message=message,
            evidence="HTTP 503\nupstream connect error",
        )
    answer = _answer(job, target.version.number, target.model, latency, subject)
    cost = target.model.cost(answer.usage)
    outcome, reason, scores = scoring(answer, job.example, cost)
    return FinishedSample(
        **common,  # type: ignore[arg-type]
        outcome=outcome,
        reason=reason,
        scores=scores,
        answer=answer,
        answer_key=job.key,
        cost=cost,
    )


def _answer(job: Job, number: int, model: Model, latency: float, subject: str) -> Answer:
    """What a model might say: the first version rambles, the larger model is better."""
    right = str(job.example.expected)
    rate = 0.9 if number == 1 else 0.06 if model.input_price else 0.26
    if _fraction(f"answer {subject}") >= rate:
        text = right
    elif number == 1:
        text = "I understand that you have a question. How may I help you today?"
    else:
        others = [topic for topic in TOPICS if topic != right]
        text = others[int(_fraction(f"which {subject}") * len(others))]
    tokens = len(job.request_json) // 4
    return Answer(
        text=text,
        finish_reason="stop",
        usage=Usage(tokens, 1 + len(text) // 5),
        model=model.name,
        response_id=f"made-{zlib.crc32(subject.encode()):08x}",
        latency_ms=latency,
    )


def _calls(
    workspace: Workspace,
    project: Project,
    let_pass: Pass,
    *,
    first: int = 0,
    number: int | None = None,
    reviewed: int = 14,
) -> None:
    """Production calls as a gateway stores them, some of them judged."""
    judge = Judge(
        workspace.db, flagger_of(), project_id=project.id, audit_probability=0.3, seed=first + 1
    )
    messages = production_messages()
    chosen = messages if number is None else messages[:number]
    for place, message in enumerate(chosen, start=first):
        let_pass(2 * MINUTE_MS)
        calls.add(workspace.db, [judge.judge(call_made(place, message))])
    waiting = [
        *queues.queue(workspace, Lane.FLAGGED, project_id=project.id),
        *queues.queue(workspace, Lane.AUDIT, project_id=project.id),
    ]
    for call in waiting[: 2 * reviewed : 2]:
        wrong = _fraction(f"review {call.id}") < 0.25
        triage.review(
            workspace,
            call,
            ReviewVerdict.WRONG if wrong else ReviewVerdict.RIGHT,
            severity="wrong" if wrong else "",
        )


def call_made(place: int, message: str) -> CallDraft:
    """A production call; its number says how it went."""
    from llmops_tui.core.clock import now_ms

    subject = f"call {place}"
    failed = _fraction(f"failed {subject}") < 0.05
    topic = TOPICS[int(_fraction(subject) * len(TOPICS))]
    odd = int(_fraction(f"odd {subject}") * 30)
    output = "" if failed else ODD_ANSWERS[odd] if odd < len(ODD_ANSWERS) else topic
    duration = 180.0 + 900 * _fraction(f"duration {subject}")
    return CallDraft(
        identity=f"made call {place}".encode(),
        source="proxy" if place % 3 else "otlp",
        input=message,
        output=output,
        started_at=now_ms() - int(duration),
        duration_ms=duration,
        response_id=f"made-{place}",
        provider="openai",
        model="large-chat",
        prompt_name=TASKS[0].prompt,
        prompt_version="2",
        status="error" if failed else "ok",
        error="503 service unavailable" if failed else "",
        finish_reason="" if failed else "stop",
        input_tokens=120 + len(message) // 4,
        output_tokens=0 if failed else 2,
    )


def _fraction(subject: str) -> float:
    """A number from 0 to 1 that looks random and is always the same for a subject."""
    return zlib.crc32(subject.encode()) / 2**32


__all__ = ["FEEDBACK_FILE", "Made", "arrive", "call_made", "found", "go_on", "make"]
