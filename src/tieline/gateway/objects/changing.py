"""Changes of objects by a utility, over ProvMnS: asked of the network first, then made wholly or not at all."""

import asyncio
from collections.abc import Sequence

from tieline.gateway.model import Actor, Consumer
from tieline.gateway.northbound.answers import NoAnswer
from tieline.gateway.objects import service
from tieline.gateway.objects.policy import Refused, Step, Tree
from tieline.gateway.parts import Parts
from tieline.platform.db import Tx
from tieline.standards.mns.errors import ErrorReason
from tieline.standards.mns.patch import Operation


async def admitted(parts: Parts, operations: Sequence[Operation]) -> dict[str, float]:
    """Ask the network whether it would take the operations; gives how long it will take for each subscription.

    Raises:
        Refused: with the first operation that it would not take.

    """
    names = service.subscriptions_of(operations)
    if not names:
        return {}
    verdicts = dict(zip(names, await parts.backend.admit(names), strict=True))
    for operation in operations:
        verdict = verdicts.get(operation.dn.id)
        if verdict is not None and verdict.refused is not None:
            raise Refused(verdict.refused, operation, ErrorReason.OTHER)
    return {name: verdict.seconds for name, verdict in verdicts.items()}


async def change(
    tx: Tx,
    parts: Parts,
    consumer: Consumer,
    operations: Sequence[Operation],
    *,
    actor: Actor,
    seconds: dict[str, float],
) -> Tree:
    """Carry operations out in order, all or none.

    Raises:
        PatchError: with the operation at fault.

    """
    now = parts.clock.now()
    tree = await service.load(tx, consumer, operations)
    for operation in operations:
        tree.apply(operation, Step(actor, now))
    await service.write(tx, tree, actor, now, interference=parts.interference, seconds=seconds)
    return tree


class Held:
    """A request that a fault may strike: it then gets no answer, and is carried out or not."""

    def __init__(self, parts: Parts, subscriptions: Sequence[str]) -> None:
        self._hold = parts.interference.hold(subscriptions) if subscriptions else None

    async def before(self) -> None:
        """Stop here if the request is not to be carried out."""
        if self._hold is not None and not self._hold.applied:
            await self.after()

    async def after(self) -> None:
        """Stop here if the request is to stay without an answer."""
        if self._hold is not None:
            await asyncio.sleep(self._hold.seconds)
            raise NoAnswer
