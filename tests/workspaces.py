"""Workspaces for tests, made through the services as a person would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from llmops_tui.core.chat import Endpoint, Json, Model
from llmops_tui.core.dataset import DatasetVersion, ExampleDraft
from llmops_tui.core.project import Project
from llmops_tui.core.prompt_version import PromptVersion
from llmops_tui.services import datasets, models, projects, prompts, runs
from llmops_tui.services.models import ModelView
from llmops_tui.services.runs import RunRequest, RunView
from llmops_tui.services.workspace import Workspace, open_workspace

PROMPT = "--- user ---\nRepeat the last word: {{ word }}\n"


@dataclass
class Bench:
    """A workspace with a project, a data set, a prompt and a model at some endpoint."""

    workspace: Workspace
    project: Project
    dataset: DatasetVersion
    prompt: PromptVersion
    model: ModelView

    def plan(self, **changes: object) -> int:
        """Plan a run of everything; `changes` are fields of `RunRequest`."""
        asked = {
            "prompt_version_ids": (self.prompt.id,),
            "model_ids": (self.model.model.id,),
            "dataset_version_id": self.dataset.id,
            **changes,
        }
        return runs.plan_run(self.workspace, self.project.id, RunRequest(**asked))

    def view(self, run_id: int) -> RunView:
        """The run as it stands in the file."""
        return runs.run_view(self.workspace, run_id)

    def save_prompt(self, text: str, name: str = "repeat") -> PromptVersion:
        """Save another version (of another prompt, with `name`)."""
        prompt = next(
            (
                view.prompt
                for view in prompts.list_prompts(self.workspace, self.project.id)
                if view.prompt.name == name
            ),
            None,
        ) or prompts.create_prompt(self.workspace, self.project.id, name)
        state = prompts.open_editor(self.workspace, prompt)
        saved = prompts.save_version(self.workspace, state, text)
        assert isinstance(saved, PromptVersion)
        return saved


def make_bench(
    path: Path,
    base_url: str,
    *,
    rows: int | Iterable[ExampleDraft] = 20,
    concurrency: int = 8,
    prompt: str = PROMPT,
    scorers: tuple[Mapping[str, Json], ...] = ({"name": "equals"},),
    kind: str = "openai",
    input_price: int = 0,
    output_price: int = 0,
    parameters: Mapping[str, Json] | None = None,
    key_ref: str = "",
    **endpoint: object,
) -> Bench:
    """Make a bench at `path`; a number of `rows` gives words that the mock endpoint repeats.

    `endpoint` are further fields of `Endpoint`, such as its timeouts and rate limits.
    """
    workspace = open_workspace(path)
    project = projects.create_project(workspace, "test", scorers=scorers)
    drafts = (
        (ExampleDraft({"word": f"word{n}"}, f"word{n}") for n in range(rows))
        if isinstance(rows, int)
        else rows
    )
    dataset = datasets.add_examples(workspace, project.id, "words", iter(drafts), source="made")
    models.add_endpoint(
        workspace,
        Endpoint(0, "mock", kind, base_url, key_ref, max_concurrency=concurrency, **endpoint),
        [
            Model(
                0,
                0,
                "mock",
                parameters or {},
                input_price=input_price,
                output_price=output_price,
            )
        ],
    )
    made = prompts.create_prompt(workspace, project.id, "repeat")
    saved = prompts.save_version(workspace, prompts.open_editor(workspace, made), prompt)
    assert isinstance(saved, PromptVersion)
    return Bench(workspace, project, dataset, saved, models.find_model(workspace, None))
