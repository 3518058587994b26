"""The prompts of a configuration: texts, files, chats in JSON or YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.prompt import ROLES
from llmops_tui.interchange.promptfoo.files import SCRIPTS, Files, csv_rows
from llmops_tui.interchange.promptfoo.model import Note, PromptItem
from llmops_tui.interchange.promptfoo.yaml12 import read_yaml

LABEL_CHARS = 60
_FILE_LIKE = re.compile(
    r"^(file://.+|[\w./*?\[\]-]+\.(txt|json|jsonl|yaml|yml|md|j2|csv|py|js|ts|mjs|cjs|sh)(:\w+)?)$"
)
_DUMP = re.compile(r"\|\s*dump\b(\(\))?")


@dataclass(slots=True)
class PromptReader:
    """Reads prompts, and notes those that can't be."""

    files: Files
    notes: list[Note] = field(default_factory=list)
    named: int = 0

    def read(self, given: Json) -> list[PromptItem]:
        """All prompts of the `prompts` key."""
        if isinstance(given, str):
            given = [given]
        if isinstance(given, dict):  # {file: label}
            given = [{"id": name, "label": label} for name, label in given.items()]
        found: list[PromptItem] = []
        for place, item in enumerate(given if isinstance(given, list) else []):
            before = self.named
            try:
                found += self._item(item)
            except InputError as error:
                self.notes.append(Note(f"prompts[{place}]", "prompt", str(error), item))
            self.named = max(self.named, before + 1)
        return found

    def _item(self, item: Json) -> list[PromptItem]:
        if isinstance(item, str):
            return self._text_or_file(item, "")
        if not isinstance(item, dict):
            raise InputError("it is neither a text nor an object")
        label = str(item.get("label") or "")
        raw = item.get("raw")
        if isinstance(raw, str):
            return [self._prompt(raw, label or str(item.get("id") or ""))]
        source = item.get("id") or item.get("file")
        if not isinstance(source, str):
            raise InputError("it has neither `raw` nor `id`")
        return self._text_or_file(source, label)

    def _text_or_file(self, text: str, label: str) -> list[PromptItem]:
        if not _FILE_LIKE.match(text.strip()) or "\n" in text.strip():
            return [self._prompt(text, label)]
        name = text.strip().removeprefix("file://")
        path, _, function = name.partition(":") if not Path(name).drive else (name, "", "")
        kind = Path(path).suffix.lower()
        if kind == ".py" and function:
            file = self.files.path(path)
            if not file.is_file():
                raise InputError(f"there is no file “{file.name}”")
            self.named += 1
            return [PromptItem(label or name, (), f"{file}:{function}")]
        if kind in SCRIPTS:
            raise InputError(f"a prompt made by a program ({kind})")
        found: list[PromptItem] = []
        for file in self.files.matching(name):
            found += self._file(file, label)
        return found

    def _file(self, file: Path, label: str) -> list[PromptItem]:
        text, kind = self.files.text(file), file.suffix.lower()
        if kind == ".csv":
            return [
                self._prompt(str(row.get("prompt", "")), label or str(row.get("label", "")))
                for row in csv_rows(text)
                if isinstance(row, dict) and row.get("prompt")
            ]
        if kind == ".jsonl":
            parts = [line for line in text.splitlines() if line.strip()]
        elif kind == ".txt":
            parts = list(_separated(text))
        elif kind in (".yaml", ".yml"):
            parts = [json.dumps(read_yaml(text, file), ensure_ascii=False)]
        else:
            parts = [text]
        several = len(parts) > 1
        found = []
        for number, part in enumerate(parts, 1):
            own = f"{label or file.name} {number}" if several else (label or file.name)
            found.append(self._prompt(part, own))
        return found

    def _prompt(self, text: str, label: str) -> PromptItem:
        self.named += 1
        messages = _messages(self.files.filled(text))
        return PromptItem(label or _short(text), messages)


def _separated(text: str) -> Iterator[str]:
    """The parts between lines of `---`; empty ones are none."""
    part: list[str] = []
    for line in [*text.splitlines(), "---"]:
        if line.strip() != "---":
            part.append(line)
            continue
        if joined := "\n".join(part).strip():
            yield joined
        part = []


def _messages(filled: Json) -> tuple[tuple[str, str], ...]:
    text = str(filled)
    chat = _chat(text)
    if chat is None:
        return (("user", as_template(text)),)
    return tuple(_message(message) for message in chat)


def _chat(text: str) -> list[Json] | None:
    """The messages of a prompt that is a chat in JSON or YAML; None for a plain one."""
    stripped = text.strip()
    value: Json = None
    if stripped.startswith(("[", "{")) and not stripped.startswith(("{{", "{%", "{#")):
        try:
            value = json.loads(stripped)
        except (ValueError, RecursionError):
            if '"role"' in stripped:
                raise InputError("a chat whose messages depend on variables or loops") from None
            return None
    elif stripped.startswith("- role:"):
        value = read_yaml(stripped, Path("prompt"))
    if isinstance(value, dict) and isinstance(value.get("messages"), list):
        value = value["messages"]
    if not isinstance(value, list) or not value:
        return None
    if not all(isinstance(part, dict) and "role" in part for part in value):
        return None
    return value


def _message(message: Json) -> tuple[str, str]:
    assert isinstance(message, dict)
    role, content = str(message["role"]), message.get("content", message.get("parts"))
    if role not in ROLES:
        raise InputError(f"a message with the role {role!r}")
    if isinstance(content, list):
        texts = [part.get("text") if isinstance(part, dict) else part for part in content]
        if not all(isinstance(text, str) for text in texts):
            raise InputError("a message with pictures, sound or other parts that are no text")
        content = "\n".join(str(text) for text in texts)
    if not isinstance(content, str):
        raise InputError("a message without text")
    return role, as_template(content)


def as_template(text: str) -> str:
    """A Nunjucks template in Jinja's words; but for a filter the two agree."""
    return _DUMP.sub("| tojson", text) if "dump" in text else text


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LABEL_CHARS else f"{line[: LABEL_CHARS - 1]}…"
