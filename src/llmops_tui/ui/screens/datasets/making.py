"""Asking for synthetic rows: which model, how many, and what it will cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.core.errors import InputError
from llmops_tui.services import models, synthetic
from llmops_tui.services.synthetic import Written
from llmops_tui.ui.screens.form import Field, FormScreen, Values
from llmops_tui.ui.widgets.progress import Progress, progress_text

if TYPE_CHECKING:
    from llmops_tui.ui.screens.datasets.changing import Changing

FIRST = 20
"""Rows that are varied unless told otherwise."""


def make_more(page: Changing) -> None:
    """Ask, then let the model write; the page goes on with the new version."""
    found = models.list_models(page.workspace)
    if not found:
        raise InputError("There is no model to write them.", "7, then a adds one.")
    fields = [
        Field("model", "model", choices=tuple((view.title, "") for view in found)),
        Field("first", "rows to vary", str(FIRST), "The first so many of those shown.", check=_few),
        Field("number", "variations of each", "2", "At most 10.", check=_few),
        Field(
            "split",
            "split",
            "train",
            "Never the gate split: made-up rows must not judge.",
            choices=(("train", ""), ("dev", ""), ("their parent's", "none where it is gate")),
        ),
    ]
    intro = (
        "The model is asked once for each row. New rows are marked synthetic, with their parent, "
        "and are never put into the gate split."
    )

    def asked(values: Values | None) -> None:
        if values is not None:
            _write(page, values)

    page.app.push_screen(
        FormScreen("Let a model write variations", fields, lambda values: values, intro=intro),
        asked,
    )


def _write(page: Changing, values: Values) -> None:
    workspace, version, search = page.workspace, page.version, page.search
    model = models.find_model(workspace, values["model"])
    split = values["split"] if values["split"] in ("train", "dev") else ""
    first, number = int(values["first"]), min(10, int(values["number"]))

    def tell(done: int) -> bool:
        if not page.is_leaving:
            line = progress_text(Progress(done, first, unit="rows asked"), 70)
            page.app.call_later(page.say_working, line)
        return not page.is_leaving

    def write() -> Written:
        ids = search.ids()[:first]
        return synthetic.write_variations(
            workspace, version, ids, model, number=number, split=split, tell=tell
        )

    def done(written: Written) -> None:
        page.say_working("")
        page.llmops.notify(written.words)
        page.reload_now()

    def failed(error: Exception) -> None:
        page.say_working("")
        page.llmops.report(error)

    page.in_thread(write, done, group="change", failed=failed)


def _few(value: str) -> str | None:
    return None if value.isdecimal() and 0 < int(value) <= 500 else "A number from 1 to 500."
