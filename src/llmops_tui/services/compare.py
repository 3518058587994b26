"""Any two cells of any runs on the same rows: what flipped, and whether the later one is worse."""

from __future__ import annotations

import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmops_tui.core.scorers.script import script_of
from llmops_tui.core.tolerance.paired import (
    NonInferiority,
    PairedCounts,
    holm,
    mcnemar_mid_p,
    mcnemar_p,
    non_inferiority,
)
from llmops_tui.services.languages import language_of
from llmops_tui.services.matrix import input_words
from llmops_tui.services.titles import Titles
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import datasets, matrix, runs
from llmops_tui.store.matrix import HeadOfSample

MARGIN = 0.02
"""How much worse a version may be and still pass, unless said otherwise: two points."""
LEAST_SLICE = 5
"""Rows below which a slice says nothing."""
MOST_LANGUAGE_ROWS = 5_000
"""Telling a language costs a millisecond a row."""
Side = tuple[int, int]
"""A run's id and the number of one of its cells."""


@dataclass(frozen=True, slots=True)
class Flip:
    """A row on which the two sides differ."""

    example_id: int
    old_sample: int
    new_sample: int
    broken: bool
    """The old side was right and the new one is wrong."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows that have something in common, compared by themselves."""

    kind: str
    """`tag`, `split`, `length`, `script` or `language`."""
    name: str
    counts: PairedCounts
    p_value: float
    """Exact McNemar, adjusted (Holm) for all slices looked at."""

    @property
    def got_worse(self) -> bool:
        """More rows broken than mended."""
        return self.counts.difference < 0


@dataclass(frozen=True, slots=True)
class CompareView:
    """A comparison as screens show it."""

    old: str
    new: str
    counts: PairedCounts
    unpaired: int
    """Rows that only one side answered."""
    gate: NonInferiority
    mid_p: float
    flips: tuple[Flip, ...]
    """Broken rows first, each kind in the order of the data."""
    slices: tuple[Slice, ...]
    """Those that got worse first, by their p value."""
    confidence: float


@dataclass(frozen=True, slots=True)
class FlipRow:
    """A flipped row in one line."""

    flip: Flip
    position: int
    input: str
    expected: str | None
    old: HeadOfSample
    new: HeadOfSample


def compare(
    workspace: Workspace, old: Side, new: Side, *, margin: float = MARGIN, slices: bool = True
) -> CompareView:
    """Compare two cells on the rows that both answered.

    Rows are the same where they are the same example, else the same content (another version of
    the data set), else the same place of the same data set (a new label). Of repeats the first
    answer counts.

    Raises:
        InputError: the margin can't be used.
        NotFoundError: there is no such run.
    """
    db = workspace.db
    confidence = runs.get(db, new[0]).spec.confidence
    before = matrix.of_cell(db, *old)
    after = matrix.of_cell(db, *new)
    pairs, unpaired = _pair(workspace, before, after)
    kinds: dict[int, str] = {}
    flips: list[Flip] = []
    for old_id, new_id in pairs:
        (old_sample, was), (new_sample, now) = before[old_id], after[new_id]
        if "errored" in (was, now):
            continue
        kinds[new_id] = was[0] + now[0]
        if was != now:
            flips.append(Flip(new_id, old_sample, new_sample, was == "right"))
    flips.sort(key=lambda flip: (not flip.broken, flip.example_id))
    counts = _counts(kinds.values())
    return CompareView(
        old=side_name(workspace, old),
        new=side_name(workspace, new),
        counts=counts,
        unpaired=unpaired,
        gate=non_inferiority(counts, margin, confidence),
        mid_p=mcnemar_mid_p(counts) if counts.rows else 1.0,
        flips=tuple(flips),
        slices=_slices(workspace, kinds) if slices else (),
        confidence=confidence,
    )


def side_name(workspace: Workspace, side: Side) -> str:
    """Run, prompt version and model: `run 3: support-topic v2 · mock`."""
    run_id, cell = side
    target = runs.get(workspace.db, run_id).spec.cells[cell]
    titles = Titles(workspace)
    prompt, model = titles.prompt(target.prompt_version_id), titles.model(target.model_id).name
    return f"run {run_id}: {prompt} · {model}"


def sides(workspace: Workspace, project_id: int, limit: int = 64) -> list[tuple[Side, str, str]]:
    """What can be compared: each cell of the newest runs, its name and its figures."""
    titles = Titles(workspace)
    found: list[tuple[Side, str, str]] = []
    for run in runs.page(workspace.db, project_id, limit=limit):
        dataset = titles.dataset(run.dataset_version_id)
        for counts in run.cells:
            answered = counts.right + counts.wrong
            if answered:
                prompt = titles.prompt(counts.prompt_version_id)
                name = f"{run.id}  {prompt} · {titles.model(counts.model_id).name}"
                figures = f"{counts.wrong:,} wrong of {answered:,} · {dataset}"
                found.append(((run.id, counts.cell), name, figures))
    return found


def cells_of(workspace: Workspace, run_id: int) -> int:
    """How many cells a run has.

    Raises:
        NotFoundError: there is no such run.
    """
    return len(runs.get(workspace.db, run_id).spec.cells)


def flip_rows(workspace: Workspace, flips: Sequence[Flip]) -> list[FlipRow]:
    """Some flipped rows with their texts, in the order given."""
    db = workspace.db
    heads = matrix.heads(db, [i for flip in flips for i in (flip.old_sample, flip.new_sample)])
    examples = datasets.by_ids(db, [flip.example_id for flip in flips])
    return [
        FlipRow(
            flip,
            examples[flip.example_id].position,
            input_words(examples[flip.example_id].inputs),
            examples[flip.example_id].expected,
            heads[flip.old_sample],
            heads[flip.new_sample],
        )
        for flip in flips
    ]


def _pair(
    workspace: Workspace, before: dict[int, tuple[int, str]], after: dict[int, tuple[int, str]]
) -> tuple[list[tuple[int, int]], int]:
    same = before.keys() & after.keys()
    pairs = [(example, example) for example in same]
    left_old, left_new = before.keys() - same, after.keys() - same
    if left_old and left_new:
        known = matrix.identities(workspace.db, sorted(left_old))
        others = matrix.identities(workspace.db, sorted(left_new))
        for number in (1, 0):  # by content, then by place
            at = {identity[number]: example for example, identity in known.items()}
            for example, identity in list(others.items()):
                old = at.pop(identity[number], None)
                if old is not None:
                    pairs.append((old, example))
                    del others[example], known[old]
    return pairs, len(before) + len(after) - 2 * len(pairs)


def _counts(kinds: Iterable[str]) -> PairedCounts:
    counted = {"rr": 0, "rw": 0, "wr": 0, "ww": 0}
    for kind in kinds:
        counted[kind] += 1
    return PairedCounts(counted["rr"], counted["rw"], counted["wr"], counted["ww"])


def _slices(workspace: Workspace, kinds: dict[int, str]) -> tuple[Slice, ...]:
    """Every slice with enough rows; p values adjusted for having looked at all of them."""
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    lengths: list[tuple[int, str]] = []
    language = language_of() if len(kinds) <= MOST_LANGUAGE_ROWS else None
    for found in matrix.traits(workspace.db, sorted(kinds)):
        kind = kinds[found.example_id]
        for tag in found.tags:
            grouped["tag", tag].append(kind)
        if found.split:
            grouped["split", found.split].append(kind)
        lengths.append((len(found.inputs), kind))
        if language is not None or not found.inputs.isascii() or "\\u" in found.inputs:
            text = input_words(json.loads(found.inputs))
            grouped["script", _script(text)].append(kind)
            if language is not None:
                grouped["language", language(text)].append(kind)
        else:
            grouped["script", "latin"].append(kind)
    lengths.sort(key=lambda pair: pair[0])
    quarter = -(-len(lengths) // 4)
    names = ("shortest quarter", "second quarter", "third quarter", "longest quarter")
    for number, name in enumerate(names):
        part = lengths[number * quarter : (number + 1) * quarter]
        grouped["length", name] = [kind for _, kind in part]
    kept = {
        key: _counts(found)
        for key, found in grouped.items()
        if len(found) >= LEAST_SLICE and len(found) < len(kinds) and key[1]
    }
    p_values = holm([mcnemar_p(counts) for counts in kept.values()])
    slices = [
        Slice(kind, name, counts, p_value)
        for ((kind, name), counts), p_value in zip(kept.items(), p_values, strict=True)
    ]
    return tuple(sorted(slices, key=lambda found: (not found.got_worse, found.p_value)))


def _script(text: str) -> str:
    """The script of most letters of a text's beginning."""
    head = unicodedata.normalize("NFC", text[:200])
    counted: dict[str, int] = defaultdict(int)
    for letter in head:
        counted[script_of(letter)] += 1
    counted.pop("", None)
    return max(counted, key=lambda name: counted[name]) if counted else ""
