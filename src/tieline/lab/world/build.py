"""Puts a world together from its parts."""

from collections.abc import Callable

from tieline.lab.world import country, fleet, oddities, public_data, radio
from tieline.lab.world.attachments import attach
from tieline.lab.world.chance import Chance
from tieline.lab.world.model import Attachment, Oddity, Terrain, World, WorldSpec
from tieline.lab.world.oddities import Marks
from tieline.platform.errors import Invalid, Problem

MOST_SITES = 200_000
"""More sites than this are refused: numbers and addresses would run out."""

Progress = Callable[[str], None]
"""Told the name of each stage when it begins."""

STAGES = ("places", "cells", "devices, cards and links", "attachments of Operator A", "attachments of Operator B")
"""The stages that ``build_world`` reports, in order."""


def build_world(spec: WorldSpec, progress: Progress = lambda _stage: None) -> World:
    """Build the world in memory; the same ``spec`` gives the same world everywhere.

    Raises ``Invalid`` for figures out of range, ``NotFound`` when a data file is missing.
    """
    _check(spec)
    chance = Chance(spec.seed)
    stages = iter(STAGES)
    progress(next(stages))
    terrain = public_data.terrain(spec, spec.data) if spec.data else country.terrain(spec)
    progress(next(stages))
    cells = radio.lay(terrain, chance)
    progress(next(stages))
    on_3g = [site for site in terrain.sites if site.id not in terrain.modern]
    marks = oddities.mark(on_3g, terrain.operators, spec.oddities, chance)
    equipped = fleet.build(spec, terrain, marks, chance)
    attachments: dict[str, tuple[Attachment, ...]] = {}
    for operator in terrain.operators:
        progress(next(stages))
        network = radio.Network(cells[operator.code], chance)
        own = equipped.subscriptions[operator.code]
        attachments[operator.code] = attach(
            terrain,
            operator,
            subscriptions=own,
            devices=equipped.devices,
            network=network,
            marks=marks,
            chance=chance,
        )
    return World(
        spec=spec,
        terrain=terrain,
        cells=cells,
        devices=equipped.devices,
        subscriptions=equipped.subscriptions,
        stock=equipped.stock,
        links=equipped.links,
        pools=equipped.pools,
        attachments=attachments,
        oddities=_oddities(terrain, equipped, marks, attachments),
    )


def _check(spec: WorldSpec) -> None:
    """Refuse figures that make no world."""
    problems = [
        Problem(name, "share", "a share lies between 0 and 1", str(value))
        for name, value in (("modern_share", spec.modern_share), ("reserve_share", spec.reserve_share))
        if not 0 <= value <= 1
    ]
    if not 1 <= spec.sites <= MOST_SITES:
        problems.append(Problem("sites", "range", f"between 1 and {MOST_SITES} sites", str(spec.sites)))
    if problems:
        raise Invalid("A world cannot be made of these figures.", problems)


def _oddities(
    terrain: Terrain, equipped: fleet.Fleet, marks: Marks, attachments: dict[str, tuple[Attachment, ...]]
) -> tuple[Oddity, ...]:
    """Each oddity with the subscriptions it touches, read off what was built."""
    touched: dict[str, list[str]] = {name: [] for name in oddities.MEANINGS}
    for operator in terrain.operators:
        own = equipped.subscriptions[operator.code]
        for site, subscription in zip(terrain.sites, own, strict=True):
            name = marks.of(site, operator)
            if name:
                touched[name].append(subscription.ref)
    explained = {ref for refs in touched.values() for ref in refs}
    unexplained = [
        report.subscription
        for reports in attachments.values()
        for report in reports
        if not report.attached and report.subscription not in explained
    ]
    listed = [Oddity(name, oddities.MEANINGS[name], "subscription", tuple(ids)) for name, ids in touched.items()]
    meaning = f"No cell of this operator within {radio.LIMIT_KM:g} km: not attached."
    return (*listed, Oddity("out_of_reach", meaning, "subscription", tuple(unexplained)))
