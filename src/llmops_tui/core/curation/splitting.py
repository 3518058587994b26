"""Which rows go into which split: by chance, the same chance for a seed, strata kept even."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from llmops_tui.core.errors import InputError

TRAIN, DEV, GATE = "train", "dev", "gate"


def parse_shares(text: str) -> dict[str, float]:
    """Read `train 70, dev 15, gate 15` as shares of one.

    Raises:
        InputError: it isn't of that form, or no share is above zero.
    """
    shares: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = re.fullmatch(r"([\w.\-]+)[\s:=]+(\d+(?:\.\d+)?)\s*%?", part)
        if match is None:
            raise InputError(
                f"“{part}” is no split with a share.", "Write it like train 70, dev 15, gate 15."
            )
        shares[match[1]] = shares.get(match[1], 0.0) + float(match[2])
    total = sum(shares.values())
    if total <= 0:
        raise InputError("No split has a share.", "Write it like train 70, dev 15, gate 15.")
    return {name: share / total for name, share in shares.items() if share > 0}


def assign(
    rows: Iterable[tuple[int, bytes, str]], shares: Mapping[str, float], seed: int
) -> dict[int, str]:
    """Spread rows over splits.

    Rows of equal content always get the same split, so that a duplicate never stands on both
    sides. Within each stratum every split gets its share, rounded to whole rows: the remainders
    are carried over to the next stratum, so that the sums fit too.

    Args:
        rows: position, hash of the content (equal for rows that must stay together), stratum.
        shares: of one, by split.
        seed: another one gives another assignment; the same one always the same.

    Returns:
        The split of each position.
    """
    groups: dict[bytes, list[int]] = defaultdict(list)
    strata: dict[str, list[bytes]] = defaultdict(list)
    for position, content, stratum in rows:
        if content not in groups:
            strata[stratum].append(content)
        groups[content].append(position)
    salt = str(seed).encode()
    assigned: dict[int, str] = {}
    owed = dict.fromkeys(shares, 0.0)
    for name in sorted(strata):
        drawn = sorted(
            strata[name], key=lambda c: hashlib.blake2b(c, key=salt, digest_size=8).digest()
        )
        size = sum(len(groups[content]) for content in drawn)
        for split, share in shares.items():
            owed[split] += share * size
        for content in drawn:
            members = groups[content]
            split = max(owed, key=lambda split: owed[split])
            owed[split] -= len(members)
            assigned.update(dict.fromkeys(members, split))
    return assigned
