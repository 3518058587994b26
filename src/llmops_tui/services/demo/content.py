"""What the demonstration workspace holds: tasks with their data, prompts, scorer and tolerance.

Plain data, independent of the store. Examples of the split `dev` were looked at while the prompts
were written, those of `gate` were not. Wrong of asked on `gate`, with SmolLM2-135M-Instruct Q4_1 at
temperature 0, exact two-sided 95 % interval, and the verdict on the tolerance:

    support-topic  v1  181 of 196   88–96 %   exceeded (35 %)
                   v2   53 of 196   21–34 %   within
    order-number   v1   50 of 104   38–58 %   exceeded (30 %)
                   v2   28 of 104   19–36 %   undecided
    kitchen-sums   v1   74 of 80    84–97 %   exceeded (20 %)
                   v2   73 of 80    83–96 %   exceeded

An answer forced into the labels by a JSON Schema rescues the naive prompt of support-topic on `dev`
(60 wrong of 68 become 33) and harms the one with examples (19 become 37), so no version has one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

from llmops_tui.core.chat import Json

Messages = tuple[tuple[str, str], ...]
"""(role, template text) pairs."""

DATA_FOLDER: Final = "data"
PRODUCTION_FILE: Final = "production_messages.jsonl"
TOPICS: Final = ("payment", "delivery", "login", "product")


@dataclass(frozen=True, slots=True)
class DemoRow:
    """One example as the data file has it."""

    inputs: Mapping[str, Json]
    expected: str | None
    tags: tuple[str, ...]
    split: str | None


@dataclass(frozen=True, slots=True)
class DemoPrompt:
    """One version of a task's prompt."""

    note: str
    """What is new in it, for people."""
    messages: Messages
    parameters: Mapping[str, Json]
    response_schema: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class DemoScorer:
    """A scorer by its name, with its parameters."""

    name: str
    parameters: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DemoTolerance:
    """How wrong the task may be."""

    max_wrong: float
    confidence: float
    on_breach: str


@dataclass(frozen=True, slots=True)
class DemoTask:
    """One project of the demonstration workspace."""

    name: str
    description: str
    variables: tuple[str, ...]
    data_file: str
    dataset: str
    """Name of the data set."""
    prompt: str
    """Name of the prompt."""
    versions: tuple[DemoPrompt, ...]
    """v1 first."""
    scorer: DemoScorer
    tolerance: DemoTolerance
    split: str = "gate"
    """The examples that a test run uses."""

    def rows(self) -> tuple[DemoRow, ...]:
        """All examples, in the order of the file."""
        return tuple(
            DemoRow(row["inputs"], row["expected"], tuple(row["tags"]), row["split"])
            for row in _json_lines(self.data_file)
        )


def production_messages() -> tuple[str, ...]:
    """Messages to send through the gateway: everyday ones, odd ones, hostile ones. Unlabelled."""
    return tuple(row["inputs"]["message"] for row in _json_lines(PRODUCTION_FILE))


def data_text(name: str) -> str:
    """A data file as it is kept, JSON Lines in UTF-8."""
    return (files(__package__) / DATA_FOLDER / name).read_text(encoding="utf-8")


def _json_lines(name: str) -> Iterator[dict[str, Any]]:
    # Any: these are our own files, whose form is held by a test. Only "\n" ends a row:
    # `splitlines` would also split at a U+2028 inside a message.
    for line in data_text(name).split("\n"):
        if line:
            yield json.loads(line)


def _few_shot(system: str, shots: Messages, question: str) -> Messages:
    """A conversation that shows how it's done; what varies stands last, so the rest is cached."""
    shown = (
        message
        for asked, answered in shots
        for message in (("user", asked), ("assistant", answered))
    )
    return (("system", system), *shown, ("user", question))


def _parameters(max_tokens: int) -> Mapping[str, Json]:
    return {"temperature": 0, "max_tokens": max_tokens}


SUPPORT_TOPIC: Final = DemoTask(
    name="support-topic",
    description=(
        "Kettle & Crumb, a web shop for kitchens, sorts its customers' messages so that the right "
        "people answer: payment, delivery, login or product."
    ),
    variables=("message",),
    data_file="support_topic.jsonl",
    dataset="support-messages",
    prompt="support-topic",
    versions=(
        DemoPrompt(
            note="First try: just ask.",
            messages=(
                (
                    "user",
                    "Is this message about payment, delivery, login or product? "
                    "Answer with one word.\n\n{{ message }}",
                ),
            ),
            parameters=_parameters(8),
        ),
        DemoPrompt(
            note="Shows fourteen messages with their topics before asking.",
            messages=_few_shot(
                "Sort the customer's message: payment, delivery, login or product. "
                "Answer with one word.",
                (
                    ("You charged my card twice, please refund me.", "payment"),
                    ("Please send it to my new address.", "delivery"),
                    ("How big is the bowl?", "product"),
                    ("When will my order come?", "delivery"),
                    ("The discount is missing on my bill.", "payment"),
                    ("How do I change my email address?", "login"),
                    ("Where is my invoice?", "payment"),
                    ("Please send me a receipt for my taxes.", "payment"),
                    ("Which knife is best for bread?", "product"),
                    ("Only one of two boxes arrived.", "delivery"),
                    ("The reset link does not work.", "login"),
                    ("Do you ship to Spain?", "delivery"),
                    ("Please delete my profile.", "login"),
                    ("Is this pan safe for the oven?", "product"),
                ),
                "{{ message }}",
            ),
            parameters=_parameters(8),
        ),
    ),
    scorer=DemoScorer("label", {"labels": list(TOPICS)}),
    tolerance=DemoTolerance(0.35, 0.95, "Sort by hand until a prompt is within the tolerance."),
)

_ORDER_NUMBER: Final = "It looks like K-12345."

ORDER_NUMBER: Final = DemoTask(
    name="order-number",
    description=(
        "Finds the order number in a customer's message, written as K-12345 however the customer "
        "wrote it, or says none. An invented number sends somebody else's order back."
    ),
    variables=("message",),
    data_file="order_number.jsonl",
    dataset="order-messages",
    prompt="order-number",
    versions=(
        DemoPrompt(
            note="The form of a number and two examples.",
            messages=_few_shot(
                f"Find the order number. {_ORDER_NUMBER}",
                (
                    ("When will K-50112 arrive? I paid 20.00 euros.", "K-50112"),
                    ("I have K-70021 already, but where is K-33845?", "K-33845"),
                ),
                "{{ message }}",
            ),
            parameters=_parameters(12),
        ),
        DemoPrompt(
            note="Says what to do without a number; eight examples, four of them without.",
            messages=_few_shot(
                f"Find the order number in the message. {_ORDER_NUMBER} "
                "If there is no order number, answer none.",
                (
                    ("When will K-50112 arrive? I paid 20.00 euros.", "K-50112"),
                    ("Do you sell tea?", "none"),
                    ("order 61930 is late", "K-61930"),
                    ("My phone is 555-0177. Please call.", "none"),
                    ("I have K-70021 already, but where is K-33845?", "K-33845"),
                    ("I was charged 19.90 euros, why?", "none"),
                    ("Hi, customer C-2040 here, invoice R-1111 for K-48213 is wrong.", "K-48213"),
                    ("How do I reset my password?", "none"),
                ),
                "{{ message }}",
            ),
            parameters=_parameters(12),
        ),
    ),
    scorer=DemoScorer("equals", {"ignore_case": True, "trim": True, "strip_punctuation": True}),
    tolerance=DemoTolerance(0.30, 0.95, "Ask the customer for the number."),
)

KITCHEN_SUMS: Final = DemoTask(
    name="kitchen-sums",
    description=(
        "Word problems about kitchens with one to four steps of arithmetic. So small a model "
        "can't do them, and no prompt rescues it: a case for another model."
    ),
    variables=("question",),
    data_file="kitchen_sums.jsonl",
    dataset="kitchen-sums",
    prompt="kitchen-sums",
    versions=(
        DemoPrompt(
            note="First try: just ask.",
            messages=(("user", "{{ question }}\nAnswer with one number."),),
            parameters=_parameters(16),
        ),
        DemoPrompt(
            note="Asks for the calculation and shows three.",
            messages=_few_shot(
                "Write down the calculation.",
                (
                    ("Pia has 30 eggs and breaks 6. How many eggs are left?", "30 - 6 = 24"),
                    (
                        "Rolf has 7 spoons and buys 5 more. How many spoons does he have now?",
                        "7 + 5 = 12",
                    ),
                    ("Mia buys 3 boxes of 4 plates. How many plates is that?", "3 * 4 = 12"),
                ),
                "{{ question }}",
            ),
            parameters=_parameters(24),
        ),
    ),
    scorer=DemoScorer("numeric"),
    tolerance=DemoTolerance(0.20, 0.95, "Don't use this model for sums."),
)

TASKS: Final = (SUPPORT_TOPIC, ORDER_NUMBER, KITCHEN_SUMS)
