"""A command: one thing that a key does, with the words that tell a person so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One thing a person can do. Footer, help, palette, key map and docs are made of these."""

    id: str
    """`scope.name`. The scope says where it works (`datasets`, `datasets.examples`, `list`); the
    object of that scope has a method `do_<name>`."""
    keys: str
    """Textual's key names separated by commas, the one to show first: `down,j`."""
    title: str
    """One to three words, for footer and palette."""
    help: str
    """One sentence, for the help and the palette."""
    footer: int = 0
    """Rank in the footer, 1 the first; 0 keeps it out."""
    palette: bool = True
    """Whether the palette lists it. Plain movement doesn't belong there."""
    priority: bool = False
    """Works even while a text input has the focus. Never for letters."""

    @property
    def scope(self) -> str:
        """Where it works."""
        return self.id.rpartition(".")[0]

    @property
    def name(self) -> str:
        """What the method is called, without `do_`."""
        return self.id.rpartition(".")[2]
