"""The answer cache: look at it, empty it."""

from __future__ import annotations

from llmops_tui.services.workspace import Workspace
from llmops_tui.store import answers
from llmops_tui.store.answers import CachedModel, CacheStats

__all__ = ["CacheStats", "CachedModel", "cache_stats", "cached_models", "clear_cache"]


def cache_stats(workspace: Workspace) -> CacheStats:
    """What the cache holds and what it saved."""
    return answers.stats(workspace.db)


def cached_models(workspace: Workspace) -> list[CachedModel]:
    """What it holds of each model, the largest first."""
    return answers.by_model(workspace.db)


def clear_cache(workspace: Workspace) -> int:
    """Serve none of today's answers again; how many. Finished runs keep theirs."""
    return answers.clear(workspace.db)
