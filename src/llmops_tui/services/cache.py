"""The answer cache: look at it, empty it."""

from __future__ import annotations

from llmops_tui.services.workspace import Workspace
from llmops_tui.store import answers
from llmops_tui.store.answers import CacheStats

__all__ = ["CacheStats", "cache_stats", "clear_cache"]


def cache_stats(workspace: Workspace) -> CacheStats:
    """What the cache holds and what it saved."""
    return answers.stats(workspace.db)


def clear_cache(workspace: Workspace) -> int:
    """Serve none of today's answers again; how many. Finished runs keep theirs."""
    return answers.clear(workspace.db)
