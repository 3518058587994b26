"""The command line: parse, call a service, print, exit code."""

from llmops_tui.cli.main import main

__all__ = ["main"]
