"""A worker as its own process: `python -m llmops_tui.runner WORKSPACE RUN`."""

from __future__ import annotations

import asyncio
import sys

from llmops_tui.core.errors import ExitCode, LlmopsError
from llmops_tui.runner.worker import execute
from llmops_tui.store.database import Database


def main(arguments: list[str]) -> int:
    """Execute the run; exit code 0 unless the worker could not work."""
    path, run_id = arguments
    try:
        asyncio.run(execute(Database(path), int(run_id)))
    except LlmopsError as error:
        print(f"{error} {error.hint}".strip(), file=sys.stderr)
        return int(error.exit_code)
    return int(ExitCode.WITHIN)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
