"""Which examples go into a prompt, as a form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.core.errors import InputError
from llmops_tui.services import few_shot, prompt_turns
from llmops_tui.services.few_shot import Picked
from llmops_tui.ui.screens.form import Field, FormScreen, Values

if TYPE_CHECKING:
    from llmops_tui.ui.screens.prompts.editor import EditorPage

SHOWN, NUMBERS, TAG, SIMILAR = "shown", "rows", "tag", "similar"


def few_shot_form(page: EditorPage) -> FormScreen[tuple[str, str]]:
    """Asks which examples; gives the changed text, and what is to be said of the choice."""
    text, examples, example = page.text, page.previewer.examples, page.previewer.example
    workspace, composer = page.workspace, page.previewer.composer
    number = page.previewer.index + 1
    assert examples is not None

    def pick(values: Values) -> Picked:
        how, which = values["how"], values["which"].strip()
        if how == NUMBERS:
            return few_shot.numbered(workspace, examples.version, which)
        if how == SHOWN:
            return Picked((example,) if example is not None else ())
        if not (values["count"].isdecimal() and int(values["count"])):
            raise InputError("How many is a number from 1 on.", "")
        count = int(values["count"])
        if how == TAG:
            return few_shot.tagged(workspace, examples.version, which, count)
        if example is None:
            raise InputError("There is no example for others to be like.", "alt+n shows one.")
        return few_shot.similar(workspace, examples.version, example, count)

    def submit(values: Values) -> tuple[str, str]:
        picked = pick(values)
        changed = prompt_turns.with_shots(workspace, text, examples.version, picked.shots, composer)
        return changed, f", {picked.how}" if picked.how else ""

    return FormScreen(
        "Examples into the prompt",
        [
            Field(
                "how",
                "Examples",
                SHOWN,
                "None of the gate split, whichever way.",
                choices=(
                    (SHOWN, f"the one shown ({number:,})"),
                    (NUMBERS, "rows by number"),
                    (TAG, "those with a tag"),
                    (SIMILAR, f"those most like the one shown ({number:,})"),
                ),
            ),
            Field("which", "Which", help="Numbers such as 3, 17; or the tag."),
            Field("count", "How many", "3", help="Of those with the tag, or alike."),
        ],
        submit,
    )
