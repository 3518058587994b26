"""What dialogs share: a box in the middle, its own footer, nothing behind it repainted."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.containers import Vertical
from textual.screen import ModalScreen

from llmops_tui.ui.commands import registry
from llmops_tui.ui.host import CommandHost
from llmops_tui.ui.widgets.bars import FooterBar

if TYPE_CHECKING:
    from textual.app import ComposeResult

Result = TypeVar("Result")


class Dialog(CommandHost, ModalScreen[Result]):
    """A box over the page; `SCOPE` names its commands."""

    SCOPE: ClassVar[str] = ""
    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background; }
    Dialog > #box {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        border: round $border; background: $background; padding: 0 1; overflow-y: auto;
        scrollbar-size-vertical: 1;
    }
    Dialog > #box > .title { text-style: bold; margin-bottom: 1; }
    Dialog > #box > FooterBar { dock: none; margin-top: 1; }
    """

    def __init_subclass__(cls, **kwargs: bool) -> None:
        if "BINDINGS" not in cls.__dict__ and "SCOPE" in cls.__dict__:
            cls.BINDINGS = registry.bindings(cls.SCOPE)
        super().__init_subclass__(**kwargs)

    def compose_box(self) -> ComposeResult:
        """What is in the box, above its footer."""
        yield from ()

    def compose(self) -> ComposeResult:
        """The box."""
        with Vertical(id="box"):
            yield from self.compose_box()
            yield FooterBar(id="footer")
