"""Python of a configuration as functions that scorers can call, in processes of their own.

A file is called as it stands. An inline expression is written into a file of the data directory,
beside the workspace: only what a person runs is written, and it is their own code.
"""

from __future__ import annotations

import ast
import hashlib
import textwrap
from dataclasses import dataclass
from pathlib import Path

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.promptfoo.files import Files

ASSERT_FUNCTION = "get_assert"


@dataclass(frozen=True, slots=True)
class OwnFunctions:
    """Where inline Python is kept."""

    folder: Path

    def assertion(self, files: Files, text: str) -> str:
        """`file.py:function` for the value of a `python` assertion.

        Raises:
            InputError: there is no such file, or it is no Python.
        """
        if text.startswith("file://"):
            return self.named(files, text, ASSERT_FUNCTION)
        return f"{self._written(text)}:{ASSERT_FUNCTION}"

    def named(self, files: Files, reference: str, default: str) -> str:
        """`file.py:function` for a reference to a file.

        Raises:
            InputError: there is no such file.
        """
        name, _, function = reference.removeprefix("file://").rpartition(".py:")
        path = files.path(f"{name}.py" if name else reference)
        if not path.is_file():
            raise InputError(f"there is no file “{path.name}”")
        return f"{path}:{(function if name else '') or default}"

    def _written(self, code: str) -> Path:
        source = textwrap.dedent(code).strip()
        try:
            ast.parse(source, mode="eval")
            body = f"return ({source}\n)"
        except SyntaxError:
            body = source
        text = (
            f"import json, re, math\n\n\ndef {ASSERT_FUNCTION}(output, context):\n"
            f"{textwrap.indent(body, '    ')}\n"
        )
        try:
            ast.parse(text)
        except (SyntaxError, ValueError) as error:
            raise InputError(f"it is no Python: {error}") from error
        digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
        path = self.folder / f"{digest}.py"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.write_text(text, "utf-8")
        return path
