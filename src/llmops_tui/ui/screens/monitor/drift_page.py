"""Production beside what was tested, a while before, or another version, aspect by aspect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmops_tui.services import drift
from llmops_tui.services.drift import Against, Aspect, Comparison, Subject
from llmops_tui.ui.screens.monitor.windowed import Windowed
from llmops_tui.ui.widgets.columns import Cell, Column
from llmops_tui.ui.widgets.virtual_table import VirtualTable
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

NONE = "–"


@dataclass(frozen=True, slots=True)
class DriftView:
    """What the page shows."""

    subjects: tuple[Subject, ...]
    subject: Subject
    others: tuple[Subject, ...]
    """Other versions that production used in the window."""
    found: Comparison


class DriftPage(Windowed[DriftView]):
    """A line for each aspect; brackets change the window, a what it is set beside."""

    SCOPE = "monitor.drift"
    PURPOSE = (
        "Whether what arrives and what is answered is still what was tested. A prompt version's "
        "calls are set beside the newest finished run of that version; a sets them beside the "
        "time before or another version instead, s looks at another version, brackets change the "
        "window. A tolerance that was proven on other questions than these proves little."
    )
    FIGURES = (
        "before, now: the median; of a mix the share of the part that moved most.\n"
        "apart: 0 is the same, 1 has nothing in common. Of lengths and times it is the largest "
        "distance of the two distributions (Kolmogorov and Smirnov), of mixes the share that would "
        "have to move, of shares their difference, of meaning half the cosine distance of the "
        "mean vectors.\n"
        "chance: of a distance like this where nothing has changed. It counts as a change below "
        "1 in 100 over all aspects together, and only if it is also large enough to matter.\n"
        f"Texts are those of the newest {drift.MOST:,} answers; languages of {drift.MOST_TOLD:,}, "
        f"meaning of {drift.MOST_MEANT:,}."
    )
    # Neither calls that arrive nor a run under way: it reads thousands of texts. f5 looks again.
    TOPICS = frozenset({"project"})
    DEFAULT_CSS = """
    DriftPage #said { height: auto; max-height: 4; text-style: bold; }
    DriftPage #sides { height: auto; max-height: 2; color: $muted; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._against = Against.TEST
        self._other = 0
        self._subject: Subject | None = None
        """None for the first that there is."""

    def compose_body(self) -> ComposeResult:
        """What is to be said, of which sides, and why."""
        yield Words("Comparing…", id="said")
        yield Words(id="sides")
        yield VirtualTable(
            columns=(
                Column("", _sign, width=1),
                Column("aspect", lambda aspect: aspect.name, width=18),
                Column("before", lambda aspect: aspect.before, flex=3, least=10, align="right"),
                Column("now", lambda aspect: aspect.now, flex=3, least=10, align="right"),
                Column("apart", _apart, width=6, align="right"),
                Column("chance", _chance, width=8, align="right"),
                Column("", lambda aspect: (aspect.note, "muted"), flex=2, least=8, drop=1),
            ),
            key=lambda aspect: aspect.name,
            empty="Nothing to compare.",
            opens=False,
            id="aspects",
        )

    def load(self) -> DriftView:
        """Compare; a second where there is much to read."""
        workspace, project_id = self.workspace, self.project_id
        subjects = drift.subjects(workspace, self._window, project_id)
        subject = self._subject
        if subject is None:
            subject = subjects[1] if len(subjects) > 1 else subjects[0]
        others = tuple(
            one for one in subjects[1:] if one != subject and one.prompt == subject.prompt
        )
        other = others[self._other % len(others)] if others else None
        found = drift.compare(workspace, self._window, project_id, subject, self._against, other)
        return DriftView(subjects, subject, others, found)

    def show(self, model: DriftView) -> None:
        """Show it."""
        found = model.found
        self.query_one("#said", Words).put(found.sentence())
        sides = f"now: {found.now} ({found.now_calls:,} calls)"
        if found.before:
            noun = "answers" if self._against is Against.TEST else "calls"
            sides = f"before: {found.before} ({found.before_calls:,} {noun}) · {sides}"
        self.query_one("#sides", Words).put(sides)
        self.query_one(VirtualTable).show_rows(found.aspects)
        self.refresh_bindings()

    def why_not(self, command_id: str) -> str | None:
        """Something to choose from is needed."""
        subjects = self.model.subjects if self.model is not None else ()
        if command_id == "monitor.drift.subject" and len(subjects) < 2:
            return "No call of this window names its prompt version."
        return super().why_not(command_id)

    def do_against(self) -> None:
        """The test, the time before, each other version."""
        others = len(self.model.others) if self.model is not None else 0
        if self._against is Against.TEST:
            self._against = Against.BEFORE
        elif self._against is Against.BEFORE and others:
            self._against, self._other = Against.VERSION, 0
        elif self._against is Against.VERSION and self._other + 1 < others:
            self._other += 1
        else:
            self._against = Against.TEST
        self._look_again()

    def do_subject(self) -> None:
        """The next version, at last all calls."""
        if self.model is None:
            return
        subjects = (*self.model.subjects[1:], self.model.subjects[0])
        here = self.model.subject
        place = subjects.index(here) if here in subjects else -1
        self._subject, self._other = subjects[(place + 1) % len(subjects)], 0
        self._look_again()

    def window_changed(self) -> None:
        """Compare again."""
        self._look_again()

    def _look_again(self) -> None:
        self.query_one("#said", Words).put("Comparing…")
        self.reload_now()


def _sign(aspect: Aspect) -> Cell:
    return ("!", "doubt") if aspect.changed else ""


def _apart(aspect: Aspect) -> Cell:
    if aspect.distance is None:
        return NONE, "muted"
    return f"{aspect.distance.value:.2f}", "doubt" if aspect.changed else ""


def _chance(aspect: Aspect) -> Cell:
    if aspect.distance is None:
        return NONE, "muted"
    return "< 0.0001" if aspect.distance.p < 0.0001 else f"{aspect.distance.p:.4f}"
