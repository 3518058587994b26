"""Which prompts include which, what is behind, and bringing it up to date.

A change of an included prompt changes nothing that is in use: the prompts that include it are
behind until they are updated, which saves a new version of each. That one is measured and passes
the gate like any other before a protected label points at it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmops_tui.core import compose as core
from llmops_tui.core.errors import NotFoundError, TemplateError
from llmops_tui.core.prompt_version import Include, Prompt, PromptVersion
from llmops_tui.services import composition
from llmops_tui.services.prompt_settings import PromptSettings
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import prompts


@dataclass(frozen=True, slots=True)
class Link:
    """One include of a prompt's newest version."""

    include: Include
    now: PromptVersion | None
    """What the same words mean at this moment; None where they mean nothing any more."""
    problem: str = ""

    @property
    def is_behind(self) -> bool:
        """Whether saving again would take another version."""
        return self.now is not None and self.now.id != self.include.version_id


@dataclass(frozen=True, slots=True)
class Node:
    """A prompt in the graph of includes."""

    prompt: Prompt
    newest: PromptVersion
    links: tuple[Link, ...]
    used_by: tuple[str, ...]
    """Prompts whose newest version includes it directly."""

    @property
    def is_behind(self) -> bool:
        """Whether saving again would take another version of anything."""
        return any(link.is_behind for link in self.links)


@dataclass(frozen=True, slots=True)
class Graph:
    """Which prompts include which, by their newest versions."""

    nodes: Mapping[str, Node]

    @property
    def tops(self) -> tuple[str, ...]:
        """Prompts that include something and that no other includes."""
        return tuple(name for name, node in self.nodes.items() if node.links and not node.used_by)

    def affected_by(self, name: str) -> tuple[str, ...]:
        """Prompts that include this one, directly or through others; the nearest first."""
        found: dict[str, None] = {}
        todo = list(self.nodes[name].used_by) if name in self.nodes else []
        while todo:
            one = todo.pop(0)
            if one not in found and one != name:
                found[one] = None
                todo += self.nodes[one].used_by
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the graph as a tree: a prompt, below it what it includes."""

    path: tuple[str, ...]
    """Names from the top to here; the same prompt may stand in several places."""
    node: Node
    link: Link | None
    """By what it stands here; None at the top."""

    @property
    def depth(self) -> int:
        """0 at the top."""
        return len(self.path) - 1

    @property
    def standing(self) -> str:
        """How it stands to what its words mean now."""
        if self.link is None:
            return "behind" if self.node.is_behind else "up to date"
        if self.link.now is None:
            return self.link.problem
        if self.link.is_behind:
            return f"behind: means v{self.link.now.number} now"
        return "fixed" if core.reference(self.link.include.written).number else "up to date"


def rows(graph: Graph) -> Iterator[Row]:
    """The graph as a tree, those first that no other includes.

    What a prompt includes stands below it once, so that there are no more lines than includes.
    """
    stack: list[tuple[tuple[str, ...], Node, Link | None]] = [
        ((name,), graph.nodes[name], None) for name in reversed(graph.tops)
    ]
    opened: set[str] = set()
    while stack:
        path, node, link = stack.pop()
        yield Row(path, node, link)
        if path[-1] not in opened:
            opened.add(path[-1])
            stack += [
                ((*path, one.include.prompt_name), graph.nodes[one.include.prompt_name], one)
                for one in reversed(node.links)
            ]


def graph(workspace: Workspace, project_id: int) -> Graph:
    """All prompts of a project with what their newest versions include, by name."""
    newest: dict[str, tuple[Prompt, PromptVersion]] = {}
    for prompt in prompts.prompts(workspace.db, project_id):
        versions = prompts.versions(workspace.db, prompt.id, limit=1)
        if versions:
            newest[prompt.name] = prompt, versions[0]
    used: dict[str, list[str]] = {}
    for name, (_, version) in newest.items():
        for included in dict.fromkeys(one.prompt_name for one in version.includes):
            used.setdefault(included, []).append(name)
    return Graph(
        {
            name: Node(
                prompt,
                version,
                tuple(_link(workspace, project_id, one) for one in version.includes),
                tuple(used.get(name, ())),
            )
            for name, (prompt, version) in newest.items()
        }
    )


def affected(workspace: Workspace, prompt: Prompt) -> tuple[PromptVersion, ...]:
    """Newest versions that include a prompt, directly or through others; the nearest first."""
    found: dict[int, PromptVersion] = {}
    todo = [prompt.id]
    while todo:
        for version in prompts.included_by(workspace.db, todo.pop(0)):
            if version.prompt_id not in found and version.prompt_id != prompt.id:
                found[version.prompt_id] = version
                todo.append(version.prompt_id)
    return tuple(found.values())


def affected_words(workspace: Workspace, prompt: Prompt) -> str:
    """What a change of a prompt would affect, as a sentence; empty where it is nothing."""
    found = affected(workspace, prompt)
    if not found:
        return ""
    shown = ", ".join(_with_labels(version) for version in found[:6])
    more = f" and {len(found) - 6} more" if len(found) > 6 else ""
    verb = "include" if len(found) > 1 else "includes"
    keep = "They keep" if len(found) > 1 else "It keeps"
    return (
        f"{shown}{more} {verb} {prompt.name}. {keep} the text of before until updated "
        "(Composition, then u), so that what was measured stays what is used."
    )


def behind(found: Graph, name: str | None = None) -> tuple[str, ...]:
    """Prompts that an update would save anew, in the order in which they would be.

    Args:
        found: The graph.
        name: Only this prompt and those that include it, directly or through others; None for all.
    """
    wanted = set(found.nodes if name is None else (name, *found.affected_by(name)))
    nodes = [node for one, node in found.nodes.items() if one in wanted]
    ordered = core.included_first(
        nodes, lambda node: node.prompt.name, lambda node: node.newest.written
    )
    stale: dict[str, None] = {}
    for node in ordered:
        takes_new = any(
            link.is_behind or (link.include.prompt_name in stale and _takes_newest(link))
            for link in node.links
        )
        if takes_new:
            stale[node.prompt.name] = None
    return tuple(stale)


def update(workspace: Workspace, project_id: int, names: Sequence[str]) -> list[PromptVersion]:
    """Save prompts anew as they are written, with what their includes mean now.

    Drafts stay: whoever saves one is shown what came meanwhile.

    Raises:
        TemplateError: one can't be put together any more; what was saved before stays.
    """
    made = []
    for name in names:
        prompt = prompts.by_name(workspace.db, project_id, name)
        newest = prompts.versions(workspace.db, prompt.id, limit=1)[0]
        composed = composition.compose(workspace, project_id, newest.written, into=name)
        settings = PromptSettings.of(newest)
        if composition.is_same(newest, composed, settings):
            continue
        note = _update_note(newest.includes, composed.includes)
        made.append(
            composition.add(
                workspace, prompt, newest.written, settings=settings, note=note, keep_draft=True
            )
        )
    return made


def _takes_newest(link: Link) -> bool:
    asked = core.reference(link.include.written)
    return asked.label is None and asked.number is None


def _update_note(before: Sequence[Include], now: Sequence[Include]) -> str:
    old = {one.written: one for one in before}
    moved = [
        f"{one.prompt_name} v{old[one.written].number} → v{one.number}"
        for one in now
        if one.written in old and old[one.written].version_id != one.version_id
    ]
    return f"with {', '.join(moved)}"[:500]


def _with_labels(version: PromptVersion) -> str:
    labels = f" ({', '.join(version.labels)})" if version.labels else ""
    return f"{version.title}{labels}"


def _link(workspace: Workspace, project_id: int, include: Include) -> Link:
    try:
        return Link(
            include, composition.resolve(workspace, project_id, core.reference(include.written))
        )
    except (NotFoundError, TemplateError) as error:
        return Link(include, None, str(error))
