"""A call on its way into a data set: which one, what is right, what of it is masked."""

from __future__ import annotations

from llmops_tui.core.call import CallDetail, ReviewVerdict
from llmops_tui.services import call_examples, datasets
from llmops_tui.services.call_examples import Made
from llmops_tui.services.workspace import Workspace
from llmops_tui.ui.screens.form import Field, FormScreen, Values, required

NEW = "from production"
NO, YES = "no", "yes"
RIGHT, WRONG, UNKNOWN = "right", "wrong", "not known"


def example_form(
    workspace: Workspace, project_id: int, detail: CallDetail, corrected: str | None
) -> FormScreen[Made]:
    """The form for one call; reads the file, so it belongs in a thread."""
    fields = _fields(workspace, project_id, detail, corrected)

    def submit(values: Values) -> Made:
        return call_examples.add(
            workspace,
            project_id,
            detail.row.id,
            values["name"],
            split=values["split"] or None,
            keep_personal=values["mask"] == NO,
            into_gate=values["gate"] == YES,
            expected=values["expected"] or None,
            is_right={RIGHT: True, WRONG: False}.get(values["answer"]),
        )

    return FormScreen(f"Call {detail.row.id} as an example", fields, submit)


def _fields(
    workspace: Workspace, project_id: int, detail: CallDetail, corrected: str | None
) -> list[Field]:
    known = [found.name for found in datasets.list_datasets(workspace, project_id)]
    proposed = call_examples.propose(workspace, detail.row.id, None)
    personal = ", ".join(proposed.personal)
    verdict = detail.row.review
    if corrected is not None or verdict == ReviewVerdict.WRONG:
        is_so = WRONG
    else:
        is_so = RIGHT if verdict == ReviewVerdict.RIGHT else UNKNOWN
    return [
        Field(
            "name",
            "data set",
            known[0] if known else NEW,
            f"There are: {', '.join(known)}. Another name makes one." if known else "A new one.",
            check=required("A data set"),
        ),
        Field(
            "answer",
            "this answer is",
            is_so,
            "A wrong one is kept as known to be wrong: it tests the scorers.",
            choices=(
                (UNKNOWN, "not known yet"),
                (RIGHT, "right: it is what is expected"),
                (WRONG, "wrong"),
            ),
        ),
        Field(
            "expected",
            "right answer",
            corrected or "",
            "Empty where nobody knows: the row then waits for a label.",
        ),
        Field("split", "split", "", "Empty for none. The gate split asks again."),
        Field(
            "mask",
            "mask",
            YES if personal else NO,
            f"Found in it: {personal}." if personal else "Nothing personal or secret was found.",
            choices=((YES, "emails, keys and the like"), (NO, "keep everything as it is")),
        ),
        Field(
            "gate",
            "gate split",
            NO,
            "Rows picked by hand bend what the gate split measures.",
            choices=((NO, "keep it as it was drawn"), (YES, "put it there all the same")),
        ),
    ]
