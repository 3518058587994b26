"""Looking for trouble in a data set version: one pass over its rows, kept with the version."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from llmops_tui.core.curation import report as kinds
from llmops_tui.core.curation.filter import texts
from llmops_tui.core.curation.pii import find_personal
from llmops_tui.core.curation.report import MOST_ROWS, Finding, Lengths, Report
from llmops_tui.core.curation.sameness import BETWEEN, input_digest, normal, normal_values
from llmops_tui.core.curation.scripts import script_of
from llmops_tui.core.curation.splitting import TRAIN
from llmops_tui.core.dataset import DatasetVersion, Example
from llmops_tui.core.errors import InputError
from llmops_tui.services.languages import language_of
from llmops_tui.services.near_duplicates import NearDuplicates
from llmops_tui.services.person_names import name_finder
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import dataset_difference, prompts, quality, tuning

MOST_LABELS = 50
SHORTEST_QUOTE = 20
"""Characters of an input below which its standing in a prompt is chance."""
TELL_EVERY = 500
TOO_SHORT = "too short to tell"
MOST_LANGUAGES = 20_000
"""Rows whose language is told; of more, every second, third … one."""

Tell = Callable[[int], bool]
"""Told how many rows were looked at; says whether to go on."""


class StoppedError(InputError):
    """Somebody stopped looking."""


def kept_report(workspace: Workspace, version: DatasetVersion) -> Report | None:
    """What was found in a version; None where nobody has looked yet."""
    return quality.report(workspace.db, version.id)


def check(
    workspace: Workspace, project_id: int, version: DatasetVersion, tell: Tell = lambda _: True
) -> Report:
    """Look at every row and keep what was found.

    Raises:
        StoppedError: `tell` said so; nothing was kept.
    """
    look = _Look(
        _quotable(workspace, project_id), tuning.tuned(workspace.db, project_id), version.rows
    )
    for number, example in enumerate(dataset_difference.all_examples(workspace.db, version)):
        look.at(example)
        if number % TELL_EVERY == 0 and not tell(number):
            raise StoppedError("The check was stopped.", "Nothing of it was kept.")
    found = look.report()
    quality.keep_report(workspace.db, version.id, found)
    return found


class _Look:
    """What is known of the rows seen so far."""

    def __init__(
        self, prompt_texts: Sequence[tuple[str, str]], tuned: frozenset[bytes], rows: int
    ) -> None:
        self._prompts = prompt_texts
        self._tuned = tuned
        self._tuned_on: list[int] = []
        self._language = language_of()
        self._languages: Counter[str] = Counter()
        self._language_step = -(-rows // MOST_LANGUAGES) or 1
        self._names = name_finder()
        self._rows = 0
        self._empty: list[int] = []
        self._labels: Counter[str] = Counter()
        self._scripts: Counter[str] = Counter()
        self._lengths: dict[str, array[int]] = defaultdict(lambda: array("L"))
        self._by_input: dict[int, list[int]] = defaultdict(list)
        self._answers: dict[int, str | None] = {}
        self._contradictory: set[int] = set()
        self._splits: dict[int, str] = {}
        self._personal: dict[str, list[int]] = defaultdict(list)
        self._quoted: dict[str, list[int]] = defaultdict(list)
        self._near = NearDuplicates()

    def at(self, example: Example) -> None:
        """Take in a row."""
        self._rows += 1
        position = example.position
        values = normal_values(example.inputs)
        whole = BETWEEN.join(values)
        if not any(values) or (example.expected is not None and not example.expected.strip()):
            self._empty.append(position)
        self._labels["(not labelled)" if example.expected is None else example.expected[:60]] += 1
        self._scripts[script_of(" ".join(values))] += 1
        if self._language is not None and self._rows % self._language_step == 0:
            self._languages[self._language(" ".join(values)) or TOO_SHORT] += 1
        for name, text in zip(example.inputs, texts(example), strict=False):
            self._lengths[name].append(len(text))
        if example.expected is not None:
            self._lengths["expected"].append(len(example.expected))
        if example.split:
            self._splits[position] = example.split
        self._same_inputs(hash(whole), position, example.expected, whole)
        if self._tuned and example.split != TRAIN and input_digest(values) in self._tuned:
            self._tuned_on.append(position)
        found = (one.kind for text in texts(example) for one in find_personal(text, self._names))
        for kind in set(found):
            self._personal[kind].append(position)
        longest = max(values, key=len, default="")
        if len(longest) >= SHORTEST_QUOTE:
            for title, text in self._prompts:
                if longest in text:
                    self._quoted[title].append(position)

    def report(self) -> Report:
        """What was found."""
        repeated = [rows for rows in self._by_input.values() if len(rows) > 1]
        near = self._near.groups()
        found = [
            _finding(
                kinds.CONTRADICTORY,
                "Same input, different answers",
                (row for key in sorted(self._contradictory) for row in self._by_input[key]),
                "At least one of them is wrong, and whatever is measured on them is too.",
            ),
            self._leaks(repeated, near),
            *self._told_before(),
            *(
                _finding(
                    kinds.PERSONAL,
                    f"Personal or secret: {kind}",
                    rows,
                    "m masks them in a new version; the version before keeps them.",
                )
                for kind, rows in sorted(self._personal.items())
            ),
            _finding(
                kinds.EMPTY,
                "Empty input or answer",
                self._empty,
                "Nothing can be right or wrong about nothing.",
            ),
            _finding(
                kinds.DUPLICATE,
                "Exact duplicates",
                (row for rows in repeated for row in rows),
                "Inputs that are the same but for case and white space. They count several times, "
                "so a measured rate looks surer than it is.",
            ),
            _finding(
                kinds.NEAR,
                "Near duplicates",
                (row for rows in near for row in rows),
                f"Inputs that share most of their words{self._near.limits}. They are less "
                "evidence than their number says.",
            ),
        ]
        return Report(
            rows=self._rows,
            findings=tuple(finding for finding in found if finding.rows),
            labels=dict(self._labels.most_common(MOST_LABELS)),
            distinct_labels=len(self._labels),
            lengths={name: _lengths(sizes) for name, sizes in self._lengths.items()},
            scripts=dict(self._scripts.most_common()),
            languages=dict(self._languages.most_common()),
        )

    def _told_before(self) -> Iterator[Finding]:
        for title, rows in self._quoted.items():
            yield _finding(
                kinds.IN_PROMPT,
                f"Inputs that stand in the prompt {title}",
                rows,
                "A prompt that shows the example is measured on what it was told.",
            )
        yield _finding(
            kinds.TUNED_ON,
            "Inputs that were written for fine-tuning",
            self._tuned_on,
            "A tuned model may know them by heart: what it gets right here says nothing about "
            "new inputs. Put them into the split train, and measure on others.",
        )

    def _same_inputs(self, key: int, position: int, expected: str | None, whole: str) -> None:
        rows = self._by_input[key]
        rows.append(position)
        if len(rows) == 1:
            self._near.add(position, whole)
        if expected is None:
            return
        answer = normal(expected)
        if self._answers.setdefault(key, answer) != answer:
            self._contradictory.add(key)

    def _leaks(self, repeated: list[list[int]], near: list[list[int]]) -> Finding:
        across = [
            rows
            for rows in (*repeated, *near)
            if len({self._splits[row] for row in rows if row in self._splits}) > 1
        ]
        return _finding(
            kinds.LEAK,
            "Leaks between splits",
            dict.fromkeys(row for rows in across for row in rows),
            "The same or nearly the same input in several splits: what was learned or tried on "
            "one is measured again on the other. Splitting by chance keeps equal inputs together.",
        )


def _finding(kind: str, title: str, rows: Iterable[int], about: str) -> Finding:
    positions = tuple(rows)
    return Finding(kind, title, len(positions), positions[:MOST_ROWS], about)


def _lengths(sizes: array[int]) -> Lengths:
    ordered = sorted(sizes)
    last = len(ordered) - 1
    return Lengths(ordered[0], ordered[last // 2], ordered[int(last * 0.95)], ordered[last])


def _quotable(workspace: Workspace, project_id: int) -> list[tuple[str, str]]:
    """The newest version of each prompt, and those that a label points at: title, whole text."""
    found = []
    for prompt in prompts.prompts(workspace.db, project_id):
        for number, version in enumerate(prompts.versions(workspace.db, prompt.id)):
            if number == 0 or version.labels:
                text = normal("\n".join(text for _, text in version.messages))
                found.append((version.title, text))
    return found
