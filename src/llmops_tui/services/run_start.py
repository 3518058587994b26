"""Starting a run from a form: what there is to choose from, sensible defaults, reading it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llmops_tui.core.errors import InputError
from llmops_tui.services import datasets, models, projects, prompts
from llmops_tui.services.runs import MOST_REPEATS, RunRequest
from llmops_tui.services.scorer_choice import read_scorers, scorer_words
from llmops_tui.services.verdicts import GATE, Wear, gate_wear
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import runs as run_store

NANO = 1_000_000_000
VERSIONS_EACH = 8
"""Versions of one prompt that are offered: the newest. Others run from the command line."""
ALL_SPLITS = "all"
PROJECT_SCORERS = "project"
HIGHEST_CONCURRENCY = 1024


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose."""

    id: int
    title: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class StartChoices:
    """What a run can be made of, the most likely first."""

    prompts: tuple[Option, ...]
    """Prompt versions: the newest of each prompt first."""
    models: tuple[Option, ...]
    datasets: tuple[Option, ...]
    """Newest versions, the latest import first."""
    splits: Mapping[int, Mapping[str, int]]
    """Rows of each split by data set version; empty where it has none."""
    rows: Mapping[int, int]
    scorers: str
    """How the project judges answers, in words; empty where it doesn't say."""
    wear: Mapping[int, Wear]
    """How often the gate split of a data set version was looked at; where it has one."""
    can_stop: bool
    """Whether a run may stop itself: not where the tolerance counts in clusters."""
    stops: bool
    """Whether the project's runs stop themselves unless told otherwise."""


def start_choices(workspace: Workspace, project_id: int) -> StartChoices:
    """What a run of this project can be made of.

    Raises:
        InputError: something is missing without which no run is possible; the hint says the key.
    """
    newest, older = _versions(workspace, project_id)
    sets = datasets.list_datasets(workspace, project_id)
    names = {item.version.id: item.name for item in sets if item.version}
    found = sorted((item.version for item in sets if item.version), key=lambda v: -v.created_at)
    known = models.list_models(workspace)
    _check_there_is(bool(found), bool(newest), bool(known))
    return StartChoices(
        prompts=(*newest, *older),
        models=tuple(Option(view.model.id, view.title, view.endpoint.kind) for view in known),
        datasets=tuple(
            Option(version.id, f"{names[version.id]} v{version.number}", f"{version.rows:,} rows")
            for version in found
        ),
        splits={
            version.id: {name: rows for name, rows in version.splits.items() if name}
            for version in found
        },
        rows={version.id: version.rows for version in found},
        scorers=_project_scorers(workspace, project_id),
        wear={
            version.id: gate_wear(workspace, version.id)
            for version in found
            if GATE in version.splits
        },
        can_stop=not projects.tolerance_of(workspace, project_id).is_clustered,
        stops=projects.stops_when_decided(workspace, project_id),
    )


def read_request(values: Mapping[str, str], choices: StartChoices) -> RunRequest:
    """The request that a filled-in form stands for.

    Raises:
        InputError: a value can't be used; forms check each beforehand with `check_*`.
    """
    dataset = int(values["dataset"])
    split = values.get("split", "").strip()
    names = choices.splits.get(dataset, {})
    if split and split != ALL_SPLITS and split not in names:
        listed = f"Its splits are {', '.join(names)}." if names else "It has none: leave it empty."
        raise InputError(f"The data set has no split {split!r}.", listed)
    for name, check in CHECKS.items():
        problem = check(values.get(name, ""))
        if problem:
            raise InputError(problem)
    scorer = values.get("scorer", PROJECT_SCORERS)
    detail = values.get("detail", "")
    return RunRequest(
        scorers=() if scorer == PROJECT_SCORERS else read_scorers(scorer, detail),
        prompt_version_ids=_ids(values["prompts"]),
        model_ids=_ids(values["models"]),
        dataset_version_id=dataset,
        repeats=_number(values.get("repeats", "")) or 1,
        split=split if split and split != ALL_SPLITS else None,
        limit=_number(values.get("limit", "")),
        concurrency=_number(values.get("concurrency", "")),
        cost_cap=_nano(values.get("cost_cap", "")),
        use_cache=values.get("cache", "") != "no",
        stream=values.get("stream", "") == "yes",
        stop_when_decided={"yes": True, "no": False}.get(values.get("stop", "")),
    )


def check_limit(text: str) -> str | None:
    """A number of rows, or nothing for all."""
    return _check_number(text, "Rows", 10**9, empty="all rows")


def check_repeats(text: str) -> str | None:
    """How often each row is asked."""
    return _check_number(text, "Repeats", MOST_REPEATS, empty="1")


def check_concurrency(text: str) -> str | None:
    """Requests at once, or nothing for what the endpoint bears."""
    return _check_number(
        text, "Requests at once", HIGHEST_CONCURRENCY, empty="what the endpoint bears"
    )


def check_cost_cap(text: str) -> str | None:
    """An amount of money, or nothing for no cap."""
    try:
        nano = _nano(text)
    except ValueError:
        nano = -1
    if nano is not None and nano <= 0:
        return f"“{text.strip()}” is no amount: write one such as 2.50, or nothing for no cap."
    return None


CHECKS = {
    "limit": check_limit,
    "repeats": check_repeats,
    "concurrency": check_concurrency,
    "cost_cap": check_cost_cap,
}


def _versions(workspace: Workspace, project_id: int) -> tuple[list[Option], list[Option]]:
    """The newest version of each prompt, latest first; and some older ones."""
    newest: list[Option] = []
    older: list[Option] = []
    for view in prompts.list_prompts(workspace, project_id):
        versions = prompts.list_versions(workspace, view.prompt)[:VERSIONS_EACH]
        for number, item in enumerate(versions):
            about = " · ".join((item.wrong_words, *item.version.labels))
            option = Option(item.version.id, item.version.title, about)
            (older if number else newest).append(option)
    newest.sort(key=lambda option: -option.id)
    return newest, older


def _check_there_is(dataset: bool, prompt: bool, model: bool) -> None:
    if not dataset:
        raise InputError("A run needs a data set, and there is none.", "2, then i imports one.")
    if not prompt:
        raise InputError(
            "A run needs a prompt version, and there is none.", "3, then n writes a prompt."
        )
    if not model:
        raise InputError("A run needs a model, and there is none.", "7, then a adds one.")


def _project_scorers(workspace: Workspace, project_id: int) -> str:
    for project in projects.list_projects(workspace):
        if project.id == project_id and project.scorers:
            return scorer_words(project.scorers)
    return ""


def _check_number(text: str, what: str, highest: int, *, empty: str) -> str | None:
    if not text.strip():
        return None
    number = _digits(text)
    if number is None or not 1 <= number <= highest:
        return f"{what}: a whole number from 1 to {highest:,}, or nothing for {empty}."
    return None


def _digits(text: str) -> int | None:
    cleaned = text.strip().replace(",", "").replace("_", "").replace(" ", "")
    return int(cleaned) if cleaned.isascii() and cleaned.isdecimal() else None


def _number(text: str) -> int | None:
    return _digits(text) if text.strip() else None


def set_cost_cap(workspace: Workspace, run_id: int, text: str) -> int:
    """Give a run another cost cap, or none, also while it is under way; the run's id."""
    run_store.set_cost_cap(workspace.db, run_id, _nano(text))
    return run_id


def _nano(text: str) -> int | None:
    cleaned = text.strip().replace(",", ".")
    if not cleaned:
        return None
    amount = float(cleaned)
    if not 0 < amount < 10**9:
        raise ValueError(text)
    return round(amount * NANO)


def _ids(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",") if part)


def plan_words(values: Mapping[str, str], choices: StartChoices) -> str:
    """How many requests a filled-in form stands for, and how worn a gate split is that it uses.

    Raises:
        InputError: a value can't be used.
    """
    request = read_request(values, choices)
    dataset = request.dataset_version_id
    rows = choices.rows[dataset]
    if request.split is not None:
        rows = choices.splits[dataset][request.split]
    rows = min(rows, request.limit or rows)
    prompts, models = len(request.prompt_version_ids), len(request.model_ids)
    parts = [f"{rows:,} rows"]
    parts += [f"{prompts} prompt versions"] if prompts > 1 else []
    parts += [f"{models} models"] if models > 1 else []
    parts += [f"{request.repeats} repeats"] if request.repeats > 1 else []
    total = rows * prompts * models * request.repeats
    wear = choices.wear.get(dataset) if request.split == GATE else None
    looks = "" if wear is None else f" {wear.words}"
    if len(parts) == 1:
        return f"{total:,} requests, one for each row.{looks}"
    return f"{total:,} requests: {' × '.join(parts)}.{looks}"
