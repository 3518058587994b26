"""Flag rules: why a production call needs a person's look.

A flag is a reason to look, never a verdict. Rules see one call at a time and never raise, whatever
a model wrote. All of them together take about 10 µs for an answer of 200 characters, 15 µs for
2,000, 40 µs where 2,000 characters of JSON are parsed, 200 µs for 20,000 (Python 3.11, 2 cores).
"""

from llmops_tui.core.call import CallFlag as Flag
from llmops_tui.core.flags.base import SEVERITIES, FlagInput
from llmops_tui.core.flags.registry import (
    DEFAULT_RULES,
    RULES,
    CompiledRules,
    FlagRule,
    FlagRuleKind,
    compile_rules,
    evaluate,
    rules_from_json,
)

__all__ = [
    "DEFAULT_RULES",
    "RULES",
    "SEVERITIES",
    "CompiledRules",
    "Flag",
    "FlagInput",
    "FlagRule",
    "FlagRuleKind",
    "compile_rules",
    "evaluate",
    "rules_from_json",
]
