"""Notices for consoles that are looked at: a phase-out that was revised, one that wants an answer, planned work."""

from datetime import UTC, datetime, timedelta

from tieline.platform.db import Database, fetch_all
from tieline.utility.inventory import Area, AreaKind
from tieline.utility.notices import Content, Kind, Origin, Phase, Source, Told, take


async def announced(database: Database) -> None:
    """Have both operators announce something."""
    now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    async with database.transaction() as tx:
        found = await fetch_all(tx, "SELECT region, count(*) FROM site GROUP BY region ORDER BY count(*) DESC, region")
        regions = [row["region"] for row in found if row["region"]]
        for row in await fetch_all(tx, "SELECT id, code FROM operator ORDER BY code"):
            origin = Origin(row["id"], row["code"], Source.EVENT, datetime.now(UTC))
            for told in _told(row["code"], regions, now):
                await take(tx, origin, [told])


def _told(operator: str, regions: list[str], now: datetime) -> list[Told]:
    begins = now + timedelta(days=182)
    first = _phase_out(regions[:2], regions[2:4], begins)
    if operator != "A":
        wants = _at("3G-2027", 1, now, "waitForApproval", first)
        return [wants]
    later = tuple(
        _later(phase, 61) if phase.id == "cities" else phase
        for phase in _phase_out(regions[:3], regions[3:4], begins).phases
    )
    work = Phase(
        "mast", "Tonight", now + timedelta(hours=26), now + timedelta(hours=30), Area(AreaKind.REGIONS, (regions[0],))
    )
    planned = Content(
        Kind.PLANNED_WORK, "Transmission to three masts is renewed", "Service may be lost for an hour.", None, (work,)
    )
    return [
        _at("3G-2027", 1, now - timedelta(days=40), "scheduled", first),
        _at("3G-2027", 2, now - timedelta(days=2), "scheduled", _with(first, later)),
        _at("W-4711", 1, now - timedelta(days=1), "scheduled", planned),
        _at("W-4700", 1, now - timedelta(days=9), "cancelled", _with(planned, (work,))),
    ]


def _phase_out(cities: list[str], towns: list[str], begins: datetime) -> Content:
    steps = [begins + timedelta(days=122 * step) for step in range(4)]
    areas = (
        ("cities", "Cities", Area(AreaKind.REGIONS, tuple(cities))),
        ("towns", "Towns", Area(AreaKind.REGIONS, tuple(towns))),
        ("rest", "Everywhere else", Area(AreaKind.ALL)),
    )
    phases = [Phase(name, title, steps[at], steps[at + 1], area) for at, (name, title, area) in enumerate(areas)]
    words = "3G is switched off everywhere, cities first.\nDevices without 4G will have no service."
    return Content(Kind.PHASE_OUT, "The end of 3G", words, "3G", tuple(phases))


def _later(phase: Phase, days: int) -> Phase:
    step = timedelta(days=days)
    return Phase(phase.id, phase.title, phase.starts_at + step, phase.ends_at + step, phase.area)


def _with(content: Content, phases: tuple[Phase, ...]) -> Content:
    return Content(content.kind, content.title, content.description, content.technology, phases)


def _at(ref: str, revision: int, at: datetime, status: str, content: Content) -> Told:
    reason = "The parts did not come." if status == "cancelled" else ""
    return Told(ref, revision, at, status, reason, content)
