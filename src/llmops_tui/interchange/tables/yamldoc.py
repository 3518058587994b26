"""Rows of a YAML document: a list, or the tests of a promptfoo configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables.jsonvalues import Refused
from llmops_tui.interchange.tables.model import BadRow, Cause, Row, bad_row
from llmops_tui.interchange.tables.plain import Plain

_LARGEST = 32 * 1024 * 1024
"""Characters. A document is read whole, and people write YAML by hand."""
TESTS = "tests"


def read_yaml(text: str, name: str) -> Iterator[Row | BadRow]:
    """Each element of the list as a row; bare values come as `{"value": …}`.

    Raises:
        InputError: it is no YAML, or holds no list.
    """
    if len(text) > _LARGEST:
        raise InputError(
            f"“{name}” has more than {_LARGEST >> 20} million characters of YAML.",
            "Save it as JSON Lines, which is read as a stream.",
        )
    document, lines = _loaded(text, name)
    base: dict[str, Any] = {}
    if isinstance(document, dict):
        document, base = _tests(document, name)
    if not isinstance(document, list):
        raise InputError(f"“{name}” holds no list of rows.", "A YAML file must be a list.")
    for place, item in enumerate(document):
        line = lines[place] if place < len(lines) else place + 1
        try:
            value = Plain().value(_with_defaults(item, base))
        except Refused as refused:
            yield bad_row(line, refused.reason, str(type(item)), refused.cause)
            continue
        if isinstance(value, str) and value.startswith("file://"):
            reason = "these tests are in a file of their own: import that one"
            yield bad_row(line, reason, value, Cause.SHAPE)
        else:
            yield Row(line, value if isinstance(value, dict) else {"value": value})


def _tests(document: dict[Any, Any], name: str) -> tuple[object, dict[str, Any]]:
    tests = document.get(TESTS)
    if isinstance(tests, str):
        raise InputError(
            f"The tests of “{name}” are in another file: {tests[:200]}.", "Import that file."
        )
    if not isinstance(tests, list):
        what = "an object without a list “tests”"
        raise InputError(
            f"“{name}” is {what}, so there are no rows in it.",
            "A data set in YAML is a list, or a promptfoo configuration with tests. OpenAI evals' "
            "registry runs as it is (llmops-tui run FILE); prompts come in by prompts import.",
        )
    base = document.get("defaultTest")
    return tests, base if isinstance(base, dict) else {}


def _with_defaults(item: object, base: dict[str, Any]) -> object:
    if not base or not isinstance(item, dict):
        return item
    made = {**base, **item}
    for part in ("vars", "options", "metadata"):
        if isinstance(base.get(part), dict) and isinstance(item.get(part), dict):
            made[part] = {**base[part], **item[part]}
    if isinstance(base.get("assert"), list):
        own = item.get("assert")
        made["assert"] = [*(own if isinstance(own, list) else []), *base["assert"]]
    return made


def _loaded(text: str, name: str) -> tuple[object, list[int]]:
    """The document, and the line on which each element of its list begins."""
    import yaml  # 20 ms

    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None, []
        rows = root
        if isinstance(root, yaml.MappingNode):
            for key, value in root.value:
                if isinstance(key, yaml.ScalarNode) and key.value == TESTS:
                    rows = value
        lines = (
            [node.start_mark.line + 1 for node in rows.value]
            if isinstance(rows, yaml.SequenceNode)
            else []
        )
        return loader.construct_document(root), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" (line {mark.line + 1})" if mark else ""
        raise InputError(
            f"“{name}” is not valid YAML: {error.problem or error.context}{where}.",
            "Correct the file.",
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else "nested too deep"
        raise InputError(f"“{name}” is not valid YAML: {reason}.", "Correct the file.") from error
    finally:
        loader.dispose()
