"""A clock that is set while old subscriptions stand by: they do so for as much passed time as was agreed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.integration.programmes.test_programme import ready

from tieline.utility.programmes.service import conducting

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


async def test_dwells_move_along_with_a_clock_that_jumps(works: Any) -> None:
    programme = await ready(works, 1, dwell_hours=2.0)
    await works.schedule(programme)
    (visit,) = await works.visits(programme)
    await works.replace(programme, visit, "NR1")
    before = (await works.site(programme, visit.site_id))["dwell_until"]
    assert before - datetime.now(UTC) <= timedelta(hours=2)
    for _ in range(2):  # by two workers, each of which notices it
        await conducting.clock_jumped(works.runtime, DAY)
    assert (await works.site(programme, visit.site_id))["dwell_until"] == before + DAY
    await conducting.clock_jumped(works.runtime, -DAY)
    assert (await works.site(programme, visit.site_id))["dwell_until"] == before
    assert await works.states(programme) == {"dwelling": 1}
    noted = await works.world.rows("SELECT detail FROM programme_event WHERE kind = 'clock-jumped' ORDER BY id")
    assert [row["detail"] for row in noted] == [{"seconds": 86400.0, "sites": 1}, {"seconds": -86400.0, "sites": 1}]
