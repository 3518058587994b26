"""What a benchmark hands back, and how it is shown."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number, with what it is compared against."""

    name: str
    value: float
    unit: str
    against: str = ""
    """What it is compared with: another program measured in the same run, or a budget."""
    reference: float | None = None
    """The same measure of that, in the same unit."""
    at_most: float | None = None
    """The limit that the value has to keep, in the same unit; None where it is only told."""
    at_least: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the limit is kept; None where there is none."""
        if self.at_most is None and self.at_least is None:
            return None
        above = self.at_least is None or self.value >= self.at_least
        return above and (self.at_most is None or self.value <= self.at_most)

    @property
    def ratio(self) -> float | None:
        """The value as a multiple of the reference."""
        return self.value / self.reference if self.reference else None

    def to_json(self) -> dict[str, object]:
        """Everything, for scripts."""
        return {**asdict(self), "ratio": self.ratio, "met": self.met}


def machine() -> dict[str, object]:
    """What the figures depend on."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
    }


def table(figures: Sequence[Figure]) -> str:
    """The figures as aligned lines for people."""
    if not figures:
        return "  nothing was measured"
    names = max(len(figure.name) for figure in figures)
    values = max(len(_number(figure.value, figure.unit)) for figure in figures)
    return "\n".join(
        f"  {figure.name:<{names}}  {_number(figure.value, figure.unit):>{values}}"
        f"  {_comparison(figure)}".rstrip()
        for figure in figures
    )


def _comparison(figure: Figure) -> str:
    parts = []
    if figure.reference is not None and figure.ratio is not None:
        reference = _number(figure.reference, figure.unit)
        parts.append(f"{figure.against} {reference}, so {figure.ratio:.2f}×")
    elif figure.against:
        parts.append(figure.against)
    if figure.at_most is not None:
        parts.append(f"at most {_number(figure.at_most, figure.unit)}")
    if figure.at_least is not None:
        parts.append(f"at least {_number(figure.at_least, figure.unit)}")
    if figure.met is not None:
        parts.append("met" if figure.met else "NOT MET")
    return " · ".join(parts)


def _number(value: float, unit: str) -> str:
    if value == 0 or abs(value) >= 1000:
        text = f"{value:,.0f}"
    elif abs(value) >= 100:
        text = f"{value:.0f}"
    elif abs(value) >= 10:
        text = f"{value:.1f}"
    else:
        text = f"{value:.3g}"
    return f"{text} {unit}".rstrip()
