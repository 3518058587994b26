"""Writes JUnit XML as the reporters of CI systems read it.

The layout is that of the Ant task and of Surefire: suites, cases, and in a case at most one of
`failure`, `error` or `skipped`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from llmops_tui.interchange.tables.writing import opened

_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Case:
    """One test case."""

    name: str
    classname: str
    seconds: float = 0.0
    outcome: str = ""
    """`failure`, `error` or `skipped`; empty where it passed."""
    message: str = ""
    kind: str = ""
    """The `type` of a failure or an error."""
    output: str = ""


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite with its counts; they may be of more cases than are written out."""

    name: str
    cases: Iterable[Case]
    tests: int
    failures: int
    errors: int
    skipped: int = 0
    seconds: float = 0.0
    properties: tuple[tuple[str, str], ...] = field(default=())


def write_junit(suites: Iterable[Suite], target: Path) -> None:
    """Write the suites; the file appears when it's complete.

    Raises:
        InputError: the file can't be written.
    """
    with opened(target) as stream:
        stream.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n')
        for suite in suites:
            for line in _suite(suite):
                stream.write(line.encode("utf-8", "replace") + b"\n")
        stream.write(b"</testsuites>\n")


def _suite(suite: Suite) -> Iterable[str]:
    counts = " ".join(
        f'{name}="{value}"'
        for name, value in (
            ("tests", suite.tests),
            ("failures", suite.failures),
            ("errors", suite.errors),
            ("skipped", suite.skipped),
        )
    )
    yield f'  <testsuite name={_attribute(suite.name)} {counts} time="{suite.seconds:.3f}">'
    if suite.properties:
        yield "    <properties>"
        for name, value in suite.properties:
            yield f"      <property name={_attribute(name)} value={_attribute(value)}/>"
        yield "    </properties>"
    for case in suite.cases:
        yield from _case(case)
    yield "  </testsuite>"


def _case(case: Case) -> Iterable[str]:
    head = (
        f"    <testcase classname={_attribute(case.classname)} name={_attribute(case.name)} "
        f'time="{case.seconds:.3f}"'
    )
    if not case.outcome and not case.output:
        yield f"{head}/>"
        return
    yield f"{head}>"
    if case.outcome:
        kind = f" type={_attribute(case.kind)}" if case.kind else ""
        yield f"      <{case.outcome} message={_attribute(case.message)}{kind}/>"
    if case.output:
        yield f"      <system-out>{escape(_legal(case.output))}</system-out>"
    yield "    </testcase>"


def _legal(text: str) -> str:
    """XML can't say control characters, not even escaped."""
    return _ILLEGAL.sub("�", text)


def _attribute(text: str) -> str:
    return quoteattr(_legal(text).replace("\n", " ").replace("\r", " "))
