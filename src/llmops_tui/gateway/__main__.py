"""A gateway without the command line around it: `python -m llmops_tui.gateway --db FILE`."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from pathlib import Path

from llmops_tui.core.chat import Endpoint
from llmops_tui.core.errors import LlmopsError
from llmops_tui.gateway.server import DEFAULT_PORT, GatewayOptions, Listening, run
from llmops_tui.providers.keys import Secret


def main() -> int:
    """Serve; prints one line of JSON with the address once it listens."""
    parser = argparse.ArgumentParser(prog="python -m llmops_tui.gateway", description=__doc__)
    parser.add_argument("--db", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--upstream", default="", help="base URL of an OpenAI-compatible server")
    parser.add_argument("--anthropic", default="", help="base URL of an Anthropic API")
    parser.add_argument("--embedded", action="store_true", help="serve the embedded model")
    parser.add_argument("--audit", type=float, default=None, help="share of calls to review")
    parser.add_argument("--seed", type=int, default=None)
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    endpoints = [
        Endpoint(0, "upstream", "openai", chosen.upstream),
        Endpoint(0, "anthropic", "anthropic", chosen.anthropic),
        Endpoint(0, "embedded", "embedded", ""),
    ]
    wanted = {"upstream": chosen.upstream, "anthropic": chosen.anthropic}
    upstreams = {e.name: e for e in endpoints if wanted.get(e.name, chosen.embedded)}
    audit = {} if chosen.audit is None else {"audit_probability": chosen.audit}
    options = GatewayOptions(
        db_path=chosen.db,
        host=chosen.host,
        port=chosen.port,
        token=Secret(os.environ.get("LLMOPS_TUI_GATEWAY_TOKEN", "")),
        upstreams=upstreams,
        seed=chosen.seed,
        **audit,
    )
    try:
        run(options, _tell)
    except LlmopsError as error:
        sys.stderr.write(f"{error} {error.hint}\n")
        return int(error.exit_code)
    return 0


def _tell(listening: Listening) -> None:
    sys.stdout.write(json.dumps({"port": listening.port, "url": listening.url}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
