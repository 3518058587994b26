"""How much of a configuration runs here, and what doesn't, one by one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from llmops_tui.core import template
from llmops_tui.core.chat import Json
from llmops_tui.core.dataset import BadRow, ExampleDraft
from llmops_tui.core.errors import InputError, LlmopsError
from llmops_tui.core.prompt import PromptTemplate
from llmops_tui.interchange.promptfoo.files import Files
from llmops_tui.interchange.promptfoo.model import (
    AssertionItem,
    Note,
    PromptItem,
    ProviderItem,
    Suite,
    TestItem,
)
from llmops_tui.services.promptfoo.functions import OwnFunctions
from llmops_tui.services.promptfoo.made_prompts import make_prompts
from llmops_tui.services.promptfoo.models import Target, target_of
from llmops_tui.services.promptfoo.scorers import AssertionMapper, text_of
from llmops_tui.services.promptfoo.transforms import Transform

COLUMN = "assert"
"""The column of each example that holds its checks."""
JUDGED = "judged"
UNJUDGED = "unjudged"
"""The split of tests that nothing here can judge; they are kept and not asked."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many of some things run here."""

    run: int
    total: int

    @property
    def words(self) -> str:
        """`3 of 4`."""
        return f"{self.run:,} of {self.total:,}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A configuration in the product's words, before anything is stored."""

    suite: Suite
    prompts: tuple[PromptItem, ...]
    targets: tuple[tuple[ProviderItem, Target], ...]
    examples: tuple[ExampleDraft, ...]
    set_aside: tuple[BadRow, ...]
    notes: tuple[Note, ...]
    prompt_count: Count
    provider_count: Count
    test_count: Count
    """Tests that something here judges."""
    assertion_count: Count

    @property
    def share(self) -> float:
        """Share of the assertions that run here, 0 to 1; of the tests where it has none."""
        count = self.assertion_count if self.assertion_count.total else self.test_count
        return count.run / count.total if count.total else 0.0

    def sentence(self) -> str:
        """How much runs, on one line."""
        return (
            f"{self.suite.path.name}: {self.assertion_count.words} assertions run here, "
            f"{self.test_count.words} tests can be judged, {self.prompt_count.words} prompts, "
            f"{self.provider_count.words} providers."
        )


def plan_suite(
    suite: Suite, environment: Mapping[str, str], functions: OwnFunctions, judge: str = ""
) -> Plan:
    """Turn a configuration into prompts, models, examples and scorers.

    Whatever can't run here is noted one by one and kept word for word.

    Args:
        suite: the configuration.
        environment: variables that it may name.
        functions: where its Python is kept.
        judge: the model that judges where a model is to; empty for none.
    """
    files = Files(suite.path.parent.resolve(), environment)
    notes = list(suite.notes)
    ready, further, failed = make_prompts(suite.prompts, [test.variables for test in suite.tests])
    notes += [Note("prompts", f"prompt {item.label}", why, item.function) for item, why in failed]
    prompts = tuple(item for item in ready if _usable(item, notes))
    tests = [
        replace(test, variables={**test.variables, **more})
        for test, more in zip(suite.tests, further, strict=True)
    ]
    targets = tuple(_targets(suite, files, notes))
    names = dict.fromkeys(
        name for item in prompts for name in PromptTemplate(item.messages).variables()
    )
    makers = _ExampleMaker(AssertionMapper(files, functions, judge), tuple(names), prompts, notes)
    examples = tuple(makers.example(test) for test in tests)
    aside = tuple(
        BadRow(place, note.sentence(), json.dumps(note.verbatim, ensure_ascii=False))
        for place, note in enumerate(suite.notes, 1)
        if note.what in ("test", "tests", "scenario")
    )
    judged = sum(example.split != UNJUDGED for example in examples)
    return Plan(
        suite=suite,
        prompts=prompts,
        targets=targets,
        examples=examples,
        set_aside=aside,
        notes=tuple(notes),
        prompt_count=Count(len(prompts), suite.prompts_named),
        provider_count=Count(len(targets), len(suite.providers)),
        test_count=Count(judged, len(examples) + len(aside)),
        assertion_count=Count(makers.run, makers.total),
    )


def _usable(item: PromptItem, notes: list[Note]) -> bool:
    try:
        PromptTemplate(item.messages).check()
    except LlmopsError as error:
        kept: list[Json] = [text for _, text in item.messages]
        notes.append(Note("prompts", f"prompt {item.label}", str(error), kept))
        return False
    return True


def _targets(suite: Suite, files: Files, notes: list[Note]) -> list[tuple[ProviderItem, Target]]:
    found = []
    for place, provider in enumerate(suite.providers):
        where, what = f"providers[{place}]", f"provider {provider.id}"
        try:
            target = target_of(provider, files)
        except InputError as error:
            notes.append(Note(where, what, str(error), provider.id))
            continue
        if target.note:
            notes.append(Note(where, what, target.note, dict(provider.config), fatal=False))
        found.append((provider, target))
    return found


@dataclass(slots=True)
class _ExampleMaker:
    mapper: AssertionMapper
    names: tuple[str, ...]
    prompts: tuple[PromptItem, ...]
    notes: list[Note]
    run: int = 0
    total: int = 0

    def example(self, test: TestItem) -> ExampleDraft:
        """A test as an example with its checks."""
        given = {**dict.fromkeys(self.names, ""), **test.variables}
        variables = {name: self._variable(value, given) for name, value in given.items()}
        scorers: list[Json] = []
        unsupported: list[Json] = []
        transform = test.options.get("transform") or test.options.get("postprocess")
        looks_at: Transform | None = None
        blocked = False
        try:
            looks_at = self.mapper.transform(str(transform)) if transform else None
        except LlmopsError as error:
            blocked = True
            self._note(test.where, "transform", str(error), transform)
        for item in test.assertions:
            self._take(item, variables, scorers, unsupported, blocked=blocked)
        if looks_at is not None:
            scorers = [_on_part(looks_at, scorer) for scorer in scorers]
        checks: dict[str, Json] = {"scorers": scorers}
        if test.threshold is not None:
            checks |= {"mode": "weighted", "least": test.threshold}
        if unsupported:
            checks["unsupported"] = unsupported
        return ExampleDraft(
            inputs={**variables, COLUMN: checks},
            expected=_expected(test.assertions, variables),
            tags=tuple(filter(None, (test.description[:200],))),
            split=JUDGED if scorers else UNJUDGED,
        )

    def _take(
        self,
        item: AssertionItem,
        variables: Mapping[str, Json],
        scorers: list[Json],
        unsupported: list[Json],
        *,
        blocked: bool,
    ) -> None:
        if item.type == "assert-set":
            inner: list[Json] = []
            for part in item.parts:
                self._take(part, variables, inner, unsupported, blocked=blocked)
            if inner:
                scorers.append(_set(item, inner))
            return
        self.total += 1
        try:
            if blocked:
                raise InputError("it looks at the transformed answer")
            mapped = self.mapper.map(item, variables)
        except InputError as error:
            self._note(item.where, f"assertion {item.type}", str(error), dict(item.raw))
            unsupported.append({**item.raw, "why": str(error)})
            return
        self.run += 1
        if mapped.note:
            self._note(item.where, f"assertion {item.type}", mapped.note, None, fatal=False)
        if item.weight > 0:  # promptfoo measures the others and never fails on them
            scorers.append(mapped.spec | {"weight": item.weight})

    def _note(self, where: str, what: str, why: str, verbatim: Json, *, fatal: bool = True) -> None:
        note = Note(where, what, why, verbatim, fatal)
        if note not in self.notes:
            self.notes.append(note)

    def _variable(self, value: Json, others: Mapping[str, Json]) -> Json:
        """A variable as JavaScript would write it into a prompt."""
        if isinstance(value, str):
            if "{{" not in value:
                return value
            try:
                known = {name: others.get(name, "") for name in template.variables(value)}
                return template.render(value, known)
            except LlmopsError:
                return value  # a text about templates, such as a test of injections
        if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()):
            return text_of(value)
        return value


def _on_part(looks_at: Transform, scorer: Json) -> Json:
    """A scorer, looking at the transformed answer; it weighs what it weighed."""
    assert isinstance(scorer, dict)
    inner: dict[str, Json] = {key: value for key, value in scorer.items() if key != "weight"}
    return looks_at.on([inner]) | {"weight": scorer.get("weight", 1.0)}


def _set(item: AssertionItem, inner: list[Json]) -> Json:
    """An `assert-set` as a composite."""
    specs = [part for part in inner if isinstance(part, dict)]
    parameters: dict[str, Json] = {
        "scorers": [{key: part[key] for key in part if key != "weight"} for part in specs],
        "weights": [part.get("weight", 1.0) for part in specs],
        "mode": "all" if item.threshold is None else "weighted",
    }
    if item.threshold is not None:
        parameters["least"] = item.threshold
    return {"name": "composite", "parameters": parameters, "negate": False, "weight": item.weight}


def _expected(assertions: tuple[AssertionItem, ...], variables: Mapping[str, Json]) -> str | None:
    """What the answer should be, where the test says it in one text."""
    equal = [item for item in assertions if item.type == "equals" and isinstance(item.value, str)]
    if len(equal) != 1:
        return None
    value = str(equal[0].value)
    if "{{" in value:
        try:
            known = {name: variables.get(name, "") for name in template.variables(value)}
            return template.render(value, known)
        except LlmopsError:
            return None
    return value
