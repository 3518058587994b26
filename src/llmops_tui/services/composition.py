"""Prompts that include others are put together when they are saved.

Which version an include means is decided then, and never again for that version
(`core/compose.py` says why); `composition_graph.py` shows what became of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from llmops_tui.core import compose as core
from llmops_tui.core.compose import Messages, Reference
from llmops_tui.core.errors import InputError, NotFoundError, TemplateError
from llmops_tui.core.prompt import MessageError, PromptTemplate
from llmops_tui.core.prompt_version import Include, Prompt, PromptVersion
from llmops_tui.services.prompt_settings import PromptSettings
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import prompts


@dataclass(frozen=True, slots=True)
class Composed:
    """Messages as written, and what they are once everything they include is in place."""

    written: Messages
    whole: core.Whole
    includes: tuple[Include, ...]

    @property
    def template(self) -> PromptTemplate:
        """What a model gets, still with variables."""
        return PromptTemplate(self.whole.messages)

    def variables(self) -> tuple[str, ...]:
        """All variables, those of what is included among them.

        Raises:
            MessageError: a message can't be parsed; the line is that of what was written.
        """
        try:
            return self.template.variables()
        except MessageError as error:
            raise self.whole.written_error(error) from error


Composer = Callable[[Messages], Composed]
"""Puts a draft together, with what the workspace holds at this moment."""


def composer(workspace: Workspace, project_id: int, into: str = "") -> Composer:
    """Puts texts of the prompt `into` together."""
    return lambda messages: compose(workspace, project_id, messages, into=into)


def compose(
    workspace: Workspace, project_id: int, messages: Messages, *, into: str = ""
) -> Composed:
    """Put what messages include in its place.

    Args:
        workspace: where.
        project_id: includes are looked up in the same project.
        messages: as written.
        into: The prompt that they are of.

    Raises:
        MessageError: something that is included isn't there, would include itself, or is too
            much; the line is that of the include.
    """
    pinned: dict[str, PromptVersion] = {}

    def included(asked: Reference) -> Sequence[tuple[str, str]]:
        try:
            version = resolve(workspace, project_id, asked)
        except NotFoundError as error:
            raise TemplateError(f"`{asked.written}` can't be included: {error}") from error
        _refuse_circle(workspace, project_id, into, version)
        if _depth(workspace, version) >= core.DEEPEST:
            raise TemplateError(
                f"`{asked.written}` stands at the end of a chain of {core.DEEPEST} includes.",
                "Include less deeply: nobody can follow more.",
            )
        pinned[asked.written] = version
        return version.messages

    whole = core.put_in(messages, included)
    includes = tuple(
        Include(written, version.prompt_name, version.number, version.id)
        for written, version in pinned.items()
    )
    return Composed(tuple(messages), whole, includes)


def resolve(workspace: Workspace, project_id: int, asked: Reference) -> PromptVersion:
    """The version that a reference means at this moment.

    Raises:
        NotFoundError: there is no such prompt, label or version.
    """
    prompt = prompts.by_name(workspace.db, project_id, asked.name)
    if asked.number is not None:
        return prompts.version_by_number(workspace.db, prompt.id, asked.number)
    if asked.label is not None:
        return prompts.version_by_label(workspace.db, prompt.id, asked.label)
    newest = prompts.versions(workspace.db, prompt.id, limit=1)
    if not newest:
        raise NotFoundError(f"The prompt {asked.name!r} has no version yet.")
    return newest[0]


def save(
    workspace: Workspace,
    prompt: Prompt,
    messages: Messages,
    *,
    settings: PromptSettings,
    note: str = "",
    keep_draft: bool = False,
) -> PromptVersion:
    """Save messages as the next version, whole, with what was written beside it.

    Raises:
        MessageError: a message can't be parsed, or something can't be included.
        InputError: nothing was changed since the newest version.
    """
    composed = compose(workspace, prompt.project_id, messages, into=prompt.name)
    variables = composed.variables()
    newest = next(iter(prompts.versions(workspace.db, prompt.id, limit=1)), None)
    if newest is not None and is_same(newest, composed, settings):
        raise InputError(f"Nothing was changed since {newest.title}.", "Edit it, then save.")
    return _add(workspace, prompt, composed, variables, settings, note, keep_draft)


def add(
    workspace: Workspace,
    prompt: Prompt,
    messages: Messages,
    *,
    settings: PromptSettings,
    note: str = "",
    keep_draft: bool = False,
) -> PromptVersion:
    """The same, also where nothing was changed.

    Raises:
        MessageError: a message can't be parsed, or something can't be included.
    """
    composed = compose(workspace, prompt.project_id, messages, into=prompt.name)
    variables = composed.variables()
    return _add(workspace, prompt, composed, variables, settings, note, keep_draft)


def _add(
    workspace: Workspace,
    prompt: Prompt,
    composed: Composed,
    variables: Sequence[str],
    settings: PromptSettings,
    note: str,
    keep_draft: bool,
) -> PromptVersion:
    return prompts.add_version(
        workspace.db,
        prompt.id,
        composed.whole.messages,
        variables=variables,
        author=workspace.person,
        parameters=settings.parameters,
        response_schema=settings.response_schema,
        note=note,
        keep_draft=keep_draft,
        source=composed.written if composed.includes else None,
        includes=composed.includes,
    )


def is_same(version: PromptVersion, composed: Composed, settings: PromptSettings) -> bool:
    """Whether saving would make the same version once more."""
    return (
        version.written == composed.written
        and version.messages == composed.whole.messages
        and {one.version_id for one in version.includes}
        == {one.version_id for one in composed.includes}
        and PromptSettings.of(version) == settings
    )


def _refuse_circle(
    workspace: Workspace, project_id: int, into: str, version: PromptVersion
) -> None:
    """By name, whatever the versions: a circle of prompts would never be up to date."""

    def includes(name: str) -> Mapping[str, object]:
        found = version
        if name != version.prompt_name:
            found = resolve(workspace, project_id, Reference(name, name))
        return {one.prompt_name: None for one in found.includes}

    chain = core.circle(into, [version.prompt_name], includes) if into else ()
    if chain:
        raise TemplateError(
            f"{into} would include itself: {' → '.join(chain)}.", "Take one of the includes out."
        )


def _depth(workspace: Workspace, version: PromptVersion) -> int:
    """Versions in the longest chain that begins here."""
    depth, level = 1, [version]
    while depth <= core.DEEPEST:
        ids = {one.version_id for found in level for one in found.includes}
        level = [prompts.version(workspace.db, one) for one in ids]
        if not level:
            break
        depth += 1
    return depth
