"""What a question costs on each of several models, before it is asked.

Models count differently, and their vocabularies aren't here: tokens are estimated from the length
until a model answered a prompt once. From then on its own counts correct the estimate, and the
length of its answers completes the price.
"""

from __future__ import annotations

from dataclasses import dataclass

from llmops_tui.core.chat import Model, Usage


@dataclass(frozen=True, slots=True)
class Heard:
    """What one model said of one prompt's questions so far, in tokens."""

    estimated: int = 0
    """Of the questions, from their length."""
    counted: int = 0
    """Of the same questions, by the model."""
    written: int = 0
    """Of the answers."""
    answers: int = 0

    def plus(self, estimated: int, usage: Usage) -> Heard:
        """With one more answer; one whose endpoint counted nothing teaches nothing."""
        if usage.estimated or estimated <= 0:
            return self
        return Heard(
            self.estimated + estimated,
            self.counted + usage.input_tokens,
            self.written + usage.output_tokens,
            self.answers + 1,
        )

    def to_text(self) -> str:
        """As a place keeps it."""
        return f"{self.estimated},{self.counted},{self.written},{self.answers}"

    @classmethod
    def from_text(cls, text: str | None) -> Heard:
        """What `to_text` wrote; nothing heard for anything else."""
        parts = (text or "").split(",")
        if len(parts) != 4 or not all(part.isdecimal() for part in parts):
            return cls()
        return cls(*map(int, parts))


@dataclass(frozen=True, slots=True)
class QuestionCost:
    """One question to one model. Money in nano-units of the model's currency."""

    model: Model
    tokens: int
    """Of the question: always an estimate, ever better."""
    answer_tokens: int | None
    """Of an answer, as the model's were on average; None before the first."""

    @property
    def context_share(self) -> float | None:
        """Which part of the context the question takes, 1 for all of it; None if unknown."""
        window = self.model.context_window
        return self.tokens / window if window else None

    @property
    def is_priced(self) -> bool:
        """Whether the model costs anything."""
        return bool(self.model.input_price or self.model.output_price)

    @property
    def cost(self) -> int:
        """Of the question, and of an answer where its length is known."""
        return self.model.cost(Usage(self.tokens, self.answer_tokens or 0))


def question_cost(model: Model, estimated: int, heard: Heard) -> QuestionCost:
    """What a question of so many estimated tokens costs on a model that was heard before."""
    if not heard.answers:
        return QuestionCost(model, estimated, None)
    tokens = round(estimated * heard.counted / heard.estimated)
    return QuestionCost(model, tokens, round(heard.written / heard.answers))
