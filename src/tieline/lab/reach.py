"""How people and crews of the simulated world reach what answers over HTTP: straight, or as whoever runs them says."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx


@dataclass(frozen=True, slots=True)
class Reach:
    """Makes the transports of clients; None is httpx's own. Within ``writes_s`` seconds what is sent is written."""

    people: Callable[[], httpx.BaseTransport | None] = lambda: None
    crews: Callable[[], httpx.AsyncBaseTransport | None] = lambda: None
    writes_s: float = 6.0


STRAIGHT = Reach()
