"""`language`: the answer is in another language than the question.

Recognised by script, and for the Latin one by its commonest words: enough to tell an answer in
English to a question in German, and silent where it can't tell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from llmops_tui.core.errors import InputError
from llmops_tui.core.flags.base import Finding, FlagInput, Rule
from llmops_tui.core.parameters import option

_COMMON: Final = {
    "English": "the and is are was of to in that it for with you this have not be on your can",
    "German": "der die das und ist nicht ein eine zu mit sie für auf den im wir ich haben wie ihr",
    "French": "le la les et est des une pour dans vous que qui pas sur avec ne ce je nous votre",
    "Spanish": "el los las y es en que una para con por no se su lo usted como más pero sus",
    "Italian": "il gli che di è una per non con sono del della si anche come nel mi questo più",
    "Portuguese": "o os as e é em que uma para com não por se do da você mais seu sua como",
    "Dutch": "de het een en van is niet dat voor met zijn op u te aan ook als maar je wij",
    "Polish": "i w nie na się że do jest to z jak dla są po od przez ale pan może czy",
}
_SCRIPTS: Final = (
    ("Russian or another in Cyrillic", "\u0400", "\u04ff"),
    ("Greek", "\u0370", "\u03ff"),
    ("Arabic", "\u0600", "\u06ff"),
    ("Hebrew", "\u0590", "\u05ff"),
    ("Hindi or another in Devanagari", "\u0900", "\u097f"),
    ("Thai", "\u0e00", "\u0e7f"),
    ("Korean", "\uac00", "\ud7af"),
    ("Japanese", "\u3040", "\u30ff"),
    ("Chinese", "\u4e00", "\u9fff"),
)
_OTHER_SCRIPTS: Final = re.compile("[\u0370-\u1fff\u3040-\u9fff\uac00-\ud7af]+")
"""Where the letters of all those scripts are; Latin ones and most punctuation lie elsewhere."""
_LONG: Final = 400
"""Characters from which on words between blanks tell enough: those at a comma can be left out."""
_WORD: Final = re.compile(r"[^\W\d_]+")
_READ: Final = 2000
_ROLE: Final = re.compile(r"(?m)^(?:system|user|assistant|tool): ")


@cache
def _table() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for language, words in _COMMON.items():
        for word in words.split():
            table[word] = (*table.get(word, ()), language)
    return table


def language_of(text: str, least: int = 3) -> str:
    """The language of a text; empty where it can't be told.

    Args:
        text: The text.
        least: How many of a language's commonest words must be in it.
    """
    text = text[:_READ]
    plain = text.isascii() or not _OTHER_SCRIPTS.search(text)
    other = "" if plain else "".join(_OTHER_SCRIPTS.findall(text))
    if other:
        letters = sum(letter.isalpha() for letter in text)
        for name, first, last in _SCRIPTS:
            count = sum(first <= letter <= last for letter in other)
            if letters and count > letters * (0.15 if name == "Japanese" else 0.4):
                return name
    counts: dict[str, int] = {}
    table = _table()
    lowered = text.lower()
    for word in lowered.split() if len(text) > _LONG else _WORD.findall(lowered):
        if word in table:
            for language in table[word]:
                counts[language] = counts.get(language, 0) + 1
    ranked = sorted(counts.items(), key=lambda pair: -pair[1])
    if not ranked or ranked[0][1] < least:
        return ""
    if len(ranked) > 1 and ranked[1][1] * 1.5 > ranked[0][1]:
        return ""  # too close to say
    return ranked[0][0]


@dataclass(frozen=True, slots=True)
class LanguageParameters:
    """Which language is expected."""

    expected: str = option("", "The language of all answers; empty for that of the question")

    def __post_init__(self) -> None:
        if self.expected and self.expected not in _COMMON:
            raise InputError(
                f"The language {self.expected!r} can't be recognised.",
                f"It can be {', '.join(_COMMON)}.",
            )


def compile_language(parameters: LanguageParameters) -> Rule:
    """The rule for these parameters."""

    def rule(call: FlagInput) -> Finding | None:
        if call.failed or len(call.output) < 20:
            return None
        answered = language_of(call.output)
        if not answered:
            return None
        wanted = parameters.expected or language_of(last_turn(call.input))
        if wanted and wanted != answered:
            whose = "is wanted" if parameters.expected else "was asked"
            return Finding(f"The answer seems to be in {answered}; {wanted} {whose}.")
        return None

    return rule


def last_turn(conversation: str) -> str:
    """What was said last in a conversation, as text."""
    begins = [found.end() for found in _ROLE.finditer(conversation[-20_000:])]
    return conversation[-20_000:][begins[-1] :] if begins else conversation[-_READ:]
