"""`is_xml`: the answer is well-formed XML, with the elements it must have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

from llmops_tui.core.parameters import option
from llmops_tui.core.scorers.base import Check, Finding, ScoringInput, quote

EXPLANATION: Final = "The answer is well-formed XML, and has the elements it must have."
_FENCE: Final = re.compile(r"\s*```[\w-]*[ \t]*\n(?P<body>.*?)\n?[ \t]*```\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class IsXmlParameters:
    """What the XML must have."""

    elements: tuple[str, ...] = option((), "Elements that must be there, e.g. `a` or `a.b`")
    anywhere: bool = option(False, "It may stand between other text")


class _RefusedError(Exception):
    pass


def compile_is_xml(parameters: IsXmlParameters) -> Check:
    """The check for these parameters. Declarations of entities are refused, not expanded."""

    def check(given: ScoringInput) -> Finding:
        text = given.answer
        if fence := _FENCE.fullmatch(text):
            text = fence["body"]
        if parameters.anywhere:
            text = text[max(text.find("<"), 0) : text.rfind(">") + 1]
        try:
            found = _paths(text.strip())
        except (expat.ExpatError, _RefusedError) as error:
            return False, f"is no XML: {error}"
        for element in parameters.elements:
            path = f".{element.strip('/').replace('/', '.')}"
            if not any(f".{known}".endswith(path) for known in found):
                return False, f"is XML without the element {quote(element)}"
        return True, "is XML" + (" with all elements" if parameters.elements else "")

    return check


def _paths(text: str) -> set[str]:
    """The path of every element, `a.b.c`."""
    parser = expat.ParserCreate()
    open_elements: list[str] = []
    paths: set[str] = set()

    def start(name: str, _: dict[str, str]) -> None:
        open_elements.append(name)
        if len(open_elements) > 500:
            raise _RefusedError("nested too deeply")
        paths.add(".".join(open_elements))

    def refuse(*_: object) -> None:
        raise _RefusedError("it declares entities")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: open_elements.pop()
    parser.EntityDeclHandler = refuse
    parser.Parse(text.encode("utf-8", "replace"), True)
    return paths
