"""Prompts: edit and save; and how wrong each version is known to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmops_tui.core.chat import Json
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import InputError
from llmops_tui.core.prompt import PromptTemplate
from llmops_tui.core.prompt_version import Draft, Prompt, PromptVersion
from llmops_tui.services import composition
from llmops_tui.services.projects import tolerance_of
from llmops_tui.services.prompt_settings import PromptSettings
from llmops_tui.services.run_words import rate_words
from llmops_tui.services.verdicts import Measured, measured
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import prompts, runs

NOT_MEASURED = "not measured"
NEW_PROMPT = "--- system ---\n\n\n--- user ---\n\n"
"""What the editor of a prompt without a version opens with."""


@dataclass(frozen=True, slots=True)
class PromptView:
    """A prompt as lists show it."""

    prompt: Prompt
    newest: PromptVersion | None
    measured: Measured | None
    """Of the newest version."""
    labels: tuple[tuple[str, int], ...]
    """(label, version number) pairs."""
    has_draft: bool

    @property
    def wrong_words(self) -> str:
        """The measured wrong rate with its interval, or "not measured"."""
        return wrong_words(self.measured)


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version with what is known of it."""

    version: PromptVersion
    measured: Measured | None

    @property
    def wrong_words(self) -> str:
        """The measured wrong rate with its interval, or "not measured"."""
        return wrong_words(self.measured)


@dataclass(frozen=True, slots=True)
class EditorState:
    """What the editor opens with."""

    prompt: Prompt
    text: str
    """The draft where there is one, else the version's text."""
    base: PromptVersion | None
    """The version that the text was begun from."""
    from_draft: bool


def wrong_words(found: Measured | None) -> str:
    """A measured wrong rate with its interval: `1.7 % [0.9–3.1]`; or "not measured"."""
    if found is None or found.verdict.point is None:
        return NOT_MEASURED
    return f"{rate_words(found.verdict)} {found.verdict.state}"


def list_prompts(workspace: Workspace, project_id: int) -> list[PromptView]:
    """The project's prompts by name."""
    tolerance = tolerance_of(workspace, project_id)
    views = []
    for prompt in prompts.prompts(workspace.db, project_id):
        versions = prompts.versions(workspace.db, prompt.id)
        newest = versions[0] if versions else None
        views.append(
            PromptView(
                prompt=prompt,
                newest=newest,
                measured=measured(workspace, newest.id, tolerance) if newest else None,
                labels=tuple(
                    (label, version.number) for version in versions for label in version.labels
                ),
                has_draft=prompts.draft(workspace.db, prompt.id, workspace.person) is not None,
            )
        )
    return views


def get_prompt(workspace: Workspace, project_id: int, name: str) -> Prompt:
    """The prompt of that name.

    Raises:
        NotFoundError: there is none.
    """
    return prompts.by_name(workspace.db, project_id, name)


def create_prompt(workspace: Workspace, project_id: int, name: str) -> Prompt:
    """A new prompt without a version.

    Raises:
        InputError: the name is empty or taken.
    """
    name = name.strip()
    if not name:
        raise InputError("A prompt needs a name.", "Give it a short one, such as support-reply.")
    if any(prompt.name == name for prompt in prompts.prompts(workspace.db, project_id)):
        raise InputError(f"There is already a prompt named {name!r}.", "Choose another name.")
    return prompts.ensure(workspace.db, project_id, name)


def list_versions(workspace: Workspace, prompt: Prompt) -> list[VersionView]:
    """A prompt's versions, newest first, each with its measured wrong rate."""
    tolerance = tolerance_of(workspace, prompt.project_id)
    return [
        VersionView(version, measured(workspace, version.id, tolerance))
        for version in prompts.versions(workspace.db, prompt.id)
    ]


def get_version(
    workspace: Workspace,
    project_id: int,
    name: str,
    *,
    label: str | None = None,
    number: int | None = None,
) -> PromptVersion:
    """A prompt's version by label or number; without either, the newest.

    Raises:
        NotFoundError: there is no such prompt or version.
        InputError: label and number were both given, or the prompt has no version yet.
    """
    if label is not None and number is not None:
        raise InputError("A label and a number were given.", "Give one of them.")
    prompt = prompts.by_name(workspace.db, project_id, name)
    if label is not None:
        return prompts.version_by_label(workspace.db, prompt.id, label)
    if number is not None:
        return prompts.version_by_number(workspace.db, prompt.id, number)
    versions = prompts.versions(workspace.db, prompt.id, limit=1)
    if not versions:
        raise InputError(f"The prompt {name!r} has no version yet.", "Save one in the app.")
    return versions[0]


def prompt_of(workspace: Workspace, project_id: int, version_id: int) -> Prompt:
    """The prompt that a version belongs to.

    Raises:
        NotFoundError: there is no such version in the project.
    """
    version = prompts.version(workspace.db, version_id)
    return prompts.by_name(workspace.db, project_id, version.prompt_name)


def as_text(version: PromptVersion) -> str:
    """A version in the form that people edit."""
    return PromptTemplate.of(version.written).format()


def whole_text(version: PromptVersion) -> str:
    """The same with what it includes in its place: what a model gets, still with variables."""
    return PromptTemplate.of(version.messages).format()


def texts_to_compare(old: PromptVersion, new: PromptVersion) -> tuple[str, str]:
    """The texts of two versions: as written, or whole where only what they include differs."""
    if old.written == new.written:
        return whole_text(old), whole_text(new)
    return as_text(old), as_text(new)


def diff_lines(old: PromptVersion, new: PromptVersion) -> list[str]:
    """What differs between two versions, as a unified diff."""
    from difflib import unified_diff

    before, after = texts_to_compare(old, new)
    lines = unified_diff(before.splitlines(), after.splitlines(), old.title, new.title, n=2)
    return [line.rstrip("\n") for line in lines]


def measured_in(workspace: Workspace, version: PromptVersion) -> int:
    """The newest run that measured a version.

    Raises:
        InputError: none did.
    """
    found = runs.newest_counts(workspace.db, version.id)
    if found is None:
        raise InputError(f"{version.title} was not measured yet.", "Run it first.")
    return found[0]


def open_editor(workspace: Workspace, prompt: Prompt) -> EditorState:
    """What to edit: this person's draft where there is one, else the newest version."""
    versions = prompts.versions(workspace.db, prompt.id, limit=1)
    newest = versions[0] if versions else None
    draft = prompts.draft(workspace.db, prompt.id, workspace.person)
    if draft is not None:
        base = (
            prompts.version(workspace.db, draft.base_version_id) if draft.base_version_id else None
        )
        return EditorState(prompt, draft.text, base, from_draft=True)
    text = as_text(newest) if newest else NEW_PROMPT
    return EditorState(prompt, text, newest, from_draft=False)


def save_draft(workspace: Workspace, state: EditorState, text: str) -> None:
    """Keep what is being typed, so that a crash or a dropped line loses nothing."""
    base = state.base.id if state.base else None
    draft = Draft(state.prompt.id, workspace.person, base, text, now_ms())
    prompts.save_draft(workspace.db, draft)


def drop_draft(workspace: Workspace, prompt: Prompt) -> None:
    """Forget the draft and go back to the saved version."""
    prompts.drop_draft(workspace.db, prompt.id, workspace.person)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody saved a version while this draft was written."""

    theirs: PromptVersion


def save_version(
    workspace: Workspace,
    state: EditorState,
    text: str,
    *,
    note: str = "",
    settings: PromptSettings | None = None,
    despite: PromptVersion | None = None,
) -> PromptVersion | Conflict:
    """Save the text as a new version.

    Args:
        workspace: where.
        state: what the editor opened with.
        text: what is to be saved.
        note: what changed, in the author's words.
        settings: how it is asked; None keeps those of the version it began from.
        despite: a newer version that the person has seen and saves after all.

    Returns:
        The new version; or, where somebody else saved one in the meantime, the conflict, and
        nothing is saved.

    Raises:
        InputError: there is no message, or nothing was changed.
        TemplateError: a message can't be parsed, or something can't be included.
    """
    messages = PromptTemplate.parse(text).messages
    if not any(body.strip() for _, body in messages):
        raise InputError("The prompt is empty.", "Write a message first.")
    newest = next(iter(prompts.versions(workspace.db, state.prompt.id, limit=1)), None)
    base_id = state.base.id if state.base else None
    if newest is not None and newest.id not in (base_id, despite.id if despite else None):
        return Conflict(newest)
    chosen = settings or PromptSettings.of(state.base)
    return composition.save(workspace, state.prompt, messages, settings=chosen, note=note)


def add_version(
    workspace: Workspace,
    prompt: Prompt,
    messages: Sequence[tuple[str, str]],
    *,
    parameters: Mapping[str, Json] | None = None,
    response_schema: Mapping[str, Json] | None = None,
    note: str = "",
) -> PromptVersion:
    """Save messages that are at hand as the next version.

    Raises:
        TemplateError: a message can't be parsed.
    """
    settings = PromptSettings(parameters or {}, response_schema)
    written = PromptTemplate.of(messages).messages
    return composition.add(workspace, prompt, written, settings=settings, note=note)
