"""The formats by name: which one a file is in, reading it, and writing a prompt in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from llmops_tui.core.errors import InputError
from llmops_tui.core.tool_turns import CALL
from llmops_tui.interchange.prompts import chat_json, dotprompt, llm_template, own, prompty
from llmops_tui.interchange.prompts.model import LARGEST, PromptFile


@dataclass(frozen=True, slots=True)
class Format:
    """One tool's way to write a prompt down."""

    about: str
    suffix: str
    read: Callable[[str, str], list[PromptFile]]
    write: Callable[[PromptFile, PromptFile | None], str]


NO_CALLS = ("dotprompt", "prompty", "llm")
FORMATS = {
    "own": Format("our own: front matter and messages", own.SUFFIX, own.read, own.write),
    "dotprompt": Format("Dotprompt (Genkit)", ".prompt", dotprompt.read, dotprompt.write),
    "prompty": Format("Prompty, version 1 and 2", ".prompty", prompty.read, prompty.write),
    "llm": Format("a template of `llm`", ".yaml", llm_template.read, llm_template.write),
    "promptfoo": Format(
        "promptfoo's prompts", ".yaml", chat_json.read_promptfoo, chat_json.write_promptfoo
    ),
    "openai": Format("OpenAI chat JSON", ".json", chat_json.read_openai, chat_json.write_openai),
}


def guess(file_name: str, text: str) -> str:
    """The format of a file, by its name and how it begins."""
    name = file_name.lower()
    for key in ("own", "dotprompt", "prompty"):
        if name.endswith(FORMATS[key].suffix):
            return key
    if name.endswith(".json"):
        return "openai"
    if name.endswith((".yaml", ".yml")):
        lines = text.lstrip("\ufeff\n").splitlines()
        is_foo = any(line.startswith(("prompts:", "- role:", "providers:")) for line in lines)
        return "promptfoo" if is_foo or text.lstrip().startswith(("-", "[")) else "llm"
    if name.endswith(".txt"):
        return "promptfoo"
    if name.endswith(".md"):
        return "own"
    raise InputError(
        f"“{file_name}” has no ending that tells its format.",
        f"Say it with --format: {', '.join(FORMATS)}.",
    )


def read(text: str, file_name: str, format_name: str | None = None) -> list[PromptFile]:
    """The prompts of a file, checked.

    Raises:
        InputError: it can't be read, or holds no prompt.
        TemplateError: a message is no template that can be used.
    """
    if len(text) > LARGEST:
        raise InputError(
            f"“{file_name}” is too long for a prompt.", "It is text that people wrote?"
        )
    if "\0" in text:
        raise InputError(f"“{file_name}” is no text.", "Prompts are read as UTF-8.")
    key = format_name or guess(file_name, text)
    known = FORMATS[key]
    stem = file_name
    if key != "promptfoo" or not stem.endswith(".txt"):
        for suffix in (own.SUFFIX, ".prompty", ".prompt", ".yaml", ".yml", ".json", ".txt", ".md"):
            if stem.endswith(suffix):
                stem = stem.removesuffix(suffix)
                break
    found = known.read(text, stem)
    for prompt in found:
        prompt.check()
    return found


def write(prompt: PromptFile, format_name: str, like: PromptFile | None = None) -> str:
    """The prompt in a format; as it was read, byte for byte, where nothing in it was changed.

    Args:
        prompt: What is to be written.
        format_name: A key of `FORMATS`.
        like: The prompt as it was once read from that format: its unknown keys are kept.
    """
    if like is not None and like.format == format_name and like.content == prompt.content:
        return like.source
    if format_name in NO_CALLS and any(role == CALL for role, _ in prompt.messages):
        raise InputError(
            f"{FORMATS[format_name].about} can't say that the assistant calls a tool.",
            "Write it as openai or own.",
        )
    return FORMATS[format_name].write(prompt, like)
