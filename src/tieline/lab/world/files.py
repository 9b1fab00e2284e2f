"""Writes a world into a folder: CSV and JSON lines as a utility and its operators hand them over, ``world.json`` last.

Operator A and Operator B deliver in different words, as operators do; ``examples/mappings`` translates both.
"""

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tieline.lab.world import badrows, description
from tieline.lab.world.geometry import GridIndex, Point
from tieline.lab.world.model import Attachment, Cell, Device, Link, Operator, Pool, Site, Subscription, World

Progress = Callable[[str], None]

_REGION_KM = 40.0
"""No cell serves a site as far away, so the region of one that is further from all of them is of no use."""

STATES_OF_B = {
    "INVENTORY": "INVENTORY",
    "TEST_READY": "TEST_READY",
    "ACTIVE": "ACTIVATED",
    "SUSPENDED": "DEACTIVATED",
    "RETIRED": "RETIRED",
}
"""How Operator B calls the states of the operator profile."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A written file that the utility imports: its kind, the mapping that fits it, and the number of its rows."""

    file: str
    kind: str
    mapping: str
    rows: int


class _Out(NamedTuple):
    """Where a table goes, what kind of rows it has, and which mapping fits it."""

    folder: Path
    file: str
    kind: str
    mapping: str


def write_world(world: World, folder: Path, progress: Progress = lambda _file: None) -> tuple[Imported, ...]:
    """Write all files; returns those to import, in an order in which every reference is known.

    ``world.json`` is written last: where it stands, the folder is complete.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "world.json").unlink(missing_ok=True)
    written = [*_utility_files(world, folder)]
    for operator in world.terrain.operators:
        progress(operator.name)
        written += _operator_files(world, operator, folder)
    written.append(_table(_Out(folder, "links.csv", "link", "links"), _LINK, world.links))
    progress("bad rows")
    badrows.write(world, folder / "bad-rows")
    if world.terrain.outline is not None:
        (folder / "country.geojson").write_text(_json(world.terrain.outline), encoding="utf-8")
    progress("world.json")
    imports = [{"file": item.file, "kind": item.kind, "mapping": item.mapping, "rows": item.rows} for item in written]
    (folder / "world.json").write_text(_json(description.describe(world, imports)), encoding="utf-8")
    return tuple(written)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _utility_files(world: World, folder: Path) -> Iterable[Imported]:
    terrain = world.terrain
    stand_in = "stand-ins" if terrain.origin == "real" else "invented-secondaries"
    yield _rows(folder, "sites-substations.csv", "substations", terrain.substations)
    if terrain.secondaries:
        yield _rows(folder, "sites-standin.csv", stand_in, terrain.secondaries)
    yield _table(_Out(folder, "devices.csv", "device", "devices"), _DEVICE, world.devices)
    yield _table(_Out(folder, "address-pools.csv", "address_pool", "address-pools"), _POOL, world.pools)


def _operator_files(world: World, operator: Operator, folder: Path) -> Iterable[Imported]:
    slug = operator.slug
    columns = _SUBSCRIPTION_A if slug == "a" else _SUBSCRIPTION_B
    yield _table(_Out(folder, f"cells-{slug}.csv", "cell", "cells"), _CELL, world.cells[operator.code])
    for name, rows in (("subscriptions", world.subscriptions), ("stock", world.stock)):
        file, mapping = f"operator-{slug}-{name}.csv", f"operator-{slug}-subscriptions"
        yield _table(_Out(folder, file, "subscription", mapping), columns, rows[operator.code])
    _lines(folder / f"attachments-{slug}.jsonl", map(attachment, world.attachments[operator.code]))
    regions = _Regions(world.terrain.sites)
    cells = world.cells[operator.code]
    _lines(folder / f"radio-{slug}.jsonl", (radio_cell(cell, operator.plmn, regions.of(cell.point)) for cell in cells))
    own = (*world.subscriptions[operator.code], *world.stock[operator.code])
    _lines(folder / f"register-{slug}.jsonl", map(registered, own))


class _Regions:
    """The region of a place: that of the nearest site, so that a phase of one region ends where its sites end."""

    def __init__(self, sites: Sequence[Site]) -> None:
        self._index = GridIndex((site.point, site.region) for site in sites)
        self._known: dict[Point, str] = {}

    def of(self, point: Point) -> str:
        """Its name; empty where no site is near."""
        if point not in self._known:
            found = self._index.nearest(point, _REGION_KM)
            self._known[point] = found.item if found else ""
        return self._known[point]


def attachment(report: Attachment) -> dict[str, Any]:
    """A line of the attachments' file, named as the managed objects of the operator profile name things."""
    cell = report.cell
    serving = {"cellId": cell.key, "ratType": cell.rat.value, "band": cell.band, "plmn": report.plmn} if cell else None
    return {
        "subscription": report.subscription,
        "iccid": report.iccid,
        "imsi": report.imsi,
        "attached": report.attached,
        "imei": report.imei,
        "servingCell": serving,
        "distanceM": report.distance_m,
        "latencyMs": report.latency_ms,
        "lastSeenSecondsAgo": report.seen_seconds_ago,
        "lat": report.point.lat,
        "lon": report.point.lon,
        "generations": report.device.generations,
        "bands": report.device.bands,
    }


def radio_cell(cell: Cell, plmn: str, region: str) -> dict[str, Any]:
    """A line of the radio network's file, as the gateway's simulated network takes it."""
    return {
        "cellId": cell.key,
        "ratType": cell.rat.value,
        "band": cell.band,
        "plmn": plmn.replace("-", ""),
        "region": region,
        "lat": cell.point.lat,
        "lon": cell.point.lon,
    }


def registered(subscription: Subscription) -> dict[str, Any]:
    """A line of the operator's own register, as its gateway's back office loads it."""
    line = {
        "id": subscription.ref,
        "imsi": subscription.imsi,
        "msisdn": subscription.msisdn,
        "generation": subscription.generation,
        "card": subscription.iccid,
        "eid": subscription.eid,
        "cardKind": subscription.card_kind.upper(),
        "state": subscription.state,
        "apn": subscription.apn,
        "ipAddress": subscription.ip_address,
        "subscriptionGroup": subscription.group,
        "dataPlan": subscription.data_plan,
    }
    return {name: value for name, value in line.items() if value}


def _lines(path: Path, documents: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for document in documents:
            file.write(json.dumps(document, separators=(",", ":")) + "\n")


def _rows(folder: Path, file: str, mapping: str, sites: Sequence[Site]) -> Imported:
    """Source rows as they came, in the columns of the original file."""
    columns = {name: _column_of_row(name) for name in sites[0].row}
    return _table(_Out(folder, file, "site", mapping), columns, sites)


def _column_of_row(name: str) -> Callable[[Site], str]:
    return lambda site: site.row[name]


def _table(out: _Out, columns: Mapping[str, Callable[[Any], object]], items: Sequence[Any]) -> Imported:
    """Write one CSV file: a header, then a line for each item."""
    getters = list(columns.values())
    with (out.folder / out.file).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([get(item) for get in getters] for item in items)
    return Imported(out.file, out.kind, f"{out.mapping}.toml", len(items))


_DEVICE: Mapping[str, Callable[[Device], object]] = {
    "device_id": lambda d: d.id,
    "site_id": lambda d: d.site_id,
    "make": lambda d: d.make,
    "model": lambda d: d.model,
    "imei": lambda d: d.imei,
    "generations": lambda d: d.generations,
    "bands": lambda d: d.bands,
    "modems": lambda d: d.modems,
    "firmware": lambda d: d.firmware,
    "installed_on": lambda d: d.installed_on,
}

_POOL: Mapping[str, Callable[[Pool], object]] = {
    "operator": lambda p: p.operator,
    "apn": lambda p: p.apn,
    "cidr": lambda p: p.cidr,
    "name": lambda p: p.name,
}

_LINK: Mapping[str, Callable[[Link], object]] = {
    "site_id": lambda x: x.site_id,
    "device_id": lambda x: x.device_id,
    "modem_slot": lambda x: x.slot,
    "iccid": lambda x: x.iccid,
    "operator": lambda x: x.operator,
    "role": lambda x: x.role,
}

_CELL: Mapping[str, Callable[[Cell], object]] = {
    "operator": lambda c: c.operator,
    "cell_key": lambda c: c.key,
    "rat": lambda c: c.rat.value,
    "band": lambda c: c.band,
    "arfcn": lambda c: c.arfcn,
    "tac": lambda c: c.tac,
    "pci": lambda c: c.pci,
    "lat": lambda c: c.point.lat,
    "lon": lambda c: c.point.lon,
    "mast": lambda c: c.mast,
    "invented": lambda c: int(c.invented),
}

_SUBSCRIPTION_A: Mapping[str, Callable[[Subscription], object]] = {
    "subscription_id": lambda s: s.ref,
    "iccid": lambda s: s.iccid,
    "eid": lambda s: s.eid,
    "card_type": lambda s: s.card_kind,
    "imsi": lambda s: s.imsi,
    "msisdn": lambda s: s.msisdn,
    "status": lambda s: s.state,
    "apn": lambda s: s.apn,
    "fixed_ip": lambda s: s.ip_address,
    "subscription_group": lambda s: s.group,
    "data_plan": lambda s: s.data_plan,
    "generation": lambda s: s.generation,
    "contract": lambda s: s.contract,
}

_SUBSCRIPTION_B: Mapping[str, Callable[[Subscription], object]] = {
    "Line ID": lambda s: s.ref,
    "SIM Number": lambda s: s.iccid,
    "EID": lambda s: s.eid,
    "Form Factor": lambda s: "eUICC" if s.card_kind == "euicc" else "Plastic",
    "IMSI": lambda s: s.imsi,
    "MSISDN": lambda s: s.msisdn,
    "SIM Status": lambda s: STATES_OF_B[s.state],
    "APN Name": lambda s: s.apn,
    "Fixed IP Address": lambda s: s.ip_address,
    "Group": lambda s: s.group,
    "Rate Plan": lambda s: s.data_plan,
    "Technology": lambda s: s.generation,
    "Account": lambda s: s.contract,
}
