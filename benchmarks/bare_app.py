"""The least that a Textual app with a table can be: what the product's start is compared with."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import DataTable, Footer


class BareApp(App[None]):
    """A table of 100 rows over a footer."""

    BINDINGS: ClassVar[list[BindingType]] = [("q", "quit", "Quit")]

    def compose(self) -> ComposeResult:
        """A table and a footer."""
        yield DataTable[str]()
        yield Footer()

    def on_mount(self) -> None:
        """Fill the table."""
        table = self.query_one(DataTable)
        table.add_columns("number", "name", "value")
        table.add_rows((str(row), f"row {row}", str(row * row)) for row in range(100))


if __name__ == "__main__":
    BareApp().run()
