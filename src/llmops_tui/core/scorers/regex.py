"""`regex`: the answer matches a regular expression.

Python's engine can't be stopped while it works, so what makes it work for too long is kept out:
patterns that could take exponential time are refused, and an answer may be as long only as the
pattern's worst case allows (`LONGEST_ANSWER`). A longer answer is an error, never wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from llmops_tui.core.errors import InputError
from llmops_tui.core.parameters import option
from llmops_tui.core.scorers.base import Check, Finding, ScoringInput, quote
from llmops_tui.core.scorers.pattern_risk import degree, risky_part

EXPLANATION: Final = "The answer matches a regular expression."
LONGEST_ANSWER: Final = {1: 100_000, 2: 20_000, 3: 2_000}
"""Characters of an answer by `degree()` of the pattern: some seconds in the worst case each."""
_LONGEST_PATTERN: Final = 5_000


@dataclass(frozen=True, slots=True)
class RegexParameters:
    """The expression, in Python's syntax."""

    pattern: str = option("", "Regular expression in Python's syntax")
    ignore_case: bool = option(False, "Upper and lower case are the same")
    dot_all: bool = option(False, "A dot matches line ends too")
    whole: bool = option(False, "The whole answer must match, not a part of it")

    def __post_init__(self) -> None:
        if not self.pattern:
            raise InputError("The scorer regex needs a pattern.")
        if len(self.pattern) > _LONGEST_PATTERN:
            raise InputError(f"The pattern is longer than {_LONGEST_PATTERN:,} characters.")
        try:
            re.compile(self.pattern, self.flags)
        except (re.error, RecursionError, OverflowError) as error:
            raise InputError(f"The pattern can't be read: {error}.") from error
        part = risky_part(self.pattern)
        if part is not None:
            raise InputError(
                f"The pattern could take for ever: {part}.",
                "Repeat something that can be read in one way only, or set a bound like {0,20}.",
            )

        if self.degree > max(LONGEST_ANSWER):
            raise InputError(
                "The pattern has too many open repetitions that can take off each other.",
                "Say what must not be repeated: `[^,]*,` instead of `.*,`.",
            )

    @property
    def degree(self) -> int:
        """With which power of an answer's length the time could grow."""
        return degree(self.searched, whole=self.whole)

    @property
    def searched(self) -> str:
        """The pattern that is looked for: a `.*` at its beginning changes nothing but the time."""
        if (
            not self.whole
            and self.pattern.startswith(".*")
            and self.pattern[2:3] not in set("?+*{")
        ):
            return self.pattern[2:]
        return self.pattern

    @property
    def flags(self) -> re.RegexFlag:
        """For `re.compile`; `^` and `$` match at each line."""
        flags = re.MULTILINE
        flags |= re.IGNORECASE if self.ignore_case else re.NOFLAG
        return flags | (re.DOTALL if self.dot_all else re.NOFLAG)


def compile_regex(parameters: RegexParameters) -> Check:
    """The check for these parameters."""
    pattern = re.compile(parameters.searched, parameters.flags)
    find = pattern.fullmatch if parameters.whole else pattern.search
    longest = LONGEST_ANSWER[parameters.degree]

    def check(given: ScoringInput) -> Finding:
        if len(given.answer) > longest:
            raise InputError(
                f"The answer is longer than the {longest:,} characters that this pattern can bear.",
                "Fewer open repetitions such as `.*` bear longer answers.",
            )
        match = find(given.answer)
        if match is None:
            return False, f"doesn't match {quote(parameters.pattern)}"
        return True, f"matches {quote(parameters.pattern)} with {quote(match[0])}"

    return check
