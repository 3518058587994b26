"""Endpoints, models, prices, and whether they answer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from llmops_tui.core.chat import Answer
from llmops_tui.core.clock import now_ms
from llmops_tui.services import models
from llmops_tui.services.models import Check, EndpointView, ModelView
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.models import texts
from llmops_tui.ui.screens.models.texts import Checked, ModelRow
from llmops_tui.ui.widgets.text_pane import Section, TextPane
from llmops_tui.ui.widgets.two_panes import TwoPanes
from llmops_tui.ui.widgets.virtual_table import Column, RowChosen, RowMoved, VirtualTable

if TYPE_CHECKING:
    from textual.app import ComposeResult


class ModelsScreen(Page[tuple[EndpointView, ...]]):
    """A list of models; enter tells everything about one."""

    SCOPE = "models"
    PURPOSE = (
        "Where models are reached and what they cost. t asks an endpoint whether it answers; "
        "keys are never stored, only where they are found."
    )
    FIGURES = (
        "in, out: price of a million input and output tokens.\n"
        "context: tokens that fit into question and answer together.\n"
        "status: what the endpoint said when it was last tested, in this sitting."
    )
    TOPICS = frozenset({"model"})

    def __init__(self) -> None:
        super().__init__()
        self._checks: dict[int, Checked] = {}

    def compose_body(self) -> ComposeResult:
        """The list, and everything about one."""
        yield TwoPanes(
            VirtualTable(
                columns=(
                    Column("model", _name, flex=3, least=20),
                    Column("endpoint", lambda row: row.endpoint.name, flex=2, least=10),
                    Column("kind", lambda row: row.endpoint.kind, width=9, drop=2),
                    Column("in", _price_in, width=11, align="right"),
                    Column("out", _price_out, width=11, align="right"),
                    Column("context", _context, width=9, align="right", drop=1),
                    Column("status", lambda row: texts.status_cell(row.checked), width=10),
                ),
                key=lambda row: row.key,
                empty=texts.EMPTY,
                place="selection",
                id="models",
            ),
            TextPane(id="model"),
        )

    def load(self) -> tuple[EndpointView, ...]:
        """All endpoints and models."""
        return models.list_endpoints(self.workspace)

    def show(self, model: tuple[EndpointView, ...]) -> None:
        """Show them."""
        self._table.show_rows(texts.rows(model, self._checks))

    def on_row_moved(self, message: RowMoved) -> None:
        """Tell about the model under the cursor."""
        message.stop()
        row = self._table.cursor_row
        if row is not None:
            self.query_one(TextPane).show_sections(texts.model_sections(row, now_ms()))
        self.refresh_bindings()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Read it all."""
        message.stop()
        self.query_one(TwoPanes).open()
        self.refresh_bindings()

    def why_not(self, command_id: str) -> str | None:
        """Most of it is about the row under the cursor."""
        row = self._table.cursor_row
        about_one = ("models.check", "models.add_model", "models.ask", "models.change")
        if command_id in about_one and row is None:
            return "There is no endpoint yet: a adds one."
        if command_id == "models.ask" and row is not None and row.model is None:
            return "This endpoint has no model yet: m adds one."
        return super().why_not(command_id)

    def do_check(self) -> None:
        """Ask the endpoint whether it answers."""
        row = self._table.cursor_row
        if row is None:
            return
        endpoint = row.endpoint
        self._checked(endpoint.id, None)
        self.in_thread(
            partial(models.check_endpoint, endpoint),
            partial(self._checked, endpoint.id),
            group=f"check-{endpoint.id}",
        )

    def do_ask(self) -> None:
        """Ask the model one question."""
        from llmops_tui.ui.screens.models.forms import ask_form

        row = self._table.cursor_row
        if row is None or row.model is None:
            return

        def answered(answer: Answer | None) -> None:
            if answer is not None:
                section = Section("It said", texts.answer_text(answer))
                self.query_one(TextPane).show_sections(
                    [section, *texts.model_sections(row, now_ms())]
                )
                self.query_one(TwoPanes).open()

        self.app.push_screen(ask_form(ModelView(row.model, row.endpoint)), answered)

    def do_add_endpoint(self) -> None:
        """Add an endpoint with its first model."""
        from llmops_tui.ui.screens.models.forms import endpoint_form

        self.app.push_screen(endpoint_form(self.workspace), self._added)

    def do_add_model(self) -> None:
        """Add a model to the endpoint under the cursor."""
        from llmops_tui.ui.screens.models.forms import model_form

        row = self._table.cursor_row
        if row is not None:
            self.app.push_screen(model_form(self.workspace, row.endpoint), self._added)

    def do_change(self) -> None:
        """Change the limits of the endpoint under the cursor, and what its model costs."""
        from llmops_tui.ui.screens.models.forms import change_form

        row = self._table.cursor_row
        if row is not None:
            self.app.push_screen(change_form(self.workspace, row.endpoint, row.model), self._added)

    def do_cache(self) -> None:
        """See what the answer cache holds and saved."""
        from llmops_tui.ui.screens.models.cache_page import CachePage

        self.app.push_screen(CachePage())

    def do_embedded(self) -> None:
        """Add the embedded model, if it isn't there."""

        def added(view: ModelView) -> None:
            self.llmops.notify(f"{view.title} is there; t tests it.")
            self.reload_now()

        self.in_thread(partial(models.ensure_embedded, self.workspace), added, group="embedded")

    def _added(self, made: object) -> None:
        if made is not None:
            self.reload_now()

    def _checked(self, endpoint_id: int, check: Check | None) -> None:
        self._checks[endpoint_id] = Checked(check, now_ms())
        if self.model is not None:
            self.show(self.model)

    @property
    def _table(self) -> VirtualTable[ModelRow]:
        return self.query_one("#models", VirtualTable)


def _name(row: ModelRow) -> tuple[str, str]:
    return (row.model.name, "") if row.model else ("no model yet", "muted")


def _price_in(row: ModelRow) -> str:
    return texts.price_text(row.model.input_price, row.model.currency) if row.model else ""


def _price_out(row: ModelRow) -> str:
    return texts.price_text(row.model.output_price, row.model.currency) if row.model else ""


def _context(row: ModelRow) -> str:
    return f"{row.model.context_window:,}" if row.model and row.model.context_window else ""
