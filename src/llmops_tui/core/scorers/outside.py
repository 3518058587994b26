"""What scorers are told that are compiled outside of core, as they need a library or a process.

Only their parameters are here, so that any of them can be named, checked and described without
loading what it needs; `runner/scorers` compiles them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.parameters import option

JSON_SCHEMA_EXPLANATION: Final = "The answer is JSON that satisfies a JSON Schema."


@dataclass(frozen=True, slots=True)
class JsonSchemaParameters:
    """The schema, and where the JSON stands."""

    schema: Mapping[str, Json] = option({}, "The JSON Schema, draft 4 to 2020-12; {}: any JSON")
    fenced: bool = option(True, "A Markdown code block around it is fine")
    anywhere: bool = option(False, "It may stand between other text; the first one counts")


LEVENSHTEIN_EXPLANATION: Final = "The answer is at most a few letters away from the expected one."


@dataclass(frozen=True, slots=True)
class LevenshteinParameters:
    """How near."""

    least: float = option(0.8, "Pass from this likeness, 0 to 1", least=0)
    most_edits: int = option(-1, "Or at most so many letters changed; -1: likeness", least=-1)
    ignore_case: bool = option(False, "Upper and lower case are the same")
    texts: tuple[str, ...] = option((), "Accepted answers; none: those the example expects")


TOKEN_OVERLAP_EXPLANATION: Final = "The answer has enough words in common with the expected one."


@dataclass(frozen=True, slots=True)
class TokenOverlapParameters:
    """How much is enough."""

    measure: str = option(
        "sort",
        "Words in any order (sort), without repetitions and extras (set), or as they stand (plain)",
        choices=("sort", "set", "plain"),
    )
    least: float = option(0.8, "Pass from here, 0 to 1", least=0)
    texts: tuple[str, ...] = option((), "Accepted answers; none: those the example expects")


BLEU_EXPLANATION: Final = "The answer's BLEU against the expected one is high enough."
CHRF_EXPLANATION: Final = "The answer's chrF against the expected one is high enough."


@dataclass(frozen=True, slots=True)
class BleuParameters:
    """How high."""

    least: float = option(0.5, "Pass from here, 0 to 1", least=0)
    texts: tuple[str, ...] = option((), "Reference texts; none: those the example expects")


IS_SQL_EXPLANATION: Final = "The answer is SQL that can be read."


@dataclass(frozen=True, slots=True)
class IsSqlParameters:
    """Which SQL."""

    dialect: str = option("", "Its dialect, e.g. postgres, sqlite, bigquery; empty: any")
    fenced: bool = option(True, "A Markdown code block around it is fine")
    tables: tuple[str, ...] = option((), "The only tables it may use; none: any")


LANGUAGE_EXPLANATION: Final = "The answer is written in a language."


@dataclass(frozen=True, slots=True)
class LanguageParameters:
    """Which language."""

    languages: tuple[str, ...] = option((), "Languages that are fine, e.g. en, de (ISO 639-1)")
    shortest: int = option(12, "Letters below which a language can't be told", least=1)

    def __post_init__(self) -> None:
        if not self.languages or not all(len(name) == 2 for name in self.languages):
            raise InputError("The scorer language needs languages.", "E.g. en, de (ISO 639-1).")


SIMILARITY_EXPLANATION: Final = (
    "The answer means about the same as the expected one (blind to negation)."
)


@dataclass(frozen=True, slots=True)
class SimilarityParameters:
    """How near."""

    least: float = option(0.75, "Pass from this likeness of meaning, 0 to 1", least=0)
    texts: tuple[str, ...] = option((), "Reference texts; none: those the example expects")


PYTHON_EXPLANATION: Final = "Your own function judges the answer, in a process of its own."


@dataclass(frozen=True, slots=True)
class PythonParameters:
    """Where the function is."""

    function: str = option("", "file.py:function, called as function(answer, context)")
    seconds: float = option(10.0, "How long one judgement may take", least=0.01)
    least: float = option(0.5, "Where it returns a number: pass from here", least=0)

    def __post_init__(self) -> None:
        need_function(self.function, "python")


def need_function(named: str, scorer: str) -> None:
    """Refuse what doesn't name a function in a file.

    Raises:
        InputError: it doesn't.
    """
    path, _, name = named.rpartition(":")
    if not path.endswith(".py") or not name.isidentifier():
        raise InputError(
            f"The scorer {scorer} needs a function.", "Write it like checks.py:is_polite."
        )
