from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from tests.gateway import made

from llmops_tui.gateway.body import BodyRefused
from llmops_tui.gateway.otlp import Encoding, accepted, decode_traces, encoding_of, refusal
from llmops_tui.gateway.spans import MAX_TEXT, TOO_DEEP, is_cut

SPAN = {
    "traceId": "5b8efff798038103d269b633813fc60c",
    "spanId": "eee19b7ec3c1b174",
    "name": "chat",
    "startTimeUnixNano": "1544712660000000000",
    "endTimeUnixNano": "1544712661000000000",
}


def in_json(*spans, **resource) -> bytes:
    group = {"scopeSpans": [{"scope": {"name": "lib"}, "spans": list(spans)}], **resource}
    return json.dumps({"resourceSpans": [group]}).encode()


def only(body: bytes, encoding: Encoding = Encoding.JSON):
    [found] = decode_traces(body, encoding).spans
    return found


ATTRIBUTES = {
    "text": "grüße",
    "count": 2**40,
    "share": 0.25,
    "yes": True,
    "nothing": None,
    "list": ["a", 1, [False]],
    "map": {"inner": {"deeper": "x"}},
}


def test_protobuf_becomes_spans_with_plain_values():
    wire = made.span(ATTRIBUTES, number=7, events=[("gen_ai.choice", {"index": 0})])
    found = only(made.body(wire, service="shop"), Encoding.PROTOBUF)
    assert found.attributes == ATTRIBUTES
    assert found.trace_id == f"{8:032x}"
    assert found.span_id == f"{8:016x}"
    assert found.parent_span_id == ""
    assert found.resource == {"service.name": "shop"}
    assert found.scope == "made.by.tests"
    assert found.events[0].attributes == {"index": 0}


def test_both_encodings_of_the_same_spans_are_read_alike():
    from google.protobuf.json_format import MessageToDict
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    wire = made.span(ATTRIBUTES, events=[("x", {"a": [1.5]})], kind=3)
    body = made.body(wire)
    as_json = MessageToDict(ExportTraceServiceRequest.FromString(body))
    # MessageToDict writes ids in base64, as clients do that use protobuf's own mapping.
    assert only(json.dumps(as_json).encode()) == only(body, Encoding.PROTOBUF)
    sent = as_json["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    sent["traceId"], sent["spanId"] = wire.trace_id.hex().upper(), wire.span_id.hex()
    assert only(json.dumps(as_json).encode()) == only(body, Encoding.PROTOBUF)


def test_the_recorded_example_of_the_specification_is_read(shared_data):
    found = only((shared_data / "monitoring/traces/otlp_trace.json").read_bytes())
    assert (found.trace_id, found.span_id) == (SPAN["traceId"], SPAN["spanId"])
    assert found.attributes == {"my.span.attr": "some value"}
    assert found.start_ns == 1544712660 * 10**9


@pytest.mark.parametrize("told", ["", "zz", "00" * 16, "abcd", 12, None, "5b8e"])
def test_ids_that_are_none_become_empty(told):
    assert only(in_json({**SPAN, "traceId": told})).trace_id == ""


def test_a_span_that_can_not_be_read_does_not_keep_the_others_from_being_taken():
    decoded = decode_traces(
        in_json(SPAN, {**SPAN, "attributes": "none"}, "not a span", SPAN), Encoding.JSON
    )
    assert len(decoded.spans) == 2
    assert decoded.rejected == 2
    assert "list is expected" in decoded.reason


@pytest.mark.parametrize(
    "garbage",
    [b"", b"{", b"[]", b"null", b'"x"', b'{"resourceSpans": 3}', b"\xff\xfe", b"[" * 100_000],
)
def test_json_garbage_is_refused_with_a_reason(garbage):
    with pytest.raises(BodyRefused) as caught:
        decode_traces(garbage, Encoding.JSON)
    assert caught.value.status == 400
    assert str(caught.value)


def test_a_body_of_nothing_but_broken_spans_is_refused():
    with pytest.raises(BodyRefused, match="No span can be read"):
        decode_traces(in_json({**SPAN, "attributes": [{"value": 1}]}), Encoding.JSON)


@given(st.binary(max_size=200))
def test_protobuf_garbage_is_read_or_refused_but_never_an_accident(garbage):
    with suppress(BodyRefused):
        decode_traces(garbage, Encoding.PROTOBUF)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["stringValue", "intValue", "arrayValue", "values", "key", "value"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(JSON_VALUES, st.sampled_from([*SPAN, "attributes", "events", "status", "parentSpanId"]))
def test_any_json_in_any_field_is_read_or_refused_but_never_an_accident(told, name):
    with suppress(BodyRefused):
        decode_traces(in_json({**SPAN, name: told}), Encoding.JSON)


def test_lone_surrogates_and_nan_are_taken():
    body = in_json({**SPAN, "name": "\ud800", "attributes": [{"key": "x", "value": {}}]})
    assert only(body.replace(b"{}", b'{"doubleValue": NaN}')).name == "\ud800"


def test_an_enormous_attribute_is_cut_with_a_mark():
    found = only(made.body(made.span({"x": "y" * (MAX_TEXT + 5)})), Encoding.PROTOBUF)
    text = found.attributes["x"]
    assert is_cut(text)
    assert len(text) < MAX_TEXT + 200
    assert str(MAX_TEXT + 5) in text


def test_bottomless_nesting_ends_in_a_mark():
    told: dict = {"stringValue": "bottom"}
    for _ in range(200):
        told = {"arrayValue": {"values": [told]}}
    found = only(in_json({**SPAN, "attributes": [{"key": "deep", "value": told}]}))
    assert TOO_DEEP in json.dumps(found.attributes)


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("application/x-protobuf", Encoding.PROTOBUF),
        ("application/x-protobuf; charset=utf-8", Encoding.PROTOBUF),
        ("Application/JSON;charset=UTF-8", Encoding.JSON),
    ],
)
def test_content_types_are_understood_with_their_parameters(content_type, encoding):
    assert encoding_of(content_type) is encoding


@pytest.mark.parametrize("content_type", ["", "text/plain", "multipart/form-data"])
def test_other_content_types_are_refused(content_type):
    with pytest.raises(BodyRefused, match="content type") as caught:
        encoding_of(content_type)
    assert caught.value.status == 415


def test_a_success_says_what_was_not_taken():
    assert accepted(Encoding.PROTOBUF) == b""
    assert json.loads(accepted(Encoding.JSON)) == {}
    told = ExportTraceServiceResponse.FromString(accepted(Encoding.PROTOBUF, 3, "bad"))
    assert told.partial_success.rejected_spans == 3
    assert told.partial_success.error_message == "bad"
    assert json.loads(accepted(Encoding.JSON, 3, "bad")) == {
        "partialSuccess": {"rejectedSpans": "3", "errorMessage": "bad"}
    }


def test_a_refusal_is_a_status_in_the_same_encoding():
    assert json.loads(refusal(Encoding.JSON, 400, "no")) == {"code": 3, "message": "no"}
    sentence = "x" * 300
    told = refusal(Encoding.PROTOBUF, 503, sentence)
    # Field 1 (code): 14; field 2 (message): 300 bytes.
    assert told == b"\x08\x0e\x12\xac\x02" + sentence.encode()
