"""A change that a member of the operator's staff makes: out-of-band, as the utility sees it."""

from typing import Any

from tieline.gateway.model import Actor, Consumer, Party
from tieline.gateway.objects import service
from tieline.gateway.objects.policy import Step, document
from tieline.gateway.parts import Parts
from tieline.platform.db import Tx
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.patch import MergeObject


async def change(
    tx: Tx, parts: Parts, consumer: Consumer, dn: Dn, attributes: dict[str, Any], *, actor: Actor
) -> dict[str, Any]:
    """Change an object; gives all its attributes afterwards.

    Raises:
        MnsError: for what may not be, as for a utility.

    """
    now = parts.clock.now()
    operation = MergeObject(dn, attributes, create_missing=False, bad_op="")
    tree = await service.load(tx, consumer, [operation])
    tree.apply(operation, Step(actor, now))
    await service.write(tx, tree, actor, now, interference=parts.interference)
    return document(tree.nodes[dn])


def member_of_staff(name: str, reason: str | None) -> Actor:
    """Give a member of staff as the one who makes a change."""
    return Actor(Party.STAFF, f"staff:{name}", reason=reason)
