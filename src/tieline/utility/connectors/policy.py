"""Rules of notifications: what is missing from a feed."""

from collections.abc import Iterable


def gap(last: int | None, sequences: Iterable[int | None]) -> int:
    """How many notifications are missing before those that came.

    ``last`` is the highest number that came before (None: nothing has). A number that is not higher is a repetition,
    or comes late, and shows no gap; one that begins at 1 again is a new feed.
    """
    came = sorted({number for number in sequences if number is not None})
    if last is None or not came or came[0] <= 1:
        return 0
    missing, before = 0, last
    for number in came:
        if number > before:
            missing += number - before - 1
            before = number
    return missing
