"""Cards and devices as goods: what logistics asks and keeps in step. Where they are is the ledger's own knowledge."""

from collections.abc import Sequence
from typing import Final

from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility.inventory.model import CardFacts, DeviceFacts, NewDevice, SiteFacts, StockChange
from tieline.utility.inventory.store import goods

TAC_LENGTH: Final = 8
"""Digits of a type allocation code, with which an IMEI begins (3GPP TS 23.003 clause 6.2.1)."""


async def card_facts(
    tx: Tx, scope: Scope, iccids: Sequence[str] | None = None, *, lock: bool = False
) -> dict[str, CardFacts]:
    """Cards by ICCID (all that the scope sees when none are named); named ones locked against others if asked."""
    scope.require(Permission.INVENTORY_READ)
    if lock and iccids:
        await goods.lock_cards(tx, iccids)
    return {one.iccid: one for one in await goods.cards(tx, scope, iccids)}


async def device_facts(tx: Tx, scope: Scope, names: Sequence[str] | None = None) -> dict[str, DeviceFacts]:
    """Devices by the utility's identifier (all that the scope sees when none are named)."""
    scope.require(Permission.INVENTORY_READ)
    return {one.external_id: one for one in await goods.devices(tx, scope, names)}


async def site_facts(tx: Tx, scope: Scope, ids: Sequence[int]) -> dict[int, SiteFacts]:
    """The names of sites by id; those that the scope does not see are missing."""
    scope.require(Permission.INVENTORY_READ)
    return {one.id: one for one in await goods.sites(tx, scope, ids)}


async def cards_in_devices(tx: Tx, scope: Scope, device_ids: Sequence[int]) -> list[str]:
    """The ICCIDs of the cards that sit in some devices now."""
    scope.require(Permission.INVENTORY_READ)
    return await goods.cards_in(tx, scope, device_ids)


async def set_stock_states(tx: Tx, scope: Scope, changes: Sequence[StockChange], *, reason: str) -> int:
    """Set stock states by compare-and-set, with the before-image in ``history``; returns how many were set."""
    scope.require(Permission.STOCK_WRITE)
    return await goods.set_states(tx, scope, changes, reason) if changes else 0


async def add_devices(tx: Tx, scope: Scope, new: Sequence[NewDevice]) -> int:
    """Enter delivered devices, booked at no site. Identifiers and IMEIs must be new: ask :func:`device_facts` first."""
    scope.require(Permission.STOCK_WRITE)
    return await goods.add_devices(tx, new) if new else 0


async def place_devices(tx: Tx, scope: Scope, places: Sequence[tuple[int, int | None]], *, reason: str) -> int:
    """Book devices (id, site or None) where they stand, keeping the before-image; returns how many were booked anew.

    A device with a live link is left where that says: whatever ends the link takes it along.
    """
    scope.require(Permission.STOCK_WRITE)
    return await goods.place_devices(tx, scope, places, reason) if places else 0


async def known_imeis(tx: Tx, scope: Scope, imeis: Sequence[str]) -> dict[str, str]:
    """Which of some IMEIs a device has, and its identifier."""
    scope.require(Permission.INVENTORY_READ)
    return await goods.with_imei(tx, imeis)


async def models_by_tac(tx: Tx, scope: Scope, codes: Sequence[str]) -> dict[str, set[tuple[str, str]]]:
    """Make and model of the devices there are under some type allocation codes, by code."""
    scope.require(Permission.INVENTORY_READ)
    return await goods.models_of(tx, codes)
