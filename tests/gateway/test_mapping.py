from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway import made

from llmops_tui.core.call import CallDraft
from llmops_tui.gateway.mapping import MAX_RAW, call_of
from llmops_tui.gateway.otlp import Encoding, decode_traces
from llmops_tui.gateway.spans import LARGEST, MAX_TEXT, Span, SpanEvent

NOW = time.time_ns() // 1_000_000
START = NOW * 1_000_000 - 10**9


def span(attributes: dict, *events: SpanEvent, **fields) -> Span:
    settings = {"start_ns": START, "end_ns": START + 250_000_000, "name": "chat mock", **fields}
    ids = {"trace_id": "0a" * 16, "span_id": "0b" * 8, "parent_span_id": ""}
    return Span(**{**ids, **settings}, attributes=attributes, events=list(events))


def call(attributes: dict, *events: SpanEvent, **fields) -> CallDraft:
    found = call_of(span(attributes, *events, **fields), NOW)
    assert found is not None
    return found


GENAI = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}
ASKED = [
    {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
    {"role": "user", "parts": [{"type": "text", "content": "Weather in Paris?"}]},
]
CONVERSATION = "system: Be brief.\nuser: Weather in Paris?"


def test_a_chat_call_in_the_current_genai_conventions():
    found = call(
        {
            **made.genai("What is 2 + 2?", "4"),
            "gen_ai.response.id": "resp-1",
            "gen_ai.conversation.id": "talk-1",
            "gen_ai.response.time_to_first_chunk": 0.12,
            "gen_ai.output.type": "json",
        }
    )
    assert found.source == "otlp"
    assert found.input == "user: What is 2 + 2?"
    assert found.output == "4"
    assert (found.provider, found.model) == ("openai", "mock")
    assert (found.input_tokens, found.output_tokens) == (12, 3)
    assert found.finish_reason == "stop"
    assert found.response_id == "resp-1"
    assert found.conversation_id == "talk-1"
    assert found.first_token_ms == pytest.approx(120)
    assert found.wants_json
    assert found.status == "ok"
    assert found.started_at == START // 1_000_000
    assert found.duration_ms == 250
    assert found.identity[4:] == bytes.fromhex("0a" * 16 + "0b" * 8)


@pytest.mark.parametrize("shape", ["structured", "json text"])
def test_messages_may_be_structured_or_a_json_text(shape):
    answered = [
        {"role": "assistant", "parts": [{"type": "text", "content": "Sun."}]},
    ]
    attributes = {
        **GENAI,
        "gen_ai.input.messages": ASKED[1:],
        "gen_ai.output.messages": answered,
        "gen_ai.system_instructions": [{"type": "text", "content": "Be brief."}],
    }
    if shape == "json text":
        attributes = {k: v if isinstance(v, str) else json.dumps(v) for k, v in attributes.items()}
    found = call(attributes)
    assert found.input == CONVERSATION
    assert found.output == "Sun."


def event(name: str, **attributes) -> SpanEvent:
    return SpanEvent(name, START, attributes)


OLD_GENAI = {"gen_ai.system": "openai", "gen_ai.request.model": "mock"}


@pytest.mark.parametrize(
    ("attributes", "events"),
    [
        pytest.param(
            {"gen_ai.operation.name": "chat"},
            [
                event(
                    "gen_ai.client.inference.operation.details",
                    **{
                        "gen_ai.input.messages": json.dumps(ASKED),
                        "gen_ai.output.messages": '[{"role":"assistant","parts":'
                        '[{"type":"text","content":"Sun."}],"finish_reason":"stop"}]',
                    },
                )
            ],
            id="details event",
        ),
        pytest.param(
            OLD_GENAI,
            [
                event("gen_ai.system.message", content="Be brief."),
                event("gen_ai.user.message", content="Weather in Paris?"),
                event("gen_ai.choice", message='{"role":"assistant","content":"Sun."}'),
            ],
            id="an event for each message",
        ),
        pytest.param(
            OLD_GENAI,
            [
                event("gen_ai.content.prompt", **{"gen_ai.prompt": json.dumps(ASKED)}),
                event(
                    "gen_ai.content.completion",
                    **{"gen_ai.completion": '[{"role":"assistant","content":"Sun."}]'},
                ),
            ],
            id="content events",
        ),
        pytest.param(
            {
                **OLD_GENAI,
                "llm.request.type": "chat",
                "gen_ai.prompt.0.role": "system",
                "gen_ai.prompt.0.content": "Be brief.",
                "gen_ai.prompt.1.role": "user",
                "gen_ai.prompt.1.content": '[{"type":"text","text":"Weather in Paris?"}]',
                "gen_ai.completion.0.content": "Sun.",
                "gen_ai.completion.0.finish_reason": "stop",
            },
            [],
            id="OpenLLMetry",
        ),
        pytest.param(
            {
                "openinference.span.kind": "LLM",
                "llm.input_messages.0.message.role": "system",
                "llm.input_messages.0.message.content": "Be brief.",
                "llm.input_messages.1.message.role": "user",
                "llm.input_messages.1.message.contents.0.message_content.type": "text",
                "llm.input_messages.1.message.contents.0.message_content.text": "Weather in Paris?",
                "llm.output_messages.0.message.role": "assistant",
                "llm.output_messages.0.message.content": "Sun.",
            },
            [],
            id="OpenInference",
        ),
        pytest.param(
            {
                "openinference.span.kind": "LLM",
                "input.value": json.dumps(
                    {
                        "messages": [
                            {"role": "system", "content": "Be brief."},
                            {"role": "user", "content": "Weather in Paris?"},
                        ]
                    }
                ),
                "output.value": '{"choices":[{"message":{"role":"assistant","content":"Sun."}}]}',
            },
            [],
            id="OpenInference with whole bodies",
        ),
        pytest.param(
            {
                "ai.operationId": "ai.generateText.doGenerate",
                "ai.prompt.messages": json.dumps(
                    [
                        {"role": "system", "content": "Be brief."},
                        {
                            "role": "user",
                            "content": [{"type": "text", "text": ASKED[1]["parts"][0]["content"]}],
                        },
                    ]
                ),
                "ai.response.text": "Sun.",
            },
            [],
            id="Vercel AI SDK",
        ),
    ],
)
def test_the_content_is_found_wherever_a_dialect_keeps_it(attributes, events):
    found = call(attributes, *events)
    assert found.input == CONVERSATION
    assert found.output == "Sun."


def test_without_captured_content_a_call_is_still_a_call():
    found = call({**GENAI, "gen_ai.request.model": "mock"})
    assert (found.input, found.output) == ("", "")
    assert found.input_tokens is None


def test_tool_calls_and_images_are_shown_and_reasoning_is_left_to_the_attributes():
    answered = [
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "I should look it up."},
                {"type": "tool_call", "name": "weather", "arguments": {"city": "Paris"}},
            ],
        }
    ]
    asked = [
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": "See:"},
                {"type": "blob", "modality": "image", "content": "AAAA"},
            ],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "response": "18 C"}]},
    ]
    found = call({**GENAI, "gen_ai.input.messages": asked, "gen_ai.output.messages": answered})
    assert found.input == "user: See:\n[image]\ntool: 18 C"
    assert found.output == '[tool call] weather({"city":"Paris"})'
    assert "I should look it up." in found.attributes


def test_flat_tool_calls_of_openllmetry_and_openinference():
    flat = call(
        {
            **OLD_GENAI,
            "gen_ai.completion.0.tool_calls.0.name": "weather",
            "gen_ai.completion.0.tool_calls.0.arguments": '{"city":"Paris"}',
            "gen_ai.completion.0.finish_reason": "tool_calls",
        }
    )
    prefix = "llm.output_messages.0.message.tool_calls.0.tool_call.function"
    other = call(
        {
            "openinference.span.kind": "LLM",
            f"{prefix}.name": "weather",
            f"{prefix}.arguments": '{"city":"Paris"}',
        }
    )
    assert flat.output == other.output == '[tool call] weather({"city":"Paris"})'
    assert flat.finish_reason == "tool_calls"


def test_eleven_flat_messages_keep_their_order():
    flat = {f"gen_ai.prompt.{n}.content": str(n) for n in (10, 2, 0, 1, 9, 3, 4, 5, 6, 7, 8)}
    assert call({**OLD_GENAI, **flat}).input == "\n".join(f"user: {n}" for n in range(11))


@pytest.mark.parametrize(
    "attributes",
    [
        {"llmops.prompt.name": "support", "llmops.prompt.version": 3},
        {"traceloop.prompt.key": "support", "traceloop.prompt.version": "3"},
        {"prompt.id": "support", "llm.prompt_template.version": "3"},
        {
            "langfuse.observation.prompt.name": "support",
            "langfuse.observation.prompt.version": 3,
        },
    ],
)
def test_the_prompt_and_its_version_are_recognised(attributes):
    found = call({**GENAI, **attributes})
    assert (found.prompt_name, found.prompt_version) == ("support", "3")


@pytest.mark.parametrize(
    "attributes",
    [
        {
            "gen_ai.system": "x",
            "gen_ai.usage.prompt_tokens": 7,
            "gen_ai.usage.completion_tokens": 2,
        },
        {**GENAI, "gen_ai.usage.input_tokens": "7", "gen_ai.usage.output_tokens": 2.0},
        {
            "openinference.span.kind": "llm",
            "llm.token_count.prompt": 7,
            "llm.token_count.completion": 2,
        },
        {
            "llm.request.type": "chat",
            "llm.usage.prompt_tokens": 7,
            "llm.usage.completion_tokens": 2,
        },
    ],
)
def test_token_counts_under_their_current_and_older_names(attributes):
    found = call(attributes)
    assert (found.input_tokens, found.output_tokens) == (7, 2)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (["max_tokens"], "length"),
        ('["length"]', "length"),
        ("end_turn", "stop"),
        (["tool_use"], "tool_calls"),
        ("MAX_TOKENS", "length"),
        ([], ""),
        ("somehow", "somehow"),
    ],
)
def test_finish_reasons_are_put_into_the_same_words(told, reason):
    assert call({**GENAI, "gen_ai.response.finish_reasons": told}).finish_reason == reason


def test_an_error_is_told_with_its_kind_and_message():
    failed = call({**GENAI, "error.type": "timeout"}, status_code=2, status_message="took too long")
    assert (failed.status, failed.error) == ("error", "timeout: took too long")
    raised = call(
        GENAI,
        event("exception", **{"exception.type": "ValueError", "exception.message": "no"}),
        status_code=2,
    )
    assert raised.error == "ValueError: no"
    assert call(GENAI, status_code=2).error == "failed"


def test_openinference_leaves_the_answers_id_and_end_to_the_body_that_it_sends_along():
    body = {
        "id": "resp-4",
        "object": "response",
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "Sun"}]}],
    }
    found = call(
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": "mock",
            "output.value": json.dumps(body),
            "output.mime_type": "application/json",
            "llm.output_messages.0.message.content": "Sun",
        }
    )
    assert (found.response_id, found.finish_reason) == ("resp-4", "length")
    assert (found.input_tokens, found.output) == (None, "Sun")


@pytest.mark.parametrize("body", ["no JSON", "{", "[1]", '{"id": 7, "status": []}', 5])
def test_a_body_that_says_nothing_of_it_leaves_id_and_end_unknown(body):
    found = call({"openinference.span.kind": "LLM", "output.value": body})
    assert (found.response_id, found.finish_reason) == ("", "")


def test_a_call_that_failed_before_a_model_answered_still_says_which_was_asked():
    failed = {
        "openinference.span.kind": "LLM",
        "llm.invocation_parameters": '{"model": "mock", "temperature": 0}',
    }
    assert call(failed, status_code=2).model == "mock"


PARAMETERS = {
    "chat": {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
    "responses": {"text": {"format": {"type": "json_object"}}},
}


@pytest.mark.parametrize(
    "asked",
    [
        {**GENAI, "gen_ai.output.type": "json"},
        {**GENAI, "gen_ai.request.structured_output_schema": '{"type": "json_object"}'},
        *(
            {"openinference.span.kind": "LLM", "llm.invocation_parameters": json.dumps(parameters)}
            for parameters in PARAMETERS.values()
        ),
    ],
    ids=["genai", "OpenLLMetry", *(f"OpenInference, {name}" for name in PARAMETERS)],
)
def test_whether_json_was_asked_for_is_seen_in_each_dialect(asked):
    assert call(asked).wants_json
    assert not call({**GENAI, "gen_ai.output.type": "text"}).wants_json


def test_anthropics_sdk_says_why_an_answer_ended_in_an_attribute_of_its_own():
    told = {**GENAI, "anthropic.message.stop_reason": "max_tokens"}
    assert call(told).finish_reason == "length"


def test_a_kind_that_is_a_status_is_said_as_one():
    assert call({**GENAI, "error.type": "429"}, status_code=2).error == "HTTP 429"
    overloaded = {**GENAI, "error.type": "529"}
    assert call(overloaded, status_code=2, status_message="busy").error == "HTTP 529: busy"


def test_an_errors_kind_is_said_once():
    raised = event(
        "exception", **{"exception.type": "openai.RateLimitError", "exception.message": "429"}
    )
    told = call(GENAI, raised, status_code=2, status_message="RateLimitError: 429")
    assert told.error == "openai.RateLimitError: 429"
    typed = call(
        {**GENAI, "error.type": "RateLimitError"},
        status_code=2,
        status_message="litellm.RateLimitError: 429",
    )
    assert typed.error == "litellm.RateLimitError: 429"


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"http.method": "GET"},
        {"gen_ai.operation.name": "execute_tool", "gen_ai.system": "openai"},
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "mock"},
        {"gen_ai.operation.name": "embeddings", "gen_ai.provider.name": "openai"},
        {"openinference.span.kind": "CHAIN", "input.value": "x"},
        {"openinference.span.kind": "EMBEDDING"},
        {"traceloop.span.kind": "workflow"},
        {"ai.operationId": "ai.generateText", "ai.prompt": "x", "gen_ai.system": "openai"},
    ],
)
def test_spans_that_ask_no_model_for_an_answer_are_no_calls(attributes):
    assert call_of(span(attributes), NOW) is None


@pytest.mark.parametrize("start", [0, 2**64 - 1, 5])
def test_an_impossible_time_is_replaced_by_the_time_of_arrival_and_kept_as_it_was(start):
    found = call(GENAI, start_ns=start, end_ns=start)
    assert found.started_at == NOW
    assert found.duration_ms == 0
    assert json.loads(found.attributes)["start_time_unix_nano"] == str(start)


def test_a_span_that_ends_before_it_starts_has_no_duration():
    found = call(GENAI, end_ns=START - 1)
    assert found.started_at == START // 1_000_000
    assert found.duration_ms == 0


def test_calls_without_ids_are_told_apart_by_their_content():
    nameless = {"trace_id": "", "span_id": ""}
    one, same, other = (
        call({**GENAI, "gen_ai.request.model": model}, **nameless) for model in ("a", "a", "b")
    )
    assert one.identity == same.identity
    assert one.identity != other.identity


def test_all_that_came_with_a_call_is_kept():
    found = call({**GENAI, "unheard.of": [1, {"x": None}]}, resource={"service.name": "shop"})
    kept = json.loads(found.attributes)
    assert kept["attributes"]["unheard.of"] == [1, {"x": None}]
    assert kept["resource"] == {"service.name": "shop"}


def test_the_attributes_of_an_enormous_call_are_shortened_but_stay_json():
    parts = {f"big.{n}": "x" * MAX_TEXT for n in range(9)}
    found = call({**GENAI, **parts, "small": 1})
    kept = json.loads(found.attributes)
    assert len(found.attributes) < MAX_RAW
    assert kept["attributes"]["small"] == 1
    assert kept["left_out"] == sorted(parts)


def test_the_odd_example_of_the_shared_collection(shared_data):
    body = (shared_data / "made/otlp_genai_odd.json").read_bytes()
    [odd] = decode_traces(body, Encoding.JSON).spans
    found = call_of(odd, NOW)
    assert found is not None
    assert found.input == "user: \x1b[31mhi"
    assert found.input_tokens == 12
    assert found.output_tokens is None
    assert (found.status, found.error) == ("error", "<html>")
    assert found.duration_ms == 0


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["\ud800", "[{", '[{"role":1}]', '{"message":{"message":{}}}', "[[[]]]"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "role", "content", "parts", "tool_calls", "text", "message"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)
NAMES = st.sampled_from(
    [
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.system_instructions",
        "gen_ai.request.model",
        "gen_ai.usage.input_tokens",
        "gen_ai.response.finish_reasons",
        "gen_ai.response.time_to_first_chunk",
        "gen_ai.prompt.0.content",
        "gen_ai.prompt.0.content.text",
        "gen_ai.prompt.0",
        "gen_ai.prompt.",
        "gen_ai.completion.0.tool_calls",
        "llm.input_messages.0.message.contents.0",
        "llm.output_messages",
        "llm.invocation_parameters",
        "input.value",
        "output.value",
        "ai.response.toolCalls",
        "error.type",
    ]
)


@given(st.dictionaries(NAMES, VALUES, max_size=5), st.integers(0, 2**64), st.integers(0, 2**64))
def test_whatever_the_attributes_hold_a_call_comes_out_that_any_column_can_hold(told, start, end):
    found = call_of(span({**GENAI, **told}, start_ns=start, end_ns=end), NOW)
    assert found is not None
    for text in (found.model, found.finish_reason, found.error, found.provider):
        text.encode()
    for number in (found.input_tokens, found.output_tokens, found.started_at):
        assert number is None or 0 <= number <= LARGEST
    assert 0 <= found.duration_ms < float("inf")
    json.loads(found.attributes)
