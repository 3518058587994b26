"""Alerts: what is watched, from where on it fires, when it is over, and who hears of it. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError


class Signal(StrEnum):
    """What is watched, over a window of minutes."""

    WRONG = "wrong"
    """The lower bound of the share of wrong answers: certain, and slow."""
    FLAGGED = "flagged"
    """The share of calls that a rule flagged: fast, and noisy."""
    ERRORS = "errors"
    """The share of calls that failed."""
    LATENCY = "latency"
    """95 % of the answers took at most so many milliseconds."""
    COST = "cost"
    """What the calls cost, in units of the currency."""
    SILENCE = "silence"
    """Minutes since the newest call."""
    LOST = "lost"
    """Calls that the proxy could not store."""


SHARES: Final = frozenset({Signal.WRONG, Signal.FLAGGED, Signal.ERRORS})
LEAST_CALLS: Final = 20
"""Calls below which a share or a latency says nothing."""
CLEAR_AT: Final = 0.8
"""Of the threshold: an alert that fires ends only below this, so that it doesn't flicker."""
UNITS: Final[Mapping[Signal, str]] = {
    Signal.LATENCY: " ms",
    Signal.SILENCE: " minutes",
    Signal.LOST: " calls",
    Signal.COST: "",
}

_WEB: Final = re.compile(r"https?://[^\s/]")
_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


class ChannelKind(StrEnum):
    """How somebody hears of an alert."""

    APP = "app"
    """A message and the terminal's bell in every open app."""
    WEBHOOK = "webhook"
    """A POST of JSON with `text`, as Slack and its like take it."""
    COMMAND = "command"
    """A command of the machine that looks, with the sentence in ALERT_TEXT."""
    EMAIL = "email"
    """A mail over SMTP."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to hear of an alert."""

    kind: ChannelKind
    target: str = ""
    """URL, command or address; `env:NAME` where it is a secret: then only the name is stored."""

    @classmethod
    def read(cls, text: str) -> Channel:
        """From `webhook:https://…`, `command:…`, `email:a@b`, `app`.

        Raises:
            InputError: it is none of those.
        """
        kind, _, target = text.partition(":")
        try:
            channel = cls(ChannelKind(kind.strip()), target.strip())
        except ValueError as error:
            raise InputError(
                f"{text!r} is no channel.", f"Channels are {', '.join(ChannelKind)}."
            ) from error
        if channel.kind is not ChannelKind.APP and not channel.target:
            raise InputError(f"A {channel.kind} needs a target.", f"Write {channel.kind}:TARGET.")
        return channel

    def check(self) -> None:
        """See that something could be told this way: it would fail when it is needed otherwise.

        Raises:
            InputError: the target is none of its kind.
        """
        if self.target.startswith("env:"):
            return
        if self.kind is ChannelKind.WEBHOOK and not _WEB.match(self.target):
            raise InputError(
                f"{self.target!r} is no web address.",
                "Write webhook:https://… or webhook:env:NAME.",
            )
        if self.kind is ChannelKind.EMAIL and not _MAIL.fullmatch(self.target):
            raise InputError(f"{self.target!r} is no mail address.", "Write email:NAME@HOST.")
        if self.kind is ChannelKind.COMMAND:
            try:
                shlex.split(self.target)
            except ValueError as error:
                raise InputError(f"{self.target!r} is no command: {error}.") from error

    def words(self) -> str:
        """As it was written."""
        return f"{self.kind}:{self.target}" if self.target else self.kind.value


@dataclass(frozen=True, slots=True)
class AlertSpec:
    """From where on an alert fires, and who hears of it."""

    signal: Signal
    above: float
    """A share for shares (0.05 is 5 %), else in the signal's own unit."""
    window_minutes: int = 60
    clear: float | None = None
    """Ends below this; None for `CLEAR_AT` of the threshold."""
    channels: tuple[Channel, ...] = (Channel(ChannelKind.APP),)

    def __post_init__(self) -> None:
        if self.above < 0 or (self.signal in SHARES and self.above >= 1):
            raise InputError(
                f"{self.above:g} is no threshold for {self.signal}.",
                "A share is between 0 and 1, or a percentage.",
            )
        if self.clear is not None and self.clear > self.above:
            raise InputError("An alert can't end above where it begins.", "Give a lower --clear.")
        if self.window_minutes < 1:
            raise InputError("The window is at least a minute.")

    @property
    def ends_below(self) -> float:
        """Where a firing alert ends."""
        return CLEAR_AT * self.above if self.clear is None else self.clear

    def is_firing(self, value: float | None, *, before: bool) -> bool:
        """Whether it fires now; where nothing is known it stays as it was."""
        if value is None:
            return before
        return value > self.above or (before and value >= self.ends_below and value > 0)

    def value_words(self, value: float) -> str:
        """A value with its unit."""
        if self.signal in SHARES:
            return f"{100 * value:.3g} %"
        return f"{value:,.6g}{UNITS[self.signal]}"

    def to_json(self) -> dict[str, Json]:
        """As it is kept."""
        return {
            "signal": self.signal.value,
            "above": self.above,
            "window_minutes": self.window_minutes,
            "clear": self.clear,
            "channels": [channel.words() for channel in self.channels],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Json]) -> AlertSpec:
        """What `to_json` wrote."""
        channels, clear = kept.get("channels"), kept.get("clear")
        return cls(
            Signal(str(kept["signal"])),
            float(str(kept["above"])),
            int(str(kept["window_minutes"])),
            None if clear is None else float(str(clear)),
            tuple(Channel.read(str(text)) for text in channels)
            if isinstance(channels, list)
            else (),
        )


def sentence(name: str, spec: AlertSpec, value: float | None, owner: str, *, firing: bool) -> str:
    """What is told, such as `ALERT flags: flagged is 12 % over 60 minutes, above 5 %`."""
    found = "unknown" if value is None else spec.value_words(value)
    told = f"{spec.signal} is {found} over {spec.window_minutes} minutes"
    limit = spec.value_words(spec.above if firing else spec.ends_below)
    state = (
        f"ALERT {name}: {told}, above {limit}" if firing else f"Over: {name}: {told}, below {limit}"
    )
    return f"{state}. {owner} answers for it." if owner else f"{state}."
