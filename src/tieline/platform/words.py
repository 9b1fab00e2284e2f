"""Numbers and their words in sentences that every part writes: reasons, refusals, logs. The console has its own."""

from collections.abc import Sequence


def plural(count: int, one: str, many: str = "") -> str:
    """The number with its noun: "1 site", "12,000 sites"; ``many`` where it is not ``one`` with an s."""
    return f"{count:,} {agree(count, one, many or f'{one}s')}"


def agree(count: int, one: str, many: str) -> str:
    """The form of a word that goes with a number: ``agree(1, "is", "are")`` is "is"."""
    return one if count == 1 else many


def listed(words: Sequence[str]) -> str:
    """Words in a row: "a, b and c"."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def band_word(band: str) -> str:
    """A band as people say it: "band 20" for B20; bands of NR keep their n: "n78"."""
    return f"band {band[1:]}" if band[:1] == "B" and band[1:].isdigit() else band
