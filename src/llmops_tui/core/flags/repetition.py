"""`repetition`: the model got caught in a loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from llmops_tui.core.flags.base import LONGEST_TEXT, Finding, FlagInput, Rule, brief
from llmops_tui.core.parameters import option

_PROBE: Final = 32
_LONGEST_UNIT: Final = 4_000
_SHORTEST_LINE: Final = 12


@dataclass(frozen=True, slots=True)
class RepetitionParameters:
    """From when on something repeated is a loop."""

    times: int = option(4, "How often the same text must come in a row", least=2)
    characters: int = option(200, "How long all of it together must be", least=_PROBE)


def compile_repetition(parameters: RepetitionParameters) -> Rule:
    """The rule for these parameters."""

    def rule(call: FlagInput) -> Finding | None:
        output = call.output
        if len(output) < parameters.characters:
            return None
        offset = max(0, len(output) - LONGEST_TEXT)
        text = output[offset:].rstrip()
        for found in (_loop_at_end(text), _repeated_lines(text)):
            if found is None:
                continue
            start, stop, unit = found
            times = (stop - start) // len(unit)
            if times >= parameters.times and stop - start >= parameters.characters:
                reason = f"The answer repeats “{brief(unit, 40)}” {times:,} times in a row."
                return Finding(reason, offset + start, offset + stop)
        return None

    return rule


def _loop_at_end(text: str) -> tuple[int, int, str] | None:
    """The longest end of a text that repeats itself, with what it repeats."""
    end = len(text)
    begin = text.rfind(text[-_PROBE:], max(0, end - _PROBE - _LONGEST_UNIT), end - 1)
    if end <= _PROBE or begin < 0:
        return None
    period = end - _PROBE - begin
    # The text and itself, moved by the period, agree from `start` on.
    start = end - period
    while start >= period and text[start - period : start] == text[start : start + period]:
        start -= period
    while start > 0 and text[start - 1] == text[start - 1 + period]:
        start -= 1
    unit = text[end - period : end]
    return (start, end, unit) if unit.strip() else None


def _repeated_lines(text: str) -> tuple[int, int, str] | None:
    """The longest run of equal lines, anywhere in a text."""
    best: tuple[int, int, str] | None = None
    start = position = 0
    previous = ""
    for line in [*text.split("\n"), ""]:
        if line != previous:
            longer = best is None or position - start > best[1] - best[0]
            if len(previous) >= _SHORTEST_LINE and longer:
                best = (start, position, previous + "\n")
            start, previous = position, line
        position += len(line) + 1
    return None if best is None else (best[0], min(best[1], len(text)), best[2])
