"""Handlebars and Mustache to Jinja2 and back, as far as prompts use them.

Variables, `if`, `unless`, `each`, `with`, `else` and comments are translated; what only the other
tool can do (partials, media, helpers of its own) is kept as text, and said.
"""

from __future__ import annotations

import re

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.prompts.model import literal

_TAG = re.compile(r"\{\{!--.*?--\}\}|\{\{\{.*?\}\}\}|\{\{.*?\}\}", re.DOTALL)
_PATH = re.compile(r"(?:\.\./)*@?[A-Za-z_][\w-]*(?:[./][A-Za-z_][\w-]*)*|\.|this")
_ALONE_BLOCK = re.compile(r"^[ \t]*\{\{(?:[#/!][^}]*|else)\}\}[ \t]*\n", re.MULTILINE)
"""Handlebars takes the line away on which a block tag is alone: it gets another one."""
_ALONE = re.compile(r"[ \t]*\n")
_JINJA = re.compile(
    r"\{\{-?\s*(?P<name>.*?)\s*-?\}\}|\{%-?\s*(?P<tag>.*?)\s*-?%\}|\{#.*?#\}", re.DOTALL
)


class Translation:
    """One template on its way to Jinja2."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self._scopes: list[tuple[str, str]] = []
        """(block, what names are looked up in) of each open block."""
        self._out: list[str] = []

    def translate(self, source: str) -> str:
        """The template in Jinja2; `warnings` says what stayed text."""
        self._out, at = [], 0
        for found in _TAG.finditer(source):
            if found.start() < at:
                continue
            text = source[at : found.start()]
            at = found.end()
            inner = found[0].strip("{}").strip().strip("~").strip()
            if inner[:1] in ("#", "/", "!") or inner == "else":
                text, at = _alone(text, source, at)
            self._out.append(literal(text))
            self._out.append(self._tag(inner, found[0]))
        self._out.append(literal(source[at:]))
        if self._scopes:
            block = self._scopes[-1][0].lstrip("?")
            raise InputError(f"The block {{{{#{block}}}}} is never closed.")
        return "".join(self._out)

    def _tag(self, inner: str, whole: str) -> str:
        if inner.startswith("!"):
            return ""
        if inner.startswith("#"):
            return self._open(inner[1:].strip(), whole)
        if inner.startswith("/"):
            return self._close(inner[1:].strip())
        if inner == "else" and self._scopes:
            is_ours = not self._scopes[-1][0].startswith("?")
            return "{% else %}" if is_ours else self._kept(whole)
        if _PATH.fullmatch(inner) and inner not in ("history",):
            return "{{ " + self._path(inner) + " }}"
        return self._kept(whole)

    def _open(self, inner: str, whole: str) -> str:
        block, _, rest = inner.partition(" ")
        rest = rest.split(" as |")[0].strip()
        if block in ("if", "unless", "each", "with") and _PATH.fullmatch(rest):
            path = self._path(rest)
            if block == "each":
                item = f"item{len(self._scopes) or ''}"
                self._scopes.append((block, item))
                return f"{{% for {item} in {path} %}}"
            self._scopes.append((block, path if block == "with" else self._scope))
            if block == "with":
                return f"{{% if {path} %}}"
            return f"{{% if {'not ' * (block == 'unless')}{path} %}}"
        self._scopes.append((f"?{block}", self._scope))
        return self._kept(whole)

    def _close(self, block: str) -> str:
        if not self._scopes:
            raise InputError(f"{{{{/{block}}}}} closes what was never opened.")
        opened = self._scopes.pop()[0]
        if opened.lstrip("?") != block:
            raise InputError(f"{{{{/{block}}}}} closes the block {{{{#{opened.lstrip('?')}}}}}.")
        if opened.startswith("?"):
            return self._kept("{{/" + block + "}}")
        return "{% endfor %}" if block == "each" else "{% endif %}"

    @property
    def _scope(self) -> str:
        return self._scopes[-1][1] if self._scopes else ""

    def _path(self, path: str) -> str:
        if path.startswith("@root."):
            return path.removeprefix("@root.")
        if path.startswith("@"):
            inside = {"@index": "loop.index0", "@first": "loop.first", "@last": "loop.last"}
            return inside.get(path, path[1:])
        scope = self._scope
        while path.startswith("../"):
            path = path[3:]
            outer = [one for _, one in self._scopes if one != scope]
            scope = outer[-1] if outer else ""
        path = path.replace("/", ".").replace("-", "_")
        if path in ("this", "."):
            return scope or "input"
        path = path.removeprefix("this.")
        whole = f"{scope}.{path}" if scope else path
        return f"{whole.removesuffix('.length')} | length" if whole.endswith(".length") else whole

    def _kept(self, whole: str) -> str:
        self.warnings.append(f"`{whole[:60]}` has no like here and is kept as text.")
        return literal(whole)


def to_handlebars(text: str) -> str:
    """A Jinja2 template as Handlebars.

    Raises:
        InputError: it does what Handlebars can't.
    """
    items: list[str] = []
    out, at = [], 0
    for found in _JINJA.finditer(text):
        if found.start() < at:
            continue
        out.append(text[at : found.start()])
        at = found.end()
        if found["name"] is not None:
            out.append("{{" + _back(found["name"], items) + "}}")
        elif found["tag"] == "raw":
            end = re.compile(r"\{%-?\s*endraw\s*-?%\}").search(text, at)
            out.append(text[at : end.start() if end else len(text)])
            at = end.end() if end else len(text)
        elif found["tag"] is not None:
            out.append(_back_tag(found["tag"], items))
    return _ALONE_BLOCK.sub(r"\g<0>\n", "".join([*out, text[at:]]))


def _back_tag(tag: str, items: list[str]) -> str:
    if loop := re.fullmatch(r"for (\w+) in ([\w.]+)", tag):
        path = _back(loop[2], items)
        items.append(loop[1])
        return "{{#each " + path + "}}"
    if condition := re.fullmatch(r"if (not )?([\w.]+)", tag):
        items.append("")
        kind = "unless" if condition[1] else "if"
        items[-1] = f"?{kind}"
        return "{{#" + kind + " " + _back(condition[2], items) + "}}"
    if tag == "else":
        return "{{else}}"
    if tag in ("endif", "endfor") and items:
        opened = items.pop()
        return "{{/" + (opened[1:] if opened.startswith("?") else "each") + "}}"
    raise InputError(
        f"`{{% {tag} %}}` can't be written in Handlebars.", "Export it as prompty or in our form."
    )


def _back(name: str, items: list[str]) -> str:
    name = re.sub(r"\s*\|\s*length$", ".length", name)
    if not re.fullmatch(r"[A-Za-z_]\w*(\.\w+)*", name):
        raise InputError(
            f"`{{{{ {name} }}}}` can't be written in Handlebars.",
            "Export it as prompty or in our form.",
        )
    loops = [item for item in items if not item.startswith("?")]
    head, _, rest = name.partition(".")
    if loops and head == loops[-1]:
        return f"this.{rest}" if rest else "this"
    return f"@root.{name}" if loops else name


def _alone(text: str, source: str, at: int) -> tuple[str, int]:
    """A block tag alone on its line takes the line with it."""
    line = text.rpartition("\n")[2]
    following = _ALONE.match(source, at)
    if line.strip() or following is None:
        return text, at
    return text[: len(text) - len(line)], following.end()
