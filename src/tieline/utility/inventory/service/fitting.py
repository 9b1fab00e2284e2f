"""Fitting cards into routers at sites, and taking them away: what a crew did becomes links with their dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg.rows import DictRow

from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility.inventory.model import StockState
from tieline.utility.inventory.store import fitting as store

_BARRED = frozenset({StockState.LOST, StockState.BLOCKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """A card in a device at a site. ``modem_slot``: None takes the lowest that is free."""

    site_id: int
    device: str
    iccid: str
    role: Literal["primary", "backup"] = "primary"
    modem_slot: int | None = None


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitting that is in place: its link, and what it carries."""

    fitting: Fitting
    link_id: int
    subscription_id: int
    card_id: int
    device_id: int


@dataclass(frozen=True, slots=True)
class NotFitted:
    """A fitting that cannot be, and why: a code for programs, a sentence for people."""

    fitting: Fitting
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class FitOutcome:
    """What became of some fittings; each is in exactly one of the two."""

    fitted: tuple[Fitted, ...]
    refused: tuple[NotFitted, ...]


async def fit_links(
    tx: Tx,
    scope: Scope,
    fittings: Sequence[Fitting],
    *,
    at: datetime,
    reason: str,
    change_id: int | None = None,
) -> FitOutcome:
    """Begin a link for each card that now sits in a device at a site.

    Fitting again what is fitted so is no error and changes nothing. A device that stood nowhere stands at the site
    from now on. The links that were there before stay until :func:`end_links` ends them.
    """
    scope.require(Permission.INVENTORY_WRITE)
    rows = await store.found(tx, scope, [(one.site_id, one.device, one.iccid) for one in fittings])
    fitted: list[Fitted] = []
    refused: list[NotFitted] = []
    new: list[tuple[Fitting, DictRow, int]] = []
    used: dict[int, set[int]] = {}
    for one, row in zip(fittings, rows, strict=True):
        if _in_place(one, row):
            fitted.append(Fitted(one, row["link_id"], row["subscription_id"], row["card_id"], row["device_id"]))
            continue
        slots = used.setdefault(row["device_id"] or 0, set(row["used_slots"]))
        problem = _problem(one, row) or _slot_problem(one, row, slots)
        if problem is not None:
            refused.append(NotFitted(one, *problem))
            continue
        slot = one.modem_slot or min(set(range(1, row["modems"] + 1)) - slots)
        slots.add(slot)
        new.append((one, row, slot))
    wanted = [
        {
            "place": place,
            "site_id": one.site_id,
            "device_id": row["device_id"],
            "slot": slot,
            "card_id": row["card_id"],
            "subscription_id": row["subscription_id"],
            "operator_id": row["operator_id"],
            "role": one.role,
        }
        for place, (one, row, slot) in enumerate(new)
    ]
    begun = await store.begin(tx, scope, wanted, at=at, reason=reason, change_id=change_id) if wanted else {}
    for place, (one, row, _) in enumerate(new):
        fitted.append(Fitted(one, begun[place], row["subscription_id"], row["card_id"], row["device_id"]))
    return FitOutcome(tuple(fitted), tuple(refused))


def _in_place(one: Fitting, row: DictRow) -> bool:
    return (
        row["link_id"] is not None
        and (row["link_site_id"], row["link_device_id"]) == (one.site_id, row["device_id"])
        and one.modem_slot in {None, row["link_slot"]}
    )


def _problem(one: Fitting, row: DictRow) -> tuple[str, str] | None:
    """The first of the rules that it breaks; a rule is judged only once those before it hold."""
    rules = (
        (row["site_id"] is None, "no-site", f"There is no site {one.site_id} that you may work at."),
        (
            row["device_id"] is None,
            "no-device",
            f"No device {one.device} is known: read its number again, or have it imported.",
        ),
        (row["card_id"] is None, "no-card", f"There is no card {one.iccid}."),
        (row["subscription_id"] is None, "no-subscription", f"The card {one.iccid} carries no subscription."),
        (row["stock_state"] in _BARRED, "card-blocked", f"The card {one.iccid} was reported lost or is blocked."),
        (row["state"] == "RETIRED", "retired", f"The subscription of card {one.iccid} is retired."),
        (row["link_id"] is not None, "card-elsewhere", f"The card {one.iccid} is fitted in another place already."),
        (row["elsewhere"], "device-elsewhere", f"The device {one.device} serves another site."),
    )
    return next(((code, why) for broken, code, why in rules if broken), None)


def _slot_problem(one: Fitting, row: DictRow, used: set[int]) -> tuple[str, str] | None:
    free = set(range(1, row["modems"] + 1)) - used
    if one.modem_slot is not None and one.modem_slot not in free:
        return "slot-taken", f"Slot {one.modem_slot} of device {one.device} is not free."
    if not free:
        return "no-slot", f"The device {one.device} has no free slot."
    return None


async def end_links(
    tx: Tx,
    scope: Scope,
    link_ids: Sequence[int],
    *,
    at: datetime,
    reason: str,
    change_id: int | None = None,
    taken_out: bool = True,
) -> list[int]:
    """End links; those that have ended stay as they were. Returns the ids of those that did end now.

    ``taken_out``: their cards count as returned; otherwise they are still where they were, in a router that is to go.
    """
    scope.require(Permission.INVENTORY_WRITE)
    return await store.end(tx, scope, link_ids, at=at, reason=reason, change_id=change_id, taken_out=taken_out)


async def take_devices_away(tx: Tx, scope: Scope, device_ids: Sequence[int], *, reason: str) -> int:
    """Devices that carry no live link leave their site; returns how many did."""
    scope.require(Permission.INVENTORY_WRITE)
    return await store.take_away(tx, scope, device_ids, reason=reason)
