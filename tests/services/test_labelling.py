"""Labels by hand, second opinions, and rows that a model made up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.endpoints.process import mock_endpoint

from llmops_tui.core.chat import Answer, Endpoint, Message, Model, Usage
from llmops_tui.core.dataset import DatasetVersion, ExampleDraft
from llmops_tui.core.errors import InputError
from llmops_tui.services import datasets, labelling, models, projects, synthetic
from llmops_tui.services.models import ModelView
from llmops_tui.services.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("LLMOPS_TUI_USER", "ann")
    opened = open_workspace(tmp_path / "workspace.db")
    projects.create_project(opened, "test")
    yield opened
    opened.db.close()


@pytest.fixture
def version(workspace: Workspace) -> DatasetVersion:
    rows = [ExampleDraft({"q": f"question {n}"}, "yes" if n < 3 else None) for n in range(10)]
    return datasets.add_examples(workspace, 1, "d", iter(rows), source="")


def expected(workspace: Workspace, version: DatasetVersion) -> list[str | None]:
    return [e.expected for e in datasets.example_page(workspace, version)]


def test_unlabelled_rows_wait_with_the_frequent_answers_as_choices(
    workspace: Workspace, version: DatasetVersion
) -> None:
    desk = labelling.desk(workspace, version)
    assert desk.queue == (4, 5, 6, 7, 8, 9, 10)
    assert desk.choices == ("yes",)
    assert labelling.desk(workspace, version, find="question 4").queue == (5,)


def test_labels_become_one_version_and_can_be_taken_back_before(
    workspace: Workspace, version: DatasetVersion
) -> None:
    for position in (4, 5, 6):
        labelling.give(workspace, version, position, "no")
    assert labelling.undo(workspace, version) == 6
    desk = labelling.desk(workspace, version)
    assert (desk.queue[0], desk.done, desk.waiting) == (6, 2, 2)
    assert desk.choices == ("yes", "no")
    taken = labelling.take_over(workspace, version)
    assert taken.words == "Version 2: 2 rows changed."
    made = taken.edited.version
    assert expected(workspace, made)[2:6] == ["yes", "no", "no", None]
    assert "ann" in made.note
    with pytest.raises(InputError, match="no label to take back"):
        labelling.undo(workspace, made)
    with pytest.raises(InputError, match="no new labels"):
        labelling.take_over(workspace, made)


def test_a_blank_label_is_refused(workspace: Workspace, version: DatasetVersion) -> None:
    with pytest.raises(InputError, match="blank"):
        labelling.give(workspace, version, 4, "  ")


def test_two_labellers_their_agreement_and_what_they_dispute(
    workspace: Workspace, version: DatasetVersion
) -> None:
    other = replace(workspace, person="bob")
    for position, label in ((4, "yes"), (5, "yes"), (6, "no"), (7, "no")):
        labelling.give(workspace, version, position, label)
    assert labelling.desk(other, version).queue == (8, 9, 10)
    assert labelling.desk(other, version, second=True).queue == (4, 5, 6, 7)
    for position, label in ((4, "yes"), (5, "no"), (6, "no"), (7, "no")):
        labelling.give(other, version, position, label)
    found = labelling.agreement(workspace, version)
    assert found is not None
    assert (found.items, found.observed) == (4, 0.75)
    assert found.cohen_kappa == pytest.approx(0.5)
    assert labelling.agreement_words(found).startswith("two labellers agree on 75% of 4 rows")
    taken = labelling.take_over(workspace, version)
    assert taken.disputed == 1
    assert expected(workspace, taken.edited.version)[3:7] == ["yes", None, "no", "no"]
    labelling.give(other, taken.edited.version, 5, "yes")
    again = labelling.take_over(workspace, taken.edited.version)
    assert expected(workspace, again.edited.version)[4] == "yes"


def view() -> ModelView:
    endpoint = Endpoint(1, "local", "openai", "http://127.0.0.1:9/v1")
    return ModelView(Model(1, 1, "small"), endpoint)


def answering(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[tuple[Message, ...]]:
    """Answer in a model's place, at its edge."""
    asked: list[tuple[Message, ...]] = []

    def ask(_: ModelView, messages: tuple[Message, ...], **__: float) -> Answer:
        asked.append(messages)
        return Answer(answers[len(asked) - 1], "stop", Usage(1, 1), "small", "r", 1.0)

    monkeypatch.setattr(models, "ask", ask)
    return asked


def test_variations_are_marked_with_their_parent_and_stay_out_of_the_gate(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [ExampleDraft({"q": "one"}, "a", ("t",), "gate"), ExampleDraft({"q": "two"}, "b")]
    version = datasets.add_examples(workspace, 1, "d", iter(rows), source="")
    examples = datasets.example_page(workspace, version)
    good = json.dumps([{"q": "eins"}, {"q": "uno"}, {"q": "one"}, {"other": "x"}, {"q": "more"}])
    asked = answering(monkeypatch, f"Here you are:\n```json\n{good}\n```", "I can't do that.")
    written = synthetic.write_variations(
        workspace, version, [e.id for e in examples], view(), number=2
    )
    assert (written.rows, written.useless, written.failed) == (2, 1, 0)
    assert written.edited is not None
    new = datasets.example_page(workspace, written.edited.version)[2:]
    assert [(e.inputs, e.expected, e.origin, e.parent, e.split) for e in new] == [
        ({"q": "eins"}, "a", "synthetic", 1, None),
        ({"q": "uno"}, "a", "synthetic", 1, None),
    ]
    assert '"one"' in asked[0][1].content
    with pytest.raises(InputError, match="gate split"):
        synthetic.write_variations(
            workspace, written.edited.version, [examples[0].id], view(), number=1, split="gate"
        )


def test_what_was_paid_for_is_kept_when_writing_is_stopped(
    workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [e.id for e in datasets.example_page(workspace, version)]
    answering(monkeypatch, *(json.dumps([{"q": f"other {n}"}]) for n in range(10)))
    written = synthetic.write_variations(
        workspace, version, ids, view(), number=1, tell=lambda done: done < 3
    )
    assert written.rows == 3


def test_a_real_endpoint_that_answers_other_things_adds_nothing(
    workspace: Workspace, version: DatasetVersion
) -> None:
    with mock_endpoint() as endpoint:
        place = Endpoint(0, "mock", "openai", endpoint.base_url)
        models.add_endpoint(workspace, place, [Model(0, 0, "small")])
        ids = [e.id for e in datasets.example_page(workspace, version, limit=1)]
        model = models.find_model(workspace, None)
        written = synthetic.write_variations(workspace, version, ids, model, number=1)
    assert (written.rows, written.useless) == (0, 1)
    assert written.edited is None
