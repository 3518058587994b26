"""Which model and which data set this person works with on prompts; kept as places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from llmops_tui.core.dataset import Dataset
from llmops_tui.core.prompt_version import Prompt, PromptVersion
from llmops_tui.services import prompt_writing
from llmops_tui.services.models import ModelView
from llmops_tui.services.prompt_writing import RunOffer
from llmops_tui.services.run_words import money
from llmops_tui.services.runs import RunView
from llmops_tui.ui.screens.confirm import ConfirmScreen
from llmops_tui.ui.screens.pick import PickScreen

if TYPE_CHECKING:
    from llmops_tui.ui.screens.base import Page

MODEL_PLACE = "prompts.model"
DATASET_PLACE = "prompts.dataset"


def chosen_model(page: Page[Any], models: Sequence[ModelView]) -> ModelView | None:
    """The model that was used last, else the first."""
    kept = page.llmops.recall(MODEL_PLACE)
    return next((view for view in models if str(view.model.id) == kept), next(iter(models), None))


def chosen_dataset(
    page: Page[Any], prompt: Prompt, datasets: Sequence[Dataset], text: str
) -> Dataset | None:
    """The data set that was chosen for this prompt, else the one that fits it best."""
    kept = page.llmops.recall(f"{DATASET_PLACE}.{prompt.id}")
    return next(
        (dataset for dataset in datasets if str(dataset.id) == kept),
        prompt_writing.best_dataset(datasets, text),
    )


def pick_model(
    page: Page[Any],
    models: Sequence[ModelView],
    current: ModelView | None,
    done: Callable[[ModelView], None],
) -> None:
    """Let the person choose a model; kept for next time."""

    def chosen(key: str | None) -> None:
        for view in models:
            if str(view.model.id) == key:
                page.llmops.remember(MODEL_PLACE, key)
                done(view)

    page.app.push_screen(
        PickScreen(
            "Try it on which model?",
            [(str(view.model.id), view.title, view.endpoint.kind) for view in models],
            str(current.model.id) if current else "",
        ),
        chosen,
    )


def pick_dataset(
    page: Page[Any],
    prompt: Prompt,
    datasets: Sequence[Dataset],
    current: Dataset | None,
    done: Callable[[Dataset], None],
) -> None:
    """Let the person choose where examples come from; kept for this prompt."""

    def about(dataset: Dataset) -> str:
        version = dataset.version
        return f"{version.rows:,} rows: {', '.join(version.columns)}" if version else ""

    def chosen(key: str | None) -> None:
        for dataset in datasets:
            if str(dataset.id) == key:
                page.llmops.remember(f"{DATASET_PLACE}.{prompt.id}", key)
                done(dataset)

    page.app.push_screen(
        PickScreen(
            "Examples from which data set?",
            [(str(found.id), found.name, about(found)) for found in datasets],
            str(current.id) if current else "",
        ),
        chosen,
    )


def offer_run(
    page: Page[Any],
    version: PromptVersion,
    model: ModelView | None,
    dataset: Dataset | None,
    project_id: int,
) -> None:
    """Ask whether to start a test run of a version; on yes start it and go and watch it."""

    def ask(offer: RunOffer) -> None:
        page.app.push_screen(
            ConfirmScreen(
                "Start a test run?", f"{version.title} on {offer.model.title}", _about(offer)
            ),
            lambda yes: start(offer) if yes else None,
        )

    def start(offer: RunOffer) -> None:
        page.in_thread(
            lambda: prompt_writing.start_offered(page.workspace, offer, project_id),
            watch,
            group="start-run",
        )

    def watch(view: RunView) -> None:
        from llmops_tui.ui.screens.runs.run_page import RunPage  # only who runs pays for it

        page.llmops.go_to("runs")
        page.app.call_after_refresh(page.app.push_screen, RunPage(view))

    page.in_thread(
        lambda: prompt_writing.offer_run(page.workspace, version, model, dataset, project_id),
        ask,
        group="offer-run",
    )


def _about(offer: RunOffer) -> str:
    rows = offer.dataset_version.rows
    model = offer.model.model
    price = (
        f"It costs about {money(offer.input_cost, model.currency)} before the answers.\n"
        if offer.input_cost
        else ""
    )
    return (
        f"All {rows:,} examples of {offer.dataset}, scored by {offer.scorers}.\n{price}"
        "A worker of its own does it; you watch it on Runs, where it can be paused and cancelled."
    )
