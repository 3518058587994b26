"""All checks of the project, as CI runs them: lint, types, layers, tests with coverage.

    python3 bootstrap.py run check.py           everything
    python3 bootstrap.py run check.py --fast    only what takes less than a minute

Goes on after a failed step, so that one run says all that is wrong. Arguments after `--` go to
pytest. The exit code is 0 only when every step passed.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent
SOURCES = tuple(
    name
    for name in ("src", "tests", "benchmarks", "tools", "bootstrap.py", "check.py")
    if (ROOT / name).exists()
)
COVERAGE = ("--cov", "--cov-report=")
NO_TESTS_COLLECTED = 5
SLOW = "slow tests"
LONGEST_INSTALL_S = 300


@dataclass(frozen=True)
class Step:
    """One check: a program of the environment, called with arguments."""

    name: str
    program: str
    arguments: tuple[str, ...] = ()
    may_be_empty: bool = False
    """Whether finding no test at all is fine."""


def steps(fast: bool, for_pytest: tuple[str, ...]) -> list[Step]:
    """What is checked, in order: what fails soonest first."""
    pytest = ("-q", "--timeout=300", "--durations=5", *for_pytest)
    # Most of them wait more than they work, so more of them than there are cores.
    parallel = ("-n", "4", *pytest)
    # These start processes of their own; a file's tests may share what it started.
    slow_tests = ("-m", "slow", "-n", "3", "--dist", "loadfile", *pytest)
    found = [
        Step("lint", "ruff", ("check", *SOURCES)),
        Step("format", "ruff", ("format", "--check", *SOURCES)),
        Step("types", "mypy"),
        Step("layers", "lint-imports", ("--no-logo",)),
    ]
    if fast:
        fast_tests = ("-m", "not slow and not program", *parallel)
        return [*found, Step("fast tests", "pytest", fast_tests)]
    return [
        *found,
        Step("tests", "pytest", ("-m", "not slow", *parallel, *COVERAGE)),
        Step(SLOW, "pytest", (*slow_tests, *COVERAGE, "--cov-append"), may_be_empty=True),
        Step("coverage", "coverage", ("report",)),
    ]


@contextmanager
def peers(wanted: bool) -> Iterator[Callable[[], None]]:
    """Install promptfoo beside the other checks, for the slow tests that compare with it.

    Gives what waits for the end of it. Where it can't be installed, those tests skip.
    """
    if not wanted:
        yield lambda: None
        return
    with tempfile.TemporaryFile("w+") as said:
        command = [sys.executable, "-m", "tools.peers"]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
        )

        def wait() -> None:
            try:
                code = process.wait(LONGEST_INSTALL_S)
            except subprocess.TimeoutExpired:
                code = -1
            if code:
                said.seek(0)
                last = said.read().strip().splitlines()[-3:]
                print("promptfoo isn't there, so nothing is compared with it:", *last, sep="\n  ")

        try:
            yield wait
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def run(step: Step) -> bool:
    """Run one step, showing what it prints; whether it passed."""
    print(f"── {step.name}: {step.program} {' '.join(step.arguments)}", flush=True)
    started = time.monotonic()
    command = [str(Path(sys.executable).with_name(step.program)), *step.arguments]
    code = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode
    passed = code == 0 or (step.may_be_empty and code == NO_TESTS_COLLECTED)
    took = time.monotonic() - started
    print(f"── {step.name}: {'passed' if passed else 'FAILED'} in {took:.1f} s\n", flush=True)
    return passed


def main() -> int:
    """Run every step; 1 when any failed."""
    parser = argparse.ArgumentParser(description="All checks of the project.")
    parser.add_argument("--fast", action="store_true", help="only what takes less than a minute")
    parser.add_argument("pytest", nargs="*", help="arguments for pytest, after --")
    options = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("LLMOPS_TUI_")]:
        del os.environ[name]  # tests must not meet the workspace of whoever runs them
    started = time.monotonic()
    failed = []
    with peers(not options.fast) as wait_for_peers:
        for step in steps(options.fast, tuple(options.pytest)):
            if step.name == SLOW:
                wait_for_peers()
            if not run(step):
                failed.append(step.name)
    verdict = f"failed: {', '.join(failed)}" if failed else "all passed"
    print(f"{verdict} ({time.monotonic() - started:.0f} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
