"""Cutting a plan into waves: canaries first, critical sites last, the links of a site together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, repeat

from tieline.platform.errors import Invalid, Problem
from tieline.utility.changes.model import TO_DO, PlannedItem, Waves

_RANK = {"normal": 0, "high": 1, "critical": 2}
MAX_WAVES = 200


@dataclass(frozen=True, slots=True)
class Wave:
    """A wave of a plan; waves count from 1."""

    number: int
    title: str
    items: int
    sites: int


def check(waves: Waves) -> None:
    """Raise ``Invalid`` for a specification that says nothing sensible."""
    problems = []
    if waves.canary < 0:
        problems.append(Problem("waves.canary", "range", "At least 0 sites.", str(waves.canary)))
    if waves.by in {"size", "percent"} and not waves.steps:
        problems.append(Problem("waves.steps", "required", "Say how large the waves are."))
    if len(waves.steps) > MAX_WAVES or any(step < 1 for step in waves.steps):
        problems.append(Problem("waves.steps", "range", f"At most {MAX_WAVES} steps, each at least 1."))
    hundred = 100
    if waves.by == "percent" and sum(waves.steps) > hundred:
        problems.append(Problem("waves.steps", "range", "Shares add up to at most 100.", str(sum(waves.steps))))
    if problems:
        raise Invalid("The waves cannot be made as described.", problems)


def order(items: Iterable[PlannedItem]) -> list[PlannedItem]:
    """The order in which items are done: normal sites first, a site's links together, its backup before its primary."""
    return sorted(items, key=_key)


def assign(items: Sequence[PlannedItem], waves: Waves) -> tuple[list[PlannedItem], list[Wave]]:
    """Give each item that will be done its wave; the others keep wave 0. Returns the items in order, and the waves.

    All items of one site are in one wave, so that a wave that is halted leaves no site half-way more than it must.
    """
    ordered = order(items)
    groups = _sites(ordered)
    numbered: dict[int, int] = {}
    titles: list[tuple[str, int]] = []
    for title, sites in _cut(groups, waves):
        titles.append((title, len(sites)))
        for site in sites:
            numbered.update(dict.fromkeys(site, len(titles)))
    placed = [replace(item, wave=numbered[place]) if place in numbered else item for place, item in enumerate(ordered)]
    counts = [0] * (len(titles) + 1)
    for number in numbered.values():
        counts[number] += 1
    return placed, [Wave(n, title, counts[n], sites) for n, (title, sites) in enumerate(titles, 1)]


def _key(item: PlannedItem) -> tuple[int, int, int, bool, str, int]:
    site = item.site_id if item.site_id is not None else -1
    return (_RANK.get(item.criticality, 1), item.site_id is None, site, item.role != "backup", item.ref, item.source_id)


@dataclass(frozen=True, slots=True)
class _Site:
    region: str
    critical: bool
    places: tuple[int, ...]


def _sites(items: Sequence[PlannedItem]) -> list[_Site]:
    """Places of the items that will be done, by site, in order; what stands at no site stands alone."""
    found: dict[int, list[int]] = {}
    for place, item in enumerate(items):
        if item.state in TO_DO:
            found.setdefault(-place - 1 if item.site_id is None else item.site_id, []).append(place)
    return [
        _Site(items[places[0]].region, items[places[0]].criticality == "critical", tuple(places))
        for places in found.values()
    ]


def _cut(sites: list[_Site], waves: Waves) -> Iterator[tuple[str, list[tuple[int, ...]]]]:
    canaries = min(waves.canary, len(sites))
    if canaries:
        yield "Canary" if canaries < len(sites) else "Everything", [site.places for site in sites[:canaries]]
    rest = sites[canaries:]
    if not rest:
        return
    if waves.by == "region":
        yield from _by_region(rest, waves.regions)
    elif waves.by == "size":
        yield from _by_steps(rest, chain(waves.steps, repeat(waves.steps[-1])))
    elif waves.by == "percent":
        yield from _by_steps(rest, _shares(waves.steps, len(rest)))
    else:
        yield "Everything" if not canaries else "The rest", [site.places for site in rest]


def _by_region(sites: list[_Site], first: tuple[str, ...]) -> Iterator[tuple[str, list[tuple[int, ...]]]]:
    regions: dict[str, list[tuple[int, ...]]] = {}
    for site in sites:
        regions.setdefault(site.region, []).append(site.places)
    rank = {region: place for place, region in enumerate(first)}
    for region in sorted(regions, key=lambda name: (rank.get(name, len(rank)), not name, name)):
        yield region or "Without a region", regions[region]


def _by_steps(sites: list[_Site], steps: Iterable[int]) -> Iterator[tuple[str, list[tuple[int, ...]]]]:
    start = 0
    for number, step in enumerate(steps, 1):
        if start >= len(sites):
            return
        # The last wave takes what is left, so that their number stays within bounds.
        end = len(sites) if number == MAX_WAVES else start + step
        yield f"Wave {number}", [site.places for site in sites[start:end]]
        start = end


def _shares(steps: tuple[int, ...], total: int) -> Iterator[int]:
    """Sizes for shares in per cent; what they leave over is a last wave."""
    done = percent = 0
    for step in steps:
        percent += step
        end = -(-total * percent // 100)
        if end > done:
            yield end - done
            done = end
    if done < total:
        yield total - done
