"""The app: wires screens, commands, news and errors together, and nothing else."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial, partialmethod
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import App
from textual.notifications import SeverityLevel
from textual.screen import Screen

from llmops_tui.core.errors import LlmopsError
from llmops_tui.core.role import Role
from llmops_tui.core.text import visible
from llmops_tui.services import places
from llmops_tui.ui import keymap, themes
from llmops_tui.ui.alert_watch import AlertWatch
from llmops_tui.ui.areas import AREAS, BY_NAME
from llmops_tui.ui.commands import registry
from llmops_tui.ui.host import CommandHost
from llmops_tui.ui.place_keeper import PlaceKeeper
from llmops_tui.ui.screens.base import Changed, Page

if TYPE_CHECKING:
    from textual.driver import Driver
    from textual.geometry import Size

    from llmops_tui.services.workspace import Workspace
    from llmops_tui.ui.run_watch import RunWatch

POLL_S = 0.25
"""How often the file is asked whether anybody wrote: one PRAGMA, some microseconds."""
GC_FREEZE_S = 2.0
"""After this time what was loaded for the first screen is taken out of the garbage collector's
sight: walking over it again and again costs frames of 40 ms and more."""
LONGEST_TOAST = 600
SMALLEST = (72, 20)
"""Columns and lines below which a list or a form no longer shows everything."""
AREA_PLACE = "area"
PROJECT_PLACE = "project"
THEME_PLACE = "theme"


class LlmopsApp(CommandHost, App[None]):
    """The terminal app over one open workspace."""

    TITLE = "llmops-tui"
    ENABLE_COMMAND_PALETTE = False  # ours is opened by a command of the registry
    BINDINGS = registry.bindings("shell")
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {}
    CSS = """
    CommandPalette LoadingIndicator, CommandPalette LoadingIndicator.--visible { display: none; }
    Toast { max-width: 76; }
    ToastRack { margin-bottom: 1; }
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        theme: str | None = None,
        low_bandwidth: bool = False,
        role: Role = Role.OWNER,
        project: tuple[int, str] | None = None,
    ) -> None:
        """Prepare the app; nothing is read from the file but where the person left off.

        Args:
            workspace: The open workspace.
            theme: Instead of the one this person used last.
            low_bandwidth: Write at most four frames a second, for a line that is slow.
            role: What this session may do.
            project: Id and name of the one to begin with; None for the one that was left.
        """
        self.role = role
        self.workspace = workspace
        self.low_bandwidth = low_bandwidth
        self._places = PlaceKeeper(self, workspace)
        area = self._places.recall(AREA_PLACE)
        # Textual paints the default mode first: it has to be the area that the person left.
        vars(self)["DEFAULT_MODE"] = area if area in BY_NAME else AREAS[0].name
        vars(self)["MODES"] = {area.name: partial(_area_screen, area.name) for area in AREAS}
        super().__init__()
        self.animation_level = "none"
        self.project_id: int | None = None
        self.project_name = ""
        self.counters: dict[str, int] = {}
        """How often each topic had changed when the file was last asked."""
        self.marked_areas: set[str] = set()
        """Areas where something ended while the person looked elsewhere."""
        self.unforeseen: list[Exception] = []
        """Errors nobody foresaw, newest last; tests look here."""
        self.key_overrides, self._keymap_problems = keymap.load()
        """Keys of this person's own key map, by command."""
        self.set_keymap(self.key_overrides)
        self._warned_of_size = False
        self._data_version = -1
        self._watch_due = True
        self._run_watch: RunWatch | None = None
        self._alert_watch = AlertWatch(self)
        for known in themes.THEMES:
            self.register_theme(known)
        chosen = theme or self._places.recall(THEME_PLACE) or themes.DARK
        self.theme = chosen if chosen in self.available_themes else themes.DARK
        self._choose_project()
        if project is not None:
            self.project_id, self.project_name = project
        with suppress(LlmopsError):  # before any screen reads, so that no change is missed
            self._data_version = workspace.db.data_version()
            self.counters = workspace.db.counters()

    def get_driver_class(self) -> type[Driver]:
        """Textual's driver; on a terminal, one that writes only what differs."""
        found = super().get_driver_class()
        if found.__module__ == "textual.drivers.linux_driver":
            from llmops_tui.ui.driver import ThriftyDriver

            return ThriftyDriver
        return found

    @property
    def _background_screens(self) -> list[Screen[Any]]:
        """Screens that can be seen through the one in front: none through an opaque one.

        Textual counts the one below in any case, and whatever moves there, a mere message even,
        then repaints all of the one in front: 20 KB a time on a wide terminal.
        """
        if self._screen_stack and self._screen_stack[-1].styles.background.a == 1:
            return []
        return super()._background_screens

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our variables, for themes that don't define them."""
        return themes.VARIABLE_DEFAULTS

    def on_mount(self) -> None:
        """Start listening for news and for the end of the line."""
        loop = asyncio.get_running_loop()
        for ending in (signal.SIGHUP, signal.SIGTERM):
            # Without a handler Textual ends at once, without leaving the terminal as it was.
            with suppress(RuntimeError, ValueError, NotImplementedError):
                loop.add_signal_handler(ending, self.exit)
        self.app_resume_signal.subscribe(self, self._paint_again)
        self.set_interval(POLL_S, self._poll)
        self.set_timer(GC_FREEZE_S, gc.freeze)
        for problem in self._keymap_problems:
            self.notify(problem, severity="warning")

    def on_resize(self, event: events.Resize) -> None:
        """Nobody knows what a resized terminal shows."""
        self._forget_screen((event.size.width, event.size.height))

    def warn_of_small_screen(self, size: Size) -> None:
        """Say once that less than 80 by 24 shows less than everything."""
        if (size.width < SMALLEST[0] or size.height < SMALLEST[1]) and not self._warned_of_size:
            self._warned_of_size = True
            self.notify(
                f"This terminal is {size.width}×{size.height}: made for 80×24, parts are cut off.",
                severity="warning",
            )

    def _paint_again(self, _: App[Any]) -> None:
        """Back from the shell: Textual paints only where the size changed meanwhile."""
        self._forget_screen()
        self.refresh(layout=True)

    def _forget_screen(self, size: tuple[int, int] | None = None) -> None:
        forget = getattr(self._driver, "forget_screen", None)
        if forget is not None:
            forget(size)

    def on_unmount(self) -> None:
        """Keep what wasn't kept yet."""
        self._places.keep_now()

    # News.

    def _poll(self) -> None:
        try:
            version = self.workspace.db.data_version()
        except LlmopsError as error:
            if self._data_version != -2:
                self._data_version = -2  # said once, not four times a second
                self.report(error)
            return
        if version != self._data_version or self._watch_due:
            self._data_version = version
            self.in_thread(self.workspace.db.counters, self._counters_read, group="counters")

    def _counters_read(self, counters: dict[str, int]) -> None:
        changed = frozenset(t for t, n in counters.items() if self.counters.get(t) != n)
        self.counters = counters
        if changed:
            for screen in self.screen_stack:
                if isinstance(screen, Page):
                    screen.post_message(Changed(changed))
        if self._watch_due or "run" in changed:
            self._watch_due = False
            self._watch_runs()
            self._alert_watch.look()
        elif "alert" in changed:
            self._alert_watch.look()

    def _watch_runs(self) -> None:
        if self._run_watch is None:
            from llmops_tui.ui.run_watch import RunWatch  # not on the way to first ink

            self._run_watch = RunWatch(self)
        self._run_watch.look()

    # Areas and projects.

    @property
    def page(self) -> Page[object] | None:
        """The page in front, below any dialog."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, Page):
                return screen
        return None

    def go_to(self, area: str) -> None:
        """Show an area as it was left."""
        self.marked_areas.discard(area)
        self.switch_mode(area)
        self.remember(AREA_PLACE, area)

    def mark_area(self, area: str, message: str) -> None:
        """Say that something ended in an area; its tab keeps a mark until it is visited."""
        self.notify(message)
        if area != self.current_mode:
            self.marked_areas.add(area)
            if self.page is not None:
                self.page.draw_tabs()

    def _choose_project(self) -> None:
        with suppress(LlmopsError):
            found = places.project_names(self.workspace)
            kept = self._places.recall(PROJECT_PLACE)
            for project in [p for p in found if str(p[0]) == kept] or found[:1]:
                self.project_id, self.project_name = project

    def use_project(self, project_id: int, name: str) -> None:
        """Work on this project from now on; every area starts afresh with it."""
        self.project_id, self.project_name = project_id, name
        self.remember(PROJECT_PLACE, str(project_id))
        for stack in self._screen_stacks.values():
            for screen in stack:
                if isinstance(screen, Page):
                    screen.draw_tabs()
                    screen.reload_now()

    # Places.

    def remember(self, name: str, value: str) -> None:
        """Keep where this person is; written soon, together with others."""
        self._places.remember(name, value)

    def recall(self, name: str) -> str | None:
        """Where this person left off."""
        return self._places.recall(name)

    # Errors and words.

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """A toast, its text made safe, without markup."""
        text = visible(message, limit=LONGEST_TOAST)
        super().notify(text, title=title, severity=severity, timeout=timeout, markup=markup)

    def report(self, error: Exception) -> None:
        """Say what went wrong and what to do; what nobody foresaw is also logged."""
        from llmops_tui.ui import trouble

        trouble.report(self, error)

    def copy_to_clipboard(self, text: str) -> None:
        """What Textual's own widgets copy goes the way of everything else."""
        from llmops_tui.ui import clipboard

        self._clipboard = text
        clipboard.send(self, text, "the text")

    # Commands.

    def why_not(self, command_id: str) -> str | None:
        """Dialogs and the help are about what they are about."""
        if command_id == "shell.help" and not isinstance(self.screen, Page):
            return "This is no page of its own: close it first."
        return None

    def action_area(self, name: str) -> None:
        """Go to an area by its name; for links and tests."""
        self.go_to(name)

    def do_help(self) -> None:
        """Explain the screen in front."""
        from llmops_tui.ui.screens.help import HelpScreen

        if self.page is not None:
            self.push_screen(HelpScreen(self.page))

    def do_palette(self) -> None:
        """Find any command."""
        from textual.command import CommandPalette

        from llmops_tui.ui.palette import CommandsProvider

        if not isinstance(self.screen, CommandPalette):
            self.push_screen(
                CommandPalette(providers=[CommandsProvider], placeholder="Find a command…")
            )

    def do_project(self) -> None:
        """Choose the project to work on."""
        from llmops_tui.ui.screens.pick import choose_project

        choose_project(self)

    def do_theme(self) -> None:
        """The next of our themes."""
        names = themes.NAMES
        at = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(at + 1) % len(names)]
        self.remember(THEME_PLACE, self.theme)

    def do_refresh(self) -> None:
        """Read the screen in front again, and paint it whole: a line may have garbled it."""
        if self.page is not None:
            self.page.reload_now()
        self._forget_screen()
        self.screen.refresh()

    def do_copy_file(self) -> None:
        """What was copied last, as a file."""
        from llmops_tui.ui import clipboard

        self.notify(clipboard.to_file(self))

    def do_copy_pager(self) -> None:
        """What was copied last, in a pager."""
        from llmops_tui.ui import clipboard

        clipboard.in_pager(self)

    def do_suspend(self) -> None:
        """Back to the shell that started us."""
        self.action_suspend_process()

    def do_interrupt(self) -> None:
        """ctrl+c out of habit: say how to quit."""
        self.notify("q or ctrl+q leaves the app; runs go on without it.")

    def do_quit(self) -> None:
        """Leave the app."""
        self.exit()


for _area in AREAS:
    # The commands shell.area_<name>, one for each digit.
    setattr(LlmopsApp, f"do_area_{_area.name}", partialmethod(LlmopsApp.go_to, _area.name))


def _area_screen(name: str) -> Screen[Any]:
    """Import an area's screen when it is first shown."""
    import importlib

    area = BY_NAME[name]
    module_name, _, class_name = area.target.partition(":")
    try:
        screen: Screen[Any] = getattr(importlib.import_module(module_name), class_name)()
    except (ImportError, AttributeError) as error:
        from llmops_tui.ui.screens.missing import MissingScreen
        from llmops_tui.ui.trouble import log

        log().warning("the %s screen could not be loaded", name, exc_info=error)
        return MissingScreen(area, str(error))
    return screen
