"""Which screens there are, in which states, and how a person gets there."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import LlmopsError, StoreError
from llmops_tui.core.retention import DAY_MS
from llmops_tui.services import archive, calls, overview, prompts, reviews
from llmops_tui.services.improving import Proposal
from llmops_tui.store import proposals
from llmops_tui.store.proposals import ProposalRow
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.prompts.editor import EditorPage
from llmops_tui.ui.screens.prompts.improve_page import ImprovePage
from llmops_tui.ui.screens.prompts.tries import TriesPage
from llmops_tui.ui.screens.prompts.trying import Attempt
from tools.headless import (
    BARE,
    INTERRUPTED,
    LIVE,
    MADE,
    NEW,
    SIZE,
    Session,
    failing,
    screen_marks,
    session,
)
from tools.made import FEEDBACK_FILE
from tools.made_traces import agent

Act = Callable[[Session], Awaitable[None]]
LOADING = "loading"
PREVIEW_S = 1.0
"""By then the editor has looked at what was typed, also on a slow machine."""
BUSY = StoreError(
    "Another program has been writing to the workspace for a long time.",
    "Try again; `llmops-tui doctor` looks what is the matter.",
)


@dataclass(frozen=True, slots=True)
class State:
    """One state of a screen, and how to see it."""

    title: str
    keys: str
    """Keys to press, separated by blanks."""
    kind: str = MADE
    """The workspace."""
    act: Act | None = None
    """What happens after the keys."""
    hold: bool = False
    """Nothing is ever read: the state before the first answer of the file."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One screen with its states; words and keys come from the class."""

    title: str
    target: str
    """`module:Class`, below `llmops_tui.ui.screens`."""
    states: tuple[State, ...] = field(default=())

    @property
    def page(self) -> type[Page[Any]]:
        """The class."""
        module, _, name = self.target.partition(":")
        found: type[Page[Any]] = getattr(
            importlib.import_module(f"llmops_tui.ui.screens.{module}"), name
        )
        return found


async def capture(
    state: State, *, size: tuple[int, int] = SIZE, theme: str | None = None, marks: bool = False
) -> str:
    """What the app shows in this state; with `marks`, in which colours too."""
    async with session(state.kind, size=size, theme=theme, hold=state.hold) as running:
        if not state.hold:
            await running.press(*state.keys.split())
        if state.act is not None:
            await state.act(running)
        return screen_marks(running.app) if marks else running.text()


def all_pages() -> set[type[Page[Any]]]:
    """Every page of the product: what the scenes have to cover."""
    package = importlib.import_module("llmops_tui.ui.screens")
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(found.name)
    pages: set[type[Page[Any]]] = set()
    rest: list[type[Any]] = [Page]
    while rest:
        for below in rest.pop().__subclasses__():
            rest.append(below)
            if "SCOPE" in below.__dict__ and below.__module__.startswith(package.__name__):
                pages.add(below)
    return pages


async def _overview_fails(running: Session) -> None:
    with failing(overview, "overview", BUSY):
        await running.press("f5")


async def _burning(running: Session) -> None:
    """Let so much be found wrong that the tolerance is refuted."""
    assert running.made is not None
    workspace = running.made.workspace
    for call in calls.newer_calls(workspace, 0, 60):
        if call.status == "ok":
            reviews.give(workspace, call.id, "wrong")
    await running.settle()
    await running.press("i")


async def live_run(running: Session) -> None:
    """Let the run go on."""
    running.go_on(5)
    await running.settle()


async def _filter(running: Session) -> None:
    await running.type("invoice")


async def _tagged_then_versions(running: Session) -> None:
    await running.press("t")
    await running.type("checked")
    await running.press("ctrl+s", "v")


async def _tagged_then_diff(running: Session) -> None:
    await _tagged_then_versions(running)
    await running.press("d", "enter")


async def _file_missing(running: Session) -> None:
    await running.type("tickest.csv")
    await running.press("enter")


async def _file_preview(running: Session) -> None:
    await running.type(FEEDBACK_FILE)
    await running.press("enter")


async def _file_mapping(running: Session) -> None:
    await _file_preview(running)
    await running.press("m")


async def _go_to_end(running: Session) -> None:
    await running.pilot.press(*["pagedown"] * 8, "end")
    await running.settle()


async def type_unknown(running: Session) -> None:
    """Misspell a variable in a prompt."""
    await _go_to_end(running)
    await running.type(" {{ mesage }}")
    await asyncio.sleep(PREVIEW_S)
    await running.settle()


async def _included(running: Session) -> None:
    """A prompt includes another, which was changed since."""
    assert running.made is not None
    workspace, project = running.made.workspace, running.made.project
    tone = prompts.create_prompt(workspace, project.id, "tone")
    prompts.add_version(workspace, tone, [("user", "Be kind.")])
    reply = prompts.create_prompt(workspace, project.id, "reply")
    asks = (("system", 'You reply.\n{% include "tone" %}'), ("user", "{{ message }}"))
    prompts.add_version(workspace, reply, asks)
    prompts.add_version(workspace, tone, [("user", "Be kind and brief.")])
    await running.settle()
    await running.press("c", "j")


async def _proposed(running: Session) -> None:
    """A model has proposed a change; it is kept as it would be, and no model is asked."""
    assert running.made is not None
    workspace, project = running.made.workspace, running.made.project
    view = prompts.list_prompts(workspace, project.id)[0]
    base = view.newest
    assert base is not None
    changed = (*base.written[:-1], ("user", "Name the topic, nothing else: {{ message }}"))
    version = prompts.add_version(workspace, view.prompt, changed)
    reason = "the answers explain themselves, and only the topic counts."
    row = ProposalRow(
        version.id, base.id, 1, 0, "large-model", reason, (1, 2, 3), 1_200_000, "USD", None, None
    )
    proposals.keep(workspace.db, row)
    running.pilot.app.push_screen(ImprovePage(Proposal(row, version, base)))
    await running.settle()


async def _two_answers(running: Session) -> None:
    """Two attempts as they may stand; no model is asked, as its times differ each time."""
    page = running.pilot.app.screen
    assert isinstance(page, EditorPage)
    assert page.model is not None
    first, second = page.model.models[:2]
    failed = LlmopsError("The endpoint answered 429: too many requests.", "Try again later.")
    page.trier.attempts = [
        Attempt(first, 1, "login", "The topic is lo", stopped=True),
        Attempt(second, 1, "login", error=failed),
    ]
    page.app.push_screen(TriesPage(page.trier, page.continue_with))
    await running.settle()


async def _saved_by_another(running: Session) -> None:
    """Somebody saves a version while one writes."""
    assert running.made is not None
    other = running.made
    await _go_to_end(running)
    await running.type(" Answer in one word.")
    prompt = prompts.list_prompts(running.made.workspace, other.project.id)[0].prompt
    newest = other.versions[-1]
    changed = (*newest.messages[:-1], (newest.messages[-1][0], "Message: {{ message }}"))
    prompts.add_version(other.workspace, prompt, changed, note="say what it is")
    await running.settle()
    await running.press("ctrl+s", "enter")


async def _palette(running: Session) -> None:
    await running.pilot.press("ctrl+p")
    await asyncio.sleep(0.3)
    await running.type("run")
    await asyncio.sleep(0.5)
    await running.settle()


async def calls_arrive(running: Session) -> None:
    """Let production calls arrive."""
    running.arrive(6)
    await running.settle()


async def archive_and_open(running: Session) -> None:
    """Archive what is stored, and open the newest call of it."""
    workspace = running.app.workspace
    for _ in archive.write(workspace, workspace.path.parent / "archive", now_ms() + 2 * DAY_MS):
        pass
    await running.press("escape", "z", "enter")


async def _traced(running: Session) -> None:
    assert running.made is not None
    agent(running.made.workspace.db, running.made.project.id)
    await running.settle()


async def _in_trace(running: Session) -> None:
    await _traced(running)
    await running.press("o")


async def _said_of(running: Session) -> None:
    await _traced(running)
    await running.press("enter")


async def _unforeseen(running: Session) -> None:
    with failing(overview, "overview", ValueError("an unexpected value: 7")):
        await running.press("f5")
    running.app.unforeseen.clear()


SCENES = (
    Scene(
        "Overview",
        "overview.screen:OverviewScreen",
        (
            State("empty: a new workspace", "1", NEW),
            State("empty: a project without anything", "1", BARE),
            State(LOADING, "", MADE, hold=True),
            State("a project at work", "1"),
            State("error: the file can't be read", "1", act=_overview_fails),
            State("making a project", "1 n"),
        ),
    ),
    Scene(
        "Overview: incident",
        "overview.incident_page:IncidentPage",
        (State("production is beyond its tolerance", "1", act=_burning),),
    ),
    Scene(
        "Overview: tolerance",
        "overview.tolerance_page:TolerancePage",
        (State("what is tolerated, and what proof costs", "1 t"),),
    ),
    Scene(
        "Datasets",
        "datasets.screen:DatasetsScreen",
        (
            State("empty: no project", "2", NEW),
            State("empty: no data set", "2", BARE),
            State("data sets", "2"),
        ),
    ),
    Scene(
        "Datasets: examples",
        "datasets.examples:ExamplesPage",
        (
            State("examples", "2 enter"),
            State("one example, opened", "2 enter enter"),
            State("filtered", "2 enter slash", act=_filter),
            State("putting them into splits", "2 enter s"),
        ),
    ),
    Scene(
        "Datasets: versions",
        "datasets.versions:DatasetVersionsPage",
        (State("after an edit", "2 enter", act=_tagged_then_versions),),
    ),
    Scene(
        "Datasets: what differs between versions",
        "datasets.versions:DatasetDiffPage",
        (State("field by field", "2 enter", act=_tagged_then_diff),),
    ),
    Scene(
        "Datasets: quality",
        "datasets.quality:QualityPage",
        (State("what was found", "2 enter c"), State("figures", "2 enter c f")),
    ),
    Scene(
        "Datasets: rows of a finding",
        "datasets.rows_page:RowsPage",
        (State("the rows", "2 enter c enter"),),
    ),
    Scene(
        "Datasets: labelling",
        "datasets.labelling:LabelPage",
        (State("nothing to label", "2 enter l"),),
    ),
    Scene(
        "Datasets: import",
        "datasets.import_page:ImportPage",
        (
            State("which file", "2 i"),
            State("error: no such file", "2 i", act=_file_missing),
            State("a look at the file", "2 i", act=_file_preview),
        ),
    ),
    Scene(
        "Datasets: mapping",
        "datasets.mapping_page:MappingPage",
        (State("the columns of a file", "2 i", act=_file_mapping),),
    ),
    Scene(
        "Datasets: bad rows",
        "datasets.bad_rows:BadRowsPage",
        (State("what an import kept aside", "2 j b"),),
    ),
    Scene(
        "Prompts",
        "prompts.screen:PromptsScreen",
        (State("empty: no prompt", "3", BARE), State("prompts", "3")),
    ),
    Scene(
        "Prompts: editor",
        "prompts.editor:EditorPage",
        (
            State("the text", "3 enter"),
            State("as the model gets it", "3 enter ctrl+o"),
            State("a variable that the data set doesn't have", "3 enter", act=type_unknown),
            State("how it is asked", "3 enter alt+s"),
        ),
    ),
    Scene(
        "Prompts: which include which",
        "prompts.composition_page:CompositionPage",
        (
            State("empty: none includes another", "3 c"),
            State("one is behind", "3", act=_included),
        ),
    ),
    Scene(
        "Prompts: a proposed change",
        "prompts.improve_page:ImprovePage",
        (State("not tested yet", "3", act=_proposed),),
    ),
    Scene(
        "Prompts: versions",
        "prompts.versions:VersionsPage",
        (State("versions", "3 v"), State("the text of one", "3 v enter")),
    ),
    Scene(
        "Prompts: several models",
        "prompts.tries:TriesPage",
        (State("one stopped, one refused", "3 enter", act=_two_answers),),
    ),
    Scene(
        "Prompts: who wrote which line",
        "prompts.blame:BlamePage",
        (State("each line with its version", "3 v b"),),
    ),
    Scene(
        "Prompts: moves of labels",
        "prompts.label_moves:LabelMovesPage",
        (State("who moved which, on what grounds", "3 v L"),),
    ),
    Scene(
        "Prompts: differences",
        "prompts.diff:DiffPage",
        (State("two versions", "3 v d"),),
    ),
    Scene(
        "Prompts: somebody saved meanwhile",
        "prompts.conflict:ConflictPage",
        (State("nothing was saved yet", "3 enter", act=_saved_by_another),),
    ),
    Scene(
        "Runs",
        "runs.screen:RunsScreen",
        (
            State("empty: no run", "4", BARE),
            State("runs, one under way", "4", LIVE),
            State("runs, one interrupted", "4", INTERRUPTED),
            State("starting a run", "4 n"),
        ),
    ),
    Scene(
        "Runs: one run",
        "runs.run_page:RunPage",
        (
            State("live", "4 enter", LIVE, act=live_run),
            State("paused", "4 enter"),
            State("interrupted: the worker went away", "4 enter", INTERRUPTED),
            State("over, two versions compared", "4 j j enter"),
            State("only wrong samples", "4 j j enter w"),
            State("only samples without an answer", "4 j enter exclamation_mark"),
        ),
    ),
    Scene(
        "Runs: one sample",
        "runs.sample_page:SamplePage",
        (
            State("wrong", "4 j j enter w enter"),
            State("errored", "4 j enter exclamation_mark enter"),
        ),
    ),
    Scene(
        "Runs: rows by cells",
        "runs.matrix_page:MatrixPage",
        (
            State("two versions, row by row", "4 j j m"),
            State("only rows on which they disagree", "4 j j m d"),
            State("a run under way", "4 m", LIVE),
        ),
    ),
    Scene(
        "Runs: by tag",
        "runs.tags_page:TagsPage",
        (State("two versions, the worst tag first", "4 j j m t"),),
    ),
    Scene(
        "Runs: labels",
        "runs.labels_page:LabelsPage",
        (State("precision and recall of each label", "4 j j L"),),
    ),
    Scene(
        "Runs: the scorers tested",
        "runs.selftest_page:SelfTestPage",
        (State("known answers, rows that never separate", "4 j j t"),),
    ),
    Scene(
        "Runs: compare",
        "runs.compare_page:ComparePage",
        (
            State("choosing the other side", "4 j d"),
            State("flipped rows", "4 j j enter c d enter"),
            State("parts of the data", "4 j j enter c d enter s"),
        ),
    ),
    Scene(
        "Monitor",
        "monitor.screen:MonitorScreen",
        (
            State("empty: no call yet", "5", BARE),
            State("calls", "5"),
            State("live: calls arrive", "5", act=calls_arrive),
            State("only flagged calls", "5 f"),
        ),
    ),
    Scene(
        "Monitor: one call",
        "monitor.call_page:CallPage",
        (
            State("a flagged call", "5 f enter"),
            State("a call that a user spoke of", "5", act=_said_of),
        ),
    ),
    Scene(
        "Monitor: trace",
        "monitor.trace_page:TracePage",
        (State("an agent at work", "5", act=_in_trace),),
    ),
    Scene(
        "Monitor: figures",
        "monitor.figures_page:FiguresPage",
        (State("the last 24 hours", "5 v"),),
    ),
    Scene(
        "Monitor: drift",
        "monitor.drift_page:DriftPage",
        (
            State("against what was tested", "5 d"),
            State("against the time before", "5 d a"),
        ),
    ),
    Scene(
        "Monitor: flag rules",
        "monitor.rules_page:FlagRulesPage",
        (
            State("rules", "5 r"),
            State("what one would have flagged", "5 r t"),
            State("setting one", "5 r e"),
        ),
    ),
    Scene(
        "Monitor: alerts",
        "monitor.alerts_page:AlertsPage",
        (State("empty: no alert", "5 A"), State("adding one", "5 A a")),
    ),
    Scene(
        "Monitor: how long calls are kept",
        "monitor.retention_page:RetentionPage",
        (State("nothing is set", "5 K"), State("setting it", "5 K e")),
    ),
    Scene(
        "Monitor: archived calls",
        "monitor.archive_page:ArchivePage",
        (State("empty: no archive is known", "5 z"), State("naming one", "5 z d")),
    ),
    Scene(
        "Monitor: one archived call",
        "monitor.archived_page:ArchivedPage",
        (State("a call", "5 z", act=archive_and_open),),
    ),
    Scene(
        "Monitor: how to connect",
        "monitor.connect:ConnectPage",
        (State("what to set, and where", "5 C"),),
    ),
    Scene(
        "Triage",
        "triage.screen:TriageScreen",
        (
            State("empty: nothing waits", "6", BARE),
            State("a flagged call", "6"),
            State("a call drawn for the audit", "6 a"),
            State("after a verdict", "6 r"),
        ),
    ),
    Scene(
        "Triage: asked again",
        "triage.again_page:AgainPage",
        (State("before it is asked", "6 z"),),
    ),
    Scene(
        "Triage: rules and people",
        "triage.rules_page:RulesPage",
        (State("how often each rule is right", "6 r p"),),
    ),
    Scene(
        "Models",
        "models.screen:ModelsScreen",
        (
            State("empty: no model", "7", NEW),
            State("models", "7"),
            State("one model, opened", "7 enter"),
            State("error: the endpoint can't be asked", "7 j t enter"),
            State("adding an endpoint", "7 a"),
            State("changing limits and prices", "7 e"),
        ),
    ),
    Scene(
        "Models: the answer cache",
        "models.cache_page:CachePage",
        (State("empty: no answer yet", "7 c", BARE), State("what is stored and saved", "7 c")),
    ),
)

EVERYWHERE = (
    State("the help of a screen", "4 question_mark"),
    State("the palette", "1", act=_palette),
    State("choosing a project", "1 P"),
    State("something unforeseen", "1", act=_unforeseen),
)
"""What opens over any screen."""
