"""The tests of a configuration: merged with the default, read from files, expanded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.interchange.promptfoo.assertions import from_cell, read_assertions
from llmops_tui.interchange.promptfoo.files import PICTURES, SCRIPTS, Files
from llmops_tui.interchange.promptfoo.model import AssertionItem, Note, TestItem

MOST_TESTS = 1_000_000
REMOTE = ("http://", "https://", "huggingface://")
_COLUMNS = ("__prefix", "__suffix")


@dataclass(slots=True)
class TestReader:
    """Reads tests, and notes what of them can't be."""

    __test__ = False

    files: Files
    default: Mapping[str, Json]
    templates: Mapping[str, Json]
    notes: list[Note] = field(default_factory=list)
    _count: int = 0

    def read(self, tests: Json, scenarios: Json) -> list[TestItem]:
        """All tests; one without variables where the file names none."""
        found = [
            item for where, raw in self._listed(tests, "tests") for item in self._test(where, raw)
        ]
        for place, scenario in enumerate(scenarios if isinstance(scenarios, list) else []):
            found += self._scenario(scenario, f"scenarios[{place}]")
        if not found and not tests and not scenarios:
            found = self._test("tests", {})
        return found

    def _listed(self, given: Json, where: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
        """Each test with its place; files are read and read on."""
        if isinstance(given, str):
            given = [given]
        if isinstance(given, dict):  # {path, config}: a generator
            given = [given]
        for place, item in enumerate(given if isinstance(given, list) else []):
            here = f"{where}[{place}]"
            if isinstance(item, dict) and isinstance(item.get("path"), str) and "vars" not in item:
                item = str(item["path"])
            if isinstance(item, str):
                yield from self._file(item, here)
            elif isinstance(item, dict):
                yield here, item
            else:
                self.notes.append(Note(here, "test", "it is no test", item))

    def _file(self, reference: str, where: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
        name = reference.removeprefix("file://")
        if reference.startswith(REMOTE):
            self.notes.append(Note(where, "tests", "they are fetched from elsewhere", reference))
            return
        if any(kind in name for kind in (*SCRIPTS, ".py")):
            self.notes.append(Note(where, "tests", "they are made by a program", reference))
            return
        try:
            for path in self.files.matching(name):
                value = self.files.value(path)
                is_csv = path.suffix.lower() == ".csv"
                rows = value if isinstance(value, list) else [value]
                for place, row in enumerate(rows):
                    if isinstance(row, dict):
                        yield f"{path.name}[{place}]", _from_csv(row) if is_csv else row
        except InputError as error:
            self.notes.append(Note(where, "tests", str(error), reference))

    def _scenario(self, scenario: Json, where: str) -> list[TestItem]:
        if isinstance(scenario, str):
            try:
                scenario = self.files.value(self.files.matching(scenario)[0])
            except InputError as error:
                self.notes.append(Note(where, "scenario", str(error), scenario))
                return []
        if not isinstance(scenario, dict):
            self.notes.append(Note(where, "scenario", "it is no object", scenario))
            return []
        configs = [raw for _, raw in self._listed(scenario.get("config"), f"{where}.config")]
        tests = list(self._listed(scenario.get("tests"), f"{where}.tests")) or [(where, {})]
        found = []
        for config in configs or [{}]:
            for here, test in tests:
                found += self._test(here, _merged(config, test))
        return found

    def _test(self, where: str, raw: Mapping[str, Json]) -> list[TestItem]:
        """A test for each combination of its variables' values."""
        try:
            return self._expanded(where, raw)
        except InputError as error:
            self.notes.append(Note(where, "test", str(error), dict(raw)))
            return []

    def _expanded(self, where: str, raw: Mapping[str, Json]) -> list[TestItem]:
        options = _object(self.default.get("options")) | _object(raw.get("options"))
        variables = self._variables(self.default.get("vars")) | self._variables(raw.get("vars"))
        keep_default = not options.get("disableDefaultAsserts")
        assertions: tuple[AssertionItem, ...] = ()
        if keep_default:
            assertions += self._assertions(self.default.get("assert"), "defaultTest.assert")
        assertions += self._assertions(raw.get("assert"), f"{where}.assert")
        threshold = raw.get("threshold", self.default.get("threshold"))
        self._note_others(where, raw, options)
        return [
            TestItem(
                where=where,
                variables=values,
                assertions=assertions,
                description=str(raw.get("description") or ""),
                threshold=float(threshold) if isinstance(threshold, int | float) else None,
                options=options,
                metadata=_object(self.default.get("metadata")) | _object(raw.get("metadata")),
                raw=raw,
            )
            for values in self._combinations(variables, bool(options.get("disableVarExpansion")))
        ]

    def _assertions(self, given: Json, where: str) -> tuple[AssertionItem, ...]:
        if isinstance(given, str) and given.startswith("file://"):
            given = self.files.value(self.files.matching(given)[0])
        listed: list[Json] = []
        for item in given if isinstance(given, list) else []:
            if isinstance(item, str) and item.startswith("file://") and ".y" in item:
                more = self.files.value(self.files.matching(item)[0])
                listed += more if isinstance(more, list) else [more]
            else:
                listed.append(item)
        return read_assertions(listed, where, self.templates)

    def _note_others(
        self, where: str, raw: Mapping[str, Json], options: Mapping[str, Json]
    ) -> None:
        for key, holder in (
            ("provider", raw),
            ("assertScoringFunction", raw),
            ("transformVars", options),
            ("prefix", options),
            ("suffix", options),
            ("storeOutputAs", options),
        ):
            if holder.get(key):
                self.notes.append(Note(where, key, "this is not carried over", holder[key]))

    def _variables(self, given: Json) -> dict[str, Json]:
        """Variables as a test or the default names them; those in files are read."""
        if isinstance(given, str):
            given = [given]
        if isinstance(given, list):
            merged: dict[str, Json] = {}
            for reference in given:
                for path in self.files.matching(str(reference)):
                    merged |= _object(self.files.value(path))
            return merged
        return _object(given)

    def _combinations(
        self, variables: Mapping[str, Json], whole: bool
    ) -> Iterator[dict[str, Json]]:
        choices = [self._values(name, value, whole) for name, value in variables.items()]
        for values in product(*choices):
            self._count += 1
            if self._count > MOST_TESTS:
                raise InputError(f"the variables make more than {MOST_TESTS:,} tests")
            yield dict(zip(variables, values, strict=True))

    def _values(self, name: str, value: Json, whole: bool) -> list[Json]:
        if isinstance(value, str) and value.startswith("file://"):
            return [self._from_file(name, value)] if whole else self._all_files(name, value)
        if isinstance(value, list) and value and isinstance(value[0], str) and not whole:
            return [
                self._from_file(name, item)
                if isinstance(item, str) and item.startswith("file://")
                else item
                for item in value
            ]
        return [value]

    def _all_files(self, name: str, reference: str) -> list[Json]:
        if any(mark in reference for mark in "*?["):
            return [self._from_file(name, str(path)) for path in self.files.matching(reference)]
        return [self._from_file(name, reference)]

    def _from_file(self, name: str, reference: str) -> Json:
        path = self.files.path(reference)
        kind = path.suffix.lower().partition(":")[0]
        if kind in SCRIPTS or kind == ".py":
            raise InputError(f"the variable {name} is made by a program ({path.name})")
        if kind in PICTURES or kind == ".pdf":
            raise InputError(f"the variable {name} is a file that is no text ({path.name})")
        if not path.is_file():
            raise InputError(f"the variable {name} is in a file that isn't there ({path.name})")
        if kind in (".yaml", ".yml", ".json"):
            return json.dumps(self.files.value(path), ensure_ascii=False)
        return self.files.text(path).strip()


def _from_csv(row: Mapping[str, Json]) -> dict[str, Json]:
    """A row of a CSV as a test: columns that begin with `__` say how it is judged."""
    variables: dict[str, Json] = {}
    expected: list[tuple[str, str]] = []
    test: dict[str, Json] = {}
    metadata: dict[str, Json] = {}
    thresholds: dict[int, float] = {}
    for name, cell in row.items():
        text = str(cell)
        if name.startswith("__expected"):
            if text.strip():
                expected.append((name, text))
        elif name.startswith("__metadata:"):
            metadata |= _metadata(name.removeprefix("__metadata:"), text)
        elif name.startswith("__config:"):
            column, _, key = name.removeprefix("__config:").partition(":")
            number = column.removeprefix("__expected") or "1"
            if key == "threshold" and number.isdecimal() and text.strip():
                thresholds[int(number) - 1] = float(text)
        elif name == "__threshold":
            test |= {"threshold": float(text)} if text.strip() else {}
        elif name in _COLUMNS:
            options = _object(test.get("options"))
            test["options"] = options | ({name[2:]: text} if text else {})
        elif name.startswith("__"):
            test[name[2:]] = text
        else:
            variables[name] = text
    return test | {
        "vars": variables,
        "metadata": metadata,
        "assert": [
            _cell(text, name, thresholds.get(place)) for place, (name, text) in enumerate(expected)
        ],
    }


def _cell(text: str, column: str, threshold: float | None) -> Json:
    item = from_cell(text, column)
    made: dict[str, Json] = {"type": item.type}
    if item.value is not None:
        made["value"] = item.value
    chosen = item.threshold if threshold is None else threshold
    return made if chosen is None else made | {"threshold": chosen}


def _metadata(name: str, text: str) -> dict[str, Json]:
    if not text.strip():
        return {}
    if name.endswith("[]"):
        return {name[:-2]: [part.strip() for part in text.split(",")]}
    return {name: text}


def _merged(first: Mapping[str, Json], second: Mapping[str, Json]) -> dict[str, Json]:
    """A scenario's configuration and a test: the test's own values win, assertions add up."""
    merged = {**first, **second}
    for key in ("vars", "options", "metadata"):
        merged[key] = _object(first.get(key)) | _object(second.get(key))
    asserts = [items for raw in (first, second) if isinstance(items := raw.get("assert"), list)]
    merged["assert"] = [item for items in asserts for item in items]
    return merged


def _object(value: Json) -> dict[str, Json]:
    return dict(value) if isinstance(value, dict) else {}
