"""The seven screens: their keys, their names, and where their code is loaded from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Area:
    """One of the screens reached by a digit."""

    name: str
    key: str
    title: str
    target: str
    """`module:Class`; imported when the area is first shown."""
    purpose: str
    """One sentence that the palette and the help show."""


_SCREENS = "llmops_tui.ui.screens"

AREAS = (
    Area(
        "overview",
        "1",
        "Overview",
        f"{_SCREENS}.overview.screen:OverviewScreen",
        "How wrong can it be, and how wrong is it: the project at a glance.",
    ),
    Area(
        "datasets",
        "2",
        "Datasets",
        f"{_SCREENS}.datasets.screen:DatasetsScreen",
        "Labelled examples: browse them, import more.",
    ),
    Area(
        "prompts",
        "3",
        "Prompts",
        f"{_SCREENS}.prompts.screen:PromptsScreen",
        "Prompts, their versions and what each measured.",
    ),
    Area(
        "runs",
        "4",
        "Runs",
        f"{_SCREENS}.runs.screen:RunsScreen",
        "Test runs: start one, watch it, read its samples.",
    ),
    Area(
        "monitor",
        "5",
        "Monitor",
        f"{_SCREENS}.monitor.screen:MonitorScreen",
        "Production calls as they arrive, and the error budget.",
    ),
    Area(
        "triage",
        "6",
        "Triage",
        f"{_SCREENS}.triage.screen:TriageScreen",
        "Flagged calls and the random audit: right, wrong or unsure.",
    ),
    Area(
        "models",
        "7",
        "Models",
        f"{_SCREENS}.models.screen:ModelsScreen",
        "Endpoints and models: prices, and whether they answer.",
    ),
)

BY_NAME = {area.name: area for area in AREAS}
