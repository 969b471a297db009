"""Which items sum to an amount: a complete search of a bounded set, in integers of the minor unit."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import comb, gcd

import numpy as np
import numpy.typing as npt

MOST_FOUND = 64  # more ways than this are all the same to a person: too many

Ints = npt.NDArray[np.int64]


def sums_to(values: Sequence[int], target: int, *, most: int, least: int = 1) -> list[tuple[int, ...]]:
    """Sets of `least` to `most` indices whose values sum to `target`: small sets first, then those of early indices; at most MOST_FOUND.

    Meet in the middle: the sums of both halves are listed (2 ** (n / 2) each) and joined by a sorted look-up.
    """
    half = len(values) // 2
    left, right = _sums(values[:half], most), _sums(values[half:], most)
    order = np.argsort(right[0], kind="stable")
    wanted = target - left[0]
    first = np.searchsorted(right[0][order], wanted, "left")
    last = np.searchsorted(right[0][order], wanted, "right")
    found = []
    for at in np.flatnonzero(last > first):
        for other in order[first[at] : last[at]][: MOST_FOUND * 4]:
            if least <= left[2][at] + right[2][other] <= most:
                found.append(_indices(int(left[1][at]) | int(right[1][other]) << half))
        if len(found) > MOST_FOUND * 16:
            break
    return sorted(found, key=lambda each: (len(each), each))[:MOST_FOUND]


def chance(values: Sequence[int], size: int) -> Decimal:
    """How many sets of 2 to `size` values are expected to hit one given amount by accident."""
    sets = sum(comb(len(values), each) for each in range(2, size + 1))
    steps = sum(abs(each) for each in values) // (gcd(*values) or 1)
    return Decimal(sets) / Decimal(max(steps, 1))


def _sums(values: Sequence[int], most: int) -> tuple[Ints, Ints, Ints]:
    """Sum, bit mask and size of every set of at most `most` values."""
    sums, masks, sizes = (np.zeros(1, dtype=np.int64) for _ in range(3))
    for bit, value in enumerate(values):
        small = sizes < most
        sums = np.concatenate([sums, sums[small] + value])
        masks = np.concatenate([masks, masks[small] | (1 << bit)])
        sizes = np.concatenate([sizes, sizes[small] + 1])
    return sums, masks, sizes


def _indices(mask: int) -> tuple[int, ...]:
    return tuple(bit for bit in range(mask.bit_length()) if mask >> bit & 1)
