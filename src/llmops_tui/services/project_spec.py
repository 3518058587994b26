"""What goes into a project and what an answer looks like: its inputs and its answer's schema.

The inputs are the names that prompts may use as variables; prompts are checked against them while
they are written. The schema is what a new prompt asks answers to fit, and what a flag rule holds
production's answers against.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.project import Project
from llmops_tui.services.prompt_settings import read_schema
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import projects

_NAME = re.compile(r"[^\W\d]\w*")


def read_inputs(text: str) -> tuple[str, ...]:
    """Names from a line, with commas or spaces between them; empty for any input.

    Raises:
        InputError: one can't be a variable of a template.
    """
    names = tuple(dict.fromkeys(re.split(r"[\s,]+", text.strip()))) if text.strip(" ,") else ()
    found = tuple(name for name in names if name)
    for name in found:
        if not _NAME.fullmatch(name):
            raise InputError(
                f"{name!r} can't be a variable.", "Letters, digits and _, such as order_number."
            )
    return found


def set_spec(
    workspace: Workspace, project: Project, *, inputs: str | None = None, schema: str | None = None
) -> Project:
    """Change what goes in and what comes out; saved prompts and finished runs stay as they are.

    Args:
        workspace: where.
        project: whose.
        inputs: names, as `read_inputs` takes them; None leaves them.
        schema: a JSON Schema or the name of its file; empty for any answer, None leaves it.

    Raises:
        InputError: a name or the schema can't be used.
    """
    names = project.variables if inputs is None else read_inputs(inputs)
    answer = project.answer_schema if schema is None else read_schema(schema)
    if (names, answer) != (project.variables, project.answer_schema):
        projects.set_spec(workspace.db, project.id, names, answer)
    return projects.get(workspace.db, project.id)


def spec_values(project: Project) -> tuple[str, str]:
    """Inputs and schema as a person edits them."""
    schema = project.answer_schema
    return ", ".join(project.variables), json.dumps(schema) if schema is not None else ""


def spec_words(project: Project) -> str:
    """In a sentence or two: `Inputs: review. Answers fit a JSON Schema with sentiment.`."""
    inputs = f"Inputs: {', '.join(project.variables)}." if project.variables else "Any inputs."
    return f"{inputs} {_answer_words(project.answer_schema)}"


def _answer_words(schema: Mapping[str, Json] | None) -> str:
    if schema is None:
        return "Any answers."
    properties = schema.get("properties")
    if isinstance(properties, dict) and properties:
        return f"Answers fit a JSON Schema with {', '.join(properties)}."
    return "Answers fit a JSON Schema."
