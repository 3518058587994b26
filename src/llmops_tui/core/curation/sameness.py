"""When two inputs count as the same: whatever their case and white space."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from llmops_tui.core.chat import Json
from llmops_tui.core.curation.filter import texts
from llmops_tui.core.dataset import Example

DIGEST_BYTES = 16
BETWEEN = "\x1f"
"""Stands between the values of an input."""


def normal(text: str) -> str:
    """A text without what doesn't make two of them different: case and white space."""
    return re.sub(r"\s+", " ", text).strip().casefold()


def normal_values(inputs: Mapping[str, Json]) -> list[str]:
    """The values of an example's inputs, each as `normal` has it."""
    return [normal(text) for text in texts(Example(0, 0, inputs, None))]


def input_digest(values: list[str]) -> bytes:
    """A BLAKE2b digest of `normal_values`, `DIGEST_BYTES` long."""
    whole = BETWEEN.join(values).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(whole, digest_size=DIGEST_BYTES).digest()
