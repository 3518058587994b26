"""`script`: the answer is written in the letters it should be, such as Latin or Han."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from llmops_tui.core.errors import InputError
from llmops_tui.core.parameters import option
from llmops_tui.core.scorers.base import Check, Finding, ScoringInput

EXPLANATION: Final = "The answer is written in a script: latin, cyrillic, han, arabic, …"
LONGEST: Final = 20_000
_OTHER_NAMES: Final = {"cjk": "han", "kangxi": "han", "ideographic": "han"}
KNOWN: Final = (
    "latin", "cyrillic", "greek", "han", "hiragana", "katakana", "hangul", "arabic", "hebrew",
    "devanagari", "bengali", "tamil", "telugu", "thai", "georgian", "armenian", "ethiopic",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ScriptParameters:
    """Which script, and how purely."""

    scripts: tuple[str, ...] = option((), f"Scripts that are fine: {', '.join(KNOWN[:6])}, …")
    least: float = option(0.9, "Share of the letters that must be of them", least=0)

    def __post_init__(self) -> None:
        unknown = [name for name in self.scripts if name.lower() not in KNOWN]
        if unknown or not self.scripts:
            raise InputError(
                f"There is no script {unknown[0]!r}." if unknown else "Which script is wanted?",
                f"Scripts are {', '.join(KNOWN)}.",
            )


def compile_script(parameters: ScriptParameters) -> Check:
    """The check for these parameters."""
    wanted = {name.lower() for name in parameters.scripts}

    def check(given: ScoringInput) -> Finding:
        counts = Counter(
            script for letter in given.answer[:LONGEST] if (script := script_of(letter))
        )
        total = counts.total()
        if not total:
            return False, "holds no letter"
        share = sum(counts[name] for name in wanted) / total
        passed = share >= parameters.least
        if passed:
            return True, f"is written in {' and '.join(sorted(wanted))}", share
        other = next(name for name, _ in counts.most_common() if name not in wanted)
        return False, f"has {1 - share:.0%} other letters, mostly {other}", share

    return check


@lru_cache(maxsize=4096)
def script_of(letter: str) -> str:
    """The script of a letter by its Unicode name, in lower case; empty for what is no letter."""
    if letter.isascii():
        return "latin" if letter.isalpha() else ""
    if not letter.isalpha():
        return ""
    name = unicodedata.name(letter, "").split(" ")[0].split("-")[0].lower()
    if name in ("modifier", "combining", "fullwidth", "halfwidth"):
        return ""
    return _OTHER_NAMES.get(name, name)
