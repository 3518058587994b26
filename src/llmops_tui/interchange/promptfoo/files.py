"""What a configuration refers to: `file://` paths, environment variables, shared templates."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.interchange.promptfoo.yaml12 import read_yaml

LARGEST = 50_000_000
MOST_FILES = 10_000
SCRIPTS = frozenset({".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".rb", ".go", ".sh"})
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".mp3", ".wav", ".mp4"})
_ENV = re.compile(
    r"\{\{-?\s*env\.(?P<name>\w+)\s*-?\}\}|\{\{-?\s*env\[['\"](?P<key>\w+)['\"]\]\s*-?\}\}"
)
_SECRET = re.compile(r"key|token|secret|passw|credential|auth", re.IGNORECASE)


@dataclass(slots=True)
class Files:
    """The files around a configuration, and the environment that it is read in."""

    base: Path
    environment: Mapping[str, str]
    kept_back: set[str] = field(default_factory=set)
    """Environment variables that look like secrets: their values are never read into anything."""

    def path(self, reference: str) -> Path:
        """Where a reference points to."""
        return (self.base / reference.removeprefix("file://")).resolve()

    def matching(self, reference: str) -> list[Path]:
        """The files of a reference, which may be a pattern.

        Raises:
            InputError: there is none.
        """
        name = reference.removeprefix("file://")
        if any(mark in name for mark in "*?["):
            found = sorted(self.base.glob(name))[:MOST_FILES]
        else:
            found = [path] if (path := self.path(name)).is_file() else []
        if not found:
            raise InputError(f"there is no file “{name}”", f"Looked in {self.base}.")
        return found

    def text(self, path: Path) -> str:
        """The text of a file.

        Raises:
            InputError: it can't be read.
        """
        try:
            if path.stat().st_size > LARGEST:
                raise InputError(f"“{path.name}” is larger than {LARGEST // 1_000_000} MB")
            return path.read_bytes().decode("utf-8-sig", "replace")
        except OSError as error:
            raise InputError(f"“{path.name}” can't be read: {error.strerror}") from error

    def value(self, path: Path) -> Json:
        """The value of a file, with the environment filled in.

        Raises:
            InputError: it can't be read.
        """
        return self.filled(self.as_it_stands(path))

    def as_it_stands(self, path: Path) -> Json:
        """The value of a YAML, JSON, JSON Lines or CSV file; the text of any other.

        Raises:
            InputError: it can't be read.
        """
        text, kind = self.text(path), path.suffix.lower()
        if kind in (".yaml", ".yml", ".json"):
            return read_yaml(text, path) if kind != ".json" else _json(text, path)
        if kind == ".jsonl":
            lines = [line for line in text.splitlines() if line.strip()]
            return [_json(line, path) for line in lines]
        if kind == ".csv":
            return list(csv_rows(text))
        return text

    def filled(self, value: Json) -> Json:
        """A value with `{{ env.NAME }}` replaced in all its texts."""
        if isinstance(value, str):
            return _ENV.sub(self._env, value) if "env" in value else value
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        if isinstance(value, dict):
            return {name: self.filled(item) for name, item in value.items()}
        return value

    def _env(self, match: re.Match[str]) -> str:
        name = match["name"] or match["key"]
        if _SECRET.search(name):
            self.kept_back.add(name)
            return match[0]
        return self.environment.get(name, "")


def csv_rows(text: str) -> list[Json]:
    """The rows of a CSV with a header, as objects."""
    lines = csv.reader(text.splitlines(keepends=True), strict=False)
    header = [name.strip() for name in next(lines, [])]
    return [
        dict(zip(header, [*row, *[""] * (len(header) - len(row))], strict=False))
        for row in lines
        if any(cell.strip() for cell in row)
    ]


def _json(text: str, path: Path) -> Json:
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"“{path.name}” is no JSON: {error}") from error
    return value
