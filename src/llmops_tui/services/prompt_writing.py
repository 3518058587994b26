"""What is at hand while a prompt is written: examples, models, drafts, judged answers, runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from llmops_tui.core.chat import Answer, Json
from llmops_tui.core.compose import without_includes
from llmops_tui.core.dataset import Dataset, DatasetVersion, Example
from llmops_tui.core.errors import ConflictError, InputError, LlmopsError
from llmops_tui.core.prompt import PromptTemplate, check_variables
from llmops_tui.core.prompt_version import Draft, Prompt, PromptVersion
from llmops_tui.core.run import Outcome, SampleScore
from llmops_tui.services import (
    composition,
    composition_graph,
    datasets,
    models,
    prompt_trying,
    prompts,
    runs,
)
from llmops_tui.services.models import ModelView
from llmops_tui.services.prompts import EditorState
from llmops_tui.services.scorer_choice import schema_scorer, scorer_words
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import projects
from llmops_tui.store import prompts as kept


@dataclass(frozen=True, slots=True)
class Desk:
    """A prompt under work, and what it can be tried with."""

    state: EditorState
    draft_at: int | None
    """When the draft was kept last; None where there is none."""
    newest: PromptVersion | None
    datasets: tuple[Dataset, ...]
    """Those that have a version."""
    models: tuple[ModelView, ...]
    scorers: tuple[Mapping[str, Json], ...]
    """The project's."""
    inputs: tuple[str, ...] = ()
    """Which the project allows; empty for any."""
    answer_schema: Mapping[str, Json] | None = None
    """What the project's answers look like."""
    affects: str = ""
    """Which prompts include this one, as a sentence; empty for none."""


@dataclass(frozen=True, slots=True)
class Examples:
    """The examples of a data set version, to step through."""

    name: str
    version: DatasetVersion
    positions: Sequence[int]

    @property
    def title(self) -> str:
        """Data set and version: `messages v1`."""
        return f"{self.name} v{self.version.number}"


@dataclass(frozen=True, slots=True)
class Judged:
    """What the project's scorers say of one answer."""

    outcome: Outcome | None
    """None where nothing could be said."""
    reason: str
    scores: tuple[SampleScore, ...] = ()


@dataclass(frozen=True, slots=True)
class RunOffer:
    """A test run with defaults, for a person to agree to."""

    version: PromptVersion
    model: ModelView
    dataset: str
    dataset_version: DatasetVersion
    scorers: str
    input_cost: int
    """Estimated from the first example, for what is asked alone, in nano-units."""


def desk(workspace: Workspace, prompt: Prompt) -> Desk:
    """What the editor of a prompt opens with."""
    draft = kept.draft(workspace.db, prompt.id, workspace.person)
    newest = next(iter(kept.versions(workspace.db, prompt.id, limit=1)), None)
    project = projects.get(workspace.db, prompt.project_id)
    return Desk(
        state=prompts.open_editor(workspace, prompt),
        draft_at=draft.changed_at if draft else None,
        newest=newest,
        datasets=tuple(
            found for found in datasets.list_datasets(workspace, prompt.project_id) if found.version
        ),
        models=tuple(models.list_models(workspace)),
        scorers=project.scorers,
        inputs=project.variables,
        answer_schema=project.answer_schema,
        affects=composition_graph.affected_words(workspace, prompt),
    )


def saved_text(state: EditorState) -> str:
    """The text that the editor would open with if there were no draft."""
    return prompts.as_text(state.base) if state.base else prompts.NEW_PROMPT


def is_saved(state: EditorState, text: str) -> bool:
    """Whether a text says nothing else than what is saved; blank lines at its end don't count."""
    saved = state.base.written if state.base else PromptTemplate.parse(prompts.NEW_PROMPT).messages
    return PromptTemplate.parse(text).messages == saved


def keep_draft(
    workspace: Workspace, state: EditorState, text: str, *, seen: int | None
) -> int | None:
    """Keep what is being typed; forget the draft where it says what is saved anyway.

    Args:
        workspace: where.
        state: what the text was begun from.
        text: what stands in the editor.
        seen: when the draft that this editor knows was kept; None where it knows of none.

    Returns:
        The new `seen`.

    Raises:
        ConflictError: another window of the same person has kept something else since.
    """
    with workspace.db.write():
        there = kept.draft(workspace.db, state.prompt.id, workspace.person)
        if there is not None and there.changed_at != seen and there.text != text:
            raise ConflictError(
                f"Another window of yours has changed the draft of {state.prompt.name!r}.",
                "Choose which text to go on with.",
            )
        if is_saved(state, text):
            if there is not None:
                with workspace.db.write("prompt"):
                    prompts.drop_draft(workspace, state.prompt)
            return None
        # News only where lists show it: a draft that came or went, not each of its changes.
        with workspace.db.write(*(() if there else ("prompt",))):
            prompts.save_draft(workspace, state, text)
        made = kept.draft(workspace.db, state.prompt.id, workspace.person)
        assert made is not None
        return made.changed_at


def other_draft(workspace: Workspace, prompt: Prompt) -> Draft | None:
    """The draft as it lies in the file."""
    return kept.draft(workspace.db, prompt.id, workspace.person)


def best_dataset(found: Sequence[Dataset], text: str) -> Dataset | None:
    """The data set that a prompt was most likely written for: the one that fits its variables."""

    def misfit(dataset: Dataset) -> tuple[int, int, int]:
        assert dataset.version is not None
        try:
            own = PromptTemplate(without_includes(PromptTemplate.parse(text).messages))
            problems = check_variables(own, dataset.version.columns)
        except LlmopsError:
            problems = ()
        unknown = sum(problem.unknown for problem in problems)
        return unknown, len(problems) - unknown, -dataset.version.created_at

    return min(found, key=misfit, default=None)


def examples_of(workspace: Workspace, dataset: Dataset) -> Examples:
    """The examples of a data set's newest version."""
    assert dataset.version is not None
    positions = datasets.example_positions(workspace, dataset.version)
    return Examples(dataset.name, dataset.version, positions)


def example_at(workspace: Workspace, examples: Examples, index: int) -> Example | None:
    """The n-th example, from 0, around the end; None where there is none."""
    if not examples.positions:
        return None
    position = examples.positions[index % len(examples.positions)]
    page = datasets.example_page(workspace, examples.version, after=position - 1, limit=1)
    return page[0] if page else None


def judge(
    scorers: Sequence[Mapping[str, Json]],
    answer: Answer,
    example: Example | None,
    cost: int,
    schema: Mapping[str, Json] | None = None,
) -> Judged:
    """What the project's scorers say of an answer. Never raises: what hinders is the reason.

    Where the answer was to have a form, that is checked first, also without an example.
    """
    # Scorers are compiled: nothing that shows a prompt needs that.
    from llmops_tui.runner.scoring import ScorerFailedError, Scoring

    if schema is not None and not answer.tool_calls:
        shape = Scoring([schema_scorer(schema).to_json()])
        nothing = Example(0, 0, {}, None)
        outcome, reason, scores = shape(answer, example or nothing, cost)
        if outcome is not Outcome.RIGHT:
            return Judged(outcome, reason, scores)
        if not scorers or example is None:
            return Judged(outcome, reason, scores)
        judged = judge(scorers, answer, example, cost)
        return replace(judged, reason=f"fits the response schema; {judged.reason}")
    if not scorers:
        return Judged(None, "the project has no scorer")
    if example is None:
        return Judged(None, "there is no example to compare with")
    try:
        outcome, reason, scores = Scoring(scorers)(answer, example, cost)
    except ScorerFailedError as error:
        return Judged(None, str(error.__cause__ or error))
    except LlmopsError as error:
        return Judged(None, str(error))
    return Judged(outcome, reason, scores)


def offer_run(
    workspace: Workspace,
    version: PromptVersion,
    model: ModelView | None,
    dataset: Dataset | None,
    project_id: int,
) -> RunOffer:
    """A test run of a version with defaults, to be agreed to.

    Raises:
        InputError: something is missing without which no run is possible.
    """
    if dataset is None or dataset.version is None:
        raise InputError("A run needs a data set, and there is none.", "2, then i imports one.")
    if model is None:
        raise InputError("A run needs a model, and there is none.", "7, then a adds one.")
    scorers = projects.get(workspace.db, project_id).scorers
    if not scorers:
        raise InputError(
            "Nothing would tell right answers from wrong ones: the project has no scorer.",
            "Start the run on Runs (4, then n), where one can be chosen.",
        )
    examples = datasets.example_page(workspace, dataset.version, limit=1)
    found = prompt_trying.preview(
        prompts.as_text(version),
        examples[0] if examples else None,
        dataset.version.columns,
        composition.composer(workspace, project_id, version.prompt_name),
    )
    return RunOffer(
        version=version,
        model=model,
        dataset=f"{dataset.name} v{dataset.version.number}",
        dataset_version=dataset.version,
        scorers=scorer_words(scorers),
        input_cost=found.tokens * model.model.input_price * dataset.version.rows,
    )


def start_offered(workspace: Workspace, offer: RunOffer, project_id: int) -> runs.RunView:
    """Plan the run that was agreed to and start its worker.

    Raises:
        InputError: the plan makes no sense, such as a variable that the data don't have.
    """
    request = runs.RunRequest(
        prompt_version_ids=(offer.version.id,),
        model_ids=(offer.model.model.id,),
        dataset_version_id=offer.dataset_version.id,
    )
    run_id = runs.plan_run(workspace, project_id, request)
    runs.start_worker(workspace, run_id)
    return runs.run_view(workspace, run_id)
