"""Prompts as files: import and export in other tools' formats, a directory kept in step.

A directory holds one text file a prompt. Each file says which version it was written from, so that
three things can be told apart: changed in the file, changed in the workspace, changed in both. The
last is a conflict: it's shown, and nothing is overwritten until a person says whose text counts.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from llmops_tui.core.compose import included_first
from llmops_tui.core.errors import (
    ConflictError,
    InputError,
    LlmopsError,
    NotFoundError,
    TemplateError,
)
from llmops_tui.core.prompt_version import Prompt, PromptVersion
from llmops_tui.interchange.prompts import formats, own
from llmops_tui.interchange.prompts.model import PromptFile
from llmops_tui.services import composition
from llmops_tui.services.prompt_settings import PromptSettings
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import prompt_origins, prompts
from llmops_tui.store.prompt_origins import Origin

FORMATS = tuple(formats.FORMATS)

log = logging.getLogger(__name__)


class Standing(StrEnum):
    """How a file and the workspace stand to each other."""

    SAME = "same"
    NEW_HERE = "new file"
    NEW_THERE = "no file yet"
    CHANGED_HERE = "changed in the file"
    CHANGED_THERE = "changed in the workspace"
    CONFLICT = "conflict"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Pair:
    """A prompt in the directory and in the workspace."""

    name: str
    path: Path
    standing: Standing
    file: PromptFile | None
    newest: PromptVersion | None
    problem: str = ""
    """Why a file can't be read, or what both sides did."""

    def diff(self) -> list[str]:
        """What differs, workspace first, as a unified diff."""
        from difflib import unified_diff

        theirs = "" if self.newest is None else own.write(_written(self.newest), None)
        mine = "" if self.file is None else own.write(self.file, None)
        title = self.newest.title if self.newest else "nothing"
        lines = unified_diff(
            theirs.splitlines(), mine.splitlines(), f"workspace: {title}", str(self.path), n=2
        )
        return [line.rstrip("\n") for line in lines]


def compare(workspace: Workspace, project_id: int, directory: Path) -> list[Pair]:
    """Each prompt of the directory or the workspace, by name.

    Raises:
        InputError: it is no directory.
    """
    if not directory.is_dir():
        raise InputError(f"{directory} is no directory.", "`prompts pull` makes one.")
    kept = {prompt.name: prompt for prompt in prompts.prompts(workspace.db, project_id)}
    pairs: dict[str, Pair] = {}
    for path in sorted(directory.glob(f"*{own.SUFFIX}")):
        pair = _read(workspace, path, kept)
        if pair.name in pairs:
            raise InputError(
                f"{path.name} and {pairs[pair.name].path.name} are both of {pair.name!r}.",
                "A prompt has one file: remove one.",
            )
        pairs[pair.name] = pair
    for name, prompt in kept.items():
        newest = _newest(workspace, prompt)
        if name not in pairs and newest is not None:
            path = directory / own.file_name(name)
            pairs[name] = Pair(name, path, Standing.NEW_THERE, None, newest)
    return [pairs[name] for name in sorted(pairs)]


def pull(
    workspace: Workspace, project_id: int, directory: Path, *, force: bool = False
) -> tuple[list[Pair], list[Pair]]:
    """Write what is newer in the workspace into the directory; what was written, what conflicts.

    Args:
        workspace: where.
        project_id: whose prompts.
        directory: made where there is none.
        force: overwrite files that conflict or can't be read.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written, conflicts = [], []
    for pair in compare(workspace, project_id, directory):
        is_stuck = pair.standing in (Standing.CONFLICT, Standing.UNREADABLE)
        if is_stuck and not (force and pair.newest):
            conflicts.append(pair)
        elif is_stuck or pair.standing in (Standing.NEW_THERE, Standing.CHANGED_THERE):
            assert pair.newest is not None
            like = pair.file or _imported_from(workspace, pair.newest, "own")
            _write(pair.path, _own_text(pair.newest, like))
            written.append(pair)
    return written, conflicts


def push(
    workspace: Workspace,
    project_id: int,
    directory: Path,
    *,
    note: str = "",
    force: bool = False,
) -> tuple[list[PromptVersion], list[Pair]]:
    """Save what was changed in the directory as new versions; those, and what conflicts.

    What is included by others is saved before them. The files get the numbers of the versions
    that they became.
    """
    saved, conflicts = [], []
    pairs = compare(workspace, project_id, directory)
    for pair in included_first(pairs, lambda pair: pair.name, _messages):
        is_conflict = pair.standing is Standing.CONFLICT
        if pair.standing is Standing.UNREADABLE or (is_conflict and not force):
            conflicts.append(pair)
        elif is_conflict or pair.standing in (Standing.NEW_HERE, Standing.CHANGED_HERE):
            assert pair.file is not None
            try:
                saved.append(_save(workspace, project_id, pair, note))
            except TemplateError as error:
                problem = f"{error} {error.hint}".strip()
                conflicts.append(replace(pair, standing=Standing.UNREADABLE, problem=problem))
    return saved, conflicts


def _messages(pair: Pair) -> tuple[tuple[str, str], ...]:
    return pair.file.messages if pair.file else ()


@dataclass(frozen=True, slots=True)
class Imported:
    """One prompt that was read from a file."""

    file: PromptFile
    version: PromptVersion | None
    """None where the newest version says the same already, or nothing was to be saved."""


def import_files(
    workspace: Workspace,
    project_id: int,
    paths: Sequence[Path],
    *,
    format_name: str | None = None,
    dry_run: bool = False,
) -> tuple[list[Imported], list[str]]:
    """Read prompts from files of other tools and save them; and why files could not be read."""
    read: list[tuple[Path, PromptFile]] = []
    problems: list[str] = []
    for path in _files(paths):
        try:
            text = path.read_text("utf-8-sig")
            found = formats.read(text, path.name, format_name)
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{path}: can't be read as text ({error}).")
            continue
        except LlmopsError as error:
            problems.append(f"{path}: {error} {error.hint}".strip())
            continue
        read += [(path, one) for one in found]
    made: list[Imported] = []
    for path, one in _in_order(_told_apart(read)):
        try:
            made.append(_import(workspace, project_id, path, one, dry_run))
        except TemplateError as error:  # it includes what isn't there
            problems.append(f"{path}: {error} {error.hint}".strip())
    return made, problems


def _told_apart(read: list[tuple[Path, PromptFile]]) -> list[tuple[Path, PromptFile]]:
    """Files of one name in different directories are different prompts: the directories say which.

    A name that a file gives itself stays as it is.
    """
    places: dict[str, set[Path]] = {}
    for path, one in read:
        if one.name.startswith(path.stem):
            places.setdefault(one.name, set()).add(path.resolve().parent)
    named = []
    for path, one in read:
        at = places.get(one.name, set())
        if len(at) > 1 and one.name.startswith(path.stem):
            apart = path.resolve().parent.relative_to(os.path.commonpath(at))
            one = replace(one, name=" ".join([*apart.parts, one.name]))
        named.append((path, one))
    return named


def _in_order(read: list[tuple[Path, PromptFile]]) -> list[tuple[Path, PromptFile]]:
    """What is included by others before them, where no two have one name."""
    if len({file.name for _, file in read}) < len(read):
        return read
    return included_first(read, lambda one: one[1].name, lambda one: one[1].messages)


def export(version: PromptVersion, format_name: str, workspace: Workspace) -> str:
    """A version in a format; keys that only that format knows are those of its import.

    Raises:
        InputError: the format can't say what the prompt does.
    """
    like = _imported_from(workspace, version, format_name)
    if format_name == "own":
        return _own_text(version, like)
    return formats.write(_file_of(version), format_name, like)


def _import(
    workspace: Workspace, project_id: int, path: Path, file: PromptFile, dry_run: bool
) -> Imported:
    if dry_run:
        return Imported(file, None)
    with workspace.db.write("prompt"):
        prompt = prompts.ensure(workspace.db, project_id, file.name)
        newest = _newest(workspace, prompt)
        if newest is not None and _content(newest) == file.content:
            return Imported(file, None)
        version = _add(workspace, prompt, file, file.note or f"imported from {path.name}")
        is_whole = file.format != "promptfoo" or file.source.lstrip()[:1] in ("[", "-")
        file_name = path.name if is_whole else f"{path.stem}.txt"
        origin = Origin(file.format, file_name, file.source)
        prompt_origins.keep(workspace.db, version.id, origin)
    return Imported(file, version)


def _files(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise NotFoundError(f"There is no file {path}.", "Check the path.")
        found += (
            sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        )
    return found


def _read(workspace: Workspace, path: Path, kept: dict[str, Prompt]) -> Pair:
    name = path.name.removesuffix(own.SUFFIX)
    try:
        text = path.read_text("utf-8")
        (file,) = own.read(text, path.name)
        number = own.version_of(text, path.name)
        file.check()
    except (LlmopsError, OSError, UnicodeDecodeError) as error:
        newest = _newest(workspace, kept[name]) if name in kept else None
        return Pair(name, path, Standing.UNREADABLE, None, newest, str(error))
    prompt = kept.get(file.name)
    newest = _newest(workspace, prompt) if prompt else None
    if prompt is None or newest is None:
        return Pair(file.name, path, Standing.NEW_HERE, file, None)
    standing, problem = _standing(workspace, prompt, newest, file, number)
    return Pair(file.name, path, standing, file, newest, problem)


def _standing(
    workspace: Workspace,
    prompt: Prompt,
    newest: PromptVersion,
    file: PromptFile,
    number: int | None,
) -> tuple[Standing, str]:
    if file.content == _content(newest):
        return Standing.SAME, ""
    if number == newest.number:
        return Standing.CHANGED_HERE, ""
    if number is None:
        return Standing.CONFLICT, "The file doesn't say which version it was written from."
    try:
        base = prompts.version_by_number(workspace.db, prompt.id, number)
    except NotFoundError:
        return Standing.CONFLICT, f"The workspace has no v{number}, which the file is from."
    if _content(base) == _content(newest):
        return Standing.CHANGED_HERE, ""
    if file.content == _content(base):
        return Standing.CHANGED_THERE, ""
    return (
        Standing.CONFLICT,
        f"Since v{number} it was changed in the file, and in v{newest.number}.",
    )


def _save(workspace: Workspace, project_id: int, pair: Pair, note: str) -> PromptVersion:
    assert pair.file is not None
    with workspace.db.write("prompt"):
        prompt = prompts.ensure(workspace.db, project_id, pair.file.name)
        newest = _newest(workspace, prompt)
        if (newest.id if newest else None) != (pair.newest.id if pair.newest else None):
            raise ConflictError(
                f"Somebody saved {pair.name!r} at this moment.", "Do the same again."
            )
        version = _add(workspace, prompt, pair.file, note or f"pushed from {pair.path.name}")
        # Keys that only the file has go along to everybody else's directory.
        origin = Origin("own", pair.path.name, pair.file.source)
        prompt_origins.keep(workspace.db, version.id, origin)
    _write(pair.path, _own_text(version, pair.file))
    return version


def _add(workspace: Workspace, prompt: Prompt, file: PromptFile, note: str) -> PromptVersion:
    settings = PromptSettings(file.parameters, file.response_schema)
    return composition.add(
        workspace, prompt, file.messages, settings=settings, note=note[:500], keep_draft=True
    )


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, "utf-8")
        beside.replace(path)
    except OSError as error:
        raise InputError(f"{path} can't be written: {error.strerror}.") from error
    finally:
        beside.unlink(missing_ok=True)


def _newest(workspace: Workspace, prompt: Prompt) -> PromptVersion | None:
    return next(iter(prompts.versions(workspace.db, prompt.id, limit=1)), None)


def _file_of(version: PromptVersion) -> PromptFile:
    return PromptFile(
        name=version.prompt_name,
        messages=version.messages,
        format="own",
        parameters=version.parameters,
        response_schema=version.response_schema,
        note=version.note,
    )


def _written(version: PromptVersion) -> PromptFile:
    """With includes as such, which only our own files know."""
    return replace(_file_of(version), messages=version.written)


def _imported_from(
    workspace: Workspace, version: PromptVersion, format_name: str
) -> PromptFile | None:
    """The file of a format that the version, or one before it, came from."""
    origin = prompt_origins.newest(workspace.db, version.prompt_id, version.number, format_name)
    if origin is None:
        return None
    try:
        return formats.read(origin.source, origin.file_name, format_name)[0]
    except LlmopsError as error:  # what one version of the program read, another may not
        log.warning("%s: %s", origin.file_name, error)
        return None


def _own_text(version: PromptVersion, like: PromptFile | None) -> str:
    pins = {one.written: one.number for one in version.includes}
    return own.write(_written(version), like, version.number, pins)


def _content(version: PromptVersion) -> tuple[object, ...]:
    return _written(version).content
