"""What the routes share."""

from typing import Annotated, Any

import msgspec
from fastapi import Path, Query

from tieline.utility.logistics.model import Item, Order

Identity = Annotated[int, Path(ge=1, le=2**63 - 1)]
Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str | None, Query(max_length=2000, description="`next` of the page before.")]
Text = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")]
Texts = Annotated[list[Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")]], Query(max_length=100)]


def item_shown(item: Item) -> dict[str, Any]:
    """An item as REST shows it."""
    shown: dict[str, Any] = msgspec.to_builtins(item)
    return shown


def order_shown(order: Order) -> dict[str, Any]:
    """An order as REST shows it, with what is still to come."""
    return {**msgspec.to_builtins(order), "outstanding": order.outstanding}
