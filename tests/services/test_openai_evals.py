"""OpenAI's evals as they are: registry files, their classes and samples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.endpoints.process import MockEndpoint, mock_endpoint

from llmops_tui.core.chat import Endpoint, Model
from llmops_tui.core.errors import InputError
from llmops_tui.interchange.openai_evals.reading import read_registry, read_samples
from llmops_tui.services import models, runs, suites
from llmops_tui.services.workspace import Workspace, open_workspace

REGISTRY = """
capitals:
  id: capitals.test.v1
  description: Capitals
  metrics: [accuracy]
capitals.test.v1:
  class: evals.elsuite.basic.{name}
  args:
    samples_jsonl: capitals/samples.jsonl
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[MockEndpoint]:
    with mock_endpoint() as running:
        yield running


@pytest.fixture
def workspace(tmp_path: Path, endpoint: MockEndpoint) -> Iterator[Workspace]:
    opened = open_workspace(tmp_path / "workspace.db")
    models.add_endpoint(
        opened, Endpoint(0, "mock", "openai", endpoint.base_url), [Model(0, 0, "mock")]
    )
    yield opened
    opened.db.close()


def registry(folder: Path, name: str, rows: list[dict]) -> Path:
    path = folder / "registry" / "evals" / "capitals.yaml"
    data = folder / "registry" / "data" / "capitals" / "samples.jsonl"
    for parent in (path.parent, data.parent):
        parent.mkdir(parents=True, exist_ok=True)
    path.write_text(REGISTRY.replace("{name}", name))
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def asked(question: str, ideal: object, system: str = "Answer.") -> dict:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": question}]
    return {"input": messages, "ideal": ideal}


@pytest.mark.parametrize(
    ("name", "rows", "right"),
    [
        (
            "match:Match",
            [asked("Say Paris", ["Par", "x"]), asked("Say Rome", "ome")],
            [True, False],
        ),
        ("includes:Includes", [asked("Say Rome", "ome"), asked("Say Bonn", "bonn")], [True, False]),
        (
            "fuzzy_match:FuzzyMatch",
            [asked("Say Rome.", "rome"), asked("Say Bonn", "x")],
            [True, False],
        ),
        (
            "json_match:JsonMatch",
            [asked('Say {"a":1}', '{"a": 1}'), asked("Say 2", "3")],
            [True, False],
        ),
    ],
)
def test_each_class_judges_as_it_does_there(
    name: str, rows: list[dict], right: list[bool], tmp_path: Path, workspace: Workspace
) -> None:
    path = registry(tmp_path, name, rows)
    view = models.find_model(workspace, "mock")
    suite = suites.bring_in(workspace, path, project=None, models=[view])
    run_id = runs.plan_run(workspace, suite.project.id, suite.request)
    runs.work(workspace, run_id, lambda outcome: None)
    found = {
        sample.answer_head: sample.outcome.value == "right"
        for sample in runs.sample_page(workspace, run_id)
    }
    answers = [row["input"][-1]["content"].removeprefix("Say ") for row in rows]
    assert found == dict(zip(answers, right, strict=True))


def test_rows_that_cant_be_asked_are_set_aside_with_their_lines(tmp_path: Path) -> None:
    rows = [asked("a", "b"), {"input": "plain", "ideal": "x"}, {"ideal": "y"}, asked("c", "d")]
    path = registry(tmp_path, "match:Match", rows)
    (spec,) = read_registry(path)
    assert spec.samples is not None
    found = read_samples(spec.samples)
    assert found.roles == ("system", "user")
    assert [row.line for row in found.rows] == [1, 4]
    assert [bad.line for bad in found.set_aside] == [2, 3]


def test_what_cant_run_says_why(tmp_path: Path, workspace: Workspace) -> None:
    view = models.find_model(workspace, "mock")
    path = registry(tmp_path, "classify:ModelBasedClassify", [asked("a", "b")])
    with pytest.raises(InputError, match="None of") as caught:
        suites.bring_in(workspace, path, project=None, models=[view])
    assert "judged by a model" in caught.value.hint
    path = registry(tmp_path, "match:Match", [asked("a", "b")])
    with pytest.raises(InputError, match="names no model"):
        suites.bring_in(workspace, path, project=None, models=[])
    two = path.read_text() + path.read_text().replace("test.v1", "test.v2")
    path.write_text(two)
    with pytest.raises(InputError, match="several evaluations"):
        suites.bring_in(workspace, path, project=None, models=[view])
    named = path.with_name(f"{path.name}#capitals.test.v2")
    assert suites.bring_in(workspace, named, project=None, models=[view]).lines


def test_every_registry_file_of_the_collection_is_read(
    shared_data: Path, workspace: Workspace
) -> None:
    files = sorted(shared_data.glob("configs/openai_evals/evals__*.yaml"))
    found = [suites.survey(path, workspace) for path in files]
    assert [item.problem for item in found if item.problem] == []
    run, total = (sum(item.assertions[place] for item in found) for place in (0, 1))
    assert (run, total) == (31, 35)
