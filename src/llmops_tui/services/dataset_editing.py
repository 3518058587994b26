"""Changing examples: each change makes the next version, and any version can be gone back to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from llmops_tui.core.curation.splitting import GATE, assign, parse_shares
from llmops_tui.core.dataset import DatasetVersion, Example, ExampleDraft
from llmops_tui.core.errors import InputError
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import dataset_difference, datasets

AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Edited:
    """The version that an edit made."""

    version: DatasetVersion
    changed: int
    """Rows that are different now."""
    kept_out: int = 0
    """Synthetic rows that would have come into the gate split and were left where they are."""

    @property
    def words(self) -> str:
        """What happened, for a person."""
        rows = "1 row" if self.changed == 1 else f"{self.changed:,} rows"
        said = f"Version {self.version.number}: {rows} changed."
        if self.kept_out:
            said += f" {self.kept_out:,} synthetic rows were kept out of the gate split."
        return said


def example_as_text(example: Example) -> str:
    """An example as the JSON that a person edits."""
    return json.dumps(
        {
            "inputs": dict(example.inputs),
            "expected": example.expected,
            "tags": list(example.tags),
            "split": example.split,
        },
        ensure_ascii=False,
        indent=2,
    )


def read_edited(text: str, before: ExampleDraft) -> ExampleDraft:
    """The example that an edited JSON text says.

    Raises:
        InputError: it isn't such a text; the error says what is wrong.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(
            f"The edited example is no valid JSON{where}: {error}.", "Edit it again."
        ) from error
    if not isinstance(value, dict) or not isinstance(value.get("inputs"), dict):
        raise InputError(
            "The edited example has no inputs.", "Keep the keys inputs, expected, tags and split."
        )
    expected, tags, split = value.get("expected"), value.get("tags") or [], value.get("split")
    if expected is not None and not isinstance(expected, str):
        expected = json.dumps(expected, ensure_ascii=False)
    if not isinstance(tags, list) or not (split is None or isinstance(split, str)):
        raise InputError(
            "Tags are a list of words and the split is one word.", "Edit the example again."
        )
    return replace(
        before,
        inputs=value["inputs"],
        expected=expected,
        tags=tuple(dict.fromkeys(str(tag) for tag in tags)),
        split=split or None,
    )


def edit_example(
    workspace: Workspace, version: DatasetVersion, example: Example, text: str
) -> Edited:
    """Replace one example by what its edited text says.

    Raises:
        InputError: the text can't be read.
        ConflictError: the version isn't the newest any more.
    """
    draft = read_edited(text, example.draft())
    if draft.split == GATE and draft.origin and example.split != GATE:
        raise InputError(
            "A synthetic row doesn't belong in the gate split: it would judge with made-up data.",
            "Choose another split.",
        )
    return _edit(workspace, version, {example.position: draft}, f"edited row {example.position}")


def set_tags(
    workspace: Workspace, version: DatasetVersion, ids: Sequence[int], text: str
) -> Edited:
    """Add tags to examples, or take those away that have a minus: `urgent, -draft`.

    Raises:
        InputError: no tag is named.
    """
    named = [part.strip() for part in text.split(",") if part.strip(" -")]
    if not named:
        raise InputError("No tag was named.", "Write tags with commas; -tag takes one away.")
    away = {tag[1:].strip() for tag in named if tag.startswith("-")}
    more = [tag for tag in named if not tag.startswith("-")]

    def tagged(draft: ExampleDraft) -> ExampleDraft:
        kept = [tag for tag in draft.tags if tag not in away]
        return replace(draft, tags=tuple(dict.fromkeys([*kept, *more])))

    return change_each(workspace, version, ids, tagged, f"tags {', '.join(named)}")


def set_split(
    workspace: Workspace, version: DatasetVersion, ids: Sequence[int], split: str
) -> Edited:
    """Put examples into a split; an empty one takes them out of any.

    Synthetic rows stay out of the gate split: `Edited.kept_out` says how many.
    """
    name = split.strip() or None
    kept_out = 0

    def moved(draft: ExampleDraft) -> ExampleDraft:
        nonlocal kept_out
        if name == GATE and draft.origin:
            kept_out += draft.split != GATE
            return draft
        return replace(draft, split=name)

    made = change_each(workspace, version, ids, moved, f"split {name or 'none'}")
    return replace(made, kept_out=kept_out)


def set_expected(
    workspace: Workspace, version: DatasetVersion, ids: Sequence[int], expected: str | None
) -> Edited:
    """Give examples one expected answer; None takes it away."""
    note = "expected answer removed" if expected is None else f"expected {expected[:60]!r}"
    return change_each(
        workspace, version, ids, lambda draft: replace(draft, expected=expected), note
    )


def remove_examples(workspace: Workspace, version: DatasetVersion, ids: Sequence[int]) -> Edited:
    """Leave examples out of the next version; older versions keep them."""
    changes = {example.position: None for example in _examples(workspace, ids)}
    if len(changes) >= version.rows:
        raise InputError("No row would be left.", "Choose fewer with a filter.")
    return _edit(workspace, version, changes, f"removed {len(changes):,} rows")


def change_each(
    workspace: Workspace,
    version: DatasetVersion,
    ids: Sequence[int],
    change: Callable[[ExampleDraft], ExampleDraft],
    note: str,
) -> Edited:
    """Make the next version with each of these examples changed.

    Raises:
        InputError: nothing would change.
        ConflictError: the version isn't the newest any more.
    """
    return _change(workspace, version, _examples(workspace, ids), change, note)


def change_all(
    workspace: Workspace,
    version: DatasetVersion,
    change: Callable[[ExampleDraft], ExampleDraft],
    note: str,
    tell: Callable[[int], bool],
) -> Edited:
    """Make the next version with every example changed that `change` gives differently.

    Raises:
        InputError: nothing would change, or `tell`, which hears of rows done, said to stop.
        ConflictError: the version isn't the newest any more.
    """

    def rows() -> Iterator[Example]:
        for number, example in enumerate(dataset_difference.all_examples(workspace.db, version)):
            if number % AT_ONCE == 0 and not tell(number):
                raise InputError("It was stopped.", "No new version was made.")
            yield example

    return _change(workspace, version, rows(), change, note)


def assign_splits(
    workspace: Workspace, version: DatasetVersion, shares: str, *, seed: int, stratify: str = ""
) -> Edited:
    """Spread all examples over splits by chance.

    Args:
        workspace: where.
        version: the newest.
        shares: `train 70, dev 15, gate 15`.
        seed: the same one gives the same splits.
        stratify: `expected` or an input; its values are spread evenly.

    Raises:
        InputError: the shares can't be read, or there is no such column.
    """
    wanted = parse_shares(shares)
    if stratify and stratify != "expected" and stratify not in version.columns:
        raise InputError(
            f"There is no column {stratify!r}.",
            f"There are expected, {', '.join(version.columns)}.",
        )
    for_synthetic = {name: share for name, share in wanted.items() if name != GATE}
    kept_out = 0
    rows: list[tuple[int, bytes, str]] = []
    made_up: list[tuple[int, bytes, str]] = []
    for example in dataset_difference.all_examples(workspace.db, version):
        value = example.expected if stratify == "expected" else example.inputs.get(stratify)
        row = (example.position, input_hash(example), str(value) if stratify else "")
        (made_up if example.origin else rows).append(row)
    assigned = assign(rows, wanted, seed)
    if made_up:
        kept_out = len(made_up) if GATE in wanted else 0
        assigned |= assign(made_up, for_synthetic, seed) if for_synthetic else {}
    changes: dict[int, ExampleDraft | None] = {
        example.position: replace(example.draft(), split=assigned[example.position])
        for example in dataset_difference.all_examples(workspace.db, version)
        if assigned.get(example.position, example.split) != example.split
    }
    evenly = f", even by {stratify}" if stratify else ""
    made = _edit(workspace, version, changes, f"splits {shares}, seed {seed}{evenly}")
    return replace(made, kept_out=kept_out)


def restore(workspace: Workspace, newest: DatasetVersion, old: DatasetVersion) -> Edited:
    """Make the next version with the content of an older one.

    Raises:
        InputError: they don't differ.
    """
    changes: dict[int, ExampleDraft | None] = {
        position: before.draft() if before else None
        for position, before, _ in dataset_difference.differences(workspace.db, old, newest)
    }
    return _edit(workspace, newest, changes, f"as version {old.number}")


def add_rows(
    workspace: Workspace, version: DatasetVersion, rows: Sequence[ExampleDraft], note: str
) -> Edited:
    """Make the next version with more examples at its end."""
    made = dataset_difference.edit(
        workspace.db, version, {}, rows, author=workspace.person, note=note
    )
    return Edited(made, len(rows))


def input_hash(example: Example) -> bytes:
    """Equal for equal inputs, whatever is expected."""
    return ExampleDraft(example.inputs).content_hash()


def _change(
    workspace: Workspace,
    version: DatasetVersion,
    rows: Iterable[Example],
    change: Callable[[ExampleDraft], ExampleDraft],
    note: str,
) -> Edited:
    changes: dict[int, ExampleDraft | None] = {}
    for example in rows:
        before = example.draft()
        after = change(before)
        if after != before:
            changes[example.position] = after
    counted = "1 row" if len(changes) == 1 else f"{len(changes):,} rows"
    return _edit(workspace, version, changes, f"{note} on {counted}")


def _edit(
    workspace: Workspace,
    version: DatasetVersion,
    changes: Mapping[int, ExampleDraft | None],
    note: str,
) -> Edited:
    if not changes:
        raise InputError("Nothing would change.", "No new version was made.")
    made = dataset_difference.edit(
        workspace.db, version, changes, author=workspace.person, note=note
    )
    return Edited(made, len(changes))


def _examples(workspace: Workspace, ids: Sequence[int]) -> Iterator[Example]:
    for start in range(0, len(ids), AT_ONCE):
        yield from datasets.by_ids(workspace.db, ids[start : start + AT_ONCE]).values()
