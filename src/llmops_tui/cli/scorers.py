"""Scorers as options of the command line."""

from __future__ import annotations

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.scorers import SCORERS, ScorerSpec


def scorer_of(text: str) -> dict[str, Json]:
    """The specification that a name, or JSON with parameters, stands for.

    Raises:
        InputError: it is neither, or the scorer can't be used so.
    """
    import json

    from llmops_tui.services.scorer_choice import check_scorer, read_scorer

    if not text.startswith("{"):
        if text not in SCORERS:
            raise InputError(f"There is no scorer {text!r}.", f"Scorers: {', '.join(SCORERS)}.")
        return read_scorer(text, "")
    try:
        spec = ScorerSpec.from_json(json.loads(text))
    except json.JSONDecodeError as error:
        raise InputError(
            f"The scorer {text!r} is no JSON: {error.msg}.",
            'Write a name or {"name": …, "parameters": {…}}.',
        ) from error
    check_scorer(spec)
    return spec.to_json()
