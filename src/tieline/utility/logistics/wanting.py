"""What somebody asks to have issued by a number: a work order's cards and routers, say.

Contexts above know what their numbers need; each registers a way to ask it. The form and the command that issue goods
offer every way there is.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from tieline.platform.db import Tx
from tieline.platform.errors import NotFound
from tieline.platform.scope import Scope
from tieline.utility.logistics.model import Goods


@dataclass(frozen=True, slots=True)
class Want:
    """What a number needs: named items, for which crew, and how many that any item of a sort does for."""

    title: str
    crew_id: int | None = None
    serials: Sequence[tuple[Goods, str]] = ()
    any_of: Sequence[tuple[Goods, str, int]] = ()


Asker = Callable[[Tx, Scope, int], Awaitable[Want]]

_ASKERS: dict[str, Asker] = {}


def register_wants(name: str, ask: Asker) -> None:
    """Bring a way to ask, under the word that people know the number by ("work order"); the same again replaces it."""
    _ASKERS[name] = ask


def wants() -> Mapping[str, Asker]:
    """The ways to ask that there are."""
    return dict(_ASKERS)


async def wanted(tx: Tx, scope: Scope, name: str, number: int) -> Want:
    """What a number needs. Raises ``NotFound`` for a way that nobody brought."""
    ask = _ASKERS.get(name)
    if ask is None:
        raise NotFound(f"Nobody says what a {name} needs.")
    return await ask(tx, scope, number)
