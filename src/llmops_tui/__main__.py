"""`python -m llmops_tui` is `llmops-tui`."""

from llmops_tui.cli import main

main()
