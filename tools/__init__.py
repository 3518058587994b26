"""Programs for those who work on llmops-tui; none of them is part of the package."""
