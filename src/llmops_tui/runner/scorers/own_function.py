"""`python` and `own_part`: a person's own function, in a process of its own, with a time limit.

The process is started once for each scorer and asked line by line. One that answers too late is
ended and a new one started for the next answer: a function that hangs costs its samples only.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError, LlmopsError
from llmops_tui.core.scorers.base import Check, Finding, ScoringInput
from llmops_tui.core.scorers.composite import Builder, CompositeParameters, compile_composite
from llmops_tui.core.scorers.outside import PythonParameters
from llmops_tui.core.scorers.part import OwnPartParameters

LONGEST_REPLY: Final = 1_000_000
START_S: Final = 30.0
"""How long importing the file may take."""


class OwnFunctionError(LlmopsError):
    """The function could not judge the answer."""


def compile_python(parameters: PythonParameters) -> Check:
    """The check for these parameters.

    The function is called as `function(answer, context)`; the context is a dict with `expected`,
    `inputs`, `latency_ms`, `cost`. It returns a bool, a number from 0 to 1, or a dict with `pass`,
    `score`, `reason` (promptfoo's words).

    Raises:
        InputError: There is no such file.
    """
    own = _process(parameters.function, parameters.seconds)

    def check(given: ScoringInput) -> Finding:
        return _finding(own.ask(given.answer, _context(given)), parameters)

    return check


def compile_own_part(parameters: OwnPartParameters, build: Builder) -> Check:
    """The check for these parameters: the function is called as `python`'s is.

    What it returns is looked at as a text; what is none, as its JSON.

    Raises:
        InputError: There is no such file, or one of the scorers can't be used.
    """
    own = _process(parameters.function, parameters.seconds)
    inner = compile_composite(CompositeParameters(parameters.scorers), build)

    def check(given: ScoringInput) -> Finding:
        made = own.ask(given.answer, _context(given))
        text = made if isinstance(made, str) else json.dumps(made, ensure_ascii=False)
        return inner(replace(given, answer=text))

    return check


def own_function(function: str, seconds: float) -> Callable[[Json], Json]:
    """Calls a person's function with one value, such as the context of a prompt.

    Raises:
        InputError: There is no such file.
    """
    own = _process(function, seconds, alone=True)
    return lambda value: own.ask("", value)


def _process(function: str, seconds: float, *, alone: bool = False) -> _Process:
    path, _, name = function.rpartition(":")
    file = Path(path).expanduser()
    if not file.is_file():
        raise InputError(f"There is no file {path}.", f"Looked in {Path.cwd()}.")
    return _Process(file.resolve(), name, seconds, alone=alone)


def _context(given: ScoringInput) -> dict[str, Json]:
    return {
        "expected": given.expected,
        "inputs": dict(given.inputs),
        "vars": dict(given.inputs),
        "latency_ms": given.latency_ms,
        "cost": given.cost / 1e9,
        "question": given.question,
    }


def _finding(said: Json, parameters: PythonParameters) -> Finding:
    name = parameters.function.rpartition(":")[2]
    if isinstance(said, bool):
        return said, f"{name} says {'yes' if said else 'no'}"
    if isinstance(said, int | float):
        value = min(1.0, max(0.0, float(said)))
        passed = said >= parameters.least
        sign = "≥" if passed else "<"
        return passed, f"{name} says {said:g} {sign} {parameters.least:g}", value
    if isinstance(said, dict):
        score = said.get("score", said.get("value"))
        passed_said = said.get("pass", said.get("passed", said.get("pass_")))
        number = float(score) if isinstance(score, int | float) else None
        if isinstance(passed_said, bool) or number is not None:
            passed = bool(passed_said) if passed_said is not None else False
            if passed_said is None and number is not None:
                passed = number >= parameters.least
            value = float(passed) if number is None else min(1.0, max(0.0, number))
            return passed, str(said.get("reason") or f"{name} gave no reason"), value
    raise OwnFunctionError(f"{name} returned {said!r:.80}.", "Return a bool, a number or a dict.")


class _Process:
    """The process, started when first asked."""

    def __init__(self, file: Path, function: str, seconds: float, *, alone: bool) -> None:
        """Start nothing yet; with `alone` the function gets the context and nothing else."""
        self._file = file
        self._function = function
        self._seconds = seconds
        self._more = ["alone"] if alone else []
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._rest = b""

    def ask(self, answer: str, context: Json) -> Json:
        """What the function returned.

        Raises:
            OwnFunctionError: it raised, was too slow, or its process ended.
        """
        line = json.dumps([answer, context]).encode() + b"\n"
        with self._lock:
            process = self._started()
            assert process.stdin is not None
            try:
                process.stdin.write(line)
                process.stdin.flush()
            except BrokenPipeError as error:
                self._end()
                raise OwnFunctionError(f"The process of {self._function} ended.") from error
            reply = self._read(process, self._seconds)
        if "error" in reply:
            raise OwnFunctionError(f"{self._function} raised {reply['error']}")
        return reply.get("result")

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        # Not a module of ours: the function's process gets this one file and the standard library.
        helper = Path(__file__).with_name("own_function_host.py")
        process = subprocess.Popen(
            [sys.executable, str(helper), str(self._file), self._function, *self._more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a terminal may be in use by the app
            cwd=self._file.parent,
            start_new_session=True,
        )
        self._process, self._rest = process, b""
        weakref.finalize(self, _stop, process)
        ready = self._read(process, START_S)
        if "error" in ready:
            self._end()
            raise OwnFunctionError(f"{self._file.name} can't be used: {ready['error']}")
        return process

    def _read(self, process: subprocess.Popen[bytes], seconds: float) -> dict[str, Json]:
        assert process.stdout is not None
        until = time.monotonic() + seconds
        descriptor = process.stdout.fileno()
        while b"\n" not in self._rest:
            left = until - time.monotonic()
            ready = select.select([descriptor], [], [], max(0.0, left))[0]
            if not ready or left <= 0:
                self._end()
                raise OwnFunctionError(f"{self._function} took longer than {seconds:g} s.")
            piece = os.read(descriptor, 65536)
            if not piece or len(self._rest) > LONGEST_REPLY:
                self._end()
                raise OwnFunctionError(f"The process of {self._function} ended.")
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        reply = json.loads(line)
        return reply if isinstance(reply, dict) else {}

    def _end(self) -> None:
        if self._process is not None:
            _stop(self._process)
            self._process = None


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and let go of its pipes."""
    if process.poll() is None:
        process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # what was not yet flushed has nobody left to read it
                continue
    process.wait()
