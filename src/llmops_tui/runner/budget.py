"""A cost cap that holds while requests are under way."""

from __future__ import annotations

from dataclasses import dataclass, field

_SAFETY = 2
"""How many times the dearest so far something of unknown price may cost."""


@dataclass(frozen=True, slots=True)
class Aside:
    """What was set aside for a row, in nano-units."""

    request: int
    judging: int | None = None
    """For what judges it; None where nothing that costs does."""


@dataclass(slots=True)
class _Unknown:
    """What is learnt of a price that nobody tells beforehand."""

    dearest: int = 0
    under_way: int = 0
    known: int = 0

    @property
    def guess(self) -> int:
        return _SAFETY * self.dearest

    @property
    def may_go(self) -> bool:
        """No more at once than are known: one first, then twice as many each round."""
        return self.under_way == 0 or self.under_way < self.known

    def ended(self, cost: int) -> None:
        self.known += cost > 0
        self.dearest = max(self.dearest, cost)


@dataclass(slots=True)
class CostCap:
    """Counts what was spent and what rows under way may still cost, their judges included.

    Where a request names its `max_tokens`, its highest price is known and the cap can't be
    exceeded by it. Where it doesn't, and for judges always, twice the dearest so far stands in, no
    more are under way than were known before, and what may still be spent in the end goes to one
    row at a time: then the cap is exceeded by that one row at most.
    All sums are nano-units of the currency.
    """

    cap: int | None
    spent: int
    _reserved: int = 0
    _requests: int = 0
    _answers: _Unknown = field(default_factory=_Unknown)
    _judgements: _Unknown = field(default_factory=_Unknown)

    def reserve(self, highest_price: int | None, *, judged: bool = False) -> Aside | None:
        """What is set aside for a row, or None when it must not be sent (yet).

        Args:
            highest_price: what its request can cost at most, None where that is unknown.
            judged: whether something that may cost judges its answer.
        """
        guess = highest_price is None
        request = self._answers.guess if highest_price is None else highest_price
        judging = self._judgements.guess if judged else 0
        is_free = highest_price == 0 and not judged
        if self.cap is not None and not is_free:
            unknown = [*[self._answers] * guess, *[self._judgements] * judged]
            if not all(kind.may_go for kind in unknown):
                return None
            last_one = unknown and not self.under_way and self.spent < self.cap
            if self.spent + self._reserved + request + judging > self.cap and not last_one:
                return None
        self._requests += 1
        self._answers.under_way += 1
        self._judgements.under_way += judged
        self._reserved += request + judging
        return Aside(request, judging if judged else None)

    def settle(self, aside: Aside, cost: int) -> None:
        """A row's request ended and cost `cost`; `aside` is what `reserve` gave for it."""
        self._requests -= 1
        self._answers.under_way -= 1
        self._answers.ended(cost)
        self._reserved -= aside.request
        self.spent += cost

    def judged(self, aside: Aside | None, cost: int) -> None:
        """The row was judged, for `cost`; or won't be. None where nothing was set aside."""
        self.spent += cost
        if aside is not None and aside.judging is not None:
            self._judgements.under_way -= 1
            self._judgements.ended(cost)
            self._reserved -= aside.judging

    @property
    def under_way(self) -> int:
        """Rows that were let out and haven't ended."""
        return self._requests + self._judgements.under_way
