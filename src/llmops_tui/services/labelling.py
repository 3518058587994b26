"""Filling in expected answers by hand: a label a keystroke, one version when one is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from llmops_tui.core.dataset import DatasetVersion, ExampleDraft
from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance.agreement import Agreement, measure_agreement
from llmops_tui.services import datasets
from llmops_tui.services.dataset_editing import Edited
from llmops_tui.services.example_search import ExampleSearch
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import dataset_difference, example_labels

MOST_CHOICES = 9


@dataclass(frozen=True, slots=True)
class LabelDesk:
    """What there is to label, and how far one is."""

    queue: tuple[int, ...]
    """Positions that wait for this person, in order."""
    done: int
    """Rows that this person has labelled."""
    waiting: int
    """Labelled rows that no version has yet."""
    second: bool
    """Whether these are rows that another person labelled: a second opinion, given blind."""
    choices: tuple[str, ...]
    """On the digit keys."""
    agreement: Agreement | None
    """How far people agree; None where no row was labelled by two."""

    @property
    def total(self) -> int:
        """Done and to do."""
        return self.done + len(self.queue)


def desk(
    workspace: Workspace,
    version: DatasetVersion,
    *,
    find: str = "",
    second: bool = False,
    more_choices: Sequence[str] = (),
) -> LabelDesk:
    """What this person can label.

    Args:
        workspace: where, and who.
        version: the newest.
        find: only rows that fit this filter.
        second: rows that others labelled and this person hasn't, without showing what they said.
        more_choices: answers to offer besides those that are frequent.
    """
    given = example_labels.labels(workspace.db, version.dataset_id)
    me = workspace.person
    if second:
        waiting = [p for p, by in given.items() if me not in by]
    else:
        waiting = [
            p
            for p in example_labels.unlabelled(workspace.db, version)
            if not any(label.taken_in is None for label in given.get(p, {}).values())
        ]
    if find:
        fitting = set(ExampleSearch(workspace, version, find).positions())
        waiting = [position for position in waiting if position in fitting]
    said = [label.value for by in given.values() for label in by.values()]
    frequent = example_labels.choices(workspace.db, version, MOST_CHOICES)
    short = [value for value in dict.fromkeys(said) if len(value) <= 40]
    offered = dict.fromkeys([*more_choices, *frequent, *short])
    return LabelDesk(
        queue=tuple(waiting),
        done=sum(me in by for by in given.values()),
        waiting=sum(any(x.taken_in is None for x in by.values()) for by in given.values()),
        second=second,
        choices=tuple(offered)[:MOST_CHOICES],
        agreement=agreement(workspace, version),
    )


def give(workspace: Workspace, version: DatasetVersion, position: int, value: str) -> None:
    """Label a row.

    Raises:
        InputError: the label is blank.
    """
    if not value.strip():
        raise InputError("A label can't be blank.", "Type one, or skip the row.")
    example_labels.give(workspace.db, version.dataset_id, position, workspace.person, value)


def undo(workspace: Workspace, version: DatasetVersion) -> int:
    """Take one's last label back; gives the row's position.

    Raises:
        InputError: there is none that no version has yet.
    """
    position = example_labels.undo(workspace.db, version.dataset_id, workspace.person)
    if position is None:
        raise InputError(
            "You have no label to take back.", "Those that a version has stay; edit the row."
        )
    return position


@dataclass(frozen=True, slots=True)
class Taken:
    """The version that the labels made."""

    edited: Edited
    disputed: int
    """Rows whose labellers disagree: they stay as they are until these agree."""

    @property
    def words(self) -> str:
        """What happened."""
        if not self.disputed:
            return self.edited.words
        rows = "1 row" if self.disputed == 1 else f"{self.disputed:,} rows"
        return f"{self.edited.words} {rows} left out: their labellers disagree."


def take_over(workspace: Workspace, version: DatasetVersion) -> Taken:
    """Make the labels that no version has yet the expected answers of the next one.

    Raises:
        InputError: there are none, or all of them are disputed.
        ConflictError: the version isn't the newest any more.
    """
    given = example_labels.labels(workspace.db, version.dataset_id)
    fresh = {
        position: {label.value for label in by.values()}
        for position, by in given.items()
        if any(label.taken_in is None for label in by.values())
    }
    agreed = {position: next(iter(said)) for position, said in fresh.items() if len(said) == 1}
    disputed = len(fresh) - len(agreed)
    if not agreed:
        raise InputError(
            "All new labels are disputed." if disputed else "There are no new labels.",
            "Let one of the two label again." if disputed else "Label some rows first.",
        )
    changes: dict[int, ExampleDraft | None] = {
        example.position: replace(example.draft(), expected=agreed[example.position])
        for example in datasets.examples_at(workspace, version, list(agreed))
        if example.expected != agreed[example.position]
    }
    made = version
    if changes:
        people = sorted({name for position in changes for name in given[position]})
        made = dataset_difference.edit(
            workspace.db,
            version,
            changes,
            author=workspace.person,
            note=f"labelled {len(changes):,} rows ({', '.join(people)})",
        )
    example_labels.take(workspace.db, version.dataset_id, list(agreed), made.number)
    return Taken(Edited(made, len(changes)), disputed)


def agreement(workspace: Workspace, version: DatasetVersion) -> Agreement | None:
    """How far the people agree who labelled this data set; None where no row has two labels."""
    given = example_labels.labels(workspace.db, version.dataset_id)
    double = [by for by in given.values() if len(by) > 1]
    if not double:
        return None
    people = sorted({name for by in double for name in by})
    return measure_agreement(
        [[by[name].value if name in by else None for name in people] for by in double]
    )


def agreement_words(found: Agreement) -> str:
    """Agreement in a line."""
    parts = [f"two labellers agree on {found.observed:.0%} of {found.items:,} rows"]
    for name, value in (("κ", found.cohen_kappa), ("α", found.krippendorff_alpha)):
        if value is not None:
            parts.append(f"{name} {value:.2f}")
    if found.gwet_ac1 is not None:
        parts.append(f"AC1 {found.gwet_ac1:.2f}")
    return ", ".join(parts)
