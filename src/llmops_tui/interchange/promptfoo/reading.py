"""Reads a promptfoo configuration whole. Nothing in it is executed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.interchange.promptfoo.files import SCRIPTS, Files
from llmops_tui.interchange.promptfoo.model import Note, ProviderItem, Suite
from llmops_tui.interchange.promptfoo.prompts import PromptReader
from llmops_tui.interchange.promptfoo.tests import TestReader

KEYS = ("prompts", "providers", "targets", "tests", "scenarios", "defaultTest")
"""A file with two of these is a configuration."""
NOT_CARRIED = {
    "derivedMetrics": "metrics derived from others",
    "extensions": "extensions in JavaScript or Python",
    "nunjucksFilters": "filters in JavaScript",
    "tracing": "tracing of the providers",
    "redteam": "red teaming",
    "outputPath": "write reports with `llmops-tui report`",
}


def is_config(value: Json) -> bool:
    """Whether a document is a promptfoo configuration."""
    return isinstance(value, dict) and sum(key in value for key in KEYS) >= 2


def read_suite(path: Path, environment: Mapping[str, str]) -> Suite:
    """A configuration with its prompts, providers and tests.

    Args:
        path: the YAML or JSON file; its references are looked for beside it.
        environment: what `{{ env.NAME }}` stands for. Names that look like secrets stay as they
            are, so that no key gets into a prompt or the workspace.

    Raises:
        InputError: the file can't be read, or is no configuration.
    """
    files = Files(path.parent.resolve(), environment)
    if path.suffix.lower() in SCRIPTS:
        raise InputError(
            f"“{path.name}” is a program, and nothing of it is run here.",
            "`promptfoo export` or a YAML file can be read.",
        )
    value = files.as_it_stands(path)
    if not isinstance(value, dict) or not is_config(value):
        raise InputError(
            f"“{path.name}” is no promptfoo configuration.",
            f"It would have keys such as {', '.join(KEYS[:4])}.",
        )
    own = {name: str(item) for name, item in _object(value.get("env")).items() if item is not None}
    files.environment = {**environment, **own}
    value = _object(files.filled(value))
    notes: list[Note] = []
    prompts = PromptReader(files, notes)
    prompt_items = prompts.read(value.get("prompts", ["{{prompt}}"]))
    default = _default(files, value.get("defaultTest"), notes)
    tests = TestReader(files, default, _object(value.get("assertionTemplates")), notes)
    providers = _providers(files, value.get("providers", value.get("targets")), notes)
    options = _object(value.get("commandLineOptions")) | _object(value.get("evaluateOptions"))
    return Suite(
        path=path,
        description=str(value.get("description") or ""),
        prompts=tuple(prompt_items),
        providers=tuple(providers),
        tests=tuple(tests.read(value.get("tests"), value.get("scenarios"))),
        repeats=_whole(options.get("repeat")) or 1,
        concurrency=_whole(options.get("maxConcurrency")),
        use_cache=options.get("cache") is not False,
        notes=(*notes, *_others(value, files)),
        prompts_named=prompts.named,
    )


def _default(files: Files, given: Json, notes: list[Note]) -> Mapping[str, Json]:
    if isinstance(given, str):
        try:
            given = files.value(files.matching(given)[0])
        except InputError as error:
            notes.append(Note("defaultTest", "default test", str(error), given))
            return {}
    return _object(given)


def _providers(files: Files, given: Json, notes: list[Note]) -> list[ProviderItem]:
    if isinstance(given, str | dict):
        given = [given]
    found: list[ProviderItem] = []
    for place, item in enumerate(given if isinstance(given, list) else []):
        where = f"providers[{place}]"
        if (
            isinstance(item, str)
            and item.startswith("file://")
            and item.endswith((".yaml", ".yml", ".json"))
        ):
            try:
                more = files.value(files.matching(item)[0])
            except InputError as error:
                notes.append(Note(where, f"provider {item}", str(error), item))
                continue
            found += _providers(files, more, notes)
        elif isinstance(item, str):
            found.append(ProviderItem(item, ""))
        elif isinstance(item, dict):
            found.append(_provider(item))
    return found


def _provider(item: Mapping[str, Json]) -> ProviderItem:
    if "id" not in item and len(item) == 1:  # {"openai:gpt-4o": {config…}}
        name, inner = next(iter(item.items()))
        item = {"id": name, **_object(inner)}
    prompts = item.get("prompts")
    return ProviderItem(
        id=str(item.get("id") or ""),
        label=str(item.get("label") or ""),
        config=_object(item.get("config")),
        prompts=tuple(map(str, prompts)) if isinstance(prompts, list) else (),
    )


def _others(value: Mapping[str, Json], files: Files) -> list[Note]:
    notes = [
        Note(key, what, "this is not carried over", value[key], fatal=key != "outputPath")
        for key, what in NOT_CARRIED.items()
        if key in value
    ]
    notes += [
        Note("env", name, "it looks like a secret, so its value is not read into prompts or tests")
        for name in sorted(files.kept_back)
    ]
    return notes


def _whole(value: Json) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return int(value) if is_number and isinstance(value, int) and value > 0 else None


def _object(value: Json) -> dict[str, Json]:
    return dict(value) if isinstance(value, dict) else {}
