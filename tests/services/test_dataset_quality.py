"""Whether data can be trusted: what is found, that it is kept, and that masking can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from llmops_tui.core.curation.pii import find_personal, mask
from llmops_tui.core.curation.report import Report, report_as_json, report_from_json
from llmops_tui.core.curation.scripts import script_of
from llmops_tui.core.dataset import DatasetVersion, ExampleDraft
from llmops_tui.services import dataset_editing, datasets, masking, projects, prompts, quality
from llmops_tui.services.quality import StoppedError
from llmops_tui.services.workspace import Workspace, open_workspace

KEY = "sk-proj-" + "a1B2" * 8


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(tmp_path / "workspace.db")
    projects.create_project(opened, "test")
    yield opened
    opened.db.close()


def make(workspace: Workspace, rows: list[ExampleDraft]) -> DatasetVersion:
    return datasets.add_examples(workspace, 1, "d", iter(rows), source="")


def positions(report: Report, kind: str) -> list[int]:
    return [p for f in report.findings if f.kind == kind for p in f.positions]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to jane.doe+x@mail.example.co.uk, please", "write to [email], please"),
        ("call +44 20 7946 0958 now", "call [phone] now"),
        ("phone: (212) 555-0143.", "phone: [phone]."),
        ("card 4111 1111 1111 1111 expires", "card [card] expires"),
        ("card 4111 1111 1111 1112 is none", "card 4111 1111 1111 1112 is none"),
        ("pay DE89 3704 0044 0532 0130 00 TODAY", "pay [IBAN] TODAY"),
        ("pay GB82WEST12345698765432", "pay [IBAN]"),
        ("DE89 3704 0044 0532 0130 01", "DE89 3704 0044 0532 0130 01"),
        (f"key={KEY}", "key=[key or token]"),
        ("AKIAIOSFODNN7EXAMPLE", "[key or token]"),
        ("order 2024-11-03, version 1.2.3, 10000000", "order 2024-11-03, version 1.2.3, 10000000"),
        ("a@b, @handle, x @ y", "a@b, @handle, x @ y"),
        ("", ""),
    ],
)
def test_what_is_personal_is_found_and_masked(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert bool(find_personal(text)) == (text != masked)


@pytest.mark.parametrize("text", ["@" * 30_000, "1 " * 30_000, "a." * 20_000, "A1" * 20_000])
def test_hostile_text_is_looked_at_in_reasonable_time(text: str) -> None:
    assert len(find_personal(text)) < 10


@pytest.mark.parametrize(
    ("text", "script"),
    [("hello", "Latin"), ("привет", "Cyrillic"), ("日本語です", "Japanese"), ("中文", "Han"),
     ("مرحبا", "Arabic"), ("123 !", "no letters"), ("안녕", "Korean")],
)  # fmt: skip
def test_the_script_of_a_text_is_that_of_its_letters(text: str, script: str) -> None:
    assert script_of(text) == script


def test_everything_that_makes_data_untrustworthy_is_found_with_its_rows(
    workspace: Workspace,
) -> None:
    long = "the quick brown fox jumps over the lazy dog while the cat sleeps in the warm sun today"
    version = make(
        workspace,
        [
            ExampleDraft({"q": "Where is my parcel?"}, "delivery", split="train"),
            ExampleDraft({"q": "  where IS my parcel? "}, "payment", split="gate"),
            ExampleDraft({"q": long}, "a", split="dev"),
            ExampleDraft({"q": f"{long}!"}, "a", split="dev"),
            ExampleDraft({"q": "   "}, "a"),
            ExampleDraft({"q": "fine"}, " "),
            ExampleDraft({"q": "mail me: me@example.com"}, None),
            ExampleDraft({"q": "How do I change the card on file?"}, "payment", split="gate"),
            ExampleDraft({"q": "something else entirely"}, "a"),
        ],
    )
    prompt = prompts.create_prompt(workspace, 1, "topic")
    shot = "E.g. “How do I change the  card on file?” is payment.\n{{ q }}"
    prompts.add_version(workspace, prompt, [("user", shot)])
    report = quality.check(workspace, 1, version)
    assert positions(report, "contradictory") == [1, 2]
    assert positions(report, "duplicate") == [1, 2]
    assert positions(report, "leak") == [1, 2]
    assert positions(report, "near") == [3, 4]
    assert positions(report, "empty") == [5, 6]
    assert positions(report, "personal") == [7]
    assert positions(report, "prompt") == [8]
    assert report.labels["a"] == 4
    assert report.labels["(not labelled)"] == 1
    assert report.scripts == {"Latin": 8, "no letters": 1}
    assert report.lengths["q"].most == len(long) + 1
    assert quality.kept_report(workspace, version) == report
    assert report_from_json(report_as_json(report)) == report


def test_a_clean_data_set_has_no_findings(workspace: Workspace) -> None:
    version = make(workspace, [ExampleDraft({"q": f"word{n}"}, "x") for n in range(50)])
    assert quality.check(workspace, 1, version).findings == ()


def test_a_check_that_is_stopped_keeps_nothing(workspace: Workspace) -> None:
    version = make(workspace, [ExampleDraft({"q": f"word{n}"}, "x") for n in range(50)])
    with pytest.raises(StoppedError):
        quality.check(workspace, 1, version, lambda _: False)
    assert quality.kept_report(workspace, version) is None


def test_masking_is_a_version_that_can_be_gone_back_on(workspace: Workspace) -> None:
    secret = {"q": "ask me@example.com", "more": {"list": [KEY, 3]}}
    version = make(workspace, [ExampleDraft(secret, "to me@example.com"), ExampleDraft({"q": "x"})])
    made = masking.mask_personal(workspace, version, [1]).version
    (first, second) = datasets.example_page(workspace, made)
    assert first.inputs == {"q": "ask [email]", "more": {"list": ["[key or token]", 3]}}
    assert first.expected == "to [email]"
    assert second.inputs == {"q": "x"}
    back = dataset_editing.restore(workspace, made, version).version
    assert datasets.example_page(workspace, back)[0].inputs == secret
    assert quality.check(workspace, 1, made).findings == ()


def test_near_duplicates_are_found_among_many(workspace: Workspace) -> None:
    base = [" ".join(f"w{(n * 7 + k * 13) % 997}" for k in range(20)) for n in range(400)]
    changed = [text.rsplit(" ", 1)[0] + " changed" for text in base[:20]]
    rows = [ExampleDraft({"q": text}, "x") for text in [*base, *changed]]
    report = quality.check(workspace, 1, make(workspace, rows))
    (near,) = [finding for finding in report.findings if finding.kind == "near"]
    assert set(near.positions) >= {401 + n for n in range(20)}
