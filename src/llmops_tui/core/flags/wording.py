"""`injection marks`, `profanity` and `known wrong`: words that tell of trouble."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from llmops_tui.core.flags.base import LONGEST_TEXT, Finding, FlagInput, Rule, brief, has_any
from llmops_tui.core.parameters import option

# Words of which every phrase holds one, to be looked for first, and the phrases themselves.
_INJECTION: Final[tuple[tuple[str, str], ...]] = (
    (
        "ignore",
        r"\bignore (?:all |any |every )?(?:of )?(?:the |your |my )?"
        r"(?:previous|prior|above|earlier|preceding|system) (?:\w+ )?"
        r"(?:instruction|prompt|rule|message|direction)",
    ),
    (
        "disregard",
        r"\bdisregard (?:all |any )?(?:the |your )?(?:previous|prior|above|earlier|system)\b",
    ),
    ("forget", r"\bforget (?:all |everything )?(?:your |the |that )?(?:previous|prior|above|you)"),
    (
        "system prompt",
        r"\b(?:reveal|show|print|repeat|output|tell me|what is) (?:me )?"
        r"(?:your|the) (?:\w+ )?system prompt",
    ),
    ("you are now", r"\byou are now (?:in )?(?:\w+ )?(?:dan|developer mode|jailbr|unrestricted)"),
    ("developer mode", r"\b(?:enable|enter|activate) developer mode"),
    ("do anything now", r"\bdo anything now\b"),
    ("<|", r"<\|(?:im_start|im_end|system|endoftext)\|>"),
    ("[inst]", r"\[/?inst\]"),
    ("ignoriere", r"\bignoriere (?:alle |sämtliche )?(?:\w+ )?(?:anweisung|vorgabe|regel)"),
    ("ignore", r"\bignore(?:z|r)? (?:toutes )?(?:les )?(?:instructions|consignes) précédentes"),
    ("ignora", r"\bignora (?:todas |tutte )?(?:las |le )?(?:instruc|istruz)\w+ (?:anter|preced)"),
)
# What each of these words holds, to be looked for first (that is cheap), and the words.
_SWEARING: Final = {
    "fuck": r"(?:mother)?fuck\w*",
    "shit": r"shit(?:ty|head)?|bullshit",
    "bitch": r"bitch(?:es)?",
    "cunt": r"cunts?",
    "asshole": r"assholes?",
    "bastard": r"bastards?",
    "dickhead": r"dickhead",
    "wank": r"wank\w*",
    "schei": r"scheiße|scheiss\w*",
    "arschloch": r"arschloch\w*",
    "fotze": r"fotze\w*",
    "wichser": r"wichser\w*",
    "hurensohn": r"hurensohn\w*",
    "merde": r"merde",
    "puta": r"putain|puta",
    "connard": r"connard\w*",
    "salope": r"salope",
    "enculé": r"enculé\w*",
    "mierda": r"mierda",
    "cabrón": r"cabrón",
    "gilipollas": r"gilipollas",
    "cazzo": r"cazzo",
    "stronz": r"stronz[oa]",
    "vaffanculo": r"vaffanculo",
    "caralho": r"caralho",
    "kurwa": r"kurwa",
    "kut": r"kut",
    "klootzak": r"klootzak",
}
_MARKS: Final = tuple(_SWEARING)
_PROFANE: Final = re.compile(rf"\b(?:{'|'.join(_SWEARING.values())})\b")
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class WordsParameters:
    """For rules that look for words."""

    phrases: tuple[str, ...] = option((), "Further phrases, as plain text in any case")


@dataclass(frozen=True, slots=True)
class KnownWrongParameters:
    """From when on an answer is like a wrong one."""

    percent: float = option(80.0, "How much of the words must be the same", least=10)
    words: int = option(5, "Shorter answers must be the same to the letter", least=1)
    known: tuple[str, ...] = option(
        (), "Known-wrong answers; those that people judged wrong are added by themselves"
    )


def compile_injection(parameters: WordsParameters) -> Rule:
    """`injection marks`: the question holds phrases by which instructions are smuggled in."""
    patterns = [(word, re.compile(phrase)) for word, phrase in _INJECTION]
    own = [phrase.lower() for phrase in parameters.phrases if phrase.strip()]
    patterns += [(phrase, re.compile(re.escape(phrase))) for phrase in own]

    def rule(call: FlagInput) -> Finding | None:
        lowered = call.input[-LONGEST_TEXT:].lower()
        for word, pattern in patterns:
            if word in lowered and (found := pattern.search(lowered)):
                return Finding(f"The question tries to give orders: “{brief(found.group())}”.")
        return None

    return rule


def compile_profanity(parameters: WordsParameters) -> Rule:
    """`profanity`: the answer swears. The list is short and of several languages."""
    own = [re.escape(phrase.lower()) for phrase in parameters.phrases if phrase.strip()]
    further = re.compile(rf"\b(?:{'|'.join(own)})\b") if own else None

    def rule(call: FlagInput) -> Finding | None:
        text = call.output[:LONGEST_TEXT]
        lowered = text.lower()
        found = _PROFANE.search(lowered) if has_any(_MARKS, lowered) else None
        found = found or (further.search(lowered) if further else None)
        if found is None:
            return None
        # Rarely, a letter is longer in lower case; then the place isn't known.
        place = found.span() if len(lowered) == len(text) else (None, None)
        return Finding("The answer swears.", *place)

    return rule


def compile_known_wrong(parameters: KnownWrongParameters) -> Rule:
    """`known wrong`: the answer is (nearly) one that was judged wrong before."""
    exact: set[str] = set()
    bags: list[frozenset[str]] = []
    holders: dict[str, list[int]] = {}
    for text in parameters.known:
        words = _words(text)
        exact.add(" ".join(words))
        if len(words) >= parameters.words:
            pairs = _pairs(words)
            for pair in pairs:
                holders.setdefault(pair, []).append(len(bags))
            bags.append(pairs)
    least = parameters.percent / 100

    def rule(call: FlagInput) -> Finding | None:
        if not exact or not call.output:
            return None
        words = _words(call.output)
        if " ".join(words) in exact:
            return Finding("The answer was judged wrong before, word for word.")
        if len(words) < parameters.words:
            return None
        pairs = _pairs(words)
        shared: dict[int, int] = {}
        for pair in pairs:
            for place in holders.get(pair, ()):
                shared[place] = shared.get(place, 0) + 1
        for place, count in shared.items():
            alike = count / (len(pairs) + len(bags[place]) - count)
            if alike >= least:
                return Finding(f"{alike:.0%} of the answer was judged wrong before.")
        return None

    return rule


def _words(text: str) -> list[str]:
    return _WORD.findall(text[:4000].lower())


def _pairs(words: list[str]) -> frozenset[str]:
    """Neighbouring words, with which order counts: Jaccard similarity of these is compared."""
    return frozenset(f"{one} {other}" for one, other in pairwise(words)) or (frozenset(words))
