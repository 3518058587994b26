"""`python -m benchmarks` lists the benchmarks, `python -m benchmarks NAME` runs one."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence

from benchmarks.figures import Figure, machine, table
from benchmarks.registry import BENCHMARKS


def main() -> int:
    """List or run; 1 when it could not be measured, 2 when there is no such benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("name", nargs="?", help="which one, or `all`; without it: a list")
    parser.add_argument("--quick", action="store_true", help="fewer repeats, rougher figures")
    parser.add_argument("--json", action="store_true", help="figures for scripts")
    options = parser.parse_args()
    if options.name is None:
        print(listing(as_json=options.json))
        return 0
    if options.name != "all" and options.name not in BENCHMARKS:
        known = ", ".join(BENCHMARKS)
        print(f"There is no benchmark {options.name!r}. There are: {known}.", file=sys.stderr)
        return 2
    for name in list(BENCHMARKS) if options.name == "all" else [options.name]:
        started = time.monotonic()
        try:
            figures = BENCHMARKS[name].measure(quick=options.quick)
        except RuntimeError as error:
            print(f"{name} could not be measured: {error}", file=sys.stderr)
            return 1
        took = time.monotonic() - started
        print(report(name, figures, took, as_json=options.json), flush=True)
    return 0


def listing(*, as_json: bool) -> str:
    """All benchmarks and what they are compared against."""
    if as_json:
        return json.dumps(
            {name: {"summary": b.summary, "against": b.against} for name, b in BENCHMARKS.items()}
        )
    width = max(map(len, BENCHMARKS))
    return "\n".join(
        f"{name:<{width}}  {found.summary}\n{'':<{width}}  against {found.against}"
        for name, found in BENCHMARKS.items()
    )


def report(name: str, figures: Sequence[Figure], took: float, *, as_json: bool) -> str:
    """The figures of one benchmark: a table for people, a line of JSON for scripts."""
    here = machine()
    if as_json:
        found = [figure.to_json() for figure in figures]
        return json.dumps({"benchmark": name, "machine": here, "took_s": took, "figures": found})
    missed = sum(figure.met is False for figure in figures)
    limits = sum(figure.met is not None for figure in figures)
    where = ", ".join(f"{key} {value}" for key, value in here.items())
    return (
        f"{name}: {BENCHMARKS[name].summary}\n  {where}\n\n{table(figures)}\n\n"
        f"  {limits - missed} of {limits} limits met, {took:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
