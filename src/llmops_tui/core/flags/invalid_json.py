"""`invalid json`: JSON was asked for, and something else came."""

from __future__ import annotations

import json
from dataclasses import dataclass

from llmops_tui.core.flags.base import LONGEST_TEXT, Finding, FlagInput, Rule
from llmops_tui.core.json_text import read_json
from llmops_tui.core.parameters import option


@dataclass(frozen=True, slots=True)
class InvalidJsonParameters:
    """What counts as JSON, and when it is expected."""

    fenced: bool = option(False, "A Markdown code block around it is fine")
    always: bool = option(False, "Expect JSON of every call, not only where it was asked for")


def compile_invalid_json(parameters: InvalidJsonParameters) -> Rule:
    """The rule for these parameters."""

    def rule(call: FlagInput) -> Finding | None:
        if not (call.wants_json or parameters.always) or call.failed or call.calls_tools:
            return None
        # An empty answer has a rule of its own; a longer one is not read on the way in.
        if not call.output.strip() or len(call.output) > 10 * LONGEST_TEXT:
            return None
        try:
            read_json(call.output, fenced=parameters.fenced)
        except json.JSONDecodeError as error:
            reason = f"The answer is no JSON: {error.msg} (line {error.lineno})."
            # Inside a code block the position counts from the block, so it can't be shown.
            if error.doc != call.output or error.pos >= len(call.output):
                return Finding(reason)
            return Finding(reason, error.pos, error.pos + 1)
        except ValueError as error:
            return Finding(f"The answer is no JSON: {error}.")
        return None

    return rule
