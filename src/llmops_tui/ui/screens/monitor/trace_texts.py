"""What the page of a trace says, from values alone."""

from __future__ import annotations

from llmops_tui.core.call import CallDetail
from llmops_tui.core.trace import TraceStep
from llmops_tui.services.traces import StepTexts, TraceNode, TraceView
from llmops_tui.ui.glyphs import ascii_only
from llmops_tui.ui.screens.monitor import texts
from llmops_tui.ui.widgets.columns import Cell, Column
from llmops_tui.ui.widgets.text_pane import Section

BAR = 16
"""Cells of the bar that shows when a step was at work."""
DEEPEST = 8
"""Levels that are indented; below, the depth is written as a number."""


def columns() -> tuple[Column[TraceNode], ...]:
    """The columns of a trace."""
    return (
        Column("step", name_cell, flex=4, least=20),
        Column("kind", kind_cell, width=9),
        Column("began", lambda node: f"+{texts.took(node.offset_ms)}", width=8, align="right"),
        Column("took", lambda node: texts.took(node.step.duration_ms), width=7, align="right"),
        Column("when", bar_cell, width=BAR, drop=1),
        Column("end", end_cell, width=7),
    )


def name_cell(node: TraceNode) -> Cell:
    """The step's name, below what set it off."""
    indent = "  " * node.depth
    if node.depth > DEEPEST:
        indent = f"{'  ' * DEEPEST}({node.depth}) "
    name = node.step.name or ("a call" if node.step.is_call else "a step without a name")
    return f"{indent}{name}", "strong" if node.step.is_call else ""


def kind_cell(node: TraceNode) -> Cell:
    """What it was."""
    return "CALL" if node.step.is_call else (node.step.kind or "step", "muted")


def bar_cell(node: TraceNode) -> Cell:
    """When it was at work, from the trace's beginning to its end."""
    first = min(BAR - 1, int(node.begins * BAR))
    last = max(first + 1, min(BAR, round(node.ends * BAR)))
    mark, rest = ("#", ".") if ascii_only() else ("█", "·")
    return rest * first + mark * (last - first) + rest * (BAR - last)


def end_cell(node: TraceNode) -> Cell:
    """How it ended."""
    return ("! error", "bad") if node.step.status == "error" else (node.step.status, "muted")


def trace_line(view: TraceView) -> str:
    """What a trace was, in a line: `trace 4bf9… · 7 steps, 2 of them calls · 3.2 s · 1 error`."""
    steps = f"{len(view.nodes):,} {'step' if len(view.nodes) == 1 else 'steps'}"
    which = "a call" if view.calls == 1 else f"{view.calls:,} calls"
    words = [f"trace {view.trace_id}", f"{steps}, {which}", texts.took(view.took_ms)]
    if view.errors:
        words.append(f"{view.errors:,} {'error' if view.errors == 1 else 'errors'}")
    return " · ".join(words)


def gaps_line(view: TraceView) -> str:
    """What the tree may lack; empty where nothing is known to be missing."""
    words = []
    if view.cut:
        words.append(f"There are more steps than the {len(view.nodes):,} shown.")
    if view.orphans:
        noun = "step names" if view.orphans == 1 else "steps name"
        words.append(f"{view.orphans:,} {noun} a parent that isn't here; they stand at the top.")
    return " ".join(words)


def step_sections(step: TraceStep, found: StepTexts | CallDetail) -> list[Section]:
    """A step whole."""
    if isinstance(found, CallDetail):
        return texts.call_sections(found)
    sections = [Section(step.name, _facts(step))]
    if step.error:
        sections.append(Section("Error", step.error, style="bad"))
    if found.input:
        sections.append(Section("Given", found.input))
    if found.output:
        sections.append(Section("Gave", found.output))
    sections.append(Section("Everything that came with it", texts.pretty(found.attributes)))
    return sections


def step_text(step: TraceStep, found: StepTexts | CallDetail) -> str:
    """A step as one text, for the editor and the clipboard."""
    if isinstance(found, CallDetail):
        return texts.detail_json(found)
    sections = step_sections(step, found)
    return "\n\n".join(f"{section.heading}\n{section.text}" for section in sections)


def _facts(step: TraceStep) -> str:
    told = [
        ("kind", step.kind or "step"),
        ("began", texts.moment(step.started_at)),
        ("took", f"{step.duration_ms:,.1f} ms"),
        ("ended", step.status),
        ("span", step.span_id),
        ("parent", step.parent_span_id),
    ]
    return "\n".join(f"{name:<10}  {value}" for name, value in told if value)
