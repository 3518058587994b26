"""Endpoints and models."""

from __future__ import annotations

from llmops_tui.ui.commands.model import Command

COMMANDS: tuple[Command, ...] = (
    Command(
        "models.check", "t", "Test", "Ask the endpoint whether it answers, and what it has.", 2
    ),
    Command("models.ask", "x", "Ask", "Ask the model one question, to see that it answers.", 3),
    Command("models.add_endpoint", "a", "Add endpoint", "Add an endpoint with a model.", 4),
    Command("models.add_model", "m", "Add model", "Add a model to this endpoint.", 5),
    Command(
        "models.change",
        "e",
        "Change",
        "Change an endpoint's address and limits, and what its model costs.",
        6,
    ),
    Command("models.cache", "c", "Answer cache", "What was answered before, and saved.", 7),
    Command(
        "models.cache.clear",
        "x",
        "Empty it",
        "Serve no stored answer again; finished runs keep theirs.",
        2,
    ),
    Command(
        "models.embedded",
        "E",
        "Embedded model",
        "Add the small model that comes with the program.",
    ),
)
