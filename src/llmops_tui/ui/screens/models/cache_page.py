"""The answer cache: equal questions are paid for once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from llmops_tui.core.clock import ago, now_ms
from llmops_tui.services import cache
from llmops_tui.services.cache import CachedModel, CacheStats
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.widgets.columns import Column
from llmops_tui.ui.widgets.virtual_table import VirtualTable
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

EMPTY = (
    "No answer is stored yet.\n\n"
    "What a run is answered is kept here. A later run that asks exactly the same (endpoint, model, "
    "messages, parameters, repeat) has the answer from here and pays nothing."
)


@dataclass(frozen=True, slots=True)
class CacheView:
    """What the page shows."""

    stats: CacheStats
    models: tuple[CachedModel, ...]


def _named(row: CachedModel) -> str:
    return row.model or "not named"


class CachePage(Page[CacheView]):
    """How much is stored, of which models, and what it saved."""

    SCOPE = "models.cache"
    PURPOSE = (
        "Answers that were had before. A run that asks exactly the same is served from here and "
        "pays nothing; repeats of a row are never served from each other's."
    )
    FIGURES = (
        "answers: would be served again. kept: only stand behind finished samples any more.\n"
        "size: bytes of questions and answers as they lie in the file, packed.\n"
        "saved: samples that were answered from here, of all that were answered."
    )
    TOPICS = frozenset({"run", "model"})
    DEFAULT_CSS = "CachePage #title { text-style: bold; height: auto; }"

    def compose_body(self) -> ComposeResult:
        """A line of totals, a table of models."""
        yield Words("", id="title")
        yield VirtualTable(
            columns=(
                Column("model", _named, flex=3, least=20),
                Column("answers", lambda row: f"{row.answers:,}", width=11, align="right"),
                Column("kept", lambda row: f"{row.kept:,}", width=11, align="right", drop=1),
                Column("size", lambda row: size_text(row.size), width=10, align="right"),
                Column(
                    "newest", lambda row: ago(row.newest, now_ms()), width=14, align="right", drop=2
                ),
            ),
            key=lambda row: row.model,
            empty=EMPTY,
            opens=False,
            id="cached",
        )

    def load(self) -> CacheView:
        """Count them."""
        return CacheView(
            cache.cache_stats(self.workspace), tuple(cache.cached_models(self.workspace))
        )

    def show(self, model: CacheView) -> None:
        """Show them."""
        self.query_one("#title", Words).put(cache_words(model.stats))
        self.query_one(VirtualTable).show_rows(model.models)

    def why_not(self, command_id: str) -> str | None:
        """Nothing is emptied twice."""
        if command_id == "models.cache.clear" and self.model and not self.model.stats.answers:
            return "No answer is stored that would be served again."
        return super().why_not(command_id)

    def do_clear(self) -> None:
        """Ask, then empty it."""
        from llmops_tui.ui.screens.confirm import ConfirmScreen

        if self.model is None:
            return
        stats = self.model.stats

        def answered(yes: bool | None) -> None:
            if yes:
                self.in_thread(
                    partial(cache.clear_cache, self.workspace), self._cleared, group="clear"
                )

        self.app.push_screen(
            ConfirmScreen(
                "Empty the answer cache?",
                f"{stats.answers:,} answers, {size_text(stats.size)}",
                "Later runs pay for all answers anew. Finished runs keep theirs.",
            ),
            answered,
        )

    def _cleared(self, forgotten: int) -> None:
        self.llmops.notify(f"{forgotten:,} answers will not be served again.")
        self.reload_now()


def cache_words(stats: CacheStats) -> str:
    """The totals in a sentence."""
    saved = "No sample was answered from here yet."
    if stats.answered:
        share = stats.hits / stats.answered
        saved = f"Saved {stats.hits:,} of {stats.answered:,} answered samples ({share:.0%})."
    return f"Answer cache · {stats.answers:,} answers · {size_text(stats.size)} · {saved}"


def size_text(size: int) -> str:
    """Bytes as people read them: `1.2 MB`."""
    if size < 1_000_000:
        return f"{size / 1000:,.1f} kB"
    return f"{size / 1_000_000:,.1f} MB"
