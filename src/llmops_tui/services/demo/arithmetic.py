"""Word problems with one to four steps of arithmetic, the same ones from the same seed.

`data/kitchen_sums.jsonl` holds what `problems()` gives, so that it can be read, diffed and
imported like any other data set; a test keeps the two equal.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

SEED = 2026
PER_TEMPLATE = 8

_NAMES = ("Ines", "Tomasz", "Anouk", "Bram", "Leila", "Odd", "Yuki", "Marta", "Kofi", "Sanna")


@dataclass(frozen=True, slots=True)
class Problem:
    """A question and its answer."""

    question: str
    answer: int
    steps: int
    """How many operations it takes."""


_Template = Callable[[random.Random, str], Problem]


def _more(rng: random.Random, name: str) -> Problem:
    have, more = rng.randint(3, 20), rng.randint(2, 12)
    question = f"{name} has {have} forks and buys {more} more. How many forks does {name} have now?"
    return Problem(question, have + more, 1)


def _fewer(rng: random.Random, name: str) -> Problem:
    have, gone = rng.randint(12, 30), rng.randint(2, 9)
    question = f"{name} has {have} cups and gives {gone} away. How many cups are left?"
    return Problem(question, have - gone, 1)


def _packs(rng: random.Random, name: str) -> Problem:
    packs, each = rng.randint(2, 9), rng.choice((2, 4, 5, 6, 10))
    question = f"{name} buys {packs} packs of {each} candles. How many candles is that?"
    return Problem(question, packs * each, 1)


def _mugs(rng: random.Random, name: str) -> Problem:
    boxes, each, broken = rng.randint(3, 9), rng.choice((6, 8, 12)), rng.randint(2, 5)
    question = (
        f"{name} unpacks {boxes} boxes with {each} mugs each. {broken} mugs are broken. "
        "How many whole mugs are there?"
    )
    return Problem(question, boxes * each - broken, 2)


def _flour(rng: random.Random, name: str) -> Problem:
    bags, loaf, loaves = rng.randint(3, 6), rng.choice((400, 500, 600)), rng.randint(2, 4)
    question = (
        f"{name} has {bags} bags of flour with 1000 grams each and bakes {loaves} loaves. "
        f"Each loaf takes {loaf} grams. How many grams of flour are left?"
    )
    return Problem(question, bags * 1000 - loaves * loaf, 3)


def _change(rng: random.Random, name: str) -> Problem:
    spoons, whisks = rng.randint(2, 5), rng.randint(1, 3)
    spoon, whisk = rng.randint(2, 6), rng.randint(7, 11)
    question = (
        f"A spoon costs {spoon} euros and a whisk {whisk} euros. {name} buys {spoons} spoons and "
        f"{whisks} whisks and pays with 100 euros. How many euros does {name} get back?"
    )
    return Problem(question, 100 - spoons * spoon - whisks * whisk, 4)


def _shelf(rng: random.Random, name: str) -> Problem:
    shelves, plates, more = rng.randint(2, 6), rng.randint(7, 15), rng.randint(4, 19)
    question = (
        f"There are {shelves} shelves with {plates} plates each. {name} brings {more} more plates. "
        "How many plates are there now?"
    )
    return Problem(question, shelves * plates + more, 2)


def _share(rng: random.Random, name: str) -> Problem:
    people, each, eaten = rng.randint(3, 6), rng.randint(4, 9), rng.randint(2, 8)
    question = (
        f"{name} bakes {people * each + eaten} biscuits. {eaten} are eaten at once, and {people} "
        "children share the rest equally. How many biscuits does each child get?"
    )
    return Problem(question, each, 2)


def _oven(rng: random.Random, name: str) -> Problem:
    trays, minutes, preheat = rng.randint(3, 6), rng.randint(14, 26), rng.randint(8, 15)
    question = (
        f"The oven takes {preheat} minutes to get hot. Then {name} bakes {trays} trays one after "
        f"the other, {minutes} minutes each. How many minutes does it all take?"
    )
    return Problem(question, preheat + trays * minutes, 2)


def _coffee(rng: random.Random, name: str) -> Problem:
    cups, grams, days = rng.randint(3, 6), rng.choice((7, 8, 9)), rng.randint(4, 9)
    question = (
        f"{name} drinks {cups} cups of coffee a day and uses {grams} grams of beans for each cup. "
        f"How many grams of beans does {name} use in {days} days?"
    )
    return Problem(question, cups * grams * days, 2)


def _saved(rng: random.Random, name: str) -> Problem:
    weeks, week, gift = rng.randint(4, 9), rng.randint(6, 14), rng.randint(5, 25)
    price = weeks * week + gift + rng.randint(10, 60)
    question = (
        f"A mixer costs {price} euros. {name} saves {week} euros a week for {weeks} weeks and gets "
        f"{gift} euros as a present. How many euros are still missing?"
    )
    return Problem(question, price - weeks * week - gift, 3)


def _discount(rng: random.Random, name: str) -> Problem:
    price, percent, postage = rng.choice((40, 60, 80, 120)), rng.choice((10, 25, 50)), 5
    question = (
        f"A pan costs {price} euros. {name} has a voucher for {percent} percent off and pays "
        f"{postage} euros for postage. How many euros does {name} pay in all?"
    )
    return Problem(question, price - price * percent // 100 + postage, 3)


def _eggs(rng: random.Random, name: str) -> Problem:
    dozens, cakes, each = rng.randint(3, 6), rng.randint(2, 5), rng.randint(3, 6)
    question = (
        f"{name} buys {dozens} dozen eggs. {cakes} cakes take {each} eggs each. "
        "How many eggs are left?"
    )
    return Problem(question, dozens * 12 - cakes * each, 3)


def _sold(rng: random.Random, name: str) -> Problem:
    kettles, more, times = rng.randint(5, 18), rng.randint(3, 12), rng.randint(2, 4)
    question = (
        f"On Monday {name} sold {kettles} kettles, on Tuesday {more} more than on Monday, and on "
        f"Wednesday {times} times as many as on Tuesday. How many kettles were sold in these days?"
    )
    tuesday = kettles + more
    return Problem(question, kettles + tuesday + times * tuesday, 4)


def _half(rng: random.Random, name: str) -> Problem:
    jars, gone = 2 * rng.randint(9, 40), rng.randint(2, 8)
    question = (
        f"{name} fills {jars} jars with jam and gives half of them to the neighbours. Then {gone} "
        "jars fall off the shelf and break. How many jars of jam are left?"
    )
    return Problem(question, jars // 2 - gone, 2)


_TEMPLATES: tuple[_Template, ...] = (
    _more,
    _fewer,
    _packs,
    _mugs,
    _flour,
    _change,
    _shelf,
    _share,
    _oven,
    _coffee,
    _saved,
    _discount,
    _eggs,
    _sold,
    _half,
)


def problems(seed: int = SEED, per_template: int = PER_TEMPLATE) -> tuple[Problem, ...]:
    """The word problems in a shuffled order, without repeats of a question."""
    rng = random.Random(seed)
    found: dict[str, Problem] = {}
    for template in _TEMPLATES:
        wanted = len(found) + per_template
        while len(found) < wanted:
            problem = template(rng, rng.choice(_NAMES))
            found.setdefault(problem.question, problem)
    shuffled = list(found.values())
    rng.shuffle(shuffled)
    return tuple(shuffled)
