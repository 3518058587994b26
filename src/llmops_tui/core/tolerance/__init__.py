"""How wrong can I be: the tolerance and its verdict. Pure functions; SciPy loads on first use.

The questions around the verdict have their own modules: `planning`, `proportion`, `anytime`,
`betting`, `paired`, `clusters`, `judge`, `lanes`, `budget`, `agreement`.
"""

from llmops_tui.core.tolerance.clusters import Group
from llmops_tui.core.tolerance.state import Reason, State
from llmops_tui.core.tolerance.tolerance import (
    ROW,
    Evidence,
    Tolerance,
    parse_confidence,
    parse_max_wrong,
    parse_share,
)
from llmops_tui.core.tolerance.verdict import Verdict, decide
from llmops_tui.core.tolerance.words import percent

__all__ = [
    "ROW",
    "Evidence",
    "Group",
    "Reason",
    "State",
    "Tolerance",
    "Verdict",
    "decide",
    "parse_confidence",
    "parse_max_wrong",
    "parse_share",
    "percent",
]
