"""Two revisions of a notice compared, in words for whoever has to plan by them."""

import itertools
import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tieline.utility.inventory import Area, AreaKind
from tieline.utility.notices.model import Content, Difference, Phase

_NAMED = 6
_EARTH_KM = 111.195
_NOUNS = {
    AreaKind.REGIONS: ("region", "regions"),
    AreaKind.POSTCODES: ("postcode area", "postcode areas"),
    AreaKind.CELLS: ("cell", "cells"),
}


def compare(before: Content, after: Content) -> tuple[Difference, ...]:
    """What is otherwise in the later revision; nothing when it says the same."""
    return tuple(_differences(before, after))


def _differences(before: Content, after: Content) -> Iterator[Difference]:
    if before.title != after.title:
        yield Difference("title", f"The title is now “{after.title}”, before “{before.title}”.")
    if before.technology != after.technology:
        now, was = after.technology or "all technologies", before.technology or "all technologies"
        yield Difference("technology", f"It is about {now} now, before about {was}.")
    if before.description != after.description:
        yield Difference("description", "The description was changed.")
    times = (("begins", before.starts_at, after.starts_at), ("ends", before.ends_at, after.ends_at))
    for what, old, new in times:
        if old != new:
            yield Difference(what, f"It {what} {_when(new)} now, before {_when(old)}.")
    earlier = {phase.id: phase for phase in before.phases}
    later = {phase.id: phase for phase in after.phases}
    for phase in before.phases:
        if phase.id not in later:
            yield Difference("phase-gone", f"Phase “{phase.title}” is gone.", phase.id)
    for phase in after.phases:
        had = earlier.get(phase.id)
        if had is None:
            yield Difference("phase-new", f"Phase “{phase.title}” is new: {period(phase)}.", phase.id)
        else:
            yield from _of_phase(had, phase)


def _of_phase(before: Phase, after: Phase) -> Iterator[Difference]:
    name = f"Phase “{after.title}”"
    if before.title != after.title:
        yield Difference("phase-title", f"Phase “{before.title}” is called “{after.title}” now.", after.id)
    start, end = after.starts_at - before.starts_at, after.ends_at - before.ends_at
    if start == end and start:
        words = f"{name} moved from {period(before)} to {period(after)}, {_shift(start)}."
        yield Difference("phase-moved", words, after.id)
    else:
        if start:
            words = f"{name} begins on {day(after.starts_at)} instead of {day(before.starts_at)}, {_shift(start)}."
            yield Difference("phase-begins", words, after.id)
        if end:
            words = f"{name} ends on {day(after.ends_at)} instead of {day(before.ends_at)}, {_shift(end)}."
            yield Difference("phase-ends", words, after.id)
    if before.area != after.area:
        yield Difference("phase-area", f"{name}: {_of_area(before.area, after.area)}.", after.id)


def _of_area(before: Area, after: Area) -> str:
    if before.kind is after.kind and before.kind in _NOUNS:
        added = [name for name in after.names if name not in set(before.names)]
        gone = [name for name in before.names if name not in set(after.names)]
        parts = []
        if added:
            parts.append(f"grew by {_names(added, before.kind)}")
        if gone:
            parts.append(f"shrank by {_names(gone, before.kind)}")
        return f"the area {' and '.join(parts)}" if parts else "the area names the same in another order"
    if before.kind is after.kind is AreaKind.POLYGON:
        old, new = round(area_km2(before.ring)), round(area_km2(after.ring))
        if old == new:
            return f"the outline moved; the area is still about {new:,} km²"
        return f"the area {'grew' if new > old else 'shrank'} from about {old:,} to {new:,} km²"
    return f"the area is now {place(after)}, before {place(before)}"


def place(area: Area) -> str:
    """An area in words: the whole network, some regions by name, an area of so many square kilometres."""
    if area.kind is AreaKind.ALL:
        return "the whole network"
    if area.kind is AreaKind.POLYGON:
        return f"an area of about {area_km2(area.ring):,.0f} km²"
    return _names(area.names, area.kind)


def _names(names: Sequence[str], kind: AreaKind) -> str:
    one, many = _NOUNS[kind]
    if kind is AreaKind.CELLS or len(names) > _NAMED:
        return f"{len(names):,} {one if len(names) == 1 else many}"
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return listed if kind is AreaKind.REGIONS else f"{one if len(names) == 1 else many} {listed}"


def period(phase: Phase) -> str:
    """From when until when, in days."""
    return f"{day(phase.starts_at)} – {day(phase.ends_at)}"


def day(moment: datetime) -> str:
    """A day as people write it, in UTC: operators and utilities have to mean the same one."""
    return f"{moment.day} {moment:%B %Y}"


def _when(moment: datetime | None) -> str:
    return f"on {day(moment)}" if moment else "at a time that is not given"


def _shift(step: timedelta) -> str:
    days = abs(step) / timedelta(days=1)
    size = f"{days:,.0f} day{'' if round(days) == 1 else 's'}" if days >= 1 else f"{days * 24:.1f} hours"
    return f"{size} {'later' if step > timedelta(0) else 'earlier'}"


def area_km2(ring: Sequence[tuple[float, float]]) -> float:
    """About how large a ring is: plane geometry around its own middle, good to a few per cent for a country."""
    if not ring:
        return 0.0
    middle = math.radians(sum(lat for _, lat in ring) / len(ring))
    points = [(lon * _EARTH_KM * math.cos(middle), lat * _EARTH_KM) for lon, lat in ring]
    twice = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in itertools.pairwise(points))
    return abs(twice) / 2
