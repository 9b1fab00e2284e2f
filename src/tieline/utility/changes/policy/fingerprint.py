"""Digests that tie an approval to what was looked at, and a plan to the selection it was made from."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(order="deterministic")


def plan_hash(header: Mapping[str, Any], items: Iterable[Any]) -> str:
    """SHA-256 over a plan: its header, then each item, each as canonical JSON on a line of its own."""
    digest = hashlib.sha256(_encoder.encode(header))
    for item in items:
        digest.update(b"\n")
        digest.update(_encoder.encode(item))
    return digest.hexdigest()


def row_fingerprint(*values: Any) -> str:
    """A short digest of what a plan took from a selected row; 64 bits, to notice changes and not to resist attack."""
    return hashlib.blake2b(_encoder.encode(values), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Difference:
    """How a selection differs from the one that was planned; the lists hold subscriptions, the first few of each."""

    added: int
    removed: int
    altered: int
    examples: tuple[int, ...]

    def __bool__(self) -> bool:
        """Whether there is a difference."""
        return bool(self.added or self.removed or self.altered)

    @property
    def sentence(self) -> str:
        """The difference in words."""
        parts = [
            f"{count} {word}"
            for count, word in ((self.added, "added"), (self.removed, "removed"), (self.altered, "altered"))
            if count
        ]
        return f"The selection changed since it was planned: {', '.join(parts)}."


def compare(planned: Mapping[int, str], now: Mapping[int, str]) -> Difference:
    """Compare fingerprints by selected subscription."""
    added = now.keys() - planned.keys()
    removed = planned.keys() - now.keys()
    altered = {key for key in planned.keys() & now.keys() if planned[key] != now[key]}
    examples = sorted(added)[:5] + sorted(removed)[:5] + sorted(altered)[:5]
    return Difference(len(added), len(removed), len(altered), tuple(examples))
