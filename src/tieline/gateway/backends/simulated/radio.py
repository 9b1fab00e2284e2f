"""The radio network of the simulation: which device is in reach of which cell, and so which subscription is attached.

A card in a device is attached while its subscription's operational state allows it (TEST_READY, ACTIVE), the device is
the one that the subscription is locked to, and a cell that is on, in reach and of a technology that both may use is
there; the best technology wins. What changes is told as what the network saw: a ``RESOURCE_OPERATION``.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from tieline.gateway.backends.port import Interference, Radio
from tieline.gateway.backends.simulated import store
from tieline.gateway.backends.simulated.places import Cell, Fitting, PhaseOut
from tieline.gateway.model import SEPARATOR, Consumer, dn_of, path_of
from tieline.gateway.objects import service
from tieline.gateway.objects.model import timestamp
from tieline.gateway.utilities import store as utilities
from tieline.platform.clock import Clock
from tieline.platform.db import Database, Tx
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.profile import SUBSCRIPTION_CLASS
from tieline.standards.tmf.announcements import (
    Area,
    Cells,
    GeoJsonPolygon,
    PostcodeAreas,
    Regions,
    WholeNetwork,
)

BATCH = 1000
NAMED = 100
"""Fittings without a session that an answer names, with the reason."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of fittings: how many have a session, why the first of the others have none, which card is unknown."""

    attached: int
    waiting: Mapping[str, str]
    unknown: tuple[str, ...] = ()
    taken: int = 0


class SimulatedRadio(Radio):
    """Attaches and detaches; keeps nothing in memory, so a restart loses nothing."""

    def __init__(self, interference: Interference) -> None:
        self._interference = interference

    async def follow(self, tx: Tx, consumer: Consumer, object_ids: Sequence[int], now: datetime) -> None:
        """Attach or detach those whose card is in a device; most have none and cost one look."""
        ids = await store.fitted(tx, object_ids)
        if ids:
            await self.judge(tx, consumer, ids, now)

    async def struck(self, tx: Tx, rat: str | None, area: Area) -> Mapping[str, int] | None:
        """How many subscriptions of each utility have their session in a cell of an area; it knows no postcodes."""
        match area:
            case WholeNetwork():
                return await store.struck(tx, rat)
            case Regions(region=names):
                return await store.struck(tx, rat, regions=names) if await store.has_regions(tx) else None
            case Cells(cell=names):
                return await store.struck(tx, rat, cells=names)
            case GeoJsonPolygon(geo_json=shape):
                return await store.struck(tx, rat, ring=shape.coordinates[0]) if await store.has_places(tx) else None
            case PostcodeAreas():
                return None

    async def fit(self, tx: Tx, consumer: Consumer, fittings: Sequence[Fitting], now: datetime) -> Settled:
        """Put cards into devices that have power; the last word on a card holds."""
        wanted = {fitting.iccid: fitting for fitting in fittings}
        prefix = f"{path_of(consumer.root)}{SEPARATOR}{SUBSCRIPTION_CLASS}="
        carried = await store.carried(tx, consumer.id, prefix, wanted)
        by_object = {object_id: wanted[iccid] for iccid, object_id in carried.items()}
        if by_object:
            await store.meet_cells(tx, (cell for f in by_object.values() for cell in f.cells or ()))
            ended = set(await store.fit(tx, list(by_object.items()), now))
            await self._detach(tx, consumer, ended - by_object.keys(), now)
        found = await self.judge(tx, consumer, sorted(by_object), now)
        unknown = tuple(sorted(wanted.keys() - carried.keys()))
        return Settled(found.attached, found.waiting, unknown, len(by_object))

    async def unfit(self, tx: Tx, consumer: Consumer, iccids: Collection[str], now: datetime) -> int:
        """Take cards out of their devices, or the devices' power; gives how many lost a session."""
        prefix = f"{path_of(consumer.root)}{SEPARATOR}{SUBSCRIPTION_CLASS}="
        held = await store.carried(tx, consumer.id, prefix, iccids)
        lost = await store.unfit(tx, held)
        await self._detach(tx, consumer, lost, now)
        return len(lost)

    async def judge(self, tx: Tx, consumer: Consumer, object_ids: Sequence[int], now: datetime) -> Settled:
        """Bring what is attached into line with fittings, cells and operational states."""
        if not object_ids:
            return Settled(0, {})
        await store.hold(tx, object_ids)
        rows = await store.judged(tx, object_ids)
        await store.settle(tx, [_session(row) for row in rows if _moved(row)])
        reports = {dn_of(row["path"]): seen for row in rows if (seen := _seen(row, now))}
        if reports:
            await service.observe(tx, consumer, reports, now, self._interference)
        waiting = [row for row in rows if row["cell"] is None]
        return Settled(len(rows) - len(waiting), {row["iccid"]: row["why"] for row in waiting[:NAMED]})

    async def _detach(self, tx: Tx, consumer: Consumer, object_ids: Collection[int], now: datetime) -> None:
        """Take it down that subscriptions without a fitting have no session any more."""
        if object_ids:
            paths = await store.paths(tx, sorted(object_ids))
            gone = {"attached": False, "servingCell": None, "lastSeen": timestamp(now)}
            reports: dict[Dn, Mapping[str, Any]] = {dn_of(path): gone for path in paths}
            await service.observe(tx, consumer, reports, now, self._interference)


class Coverage:
    """Puts cells up and switches them; each batch of subscriptions that this concerns is a transaction of its own."""

    def __init__(self, db: Database, clock: Clock, radio: SimulatedRadio) -> None:
        self._db = db
        self._clock = clock
        self._radio = radio

    async def add(self, cells: Iterable[Cell]) -> int:
        """Put cells up, or renew them; sessions stay as they are."""
        async with self._db.transaction() as tx:
            number = await store.add_cells(tx, cells)
            await store.refresh_statistics(tx)
        return number

    async def switch(self, wanted: PhaseOut) -> tuple[int, int]:
        """Switch cells off, or on; gives how many cells, and how many subscriptions lost or got their session."""
        async with self._db.transaction() as tx:
            cells = await store.switch(tx, wanted)
        return cells, await (self.settle() if wanted.off else self._revive())

    async def settle(self) -> int:
        """Have those that a cell serves which is off find another one; gives how many found none.

        A crash leaves some of them behind: the gateway asks for this again when it starts, and from time to time.
        """
        lost = 0
        while True:
            async with self._db.transaction() as tx:
                found = await store.stranded(tx, BATCH)
                attached = await self._judge(tx, found)
            lost += len(found) - attached
            if len(found) < BATCH:
                return lost

    async def _revive(self) -> int:
        gained = after = 0
        while True:
            async with self._db.transaction() as tx:
                found = await store.waiting(tx, after, BATCH)
                gained += await self._judge(tx, found)
            if len(found) < BATCH:
                return gained
            after = found[-1][1]

    async def _judge(self, tx: Tx, found: Sequence[tuple[int, int]]) -> int:
        of_utility: dict[int, list[int]] = defaultdict(list)
        for utility_id, object_id in found:
            of_utility[utility_id].append(object_id)
        consumers = await utilities.by_ids(tx, list(of_utility))
        now = self._clock.now()
        return sum(
            [(await self._radio.judge(tx, consumers[key], ids, now)).attached for key, ids in of_utility.items()]
        )


def _moved(row: DictRow) -> bool:
    """Whether what is known of a session is no longer so."""
    attached = row["cell"] is not None
    now = (attached, row["cell"][0] if attached else "", row["address"], row["apn"])
    return now != (row["was_attached"], row["was_cell"] if attached else "", row["was_address"], row["was_apn"])


def _session(row: DictRow) -> dict[str, Any]:
    cell = row["cell"] or (None, None)
    return {
        "id": row["object_id"],
        "attached": row["cell"] is not None,
        "cell": cell[0],
        "rat": cell[1],
        "apn": row["apn"],
        "address": row["address"] or None,
    }


def _seen(row: DictRow, now: datetime) -> dict[str, Any]:
    """Give what the network has to tell of a fitting; empty if it is as it was told before."""
    moment = timestamp(now)
    if row["cell"] is None:
        return {"attached": False, "servingCell": None, "lastSeen": moment} if row["seen_attached"] else {}
    cell_id, rat, band, plmn = row["cell"]
    if row["seen_attached"] and row["seen_cell"] == cell_id and row["seen_imei"] == row["imei"]:
        return {}
    shown = {"cellId": cell_id, "ratType": rat, "band": band, "plmn": plmn, "reportedAt": moment}
    cell = {name: value for name, value in shown.items() if value}
    return {"attached": True, "imei": row["imei"], "lastSeen": moment, "servingCell": cell}
