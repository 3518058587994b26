"""Verdicts from scripts and files; judged calls become examples."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.calls_made import TRUNCATED, lanes, made, store
from tests.cli.test_commands import assert_error, command

from llmops_tui.core.call import ReviewVerdict
from llmops_tui.core.errors import ConflictError, InputError
from llmops_tui.services import call_examples, datasets, projects, reviews, triage
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.store import reviews as stored_reviews


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(tmp_path / "w.db")
    projects.create_project(opened, "topics")
    yield opened
    opened.db.close()


def test_what_waits_is_listed_labelled_exported_and_taken_in_again(
    workspace: Workspace, tmp_path: Path
) -> None:
    lanes(workspace.db, flagged=3, audit=2)
    db = workspace.path
    waiting = json.loads(command("triage", "list", "--json", db=db).stdout)
    assert [(item["call"], item["lane"]) for item in waiting] == [
        (1, "flagged"), (2, "flagged"), (3, "flagged"), (4, "audit"), (5, "audit"),
    ]  # fmt: skip
    said = command(
        *("triage", "label", "1", "wrong", "--severity", "harmful", "--reason", "invented"),
        *("--corrected", "payment"),
        db=db,
        LLMOPS_TUI_USER="ana",
    )
    assert said.stdout == "Call 1: wrong, says ana.\n"
    again = command(
        *("triage", "label", "1", "wrong", "--severity", "harmful", "--reason", "invented"),
        db=db,
        LLMOPS_TUI_USER="ana",
    )
    assert "said already" in again.stdout
    command("triage", "label", "4", "right", db=db, LLMOPS_TUI_USER="ana")
    assert_error(command("triage", "label", "99", "right", db=db), "no call 99")
    assert_error(
        command("triage", "label", "2", "right", "--severity", "harmful", db=db), "no severity"
    )
    shown = command("triage", "show", "1", db=db).stdout
    assert "verdict: wrong harmful invented by ana" in shown
    target, judged = tmp_path / "verdicts.csv", tmp_path / "judge.jsonl"
    assert "2 verdicts" in command("triage", "export", target, db=db).stdout
    command("triage", "export", judged, "--shape", "judge", db=db)
    assert [json.loads(line) for line in judged.read_text().splitlines()] == [
        {"id": 1, "judge": 1, "human": 1, "cluster": "topics 2"},
        {"id": 4, "judge": 0, "human": 0, "cluster": "topics 2"},
    ]
    with target.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert (rows[0]["corrected"], rows[0]["lane"]) == ("payment", "flagged")
    assert "0 verdicts taken, 2 known" in command("triage", "import", target, db=db).stdout
    more = tmp_path / "more.csv"
    more.write_text("response_id,verdict,reviewer\nresp-2,wrong,ben\nresp-77,right,ben\n")
    taken = command("triage", "import", more, db=db)
    assert (taken.returncode, "1 verdicts taken" in taken.stdout) == (1, True)
    assert "line 3: it names no call that is here" in taken.stderr
    found = stored_reviews.call_of_response(workspace.db, "resp-2")
    assert found is not None
    assert triage.open_call(workspace, found).reviews[0].reviewer == "ben"


def test_rules_and_people_are_held_against_the_verdicts(workspace: Workspace) -> None:
    lanes(workspace.db, flagged=12, audit=0)
    for call_id in range(1, 12):
        reviews.give(workspace, call_id, "wrong" if call_id < 3 else "right")
    own = command("triage", "reasons", "wrong label", "two  labels", db=workspace.path)
    assert own.stdout == "wrong label\ntwo labels\n"
    assert triage.reasons(workspace, 1) == ("wrong label", "two labels")
    found = json.loads(command("triage", "rules", "--json", db=workspace.path).stdout)
    (rule,) = found["rules"]
    assert (rule["flagged"], rule["judged"], rule["wrong"]) == (12, 11, 2)
    assert found["agreement"] is None
    (words,) = reviews.rule_precision(workspace, 30)
    assert words.sentence().endswith("tune it.")
    said = command("triage", "second", "15", db=workspace.path, LLMOPS_TUI_USER="ben").stdout
    assert said.startswith("15 % are judged twice, blind. For ben ")
    other = workspace.as_person("ben")
    for call_id in range(1, 11):
        reviews.give(other, call_id, "wrong" if call_id in (1, 5) else "right")
    second = reviews.second_opinion(workspace)
    assert second is not None
    assert second.disputed == (2, 5)
    assert second.agreement.observed == pytest.approx(0.8)
    assert "2 wait for a third" in second.sentence()
    reviews.give(workspace.as_person("cleo"), 2, "wrong")
    settled = reviews.second_opinion(workspace)
    assert settled is not None
    assert settled.disputed == (5,)
    assert triage.open_call(workspace, 2).row.review == "wrong", "the third's word stands"


def test_calls_are_tagged_and_given_to_somebody(workspace: Workspace) -> None:
    lanes(workspace.db, flagged=4, audit=1)
    db = workspace.path
    assert (
        command("triage", "tag", "2", "Refund", "#vip", db=db).stdout == "Call 2: #refund #vip.\n"
    )
    given = command("triage", "assign", "2", "3", "--to", "ana", db=db, LLMOPS_TUI_USER="ben")
    assert given.stdout == "2 calls wait for ana alone.\n"
    assert "marks: #refund #vip · for ana" in command("triage", "show", "2", db=db).stdout
    assert_error(command("triage", "assign", "2", db=db), "Say whose")

    options = ("--assignee", "me", "--order", "alike", "--json")
    found = command("triage", "list", *options, db=db, LLMOPS_TUI_USER="ana").stdout
    assert [(item["call"], item["alike"]) for item in json.loads(found)] == [(2, 2), (3, 2)]


def test_two_never_have_the_same_call_in_front_of_them(workspace: Workspace) -> None:
    lanes(workspace.db, flagged=4, audit=0)
    db = workspace.db
    assert stored_reviews.claim(db, [1, 2], "ana", 60_000) == {1, 2}
    assert stored_reviews.claim(db, [2, 3], "ben", 60_000) == {3}
    assert stored_reviews.claimed_by_others(db, "ana") == {3: "ben"}
    stored_reviews.release(db, "ana", [2])
    assert stored_reviews.claim(db, [2], "ben", -1) == {2}
    assert stored_reviews.claim(db, [2], "ana", 60_000) == {2}, "one that ran out is free"
    assert stored_reviews.claim(db, [2], "ana", 60_000) == {2}, "one's own is prolonged"


def test_a_judged_call_becomes_an_example_without_what_is_personal(workspace: Workspace) -> None:
    secret = made(
        1,
        flags=[TRUNCATED],
        input="system: Sort.\nuser: Hi\nassistant: Hello\nuser: I am ana@example.com, where is it?",
        output="login",
    )
    store(workspace.db, secret, made(2, audit=0.1))
    first = triage.open_call(workspace, 1).row
    triage.review(workspace, first, ReviewVerdict.WRONG, corrected="delivery")
    reviews.give(workspace, 2, "right")
    with pytest.raises(InputError, match="picked by hand"):
        call_examples.add(workspace, 1, 1, "from production", split="gate")
    made_of = call_examples.add(workspace, 1, 1, "from production")
    assert made_of.masked
    (example,) = datasets.example_page(workspace, made_of.version)
    assert example.inputs["message"] == "I am [email], where is it?"
    assert example.inputs["conversation"] == "system: Sort.\nuser: Hi\nassistant: Hello"
    assert (example.expected, example.inputs["known_wrong"]) == ("delivery", "login")
    assert example.tags == ("production", "call 1")
    with pytest.raises(ConflictError, match="already"):
        call_examples.add(workspace, 1, 1, "from production")
    found = command("triage", "examples", "from production", db=workspace.path)
    assert "1 calls became examples of from production; 1 were left out" in found.stdout
    newest = datasets.find_dataset(workspace, 1, "from production").version
    assert newest is not None
    assert (newest.number, newest.rows) == (2, 2)
    last = datasets.example_page(workspace, newest)[-1]
    assert (last.expected, "known_wrong" in last.inputs) == ("delivery 2", False)
