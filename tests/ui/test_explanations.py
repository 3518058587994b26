"""What the help says of the figures: complete, for each screen that shows them."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from tests.ui.driving import press, shown

import llmops_tui.ui.screens as screens
from llmops_tui.core.project import Project
from llmops_tui.core.tolerance.explain import EXPLANATIONS, Explanation, explained
from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.widgets.text_pane import TextPane


def pages() -> list[type[Page[object]]]:
    for module in pkgutil.walk_packages(screens.__path__, f"{screens.__name__}."):
        importlib.import_module(module.name)
    found, todo = [], [Page]
    while todo:
        kind = todo.pop()
        found.append(kind)
        todo += kind.__subclasses__()
    return found


@pytest.mark.parametrize("one", EXPLANATIONS.values(), ids=list(EXPLANATIONS))
def test_a_figure_says_how_it_comes_about_and_what_it_does_not_claim(one: Explanation) -> None:
    text = one.text()
    assert text.startswith(one.meaning)
    for part in ("How: ", "Assumes ", "Not claimed: "):
        assert part in text
    assert all(len(part) > 5 for part in (one.formula, one.assumes, one.not_claimed))
    assert all(line.endswith((".", ")")) for line in text.splitlines()), text


def test_every_figure_of_the_product_is_explained() -> None:
    assert {
        "wrong rate",
        "verdict",
        "rows more",
        "anytime bound",
        "paired comparison",
        "non-inferiority",
        "design effect",
        "live wrong rate",
        "error budget",
        "burn rate",
        "flag-rate band",
    } <= EXPLANATIONS.keys()


def test_screens_name_figures_that_exist_and_each_once() -> None:
    named = {kind.__name__: kind.EXPLAINS for kind in pages()}
    assert {"OverviewScreen", "RunPage", "TriageScreen", "MonitorScreen"} <= named.keys()
    for name, figures in named.items():
        assert len(explained(figures)) == len(set(figures)), name
    for name in ("OverviewScreen", "RunsScreen", "RunPage", "TriageScreen"):
        assert named[name], name


def test_a_figure_nobody_explained_is_noticed() -> None:
    with pytest.raises(KeyError):
        explained(["luck"])


async def test_the_help_of_a_screen_explains_its_figures_below_the_keys(
    app: LlmopsApp, project: Project
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "question_mark")
        pane = app.screen.query_one(TextPane)
        headings = [section.heading for section in pane.sections]
        assert headings.index("Error budget") > headings.index("Keys here")
        assert "formula, assumptions and what is not claimed of wrong rate" in " ".join(
            shown(app).split()
        )
        await press(pilot, "G")
        assert "Source: Google, The Site Reliability Workbook (2018), ch. 5." in shown(app)
