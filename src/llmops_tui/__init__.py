"""llmops-tui: the whole life of an LLM feature in the terminal."""

__version__ = "0.1.0"
