"""``world.json``: what the world is, what is in it, and where it came from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from tieline.lab.world.model import Attachment, Origin, World
from tieline.lab.world.radio import by_rat

SIMULATED = (
    "device",
    "card",
    "subscription",
    "address",
    "link",
    "attachment",
    "stock",
    "cell with invented=1",
)
"""What is simulated whatever the origin."""


def describe(world: World, imports: Sequence[Mapping[str, object]]) -> dict[str, Any]:
    """The content of ``world.json``; figures are counted from the world, never taken from the settings."""
    terrain = world.terrain
    return {
        "origin": terrain.origin.value,
        "statement": terrain.statement,
        "simulated": list(SIMULATED) if terrain.origin is Origin.REAL else ["everything"],
        "seed": world.spec.seed,
        "operators": [
            {"code": o.code, "name": o.name, "mcc": o.mcc, "mnc": o.mnc, "plmn": o.plmn} for o in terrain.operators
        ],
        "figures": figures(world),
        "oddities": {
            oddity.name: {
                "meaning": oddity.meaning,
                "unit": oddity.unit,
                "count": len(oddity.ids),
                "ids": list(oddity.ids),
            }
            for oddity in world.oddities
        },
        "boundingBox": bounding_box(world),
        "regions": dict(Counter(site.region for site in terrain.sites).most_common()),
        "cleaned": dict(terrain.cleaned),
        "imports": [dict(item) for item in imports],
        "sources": [
            {"file": PurePosixPath(s.name).name, "origin": s.origin, "licence": s.licence} for s in terrain.sources
        ],
    }


def figures(world: World) -> dict[str, Any]:
    """Counts that a story can check itself against."""
    terrain = world.terrain
    on_3g = len(terrain.sites) - len(terrain.modern)
    return {
        "sites": len(terrain.sites),
        "sitesOn3g": on_3g,
        "sitesModern": len(terrain.modern),
        "standIns": sum(site.stand_in for site in terrain.sites),
        "criticality": dict(Counter(site.criticality for site in terrain.sites)),
        "devices": len(world.devices),
        "links": len(world.links),
        "linksOn3g": on_3g * len(terrain.operators),
        "perOperator": {o.code: _per_operator(world, o.code) for o in terrain.operators},
    }


def _per_operator(world: World, code: str) -> dict[str, Any]:
    cells = world.cells[code]
    return {
        "subscriptions": len(world.subscriptions[code]),
        "states": dict(Counter(s.state for s in world.subscriptions[code])),
        "stock": len(world.stock[code]),
        "stockEuicc": sum(bool(s.eid) for s in world.stock[code]),
        "primaryLinks": sum(link.operator == code and link.role == "primary" for link in world.links),
        "cells": by_rat(cells),
        "cellsInvented": sum(cell.invented for cell in cells),
        "masts": len({cell.mast for cell in cells}),
        "attached": _technologies(world.attachments[code]),
        "notAttached": sum(not report.attached for report in world.attachments[code]),
    }


def _technologies(reports: Sequence[Attachment]) -> dict[str, dict[str, int]]:
    """Attached subscriptions by technology and band."""
    counts: dict[str, Counter[str]] = {}
    for report in reports:
        if report.cell is not None:
            counts.setdefault(report.cell.rat.value, Counter())[report.cell.band] += 1
    return {rat: dict(sorted(bands.items())) for rat, bands in sorted(counts.items())}


def bounding_box(world: World) -> list[float]:
    """West, south, east, north of all sites, degrees (the order of RFC 7946)."""
    points = [site.point for site in world.terrain.sites]
    lons, lats = [p.lon for p in points], [p.lat for p in points]
    return [min(lons), min(lats), max(lons), max(lats)]
