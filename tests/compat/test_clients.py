"""The clients that production has, as they come from PyPI, against a gateway in its own process.

Each runs what docs/clients.md says, in a process of its own. What is asserted of the tokens is what
the mock endpoint counts.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.compat import documented
from tests.compat.documented import KEY, OTLP
from tests.compat.production import Production, production, said

from llmops_tui.cli.main import cli as command_line
from llmops_tui.services import connecting, models
from llmops_tui.services.workspace import open_workspace

pytestmark = pytest.mark.slow

QUESTION = "user: What is the capital of France?"
ASKED = f"system: Answer with one word.\n{QUESTION}"
CAPITAL = ("gpt-4o-mini", ASKED, "Paris.", "stop", 11, 2)

TOOL = '[tool call] weather({"city":"Oslo"})'
ALSO = [
    ("gpt-4o-mini", "user: Count to three", "Paris.", "stop", 7, 2),
    ("gpt-4o-mini", "user: Weather in Oslo", TOOL, "tool_calls", 7, 5),
    (
        "gpt-4o-mini",
        f"user: Weather in Oslo\nassistant: {TOOL}\ntool: 18 degrees",
        "Paris.",
        "stop",
        6,
        2,
    ),
    ("gpt-4o-mini", "user: fault:throttle:9", "", "", None, None),
    ("gpt-4o-mini", "user: And in JSON?", "Paris.", "stop", 7, 2),
]
"""What arrives of `also.main` in the older instrumentation."""

ITALY = ("gpt-4o-mini", "system: Be brief.\nuser: And of Italy?", "Paris.", "stop", 7, 2)
"""And of the Responses API."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    with production(tmp_path_factory.mktemp("application")) as started:
        yield started


def then(*, responses: bool) -> str:
    return f"from tests.compat import also\n\nalso.main(client, responses={responses})"


# --- through the proxy


def test_the_openai_sdk_through_the_proxy(running: Production) -> None:
    found = running.run("The OpenAI SDK", expected=4)
    assert [said(call) for call in found] == [
        CAPITAL,
        ("gpt-4o-mini", "user: Count to three", "Paris.", "stop", 7, 2),
        ("gpt-4o-mini", "user: What is the capital of Italy?", "Paris.", "stop", 11, 2),
        ("gpt-4o-mini", "user: And of Spain?", "Paris.", "stop", 7, 2),
    ]
    assert running.printed.split() == ["Paris.", "Paris.Paris."]
    assert {(call.row.source, call.row.status) for call in found} == {("proxy", "ok")}
    assert all(call.response_id for call in found)
    assert found[3].trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert (found[3].row.prompt_name, found[3].row.prompt_version) == ("capitals", "3")
    for path in running.folder.glob("w.db*"):
        assert KEY.encode() not in path.read_bytes()


def test_the_anthropic_sdk_through_the_proxy(running: Production) -> None:
    found = running.run("The Anthropic SDK", expected=2)
    assert [said(call) for call in found] == [
        ("claude-sonnet-5-5", ASKED, "Paris.", "stop", 11, 2),
        ("claude-sonnet-5-5", QUESTION, "Paris.", "stop", 11, 2),
    ]
    assert running.printed.split() == ["Paris.", "Paris."]
    assert {(call.row.source, call.row.status) for call in found} == {("proxy", "ok")}


def test_litellm_through_the_proxy_and_by_its_callback(running: Production) -> None:
    """One process for both, because LiteLLM takes seconds to import."""
    streamed = (
        "for _ in litellm.completion(\n"
        '    model="anthropic/claude-sonnet-5-5", api_base=os.environ["ANTHROPIC_BASE_URL"],\n'
        '    messages=[{"role": "user", "content": "Count to three"}], stream=True,\n'
        "):\n    pass\n"
    )
    found = running.run("LiteLLM", "LiteLLM's callback", expected=3, by_otlp=True, then=streamed)
    assert [said(call) for call in found] == [
        ("gpt-4o-mini", QUESTION, "Paris.", "stop", 11, 2),
        CAPITAL,
        ("claude-sonnet-5-5", "user: Count to three", "Paris.", "stop", 15, 2),
    ]
    assert [call.row.source for call in found] == ["proxy", "otlp", "otlp"]
    assert all(call.trace_id and call.response_id for call in found[1:])


def test_pydantic_ai_through_the_proxy(running: Production) -> None:
    [call] = running.run("pydantic-ai", expected=1)
    assert said(call) == CAPITAL
    assert (call.row.source, running.printed) == ("proxy", "Paris.\n")


# --- by OpenTelemetry


@pytest.mark.parametrize(
    "title",
    [
        "OpenTelemetry's instrumentation of the OpenAI SDK",
        "OpenLLMetry",
        "OpenInference",
    ],
)
def test_an_instrumented_openai_sdk(running: Production, title: str) -> None:
    found = running.run(title, expected=7, by_otlp=True, then=then(responses=True))
    assert [said(call) for call in found] == [CAPITAL, *ALSO, ITALY]
    assert {call.row.source for call in found} == {"otlp"}
    failed = found[4]
    assert (failed.row.status, failed.row.model) == ("error", "gpt-4o-mini")
    assert re.fullmatch(r"(openai\.)?RateLimitError: Error code: 429 - slow down", failed.error)
    # What feedback is joined by, and what a tree is made of.
    answered = [call for call in found if call is not failed]
    assert all(call.response_id and call.row.duration_ms > 0 for call in answered)
    assert len({call.trace_id for call in found}) == 7
    flagged = [call for call in found if "invalid json" in {flag.rule for flag in call.flags}]
    assert flagged == [found[5]]  # it was asked for JSON and answered "Paris."
    assert [(depth, name) for depth, _, name in running.steps(found[1])] == [
        (0, "answer a visitor"),
        (1, "gpt-4o-mini"),
    ]


def test_opentelemetrys_older_instrumentation_sends_texts_as_log_events(
    running: Production,
) -> None:
    """`openai-v2` speaks the older conventions unless it is told otherwise.

    The switch was a variable of the helper package until 0.4; the locked one has it no more.
    """
    title = "OpenTelemetry's instrumentation of the OpenAI SDK"
    code = documented.sections()[title].code.replace(".genai.openai ", ".openai_v2 ")
    older = (
        "import opentelemetry.util.genai.utils\n\n"
        "opentelemetry.util.genai.utils.is_experimental_mode = lambda: False\n\n"
    )
    found = running.run(
        expected=6,
        by_otlp=True,
        then=f"{older}{code}\n{then(responses=False)}",
        OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="true",
    )
    assert [said(call) for call in found] == [CAPITAL, *ALSO]
    assert '"log_events"' in found[0].attributes


def test_the_anthropic_sdk_by_its_own_spans(running: Production) -> None:
    more = (
        "asked = [{'role': 'user', 'content': 'Count to three'}]\n"
        "with client.messages.stream(\n"
        "    model='claude-sonnet-5-5', max_tokens=9, messages=asked\n"
        ") as stream:\n"
        "    list(stream.text_stream)\n"
    )
    found = running.run("The Anthropic SDK's own spans", expected=2, by_otlp=True, then=more)
    assert [said(call) for call in found] == [
        ("claude-sonnet-5-5", ASKED, "Paris.", "stop", 11, 2),
        ("claude-sonnet-5-5", "user: Count to three", "Paris.", "stop", 7, 2),
    ]
    assert {call.row.source for call in found} == {"otlp"}
    assert all(call.trace_id and call.response_id for call in found)


def test_an_agent_of_pydantic_ai_arrives_as_a_tree(running: Production) -> None:
    found = running.run("pydantic-ai's own spans", expected=2, by_otlp=True)
    called = '[tool call] population({"city":"Paris"})'
    asked = "system: Answer with one word.\nuser: How many people live in Paris"
    told = f"{asked}\nassistant: {called}\nuser: Paris has 2.1 million"
    assert [(call.input.replace('": "', '":"'), said(call)[2:]) for call in found] == [
        (asked, (called, "stop", 11, 5)),
        (told, ("Paris.", "stop", 9, 2)),
    ]
    assert [(depth, kind) for depth, kind, _ in running.steps(found[0])] == [
        (0, "invoke_agent"),
        (1, "chat"),
        (1, "execute_tool"),
        (1, "chat"),
    ]


# --- the page itself


def test_no_client_reaches_anything_but_this_machine(running: Production) -> None:
    code = (
        "import socket\n"
        "try:\n    socket.create_connection(('192.0.2.1', 443), timeout=5)\n"
        "except OSError as error:\n    print(error)\n"
    )
    with pytest.raises(AssertionError, match=r"192\.0\.2\.1 is not for tests"):
        documented.run(running.folder, code, running.model)


def test_the_app_tells_applications_the_same() -> None:
    page = documented.sections()
    said = page["The OpenAI SDK"].exports | page["The Anthropic SDK"].exports
    assert said == connecting.USUAL.proxy
    title = "OpenTelemetry's instrumentation of the OpenAI SDK"
    assert connecting.USUAL.otlp.items() <= (page[OTLP].exports | page[title].exports).items()
    assert documented.ADDRESS == connecting.ADDRESS


def test_the_commands_of_the_page_make_an_endpoint_for_each_protocol(tmp_path: Path) -> None:
    commands = re.findall(r"^    llmops-tui (model add .*)$", documented.PAGE.read_text(), re.M)
    for command in commands:
        arguments = ["--db", str(tmp_path / "w.db"), *shlex.split(command)]
        done = CliRunner().invoke(command_line, arguments)
        assert done.exit_code == 0, done.output
    workspace = open_workspace(tmp_path / "w.db")
    found = [(view.model.name, view.endpoint.kind) for view in models.list_models(workspace)]
    workspace.db.close()
    assert found == [("gpt-4o-mini", "openai"), ("claude-sonnet-5-5", "anthropic")]


def test_every_snippet_of_the_page_is_run_by_a_test() -> None:
    assert set(documented.sections()) == {
        "From another machine",
        "The OpenAI SDK",
        "The Anthropic SDK",
        "LiteLLM",
        "pydantic-ai",
        OTLP,
        "OpenTelemetry's instrumentation of the OpenAI SDK",
        "The Anthropic SDK's own spans",
        "OpenLLMetry",
        "OpenInference",
        "LiteLLM's callback",
        "pydantic-ai's own spans",
    }
