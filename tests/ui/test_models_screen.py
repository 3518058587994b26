"""Models on the screen: add an endpoint, test it, see what it costs."""

from __future__ import annotations

import socket

from tests.ui.driving import footer, press, shown, until

from llmops_tui.core.chat import Answer, Endpoint, Model, Usage
from llmops_tui.services import models
from llmops_tui.services.workspace import Workspace
from llmops_tui.store.answers import keep_answer
from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.screens.form import FormScreen
from llmops_tui.ui.screens.models.screen import ModelsScreen
from llmops_tui.ui.screens.models.texts import price_text

SMALL = (80, 24)


def closed_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


async def test_an_empty_workspace_says_how_to_get_a_model(app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "7")
        assert "Press a to add an endpoint" in shown(app)
        assert "Test" not in footer(app)


async def test_an_endpoint_is_added_with_its_price(app: LlmopsApp, workspace: Workspace) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "7", "a")
        assert isinstance(app.screen, FormScreen)
        await press(pilot, *"office", "tab", "tab", *"http://127.0.0.1:8080/v1", "tab")
        await press(pilot, *"env:OFFICE_KEY", "tab", "tab", *"60", "tab", *"9000", "tab", "tab")
        await press(pilot, *"small-model", "tab")
        await press(pilot, "backspace", *"0.15", "tab", "backspace", *"0.6", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen))
        await until(pilot, lambda: "small-model" in shown(app))
        (view,) = models.list_models(workspace)
        assert (view.model.input_price, view.model.output_price) == (150, 600)
        assert view.endpoint.key_ref == "env:OFFICE_KEY"
        limits = (view.endpoint.requests_per_minute, view.endpoint.tokens_per_minute)
        assert limits == (60, 9000)
        assert "0.15 USD" in shown(app)
        assert "not tested" in shown(app)


async def test_a_key_itself_is_refused_and_never_stored(
    app: LlmopsApp, workspace: Workspace
) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "7", "a")
        await press(pilot, *"office", "tab", "tab", *"http://127.0.0.1:8080/v1", "tab")
        await press(pilot, *"sk-secret", *["tab"] * 5, *"m", "ctrl+s")
        assert "A key is never stored: say where it is found." in shown(app)
        assert models.list_models(workspace) == []


async def test_an_endpoint_that_does_not_answer_fails_its_test_with_the_reason(
    app: LlmopsApp, workspace: Workspace
) -> None:
    endpoint = Endpoint(0, "local", "openai", f"http://127.0.0.1:{closed_port()}/v1")
    models.add_endpoint(workspace, endpoint, [Model(0, 0, "m")])
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "7", "t")
        await until(pilot, lambda: "FAILS" in shown(app))
        await press(pilot, "enter")
        assert "No connection to 127.0.0.1" in shown(app)
        assert app.unforeseen == []


async def test_another_model_is_added_to_the_endpoint_under_the_cursor(
    app: LlmopsApp, workspace: Workspace
) -> None:
    models.add_endpoint(workspace, Endpoint(0, "local", "openai", "http://127.0.0.1:9/v1"), [])
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "7")
        assert "no model yet" in shown(app)
        await press(pilot, "m", *"new-model", "ctrl+s")
        await until(pilot, lambda: "new-model" in shown(app))
        assert "no model yet" not in shown(app)


async def test_limits_and_prices_are_changed_in_place(app: LlmopsApp, workspace: Workspace) -> None:
    endpoint = Endpoint(0, "local", "openai", "http://127.0.0.1:9/v1", requests_per_minute=60)
    models.add_endpoint(workspace, endpoint, [Model(0, 0, "m", {"temperature": 0})])
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "7", "enter")
        assert "60 requests at most, shared by all runs" in shown(app)
        await press(pilot, "escape", "e", *["tab"] * 3, "end", "backspace", "backspace")
        await press(pilot, *"120", "tab", "tab", "tab", "end", "backspace", *"0.25", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen))
        await until(pilot, lambda: "0.25 USD" in shown(app))
    (view,) = models.list_models(workspace)
    assert view.endpoint.requests_per_minute == 120
    assert (view.model.input_price, view.model.parameters) == (250, {"temperature": 0})


async def test_the_answer_cache_tells_what_it_saved_and_is_emptied_after_a_question(
    app: LlmopsApp, workspace: Workspace
) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "7", "c")
        assert "No answer is stored yet." in shown(app)
        assert "Empty it" not in footer(app)
        for number in range(3):
            keep_answer(workspace.db, bytes([number]), "{}", answer(f"answer {number}"))
        await press(pilot, "escape", "c")
        await until(pilot, lambda: "3 answers" in shown(app))
        assert "small-model" in shown(app)
        await press(pilot, "x")
        assert "Later runs pay for all answers anew." in shown(app)
        await press(pilot, "y")
        await until(pilot, lambda: "Answer cache · 0 answers" in shown(app))
        assert app.unforeseen == []


def answer(text: str) -> Answer:
    return Answer(text, "stop", Usage(1, 1), "small-model", "id", 1.0)


def test_prices_are_said_with_their_currency() -> None:
    assert price_text(0, "USD") == "free"
    assert price_text(150, "USD") == "0.15 USD"
    assert price_text(15_000_000, "EUR") == "15,000.00 EUR"
    assert price_text(3, "USD") == "0.0030 USD"
