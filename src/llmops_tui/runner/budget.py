"""A cost cap that holds while requests are under way."""

from __future__ import annotations

_SAFETY = 2
"""How many times the dearest answer so far an answer of unknown length may cost."""


class CostCap:
    """Counts what was spent and what the requests under way may still cost.

    Where a request names its `max_tokens`, its highest price is known and the cap can't be
    exceeded. Where it doesn't, twice the dearest answer so far stands in, no more requests are
    under way than were answered before, and what may still be spent in the end goes to one request
    at a time: then the cap is exceeded by that one request at most.
    All sums are nano-units of the currency.
    """

    def __init__(self, cap: int | None, spent: int) -> None:
        self.cap = cap
        self.spent = spent
        self._reserved = 0
        self._under_way = 0
        self._dearest = 0
        self._settled = 0

    def reserve(self, highest_price: int | None) -> int | None:
        """What is set aside for a request, or None when it must not be sent (yet).

        Args:
            highest_price: what it can cost at most, None where that is unknown.
        """
        guess = highest_price is None
        aside = _SAFETY * self._dearest if highest_price is None else highest_price
        if self.cap is not None:
            if guess and self._under_way and self._under_way >= self._settled:
                return None
            last_one = guess and not self._under_way and self.spent < self.cap
            if self.spent + self._reserved + aside > self.cap and not last_one:
                return None
        self._under_way += 1
        self._reserved += aside
        return aside

    def settle(self, aside: int, cost: int) -> None:
        """A request ended and cost `cost`; `aside` is what `reserve` gave for it."""
        self._under_way -= 1
        self._settled += cost > 0
        self._reserved -= aside
        self.spent += cost
        self._dearest = max(self._dearest, cost)

    @property
    def under_way(self) -> int:
        """Requests that were let out and haven't ended."""
        return self._under_way
