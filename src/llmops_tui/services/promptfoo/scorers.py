"""promptfoo's assertions as scorers: what each type becomes, or why it can't run here.

Where promptfoo is stricter or laxer than our scorers are by themselves (white space, code fences,
`^` at each line), the parameters are set so that both say the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from llmops_tui.core import template
from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError, LlmopsError, UnavailableError
from llmops_tui.core.scorers.registry import ScorerSpec
from llmops_tui.interchange.promptfoo.files import SCRIPTS, Files
from llmops_tui.interchange.promptfoo.model import AssertionItem
from llmops_tui.interchange.promptfoo.prompts import as_template
from llmops_tui.interchange.promptfoo.yaml12 import read_yaml
from llmops_tui.services.promptfoo import judged
from llmops_tui.services.promptfoo.functions import OwnFunctions
from llmops_tui.services.promptfoo.transforms import Transform, read_transform

Parameters = dict[str, Json]

REASONS: Final[Mapping[str, str]] = {
    "javascript": "JavaScript is not run here",
    "ruby": "Ruby is not run here",
    "webhook": "it sends the answer to another server",
    "moderation": "it sends the answer to a moderation service",
    "classifier": "it needs a classifier from a hub",
    "guardrails": "it reads a provider's guardrails",
    "perplexity": "endpoints give no log probabilities here",
    "perplexity-score": "endpoints give no log probabilities here",
    "is-html": "there is no scorer for HTML",
    "contains-html": "there is no scorer for HTML",
    "gleu": "there is no scorer for GLEU",
    "meteor": "there is no scorer for METEOR",
    "pi": "it asks another service",
    "search-rubric": "it searches the web",
    "select-best": "it compares answers with each other, not with what is right",
    "max-score": "it compares answers with each other, not with what is right",
    "is-valid-function-call": "it checks calls against a provider's tools",
    "is-valid-openai-function-call": "it checks calls against a provider's tools",
    "is-valid-openai-tools-call": "it checks calls against a provider's tools",
    "tool-call-f1": "it measures calls of agents",
    "trace-error-spans": "it reads traces of the provider",
    "trace-span-count": "it reads traces of the provider",
    "trace-span-duration": "it reads traces of the provider",
}
DIALECTS: Final = {
    "mysql": "mysql", "mariadb": "mysql", "postgresql": "postgres", "sqlite": "sqlite",
    "bigquery": "bigquery", "snowflake": "snowflake", "transactsql": "tsql", "hive": "hive",
    "redshift": "redshift", "db2": "", "athena": "athena", "trino": "trino",
}  # fmt: skip
_QUOTED_PARTS: Final = re.compile(r'(".*?"|[^,]+)(?=\s*,|\s*$)')


class CantRunError(InputError):
    """An assertion can't run here; the message says why."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """An assertion as a scorer."""

    spec: Parameters
    note: str = ""
    """What is different from promptfoo's, where something is."""


@dataclass(slots=True)
class AssertionMapper:
    """Turns assertions into scorers, with the variables of their test filled in."""

    files: Files
    functions: OwnFunctions
    judge: str = ""
    """The model that judges where a model is to; empty for none."""
    _checked: dict[str, str] = field(default_factory=dict)
    """Why a specification can't be used, by its text; empty where it can."""

    def map(self, item: AssertionItem, variables: Mapping[str, Json]) -> Mapped:
        """The scorer of one assertion.

        Raises:
            CantRunError: it can't run here.
        """
        if item.base in REASONS:
            raise CantRunError(REASONS[item.base])
        try:
            looks_at = self.transform(item.transform) if item.transform else None
            mapped = self._mapped(item, variables)
        except LlmopsError as error:
            raise CantRunError(str(error)) from error
        if looks_at is None:
            return mapped
        return Mapped(looks_at.on([mapped.spec]), mapped.note)

    def transform(self, text: str) -> Transform:
        """What a transform does, as a scorer.

        Raises:
            InputError: it can't be done here.
        """
        return read_transform(text, self.files, self.functions)

    def _mapped(self, item: AssertionItem, variables: Mapping[str, Json]) -> Mapped:
        make = _MAKERS.get(item.base)
        if item.base in judged.TYPES:
            value = self._value(item, variables)
            name, parameters = judged.judged(item, value, variables, self.judge)
            judge: Parameters = {"name": name, "parameters": parameters, "negate": item.negated}
            ScorerSpec.from_json(judge)
            return Mapped(judge, judged.note_of(item, self.judge))
        if make is None:
            raise CantRunError("promptfoo has no such type")
        value = self._value(item, variables)
        note = _NOTES.get(item.base, "")
        name, parameters = make(self, item, value)
        spec: Parameters = {"name": name, "parameters": parameters, "negate": item.negated}
        problem = self._problem(spec)
        if problem and name == "regex":
            # Some patterns are only understood without the group that says how `^` is meant.
            parameters["pattern"] = value
            problem = self._problem(spec)
        if problem:
            raise CantRunError(problem)
        return Mapped(spec, note)

    def _value(self, item: AssertionItem, variables: Mapping[str, Json]) -> Json:
        value = item.value
        if isinstance(value, str):
            if value.startswith("file://"):
                return self._from_file(item, value)
            # A program may hold what looks like a template.
            return value if item.base == "python" else _rendered(value, variables)
        if isinstance(value, list):
            return [
                self._from_file(item, part)
                if isinstance(part, str) and part.startswith("file://")
                else (_rendered(part, variables) if isinstance(part, str) else part)
                for part in value
            ]
        return value

    def _from_file(self, item: AssertionItem, reference: str) -> Json:
        if item.base == "python":
            return reference
        name = reference.removeprefix("file://").partition(":")[0]
        kind = Path(name).suffix.lower()
        if kind in SCRIPTS or kind == ".py":
            raise CantRunError(f"its value is made by a program ({Path(name).name})")
        try:
            return self.files.value(self.files.matching(reference)[0])
        except InputError as error:
            raise CantRunError(str(error)) from error

    def _problem(self, spec: Parameters) -> str:
        """Why a scorer can't be used; each specification is tried once."""
        key = json.dumps(spec, sort_keys=True)
        if key not in self._checked:
            self._checked[key] = _trial(spec)
        return self._checked[key]


def _trial(spec: Parameters) -> str:
    # Compiling loads libraries; nothing else of an import needs them.
    from llmops_tui.runner.scorers.compilers import build_scorer

    try:
        build_scorer(ScorerSpec.from_json(spec))
    except UnavailableError as error:
        return f"{str(error).rstrip('.')} ({error.hint})"
    except LlmopsError as error:
        return str(error).rstrip(".")
    return ""


def _rendered(text: str, variables: Mapping[str, Json]) -> str:
    if "{{" not in text and "{%" not in text:
        return text
    source = as_template(text)
    try:
        known = {name: variables.get(name, "") for name in template.variables(source)}
        return template.render(source, known)
    except LlmopsError as error:
        raise CantRunError(f"its value can't be rendered: {error}") from error


def text_of(value: Json) -> str:
    """A value as JavaScript writes it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _need_text(value: Json) -> str:
    if value is None or value == "" or isinstance(value, list | dict):
        raise CantRunError("it needs a text as its value")
    return text_of(value)


def _texts(value: Json, *, quoted: bool = False) -> list[Json]:
    if isinstance(value, str) and value:
        if quoted:
            found = _QUOTED_PARTS.findall(value)
            return [part.strip().removeprefix('"').removesuffix('"') for part in found]
        return [part.strip() for part in value.split(",")]
    if not isinstance(value, list) or not value:
        raise CantRunError("it needs a list as its value")
    return [text_of(part) for part in value]


def _schema(value: Json) -> Json:
    """A JSON Schema that may be written as JSON or YAML text."""
    if isinstance(value, str) and value.strip():
        value = read_yaml(value, Path("schema"))
    if value in (None, ""):
        return None
    if not isinstance(value, dict):
        raise CantRunError("its value is no JSON Schema")
    return value


Made = tuple[str, Parameters]
Maker = Callable[[AssertionMapper, AssertionItem, Json], Made]


def _equals(_: AssertionMapper, item: AssertionItem, value: Json) -> Made:
    if isinstance(value, list | dict):
        return "json_schema", {"schema": {"const": value}, "fenced": False}
    return "equals", {"texts": [text_of(value)], "trim": False}


def _contains(_: AssertionMapper, item: AssertionItem, value: Json) -> Made:
    base = item.base.removeprefix("i") if item.base.startswith("ico") else item.base
    parameters: Parameters = {"ignore_case": base != item.base}
    if base == "contains":
        return "contains", {**parameters, "texts": [_need_text(value)]}
    quoted = item.base == "contains-any"
    mode = base.removeprefix("contains-")
    return "contains", {**parameters, "texts": _texts(value, quoted=quoted), "mode": mode}


def _starts_with(_: AssertionMapper, item: AssertionItem, value: Json) -> Made:
    return "starts_with", {"texts": [_need_text(value)], "trim": False}


def _regex(_: AssertionMapper, item: AssertionItem, value: Json) -> Made:
    # JavaScript's ^ and $ stand for the whole text, and it writes named groups otherwise.
    pattern = re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", _need_text(value))
    return "regex", {"pattern": f"(?-m:{pattern})" if re.search(r"[$^]", pattern) else pattern}


def _is_json(_: AssertionMapper, item: AssertionItem, value: Json) -> Made:
    schema = _schema(value)
    if schema is None:
        return "is_json", {"fenced": False}
    return "json_schema", {"schema": schema, "fenced": False}


def _contains_json(_: AssertionMapper, item: AssertionItem, value: Json) -> Made:
    return "json_schema", {"schema": _schema(value) or {}, "anywhere": True}


def _xml(_: AssertionMapper, item: AssertionItem, value: Json) -> Made:
    if isinstance(value, dict):
        value = value.get("requiredElements")
    elements: Json = [] if value in (None, "", []) else _texts(value)
    return "is_xml", {"elements": elements, "anywhere": item.base == "contains-xml"}


def _sql(_: AssertionMapper, item: AssertionItem, value: Json) -> Made:
    parameters: Parameters = {"fenced": item.base == "contains-sql"}
    if isinstance(value, dict):
        if value.get("allowedColumns"):
            raise CantRunError("columns that may be used can't be checked")
        dialect = DIALECTS.get(str(value.get("databaseType", "")).lower(), "")
        tables = value.get("allowedTables")
        names = (
            [str(entry).rpartition("::")[2] for entry in tables] if isinstance(tables, list) else []
        )
        parameters |= {"dialect": dialect, "tables": [*names]}
    return "is_sql", parameters


def _rouge(_: AssertionMapper, item: AssertionItem, value: Json) -> Made:
    least = 0.75 if item.threshold is None else item.threshold
    return "rouge_n", {"n": 1, "measure": "f1", "least": least, "texts": [_need_text(value)]}


def _bleu(_: AssertionMapper, item: AssertionItem, value: Json) -> Made:
    least = 0.5 if item.threshold is None else item.threshold
    texts: Json = _texts(value) if isinstance(value, list) else [_need_text(value)]
    return "bleu", {"least": least, "texts": texts}


def _levenshtein(_: AssertionMapper, item: AssertionItem, value: Json) -> Made:
    most = 5 if item.threshold is None else int(item.threshold)
    return "levenshtein", {"most_edits": most, "texts": [_need_text(value)]}


def _latency(_: AssertionMapper, item: AssertionItem, value: Json) -> Made:
    if not item.threshold:
        raise CantRunError("it needs a threshold")
    return "latency", {"most_ms": item.threshold}


def _cost(_: AssertionMapper, item: AssertionItem, value: Json) -> Made:
    if item.threshold is None:
        raise CantRunError("it needs a threshold")
    return "cost", {"most": item.threshold}


def _finish(_: AssertionMapper, item: AssertionItem, value: Json) -> Made:
    return "finish_reason", {"reasons": [_need_text(value).lower()]}


def _words(_: AssertionMapper, item: AssertionItem, value: Json) -> Made:
    least, most = value, value
    if isinstance(value, dict):
        least, most = value.get("min", 0), value.get("max", -1)
    try:
        return "word_count", {"least": int(text_of(least)), "most": int(text_of(most))}
    except ValueError as error:
        raise CantRunError("its value is no number of words") from error


def _refusal(_: AssertionMapper, item: AssertionItem, value: Json) -> Made:
    return "refusal", {}


def _similar(_: AssertionMapper, item: AssertionItem, value: Json) -> Made:
    least = 0.75 if item.threshold is None else item.threshold
    texts: Json = _texts(value) if isinstance(value, list) else [_need_text(value)]
    return "similarity", {"least": least, "texts": texts}


def _python(mapper: AssertionMapper, item: AssertionItem, value: Json) -> Made:
    text = _need_text(value)
    function = mapper.functions.assertion(mapper.files, text)
    # promptfoo takes any number but 0 for a pass where no threshold is given.
    least = 1e-9 if item.threshold is None else item.threshold
    return "python", {"function": function, "least": least}


_MAKERS: Final[Mapping[str, Maker]] = {
    "equals": _equals,
    **dict.fromkeys(
        ("contains", "contains-all", "contains-any", "icontains", "icontains-all", "icontains-any"),
        _contains,
    ),
    "starts-with": _starts_with,
    "regex": _regex,
    "is-json": _is_json,
    "contains-json": _contains_json,
    "is-xml": _xml,
    "contains-xml": _xml,
    "is-sql": _sql,
    "contains-sql": _sql,
    "rouge-n": _rouge,
    "bleu": _bleu,
    "levenshtein": _levenshtein,
    "latency": _latency,
    "cost": _cost,
    "finish-reason": _finish,
    "word-count": _words,
    "is-refusal": _refusal,
    "similar": _similar,
    "similar:cosine": _similar,
    "python": _python,
}
_NOTES: Final[Mapping[str, str]] = {
    "similar": "likeness is measured with local vectors, not with promptfoo's embedding",
    "is-sql": "SQL is read by another parser than promptfoo's",
    "contains-sql": "SQL is read by another parser than promptfoo's",
    "is-refusal": "refusals are told by the rules of this program",
    "rouge-n": "words are told apart a little differently",
    "bleu": "BLEU is smoothed a little differently",
}
