"""Optional libraries: loaded when first needed, with one clear sentence where one is missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from llmops_tui.core.errors import UnavailableError


def load(module: str, scorer: str, extra: str) -> ModuleType:
    """A library that a scorer needs.

    Raises:
        UnavailableError: It isn't installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UnavailableError(
            f"The scorer {scorer} needs {module.partition('.')[0]}, which is not installed.",
            f"pip install 'llmops-tui[{extra}]'",
        ) from error
