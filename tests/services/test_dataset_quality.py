"""Whether data can be trusted: what is found, that it is kept, and that masking can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from llmops_tui.core.curation.pii import find_personal, mask
from llmops_tui.core.curation.report import Report, report_as_json, report_from_json
from llmops_tui.core.curation.scripts import script_of
from llmops_tui.core.dataset import DatasetVersion, ExampleDraft
from llmops_tui.core.errors import InputError
from llmops_tui.core.project import Stage
from llmops_tui.services import (
    dataset_editing,
    datasets,
    masking,
    near_duplicates,
    overview,
    projects,
    prompts,
    quality,
)
from llmops_tui.services.dataset_export import ExportRequest, export_dataset
from llmops_tui.services.person_names import name_finder
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
    made = masking.mask_personal(workspace, version).version
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


def test_what_was_written_for_tuning_is_warned_of_wherever_it_is_measured_again(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows = [ExampleDraft({"q": f"Question {n}"}, "x", split="train") for n in range(4)]
    rows += [ExampleDraft({"q": "Held out"}, "x", split="gate"), ExampleDraft({"q": "None"})]
    version = make(workspace, rows)
    assert quality.check(workspace, 1, version).findings == ()

    target = tmp_path / "tune.jsonl"
    made = export_dataset(workspace, version, ExportRequest(target, "fine-tune"))
    assert (made.rows, made.unlabelled, made.held_out) == (4, 1, 1)
    assert "Held out" not in target.read_text("utf-8")

    # The same inputs, written otherwise, in another data set: what was checked is checked anew.
    assert quality.kept_report(workspace, version) is None
    assert quality.check(workspace, 1, version).findings == ()
    again = [ExampleDraft({"q": " question  1"}, "x", split="gate"), ExampleDraft({"q": "New"})]
    other = datasets.add_examples(workspace, 1, "other", iter(again), source="")
    assert positions(quality.check(workspace, 1, other), "tuned") == [1]
    stage = next(
        one for one in overview.overview(workspace, 1).stages if one.stage is Stage.FINE_TUNING
    )
    assert stage.state == "4 rows of d v1 written"


def test_a_model_is_tuned_on_the_gate_split_only_where_somebody_says_so(
    workspace: Workspace, tmp_path: Path
) -> None:
    version = make(workspace, [ExampleDraft({"q": "Held out"}, "x", split="gate")])
    request = ExportRequest(tmp_path / "tune.jsonl", "fine-tune", "gate")
    with pytest.raises(InputError, match="can't be judged by it any more"):
        export_dataset(workspace, version, request)
    assert export_dataset(workspace, version, replace(request, gate_too=True)).rows == 1
    assert positions(quality.check(workspace, 1, version), "tuned") == [1]


def test_the_mix_of_languages_is_told(workspace: Workspace) -> None:
    pytest.importorskip("py3langid")
    texts = ["Where has my order gone to?", "Wo ist meine Bestellung geblieben?", "ok"]
    report = quality.check(workspace, 1, make(workspace, [ExampleDraft({"q": t}) for t in texts]))
    assert report.languages == {"en": 1, "de": 1, "too short to tell": 1}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Hello, I am Maria Garcia, where is it?", "Hello, I am [name], where is it?"),
        ("Frau Müller and Dr. Schmidt told me", "Frau [name] and Dr. [name] told me"),
        ("Anna-Lena Müller wrote to me@example.com", "[name] wrote to [email]"),
        ("Thomas A. Anderson", "[name]"),
        ("Maria is here, the garcia too", "Maria is here, the garcia too"),
        ("I flew to New York on Sunday Morning", "I flew to New York on Sunday Morning"),
    ],
)
def test_names_of_people_are_found_by_lists_of_names(text: str, masked: str) -> None:
    pytest.importorskip("faker")
    assert mask(text, name_finder()) == masked


def test_names_are_found_in_time_whatever_the_text() -> None:
    pytest.importorskip("faker")
    finder = name_finder()
    assert finder is not None
    for text in ["Anna " * 4_000, "A" * 20_000, "Dr " * 6_000, "Anna-" * 4_000]:
        assert len(list(finder(text))) < 10_000


def test_masking_reaches_every_row_and_can_be_stopped(workspace: Workspace) -> None:
    rows = [ExampleDraft({"q": f"write to me{n}@example.com"}) for n in range(6_000)]
    version = make(workspace, rows)
    with pytest.raises(InputError, match="stopped"):
        masking.mask_personal(workspace, version, lambda done: done < 2_000)
    made = masking.mask_personal(workspace, version)
    assert made.changed == 6_000


def test_texts_out_of_one_template_are_not_compared_each_with_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = 0
    real = near_duplicates._pairs

    def pairs(text: str) -> set[str]:
        nonlocal looked
        looked += 1
        return real(text)

    monkeypatch.setattr(near_duplicates, "_pairs", pairs)
    finder = near_duplicates.NearDuplicates()
    for n in range(1_000):
        finder.add(n, f"message number {n} about something that a customer wrote to us")
    assert finder.groups() == []
    buckets, heads = near_duplicates.BANDS, near_duplicates.MOST_HEADS
    assert looked < 1_000 * (2 + buckets) + buckets * heads
