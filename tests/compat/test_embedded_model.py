"""An unmodified client, the proxy and a real model."""

from __future__ import annotations

from pathlib import Path

import openai
import pytest
from tests.compat import documented
from tests.gateway.process import gateway

from llmops_tui.providers.embedded import client as embedded
from llmops_tui.providers.embedded import model

pytestmark = [pytest.mark.slow, pytest.mark.model]

STREAM = """
stream = client.chat.completions.create(
    model="SmolLM2-135M-Instruct",
    messages=[{"role": "user", "content": "Count to three."}],
    max_tokens=12,
    stream=True,
    stream_options={"include_usage": True},
)
for event in stream:
    for choice in event.choices:
        print(choice.delta.content or "", end="")
"""


def test_the_readmes_client_asks_the_embedded_model_through_the_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(model.availability(), model.Missing):
        pytest.skip("the embedded model is not installed")
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    monkeypatch.setenv("LLMOPS_TUI_STATE", str(state))
    asked = [{"role": "user", "content": "Say hello."}]
    try:
        with (
            gateway(tmp_path / "w.db", "--embedded") as running,
            openai.OpenAI(base_url=f"{running.url}/v1", api_key="unused") as client,
        ):
            code = documented.readme().replace(documented.ADDRESS, running.url)
            printed = documented.run(tmp_path, code + STREAM, running.url)
            embedded.stop(state)  # as it does itself when idle; the next call starts it
            name = client.models.list().data[0].id
            again = client.chat.completions.create(model=name, messages=asked, max_tokens=12)
            hello, counted, restarted = running.details(3)
    finally:
        embedded.stop(state)
    assert (hello.input, counted.input) == ("user: Hello", "user: Count to three.")
    assert counted.output == printed != ""
    assert restarted.output == again.choices[0].message.content
    for call in (hello, counted, restarted):
        row = call.row
        assert (row.source, row.status, row.model) == ("proxy", "ok", "SmolLM2-135M-Instruct")
        assert row.finish_reason in {"stop", "length"}
        assert row.input_tokens
        assert row.output_tokens
        assert call.response_id
