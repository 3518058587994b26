"""What the editor says beside the text, from values alone."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from llmops_tui.core.chat import Message
from llmops_tui.core.dataset import Example
from llmops_tui.core.prompt import VariableProblem
from llmops_tui.core.prompt_version import PromptVersion
from llmops_tui.core.run import Outcome
from llmops_tui.core.text import cells, one_line, visible
from llmops_tui.services.models import ModelView
from llmops_tui.services.prompt_trying import Preview
from llmops_tui.services.prompt_writing import Examples
from llmops_tui.services.prompts import EditorState
from llmops_tui.services.question_cost import QuestionCost
from llmops_tui.services.run_words import money
from llmops_tui.ui.screens.prompts.trying import Attempt
from llmops_tui.ui.widgets.text_pane import Section

Part = tuple[str, str]
"""Any text, and a style: `strong`, `bad`, `doubt`, `muted` or none."""

STYLES = {"strong": "bold", "bad": "bold reverse", "doubt": "bold", "muted": "dim", "": ""}
"""Attributes, not colours: these lines say in words what they mean."""
GAP = " · "
WORTH_SAYING = 10
"""Per cent of a model's context; less than this is nobody's concern."""


def line_of(parts: Sequence[Part], width: int) -> Text:
    """Parts with dots between them, as many as fit; the last one is cut."""
    line = Text(no_wrap=True, end="")
    for text, style in parts:
        room = width - cells(line.plain) - (len(GAP) if line.plain else 0)
        if room < 4:
            break
        if line.plain:
            line.append(GAP, style="dim")
        line.append(one_line(text, room), style=STYLES[style])
    return line


def header_parts(
    state: EditorState, newest: PromptVersion | None, changed: bool, problem: str
) -> list[Part]:
    """Which prompt, begun from what, and whether what is typed is kept."""
    base = state.base
    parts: list[Part] = [(state.prompt.name, "strong")]
    if problem:
        parts.append((f"DRAFT NOT KEPT: {problem}", "bad"))
    elif changed:
        parts.append((f"draft, begun from v{base.number}" if base else "draft", ""))
    else:
        parts.append((f"v{base.number}" if base else "no version yet", ""))
    if newest is not None and (base is None or newest.number > base.number):
        parts.append((f"v{newest.number} was saved by {newest.author} meanwhile", "doubt"))
    elif base is not None and base.labels:
        parts.append((", ".join(base.labels), ""))
    return parts


def variable_parts(preview: Preview | None, hidden: str, known_names: Sequence[str]) -> list[Part]:
    """What is wrong with the text, the worst first; else which variables it uses."""
    if preview is None:
        return [("Reading…", "muted")]
    unknown = [problem for problem in preview.variables if problem.unknown]
    unused = [problem.name for problem in preview.variables if not problem.unknown]
    parts: list[Part] = [(_unknown(problem), "bad") for problem in unknown]
    if preview.problem and all(problem.in_data for problem in unknown):
        where = f"line {preview.line}: " if preview.line else ""
        parts.insert(0, (f"{where}{preview.problem}", "bad"))
    if preview.odd:
        parts.append((preview.odd, "doubt"))
    if hidden:
        parts.append((hidden, "doubt"))
    if unused:
        parts.append((f"not used: {', '.join(unused)}", "doubt"))
    known = [name for name in preview.found if name not in {p.name for p in unknown}]
    if known:
        checked = "variables" if known_names else "variables (no data set to check them against)"
        parts.append((f"{checked}: {', '.join(known)}", ""))
    elif not unknown and not preview.problem:
        parts.append(("no variable yet: write {{ name }}", "muted"))
    return parts


def _unknown(problem: VariableProblem) -> str:
    return f"{'no input of the project' if problem.in_data else 'unknown'}: {problem.short}"


def figure_parts(
    cost: QuestionCost | None, example: str, model: ModelView | None, models: int
) -> list[Part]:
    """Example, size, price and model of the next question."""
    parts: list[Part] = [(example, "")]
    if cost is not None and cost.tokens:
        parts.append((_question_words(cost), ""))
    if model is None:
        parts.append(("no model: 7, then a adds one", "doubt"))
    else:
        more = " (alt+m)" if models > 1 else ""
        parts.append((f"{model.model.name}{more}", ""))
    return parts


def _question_words(cost: QuestionCost) -> str:
    """Size of a question and its price: `≈ 45 tokens, 0.0012 USD + answer`."""
    words = f"≈ {cost.tokens:,} tokens"
    share = cost.context_share or 0
    if share >= 1:
        words += " (TOO LONG for the model)"
    elif 100 * share >= WORTH_SAYING:
        words += f" ({100 * share:.0f} % of the context)"
    return f"{words}, {_price(cost)}" if cost.is_priced else words


def _price(cost: QuestionCost) -> str:
    """`0.0012 USD + answer`; whole where the length of answers is known."""
    price = money(cost.cost, cost.model.currency)
    return f"{price} + answer" if cost.answer_tokens is None else f"≈ {price} a call"


def example_words(examples: Examples | None, index: int, key: str) -> str:
    """Which example is shown: `messages v1, example 3/160 (alt+n)`."""
    if examples is None:
        return "no data set: 2, then i imports one"
    rows = len(examples.positions)
    if not rows:
        return f"{examples.title} has no rows"
    return f"{examples.title}, example {index + 1:,}/{rows:,} ({key})"


def preview_sections(preview: Preview | None, example: Example | None) -> list[Section]:
    """The messages as the model gets them."""
    if preview is None:
        return [Section("Preview", "Reading…", (), "muted")]
    if preview.problem:
        where = f"Line {preview.line}: " if preview.line else ""
        return [Section("This can't be rendered yet", f"{where}{preview.problem}", (), "bad")]
    sections = [one for message in preview.messages for one in _message_sections(message)]
    if preview.included:
        sections.insert(0, Section("includes", ", ".join(preview.included), (), "muted"))
    if not sections:
        sections = [Section("Preview", "The prompt is empty.", (), "muted")]
    if example is None:
        note = "There is no example: the templates stand as they are."
        return [*sections, Section("example", note, (), "muted")]
    expected = example.expected
    if expected is None:
        return [*sections, Section("expected", "not labelled", (), "muted")]
    return [*sections, Section("expected", expected)]


def _message_sections(message: Message) -> list[Section]:
    answers = f" answers {message.tool_call_id}" if message.tool_call_id else ""
    said = [Section(message.role + answers, message.content)]
    if message.tool_calls and not message.content:
        said = []
    return said + [
        Section(f"{message.role} calls {call.name} ({call.id})", call.arguments)
        for call in message.tool_calls
    ]


def cost_sections(costs: Sequence[QuestionCost]) -> list[Section]:
    """Size, share of the context and price of the question, on each model that is asked."""
    if not costs or not any(cost.tokens for cost in costs):
        return []
    rows = [
        (
            visible(cost.model.name, newlines=False),
            f"≈ {cost.tokens:,} tokens",
            _context_words(cost),
            _price(cost) if cost.is_priced else "no price",
        )
        for cost in costs
    ]
    name, size, context = (max(cells(row[column]) for row in rows) for column in range(3))
    lines = [
        f"{_wide(row[0], name)}  {row[1]:>{size}}  {_wide(row[2], context)}  {row[3]}".rstrip()
        for row in rows
    ]
    return [Section("asked of", "\n".join(lines))]


def _context_words(cost: QuestionCost) -> str:
    share = cost.context_share
    if share is None:
        return "context unknown"
    if share >= 1:
        return f"TOO LONG for {cost.model.context_window:,}"
    return f"{100 * share:4.1f} % of {cost.model.context_window:,}"


def _wide(text: str, width: int) -> str:
    return text + " " * (width - cells(text))


def attempt_sections(attempt: Attempt | None) -> list[Section]:
    """A try, from the first word on."""
    if attempt is None:
        return []
    number = f" · example {attempt.example:,}" if attempt.example else ""
    heading = f"Answer of {attempt.model.title}{number}"
    sections = []
    if attempt.under_way and not attempt.text:
        waited = f"Waiting for the first word, {int(attempt.waited_s)} s. esc stops."
        return [Section(heading, waited, (), "muted")]
    if attempt.text or attempt.answer:
        sections.append(Section(heading, attempt.text or "(an empty text)"))
    if attempt.under_way:
        sections.append(Section("", "… esc stops", (), "muted"))
    elif attempt.error is not None:
        error = f"{attempt.error} {attempt.error.hint}".strip()
        sections.append(Section("" if sections else heading, error, (), "bad"))
    elif attempt.stopped:
        sections.append(Section("" if sections else heading, "Stopped by you.", (), "doubt"))
    if attempt.answer is not None:
        sections.append(Section("", figures(attempt), (), "muted"))
        sections.append(_judged(attempt))
    return sections


def figures(attempt: Attempt) -> str:
    """Times, tokens and price of an answer."""
    answer = attempt.answer
    assert answer is not None
    words = []
    if answer.first_token_ms is not None:
        words.append(f"first token {answer.first_token_ms / 1000:.2f} s")
    words.append(f"whole answer {answer.latency_ms / 1000:.2f} s")
    usage = answer.usage
    about = "≈ " if usage.estimated else ""
    words.append(f"{about}{usage.input_tokens:,} + {usage.output_tokens:,} tokens")
    model = attempt.model.model
    if model.input_price or model.output_price:
        words.append(money(model.cost(usage), model.currency))
    if answer.finish_reason == "length":
        words.append("CUT OFF at the longest answer allowed")
    elif answer.finish_reason not in ("stop", ""):
        words.append(f"ended by {answer.finish_reason}")
    return GAP.join(words)


def _judged(attempt: Attempt) -> Section:
    judged = attempt.judged
    if judged is None or judged.outcome is None:
        return Section("", f"? not scored: {judged.reason if judged else ''}", (), "doubt")
    expected = f"\nexpected: {attempt.expected}" if attempt.expected is not None else ""
    if judged.outcome is Outcome.RIGHT:
        return Section("", f"✓ RIGHT: {judged.reason}{expected}", (), "good")
    return Section("", f"✗ WRONG: {judged.reason}{expected}", (), "bad")
