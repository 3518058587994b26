"""What the Models screen says, from values alone."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_tui.core.chat import Answer, Endpoint, Model
from llmops_tui.core.clock import ago
from llmops_tui.services.models import Check, EndpointView
from llmops_tui.ui.widgets.text_pane import Section

NANO_PER_MILLION = 1000
"""A price of 1 a million tokens is 1,000 nano-units a token."""
MOST_NAMES = 40
EMPTY = (
    "No model yet.\n\n"
    "An endpoint is where models are reached: any server that speaks OpenAI's chat completions, "
    "Anthropic, or the small model that comes with the program. Prices make runs and answers "
    "comparable by what they cost.\n\n"
    "Press a to add an endpoint, or E for the embedded model."
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What an endpoint said when it was last asked."""

    check: Check | None
    """None while it is being asked."""
    at: int


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One line of the list: a model at its endpoint, or an endpoint without one."""

    endpoint: Endpoint
    model: Model | None
    checked: Checked | None

    @property
    def key(self) -> str:
        """What tells it from other lines."""
        return f"{self.endpoint.id}/{self.model.id if self.model else 0}"


def rows(views: tuple[EndpointView, ...], checks: dict[int, Checked]) -> list[ModelRow]:
    """The lines of the list."""
    return [
        ModelRow(view.endpoint, model, checks.get(view.endpoint.id))
        for view in views
        for model in (view.models or (None,))
    ]


def price_text(nano: int, currency: str) -> str:
    """A price for a million tokens: `0.15 USD`; `free` where it is nothing."""
    if not nano:
        return "free"
    price = nano / NANO_PER_MILLION
    return f"{price:,.2f} {currency}" if price >= 0.01 else f"{price:.4f} {currency}"


def price_sentence(nano: int, currency: str) -> str:
    """The same with what it is for."""
    return f"{price_text(nano, currency)} a million tokens" if nano else "free"


def status_cell(checked: Checked | None) -> tuple[str, str]:
    """Whether it answers, in a word."""
    if checked is None:
        return "not tested", "muted"
    if checked.check is None:
        return "asking…", "doubt"
    return ("answers", "good") if checked.check.ok else ("FAILS", "bad")


def model_sections(row: ModelRow, now: int) -> list[Section]:
    """Everything about a model and its endpoint."""
    model, endpoint = row.model, row.endpoint
    sections = []
    if model is not None:
        context = f"{model.context_window:,} tokens" if model.context_window else "not stated"
        parameters = ", ".join(f"{name} {value}" for name, value in model.parameters.items())
        sections.append(
            Section(
                model.name,
                f"input       {price_sentence(model.input_price, model.currency)}\n"
                f"output      {price_sentence(model.output_price, model.currency)}\n"
                f"context     {context}\n"
                f"parameters  {parameters or 'the endpoint’s own'}",
            )
        )
    sections.append(
        Section(
            f"Endpoint {endpoint.name}",
            f"kind        {endpoint.kind}\n"
            f"address     {endpoint.base_url or 'started on demand on this machine'}\n"
            f"key         {endpoint.key_ref or 'none'}\n"
            f"at once     {endpoint.max_concurrency} requests at most\n"
            f"a minute    {_per_minute(endpoint)}\n"
            f"timeout     {endpoint.timeouts.total:g} s for a whole answer",
        )
    )
    return [*sections, *check_sections(row, now)]


def _per_minute(endpoint: Endpoint) -> str:
    limits = (
        (endpoint.requests_per_minute, "requests"),
        (endpoint.tokens_per_minute, "tokens"),
    )
    said = [f"{limit:,} {what}" for limit, what in limits if limit is not None]
    return f"{' and '.join(said)} at most, shared by all runs" if said else "no limit"


def check_sections(row: ModelRow, now: int) -> list[Section]:
    """What the endpoint said."""
    if row.checked is None:
        return [Section("Test", "Not tested yet: t asks whether it answers.", (), "muted")]
    check = row.checked.check
    if check is None:
        return [Section("Test", "Asking…", (), "doubt")]
    text = f"{check.sentence} {check.hint}".strip()
    sections = [
        Section(f"Test, {ago(row.checked.at, now)}", text, (), "good" if check.ok else "bad")
    ]
    names = check.models
    if check.ok and row.model and names and row.model.name not in names:
        sections.append(Section("", f"It does not name {row.model.name} among them.", (), "doubt"))
    if names:
        more = f"\nand {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
        sections.append(Section("Models it names", "\n".join(names[:MOST_NAMES]) + more))
    return sections


def answer_text(answer: Answer) -> str:
    """What a model said, and what it took."""
    usage = answer.usage
    return (
        f"{answer.text}\n\n"
        f"{answer.latency_ms:,.0f} ms, {usage.input_tokens:,} tokens in, "
        f"{usage.output_tokens:,} out, ended by {answer.finish_reason}"
    )
