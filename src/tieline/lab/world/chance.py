"""Repeatable chance: every draw is a function of the seed and of what it is for, never of the order of drawing.

So a change to one part of the world's making leaves what chance decided elsewhere as it was.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")

_UNIT = 2.0**-53


class Chance:
    """Draws keyed by name; the same seed and key give the same answer on every machine and in every version."""

    def __init__(self, seed: int) -> None:
        self._key = hashlib.blake2b(str(seed).encode(), digest_size=16).digest()

    def word(self, *key: object) -> int:
        """A whole number of 64 bits, evenly spread."""
        text = "\x1f".join(map(str, key)).encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8, key=self._key).digest(), "big")

    def unit(self, *key: object) -> float:
        """A fraction, 0 ≤ x < 1."""
        return (self.word(*key) >> 11) * _UNIT

    def between(self, low: int, high: int, *key: object) -> int:
        """A whole number, ``low`` ≤ x ≤ ``high``."""
        return low + self.word(*key) % (high - low + 1)

    def chance(self, share: float, *key: object) -> bool:
        """True in ``share`` of all cases."""
        return self.unit(*key) < share

    def choice(self, options: Sequence[T], *key: object) -> T:
        """One of ``options``, each as likely."""
        return options[self.word(*key) % len(options)]

    def bell(self, *key: object) -> float:
        """A draw from the standard normal distribution (Box-Muller)."""
        radius = math.sqrt(-2 * math.log(1 - self.unit(*key, "radius")))
        return radius * math.cos(2 * math.pi * self.unit(*key, "angle"))

    def shuffled(self, keys: Iterable[str], *purpose: object) -> list[str]:
        """``keys`` in an order that depends on the seed and the purpose alone."""
        return sorted(keys, key=lambda k: (self.word(*purpose, k), k))
