"""How a screen is written.

A screen is a `Page`. It says what it is for, composes widgets, reads a view model in a thread and
shows it. It never sees SQL or HTTP, only `llmops_tui.services` and `llmops_tui.core`.

    class RunsScreen(Page[tuple[RunRow, ...]]):
        SCOPE = "runs"                         # commands: ui/commands/runs.py, ids "runs.start"
        PURPOSE = "Test runs: start one …"     # first lines of the help
        FIGURES = "wrong: share of …"          # what the figures mean, for the help
        EXPLAINS = ("wrong rate", "verdict")   # further figures, as core/tolerance/explain.py has
                                               # them: formula, assumptions, what is not claimed
        TOPICS = frozenset({"run", "sample"})  # a change of these reads the view model again

        def compose_body(self) -> ComposeResult:
            yield VirtualTable(columns=…, key=lambda row: row.id, empty="No run yet. …", id="runs")

        def load(self) -> tuple[RunRow, ...]:  # in a thread: services only, no widget
            return runs.run_rows(self.workspace, self.project_id)

        def show(self, model: tuple[RunRow, ...]) -> None:  # UI thread, only when it differs
            self.query_one(VirtualTable).show_rows(model)

        def show_nothing(self) -> None:        # load() gave None: no project yet
            …

        def do_start(self) -> None:            # the command runs.start
            …

*Where it hangs.* `ui/areas.py` names module and class of the seven areas; a module is imported when
its area is first shown. Everything opened from an area is a page too, pushed with
`self.app.push_screen(SamplePage(sample_id))`; `esc` and `q` come back from it.

*Commands.* Declared once, in `ui/commands/<area>.py`, as `Command(id, keys, title, help, footer)`.
The scope is the id without its last word: `runs.start` belongs to the page with `SCOPE = "runs"`,
`runs.samples.open` to one with `SCOPE = "runs.samples"`. Bindings, footer, help, palette and docs
come from there, with the person's own keys where there is a key map (`ui/keymap.py`); a test
refuses a key that means two things at once. `why_not(command_id)` says in a sentence why a command
can't be used now: it leaves the footer, its key says the sentence. Taken on every page: digits,
`?`, `/`, `q`, `P`, `esc`, ctrl+p, and in lists `j k g G` and the like.

*Off the UI thread.* `load()` runs in a thread, and `self.in_thread(work, done, group=…)` does any
other service call there and goes on with `done(result)` on the UI thread. A `LlmopsError` becomes a
toast with its hint, anything unforeseen a dialog and a line in the log; nothing ends the app.

*News.* The app asks `data_version` four times a second and reads the topic counters only when it
moved. A page whose `TOPICS` changed is asked by `topics_changed(topics)`, which by default reloads
(at most twice a second); pages that aren't visible catch up when they come back. What is shown
is only repainted where it differs: compare, never clear and refill.

*Lists.* `widgets/virtual_table.py`: `show_rows(rows)` for up to a few thousand rows at hand,
`show_source(source)` for any number read page by page (`widgets/sources.py`). It posts
`RowMoved(key)` and `RowChosen(key)`. Text reaches the terminal only through `core.text`.

`refresh_rows()` after news reads only what is in sight again; `redraw()` asks the columns again.

*Places.* `self.remember("selection", key)` and `self.recall("selection")` keep where this person
left off; kept at once, not at exit. A table with `place="selection"` does both by itself.

*Two panes.* Put list and detail in `TwoPanes` (`widgets/two_panes.py`): side by side from 120
columns, one at a time below, where `enter` opens the detail and `esc` comes back to the list.

*Filter.* With `FILTERS = True` the page has `/`; `filter_changed(text)` is called as one types.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual import events
from textual.message import Message
from textual.screen import Screen

from llmops_tui.core.errors import LlmopsError
from llmops_tui.ui.commands import registry
from llmops_tui.ui.host import CommandHost
from llmops_tui.ui.widgets.bars import FooterBar, TabStrip

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from llmops_tui.services.workspace import Workspace

Model = TypeVar("Model")

SLOWEST_RELOAD_S = 0.5
"""News come at most this often to the terminal: 2 Hz keeps a live screen under 21 KB/s."""


class Changed(Message, bubble=False):
    """Somebody committed something about these topics."""

    def __init__(self, topics: frozenset[str]) -> None:
        super().__init__()
        self.topics = topics


class Page(CommandHost, Screen[None], Generic[Model]):
    """A full screen with tab strip and footer. See the module's text."""

    SCOPE: ClassVar[str] = ""
    PURPOSE: ClassVar[str] = ""
    FIGURES: ClassVar[str] = ""
    EXPLAINS: ClassVar[tuple[str, ...]] = ()
    TOPICS: ClassVar[frozenset[str]] = frozenset()
    FILTERS: ClassVar[bool] = False

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - as Textual declares it
        (0, "-narrow"),
        (120, "-wide"),
    ]
    BINDINGS = registry.bindings("shell.back")
    DEFAULT_CSS = """
    Page { background: $background; color: $foreground; layout: vertical; }
    """

    def __init_subclass__(cls, **kwargs: bool) -> None:
        if "BINDINGS" not in cls.__dict__:
            scopes = [cls.SCOPE] if "SCOPE" in cls.__dict__ else []
            if cls.FILTERS:
                scopes.append("lists.filter")
            cls.BINDINGS = registry.bindings(*scopes)
        super().__init_subclass__(**kwargs)

    def __init__(self) -> None:
        super().__init__()
        self.model: Model | None = None
        """What is shown; None until it was first read."""
        self.filter_text = ""
        self._seen: dict[str, int] = {}
        self._loading = False
        self._again = False
        self._loaded_at = 0.0

    # What a page overrides.

    def compose_body(self) -> ComposeResult:
        """The widgets between tab strip and footer."""
        yield from ()

    def load(self) -> Model | None:
        """Read the view model. Runs in a thread: services only, no widget."""
        return None

    def show(self, model: Model) -> None:
        """Show a view model that differs from the one shown before."""

    def show_nothing(self) -> None:
        """`load()` gave None: as a rule there is no project yet."""

    def load_failed(self, error: Exception) -> None:
        """The view model couldn't be read. What was shown stays."""
        self.llmops.report(error)

    def topics_changed(self, topics: frozenset[str]) -> None:
        """Some of `TOPICS` changed in the file."""
        self.reload()

    def filter_changed(self, text: str) -> None:
        """What was typed behind `/` changed; an empty text shows everything again."""

    # What a page uses.

    @property
    def workspace(self) -> Workspace:
        """The open workspace, for the services."""
        return self.llmops.workspace

    @property
    def project_id(self) -> int | None:
        """The project being worked on; None in a workspace without one."""
        return self.llmops.project_id

    def remember(self, name: str, value: str) -> None:
        """Keep where this person is on this page."""
        self.llmops.remember(f"{self.SCOPE}.{name}", value)

    def recall(self, name: str) -> str | None:
        """Where this person left off on this page."""
        return self.llmops.recall(f"{self.SCOPE}.{name}")

    @property
    def is_behind(self) -> bool:
        """Whether the view model is being read, or will be soon."""
        return self._loading or self._filter_is_pending()

    def reload(self) -> None:
        """Read the view model again, soon, once, however often this is called."""
        if self._loading:
            self._again = True
            return
        self._loading = True
        self._seen = dict(self.llmops.counters)
        pause = self._loaded_at + SLOWEST_RELOAD_S - time.monotonic()
        if pause > 0:
            self.set_timer(pause, self._start_load)
        else:
            self._start_load()

    def reload_now(self) -> None:
        """Read the view model again without the pause that news observe."""
        self._loaded_at = 0.0
        self.reload()

    # How it works.

    def _filter_is_pending(self) -> bool:
        if not self.FILTERS:
            return False
        from llmops_tui.ui.widgets.filter_bar import FilterBar

        return any(bar.is_pending for bar in self.query(FilterBar))

    def compose(self) -> ComposeResult:
        """Tab strip, body, filter, footer."""
        yield TabStrip(id="tabs")
        yield from self.compose_body()
        if self.FILTERS:
            from llmops_tui.ui.widgets.filter_bar import FilterBar  # not on the way to first ink

            yield FilterBar(id="filter")
        yield FooterBar(id="footer")

    def on_mount(self) -> None:
        """Read the view model for the first time."""
        self.draw_tabs()
        # After the first paint: what the thread imports and reads would hold it up.
        self._loading = True
        self.call_after_refresh(self._begin_load)

    def on_screen_resume(self) -> None:
        """Catch up with what changed while another screen was in front."""
        self.draw_tabs()
        counters = self.llmops.counters
        changed = frozenset(t for t in self.TOPICS if self._seen.get(t) != counters.get(t))
        if self._loaded_at and changed:
            self._seen = dict(counters)
            self.topics_changed(changed)

    def on_resize(self, event: events.Resize) -> None:
        """The tab strip depends on the width."""
        self.call_after_refresh(self.draw_tabs)
        self.llmops.warn_of_small_screen(event.size)

    def draw_tabs(self) -> None:
        """Show the tab strip anew."""
        app = self.llmops
        self.query_one(TabStrip).draw(app.current_mode, app.project_name, app.marked_areas)

    def on_changed(self, message: Changed) -> None:
        """News from the file."""
        topics = message.topics & self.TOPICS
        # A covered page catches up when it is in front again: painting it now would repaint
        # whatever covers it.
        if topics and self.app.screen is self:
            self._seen.update({t: self.llmops.counters.get(t, 0) for t in topics})
            self.topics_changed(topics)

    def do_back(self) -> None:
        """Leave the filter, then the page."""
        from llmops_tui.ui.widgets.two_panes import TwoPanes

        if any(panes.close() for panes in self.query(TwoPanes)):
            self.refresh_bindings()
        elif self.filter_text or self._filter_is_open:
            self._clear_filter()
        elif not self._at_top:
            self.dismiss()

    @property
    def _filter_is_open(self) -> bool:
        return self.FILTERS and self.query_one("#filter").has_class("-open")

    @property
    def _has_inner_state(self) -> bool:
        from llmops_tui.ui.widgets.two_panes import TwoPanes

        open_panes = any(panes.has_class("-open") for panes in self.query(TwoPanes))
        return open_panes or bool(self.filter_text) or self._filter_is_open

    @property
    def _at_top(self) -> bool:
        return self.app.screen_stack[0] is self

    def do_leave(self) -> None:
        """Leave the page, or the app where there is nothing below it."""
        if self._has_inner_state:
            self.do_back()
        elif self._at_top:
            self.llmops.do_quit()
        else:
            self.dismiss()

    def why_not(self, command_id: str) -> str | None:
        """Back leads somewhere only from an opened page or a filter."""
        if command_id == "shell.back.back" and self._at_top and not self._has_inner_state:
            return "This is the top; q leaves the app."
        return None

    def do_filter(self) -> None:
        """Open the filter."""
        from llmops_tui.ui.widgets.filter_bar import FilterBar

        self.query_one(FilterBar).open(self.filter_text)

    def _clear_filter(self) -> None:
        from llmops_tui.ui.widgets.filter_bar import FilterBar

        self.query_one(FilterBar).clear()

    def set_filter(self, text: str) -> None:
        """Use this filter; called by the filter bar."""
        if text != self.filter_text:
            self.filter_text = text
            self.filter_changed(text)
            self.refresh_bindings()

    def _begin_load(self) -> None:
        self._loading = False
        self.reload()

    def _start_load(self) -> None:
        self.in_thread(self.load, self._loaded, group="load", failed=self._load_failed)

    def _loaded(self, model: Model | None) -> None:
        first = self._loaded_at == 0.0
        self._end_load()
        if not first and model == self.model:
            return
        self.model = model
        if model is None:
            self.show_nothing()
        else:
            self.show(model)
        self.refresh_bindings()

    def _load_failed(self, error: Exception) -> None:
        self._end_load()
        if not isinstance(error, LlmopsError):
            self.llmops.report(error)
        else:
            self.load_failed(error)

    def _end_load(self) -> None:
        self._loading = False
        self._loaded_at = time.monotonic()
        if self._again:
            self._again = False
            self.reload()
