"""Production as figures and plots over a window, by model and prompt version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from llmops_tui.core.tolerance import Tolerance
from llmops_tui.services import projects
from llmops_tui.services.figures import Figures, Part, Quantiles, figures
from llmops_tui.services.run_words import NANO
from llmops_tui.services.triage import budget_words
from llmops_tui.ui.glyphs import ascii_only
from llmops_tui.ui.screens.monitor.windowed import Windowed
from llmops_tui.ui.widgets.columns import Column
from llmops_tui.ui.widgets.text_pane import Section, TextPane
from llmops_tui.ui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

BLOCKS, PLAIN_BLOCKS = " ▁▂▃▄▅▆▇█", " .:-=+*#@"
NONE = "–"


@dataclass(frozen=True, slots=True)
class FiguresView:
    """A window, and the one before it."""

    now: Figures
    before: Figures
    tolerance: Tolerance | None


class FiguresPage(Windowed[FiguresView]):
    """Plots above, models and versions below; [ and ] change the window."""

    SCOPE = "monitor.figures"
    PURPOSE = (
        "How production went over a window, beside the window before it: calls, flags, errors, "
        "latency, tokens, cost, and what the verdicts prove. Brackets change the window."
    )
    FIGURES = (
        "flagged [bounds]: share of calls that a rule flagged and its 95 % bounds (Clopper and "
        "Pearson 1934): a change within them may be noise.\n"
        "p50, p95, p99: so many of the answers took at most so long; of the newest 20,000.\n"
        "Each column of a plot is a slice of the window, the newest at the right; its scale goes "
        "from 0 to the highest."
    )
    EXPLAINS = ("live wrong rate", "error budget")
    TOPICS = frozenset({"call", "review", "project"})
    DEFAULT_CSS = """
    FiguresPage TextPane { height: 3fr; }
    FiguresPage VirtualTable { height: 2fr; border-top: solid $border-blurred; }
    """

    def compose_body(self) -> ComposeResult:
        """Figures, then parts."""
        yield TextPane(id="figures")
        yield VirtualTable(
            columns=(
                Column("model", lambda part: part.model or NONE, flex=2, least=12),
                Column("prompt", _prompt, flex=2, least=10),
                Column("calls", lambda part: f"{part.calls:,}", width=9, align="right"),
                Column("flagged", _flagged, width=8, align="right"),
                Column("errors", lambda part: f"{part.errors:,}", width=7, align="right"),
                Column("mean", _mean, width=9, align="right", drop=1),
                Column("cost", _cost, width=10, align="right", drop=2),
            ),
            key=lambda part: (part.model, part.prompt_name, part.prompt_version),
            empty="No call in this window.",
            opens=False,
            id="parts",
        )

    def load(self) -> FiguresView:
        """Count."""
        project_id = self.project_id
        tolerance = None
        if project_id is not None:
            tolerance = projects.tolerance_of(self.workspace, project_id)
        return FiguresView(
            figures(self.workspace, self._window, project_id),
            figures(self.workspace, self._window, project_id, ago=1),
            tolerance,
        )

    def show(self, model: FiguresView) -> None:
        """Show it."""
        pane = self.query_one(TextPane)
        pane.show_sections(figure_sections(model, max(40, self.size.width - 4)), keep_place=True)
        self.query_one(VirtualTable).show_rows(model.now.parts)


def figure_sections(view: FiguresView, width: int) -> list[Section]:
    """The page's text."""
    now, before = view.now, view.before
    pieces = now.slices
    high = 100 * (now.flagged / now.calls if now.calls else 0.0)
    flagged = f"{high:.2g} % [{100 * now.flag_lower:.2g}–{100 * now.flag_upper:.2g}]"
    lines = [
        _line("calls", f"{now.calls:,}", f"{before.calls:,}", [p.calls for p in pieces], width),
        _line(
            "flagged",
            flagged if now.calls else NONE,
            f"{100 * before.flagged / before.calls:.2g} %" if before.calls else NONE,
            [p.flagged / p.calls if p.calls else 0.0 for p in pieces],
            width,
        ),
        _line("errors", f"{now.errors:,}", f"{before.errors:,}", [p.errors for p in pieces], width),
        _line(
            "tokens",
            f"{sum(now.tokens):,}",
            f"{sum(before.tokens):,}",
            [p.input_tokens + p.output_tokens for p in pieces],
            width,
        ),
        _line(
            "cost", f"{now.cost / NANO:,.4g}", f"{before.cost / NANO:,.4g}",
            [p.cost for p in pieces], width,
        ),
    ]  # fmt: skip
    took = [
        _quantile_line("latency", now.latency, before.latency),
        _quantile_line("first token", now.first_token, before.first_token),
        _course("p50 latency", [slice.p50 for slice in now.latencies], width),
        _course("p95 latency", [slice.p95 for slice in now.latencies], width),
    ]
    if now.removed:
        lines.append(
            f"{now.removed:,} of these calls were removed by retention and are still counted."
        )
    sections = [
        Section(f"Last {now.name} (the {now.name} before in brackets)", "\n".join(lines)),
        Section(f"How long, of {now.timed:,} answers{_timed_from(now)}", "\n".join(took)),
    ]
    if now.live is not None and view.tolerance is not None:
        budget = budget_words(now.live, view.tolerance)
        said = f"{now.live.sentence} {budget[:1].upper()}{budget[1:]}".strip()
        days = view.tolerance.window_days
        sections.append(Section(f"What the verdicts prove, last {days} days", said))
    return sections


def spark(values: Sequence[float], width: int) -> str:
    """Values as columns of one line, at most so many; the newest at the right."""
    blocks = PLAIN_BLOCKS if ascii_only() else BLOCKS
    kept = list(values)[-max(1, width) :]
    highest = max(kept, default=0.0)
    if not highest:
        return blocks[0] * len(kept)
    last = len(blocks) - 1
    return "".join(blocks[max(1, round(value / highest * last)) if value else 0] for value in kept)


def _line(name: str, now: str, before: str, values: Sequence[float], width: int) -> str:
    told = f"{name:<12}{now} ({before})"
    room = width - 46
    return f"{told:<44}{spark(values, room)}" if room >= 10 else told


def _timed_from(now: Figures) -> str:
    if now.timed_from is None:
        return ""
    since = datetime.fromtimestamp(now.timed_from / 1000).astimezone()
    return f" since {since:%d %b %H:%M}, the rest is removed"


def _quantile_line(name: str, now: Quantiles, before: Quantiles) -> str:
    parts = [
        f"{label} {_ms(value)} ({_ms(old)})"
        for label, value, old in (
            ("p50", now.p50, before.p50),
            ("p95", now.p95, before.p95),
            ("p99", now.p99, before.p99),
        )
    ]
    return f"{name:<12}{'   '.join(parts)}"


def _course(name: str, values: Sequence[float | None], width: int) -> str:
    highest = max((value for value in values if value is not None), default=None)
    told = f"{name:<12}{'up to ' + _ms(highest) if highest is not None else NONE}"
    room = width - 46
    return f"{told:<44}{spark([value or 0.0 for value in values], room)}" if room >= 10 else told


def _ms(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f} ms"


def _prompt(part: Part) -> str:
    return f"{part.prompt_name} {part.prompt_version}".strip() or NONE


def _flagged(part: Part) -> str:
    return f"{100 * part.flagged / part.calls:.2g} %" if part.calls else NONE


def _mean(part: Part) -> str:
    return _ms(part.duration_ms)


def _cost(part: Part) -> str:
    return f"{part.cost / NANO:,.4g}" if part.cost else NONE
