"""Areas: parts of an operator's network as it names them, and what of the fleet lies in them."""

from dataclasses import dataclass
from enum import StrEnum

import msgspec


class AreaKind(StrEnum):
    """How an area is told."""

    ALL = "all"
    REGIONS = "regions"
    POSTCODES = "postcodes"
    POLYGON = "polygon"
    CELLS = "cells"


class Area(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of an operator's network.

    ``names``: regions, beginnings of postcodes (letters alone an area, with digits a district, digits alone a prefix),
    or the operator's names of cells. ``ring``: a polygon, longitude before latitude, its last point the first.
    """

    kind: AreaKind
    names: tuple[str, ...] = ()
    ring: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class AreaCount:
    """What of the fleet lies in an area; ``place`` is the area's among those asked for.

    ``links`` are live ones of the operator on the technology, ``sites`` where they are, ``alone`` those of the sites
    that hang on the technology with all their live links, ``critical`` those of high or critical importance.
    """

    place: int
    sites: int
    links: int
    alone: int
    critical: int


@dataclass(frozen=True, slots=True)
class AreaPart:
    """Which of the sites: those of one area (``place``), those that hang on the technology alone, critical ones."""

    place: int | None = None
    alone: bool = False
    critical: bool = False


@dataclass(frozen=True, slots=True)
class AreaSite:
    """A site in an area; ``place`` and ``alone`` as in :class:`AreaCount`."""

    site_id: int
    external_id: str
    name: str
    region: str | None
    postcode: str | None
    criticality: str
    place: int
    links: int
    alone: bool
