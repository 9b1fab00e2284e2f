"""The operator revises its phases while a programme goes by them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tieline.utility.inventory import Area, AreaKind
from tieline.utility.notices import Content, Kind, Origin, Phase, Source, Told, take
from tieline.utility.programmes import jobs

pytestmark = pytest.mark.anyio
NOW = datetime.now(UTC).replace(microsecond=0)
ENDS = NOW + timedelta(days=300)
REST = Phase("rest", "Everywhere", NOW + timedelta(days=200), ENDS, Area(AreaKind.ALL))
CONTENT = Content(Kind.PHASE_OUT, "The end of 3G", "", "3G", (REST,))
LATER = replace(REST, ends_at=ENDS + timedelta(days=60))
SOUTH = Phase("south", "The South", NOW, NOW + timedelta(days=90), Area(AreaKind.REGIONS, ("South",)))


async def told(works: Any, revision: int, *phases: Phase, status: str = "scheduled") -> int:
    """Operator A says something; gives the notice's number."""
    operator = await works.world.value("SELECT id FROM operator WHERE code = 'A'")
    async with works.db.transaction() as tx:
        said = Told("3G", revision, NOW + timedelta(seconds=revision), status, "", replace(CONTENT, phases=phases))
        await take(tx, Origin(operator, "A", Source.EVENT, datetime.now(UTC)), [said])
    await works.turn()
    for row in await works.world.rows("SELECT id FROM notice"):
        await jobs.redate.run(works.runtime, jobs.Redate(row["id"]))
    return int(await works.world.value("SELECT id FROM notice"))


async def due(works: Any) -> list[tuple[str, datetime | None]]:
    rows = await works.world.rows("SELECT phase, due_at FROM programme_site ORDER BY region, site_id")
    return [(row["phase"], row["due_at"]) for row in rows]


async def test_a_phase_that_moves_moves_what_is_due(works: Any) -> None:
    await works.build(2)  # one in the North, one in the South
    notice = await told(works, 1, REST)
    programme = await works.open(notice_ids=(notice,))
    assert await due(works) == [("Everywhere", ENDS)] * 2
    await works.prepare(programme.id)
    await works.steer(programme.id, "start")
    await works.schedule(programme.id)
    await told(works, 2, LATER, SOUTH)
    assert await due(works) == [("Everywhere", LATER.ends_at), ("The South", SOUTH.ends_at)]
    visits = {visit.site_id: visit.due_at for visit in await works.visits(programme.id)}
    rows = await works.world.rows("SELECT site_id, due_at FROM programme_site")
    assert visits == {row["site_id"]: row["due_at"] for row in rows}
    (noted,) = await works.world.rows("SELECT detail FROM programme_event WHERE kind = 'redated'")
    assert noted["detail"] == {"notice": notice, "sites": 2, "earlier": 1, "later": 1}


async def test_what_is_taken_back_is_due_no_more(works: Any) -> None:
    await works.build(2)
    notice = await told(works, 1, REST)
    programme = await works.open(notice_ids=(notice,))
    await told(works, 2, REST, status="cancelled")
    assert await due(works) == [("", None)] * 2
    assert await works.states(programme.id) == {"selected": 2}, "whether to go on without it is for people to say"
