"""llmops-tui: the whole life of an LLM feature in the terminal."""

from llmops_tui.application import prompt

__all__ = ["__version__", "prompt"]
__version__ = "0.1.0"
