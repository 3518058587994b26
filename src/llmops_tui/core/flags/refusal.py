"""`refusal`: the model declined to answer.

Phrases of several languages are looked for near the beginning, where refusals stand. They name
what is declined (`can't help with`), so that mere regret (`I'm sorry to hear that`) is no hit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from llmops_tui.core.flags.base import Finding, FlagInput, Rule, brief, has_any
from llmops_tui.core.parameters import option

_HELP: Final = (
    "(?:help|assist|provide|comply|fulfil|answer|support|create|generate|discuss|share|give|"
    "write|produce|engage|participate|offer|recommend|do that|do this|complete)"
)
# For each language: words of which every phrase holds one, to be looked for first (that is cheap),
# and the phrases themselves. English tells many words apart, so they wait for one of a few marks.
_PHRASES: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    (
        "i |i'",
        "can't|cannot|can not|won't|will not|could not|couldn't|unable|not able|not allowed"
        "|not permitted|decline|comfortable",
        (
            rf"\bi (?:can'?t|cannot|can not|won'?t|will not|could not|couldn'?t) {_HELP}",
            rf"\bi(?:'m| am) (?:not able|unable|not allowed|not permitted) to {_HELP}",
            r"\bi(?:'m| am) (?:very |so )?(?:sorry|afraid),? (?:but )?"
            r"i (?:can'?t|cannot|won'?t|am unable|am not able)",
            r"\bi(?: must|'ll have to| have to) (?:respectfully |politely )?decline",
            r"\bi (?:don't|do not) feel comfortable",
        ),
    ),
    (
        "an ai|my ",
        "as an ai|my guidelines|my polic|my program|my princip",
        (
            r"\bas an ai\b",
            r"\b(?:against|violates?) my (?:guidelines|polic|programming|principles)",
        ),
    ),
    (
        "",
        "ich kann|leid|als ki|als eine ki|künstliche intelligenz|sprachmodell",
        (
            r"\bich kann (?:ihnen|dir|euch|diese\w*|das|dabei|damit|hierbei|dazu)"
            r"[^.!?\n]{0,60}\bnicht\b",
            r"\btut mir (?:sehr )?leid,? (?:aber )?(?:das|dabei|ich) kann\b",
            r"\bals (?:eine? )?(?:ki\b|künstliche intelligenz|sprachmodell)",
        ),
    ),
    (
        "",
        "je ne |en tant qu'",
        (
            r"\bje ne (?:peux|suis) (?:malheureusement )?pas (?:en mesure|vous aider|t'aider"
            r"|répondre|fournir|aider|donner|traiter)",
            r"\bdésolée?,? (?:mais )?je ne (?:peux|suis) pas\b",
            r"\ben tant qu'(?:ia\b|intelligence artificielle|assistant|modèle)",
        ),
    ),
    (
        "",
        "no puedo|como ia|como una ia|inteligencia artificial|modelo de lenguaje",
        (
            r"\bno puedo (?:ayudar|cumplir|proporcionar|responder|asistir|ofrecer|generar|dar)",
            r"\blo siento,? (?:pero )?no puedo\b",
            r"\bcomo (?:una? )?(?:ia\b|inteligencia artificial|modelo de lenguaje)",
        ),
    ),
    (
        "",
        "non posso|não posso",
        (
            r"\bnon posso (?:aiutar|fornire|rispondere|soddisfare|assister)",
            r"\bmi dispiace,? (?:ma )?non posso\b",
            r"\bnão posso (?:ajudar|fornecer|responder|atender|auxiliar)",
            r"\bdesculpe?,? (?:mas )?não posso\b",
        ),
    ),
    (
        "",
        "het spijt|ik kan |nie mogę|не могу",
        (
            r"\bhet spijt me,? (?:maar )?(?:ik kan|daar kan ik)\b",
            r"\bik kan (?:je|jou|u) (?:hier|daar)(?:bij|mee)? niet",
            r"\bnie mogę (?:pomóc|odpowiedzieć|udzielić|spełnić)",
            r"\bя не могу (?:помочь|предоставить|выполнить|ответить|обсуждать)",
        ),
    ),
    (
        "",
        "我|お答え|お手伝い|対応|提供|수 없",
        (
            "我(?:无法|不能|無法)(?:提供|帮助|幫助|协助|協助|回答|满足|滿足)",
            "抱歉[，,]?(?:但)?我(?:无法|不能|無法)",
            "(?:お答え|お手伝い|対応|ご提供|提供)(?:する)?(?:こと)?(?:は|が)?"
            "(?:でき(?:ません|かね)|いたしかね)",
            "(?:도와드릴|제공할|답변드릴|답변할|도움을 드릴) 수 없",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class RefusalParameters:
    """Where to look, and for what besides."""

    characters: int = option(400, "How much of the answer's beginning is read", least=20)
    phrases: tuple[str, ...] = option((), "Further phrases, as plain text in any case")


def compile_refusal(parameters: RefusalParameters) -> Rule:
    """The rule for these parameters."""
    groups = [
        (tuple(marks.split("|")), tuple(words.split("|")), re.compile("|".join(phrases)).search)
        for marks, words, phrases in _PHRASES
    ]
    own = [phrase.lower() for phrase in parameters.phrases if phrase.strip()]
    groups += [(("",), (phrase,), re.compile(re.escape(phrase)).search) for phrase in own]
    most = parameters.characters

    def rule(call: FlagInput) -> Finding | None:
        if call.refused:
            return Finding(f"The endpoint ended the answer with {call.finish_reason!r}.")
        # Typographic apostrophes are as common as plain ones; both replacements keep the length.
        head = call.output[:most].replace("’", "'")
        lowered = head.lower()
        # Rarely, a letter is longer in lower case; then only text that is lower case is found.
        searched = lowered if len(lowered) == len(head) else head
        for marks, words, find in groups:
            if has_any(marks, searched) and has_any(words, searched) and (found := find(searched)):
                start, stop = found.span()
                shown = brief(call.output[start:stop])
                return Finding(f"It reads like a refusal: “{shown}”.", start, stop)
        return None

    return rule
