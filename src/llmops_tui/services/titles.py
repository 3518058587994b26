"""Names of things by their ids, as runs and samples show them."""

from __future__ import annotations

from llmops_tui.core.chat import Model
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import datasets, endpoints, prompts


class Titles:
    """Names of things by id, each looked up once."""

    def __init__(self, workspace: Workspace) -> None:
        self._db = workspace.db
        self._prompts: dict[int, str] = {}
        self._models: dict[int, Model] = {}
        self._datasets: dict[int, str] = {}

    def prompt(self, version_id: int) -> str:
        """Name and number of a prompt version."""
        if version_id not in self._prompts:
            self._prompts[version_id] = prompts.version(self._db, version_id).title
        return self._prompts[version_id]

    def model(self, model_id: int) -> Model:
        """A model."""
        if model_id not in self._models:
            self._models[model_id] = endpoints.model(self._db, model_id)
        return self._models[model_id]

    def dataset(self, version_id: int) -> str:
        """Name and number of a data set version."""
        if version_id not in self._datasets:
            self._datasets[version_id] = datasets.title(self._db, version_id)
        return self._datasets[version_id]
