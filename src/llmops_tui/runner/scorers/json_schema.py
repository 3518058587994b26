"""`json_schema`: the answer is JSON that satisfies a JSON Schema."""

from __future__ import annotations

from typing import Any

from llmops_tui.core.errors import InputError
from llmops_tui.core.json_text import find_json, read_json
from llmops_tui.core.scorers.base import Check, Finding, ScoringInput, quote
from llmops_tui.core.scorers.outside import JsonSchemaParameters


def compile_json_schema(parameters: JsonSchemaParameters) -> Check:
    """The check for these parameters. References are never fetched from anywhere.

    Raises:
        InputError: It is no schema, or refers to one elsewhere.
    """
    # Compiled code of 38 ms to load; nothing else of a run needs it.
    import jsonschema_rs

    try:
        validator = jsonschema_rs.validator_for(dict(parameters.schema), retriever=_refuse)
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        shown = str(error).partition("\n")[0]
        raise InputError(f"The JSON Schema can't be used: {shown}.") from error
    wanted = bool(parameters.schema)

    def check(given: ScoringInput) -> Finding:
        try:
            if parameters.anywhere:
                value = find_json(given.answer)
            else:
                value = read_json(given.answer, fenced=parameters.fenced)
        except ValueError as error:
            return False, f"is no JSON: {error}"
        if validator.is_valid(value):
            return True, "is JSON that satisfies the schema" if wanted else "holds JSON"
        problem = next(iter(validator.iter_errors(value)))
        where = "".join(
            f"[{step}]" if isinstance(step, int) else f".{step}" for step in problem.instance_path
        ).lstrip(".")
        at = f" at {quote(where)}" if where else ""
        return False, f"doesn't satisfy the schema{at}: {problem.message}"

    return check


def _refuse(uri: str) -> Any:
    raise ValueError(f"{uri} stands elsewhere, and nothing is fetched")
