"""A programme under way, for a console that is looked at: half a year of a phase-out of 3G.

It is opened as a person would; how far its sites are, and what the test of one found, is written into its tables.
"""

from collections.abc import Sequence

from tieline.platform.clock import SystemClock
from tieline.platform.db import Database, Tx, execute, fetch_value
from tieline.platform.scope import system
from tieline.utility import programmes
from tieline.utility.programmes import Opening, Terms
from tools.served import apart

_SPREAD = """
UPDATE programme_site SET attempts = CASE WHEN site_id %% 20 < 12 THEN 1 ELSE 0 END,
    state = CASE WHEN site_id %% 20 < 7 THEN 'done' WHEN site_id %% 20 < 9 THEN 'dwelling' WHEN site_id %% 20 = 9
        THEN 'retiring' WHEN site_id %% 61 = 0 THEN 'blocked' WHEN site_id %% 53 = 0 THEN 'again'
        WHEN site_id %% 20 < 12 THEN 'scheduled' WHEN site_id %% 20 < 15 THEN 'ready'
        WHEN site_id %% 20 < 16 THEN 'preparing' ELSE 'selected' END
WHERE programme_id = %(id)s;
"""
_DATES = """
UPDATE programme_site SET field_done_at = now() - (site_id %% 160) * interval '1 day',
    dwell_until = now() + interval '6 days' WHERE programme_id = %(id)s AND state IN ('done', 'dwelling', 'retiring')
"""
_WHYS = """
UPDATE programme_site SET why = CASE state WHEN 'blocked' THEN 'No card of operator A is in stock in this region.'
    ELSE 'The second antenna is broken; a new one is ordered for Friday.' END
WHERE programme_id = %(id)s AND state IN ('blocked', 'again')
"""
_BEGUN = """
UPDATE programme SET started_at = now() - interval '170 days', created_at = now() - interval '180 days'
WHERE id = %(id)s
"""
_ON_SITE = """
UPDATE programme_site SET state = 'on_site', on_site_at = now() - interval '25 minutes', attempts = 1
WHERE (programme_id, site_id) = (SELECT programme_id, min(site_id) FROM programme_site
    WHERE programme_id = %(id)s AND state = 'scheduled' GROUP BY 1) RETURNING site_id
"""
_CHECKS = """
UPDATE programme_link SET test_asked_at = CASE position WHEN 1 THEN now() - interval '70 seconds' END,
    cut_at = CASE position WHEN 1 THEN now() - interval '65 seconds' END, probes = 2 * (2 - position),
    state = CASE position WHEN 1 THEN 'testing' ELSE 'prepared' END,
    checks = CASE position WHEN 1 THEN '[{"name": "Cut over", "ok": true, "wanted": "done", "found": "done"},
        {"name": "Technology", "ok": true, "wanted": "4G or 5G", "found": "4G, band B20"},
        {"name": "Address", "ok": true, "wanted": "10.4.7.19", "found": "10.4.7.19"},
        {"name": "Device", "ok": false, "wanted": "356938035643809", "found": "356938035643817"},
        {"name": "Application", "ok": null, "wanted": "an answer to TESTFR", "found": "asked 8 s ago"}]'::jsonb
        ELSE '[]' END WHERE programme_id = %(id)s AND site_id = %(site)s
"""


def live(database_url: str, regions: Sequence[str] = ()) -> dict[str, int]:
    """Bring it about, in some regions or all; gives the numbers of the programme and of a site where a crew is."""
    found: dict[str, int] = {}

    async def do() -> None:
        database = await Database.open(database_url, size=2)
        try:
            async with database.transaction() as tx:
                found.update(await _live(tx, regions))
        finally:
            await database.close()

    apart(do())
    return found


async def _live(tx: Tx, regions: Sequence[str]) -> dict[str, int]:
    scope, clock = system("look"), SystemClock()
    wanted = Opening(title="End of 3G", notice_ids=(1, 2), regions=tuple(regions), terms=Terms())
    made = await programmes.open_programme(tx, scope, clock, wanted)
    await programmes.steer(tx, scope, clock, made.id, "start")
    for text in (_SPREAD, _DATES, _WHYS, _BEGUN):
        await execute(tx, text, {"id": made.id})
    site = await fetch_value(tx, _ON_SITE, {"id": made.id})
    await execute(tx, _CHECKS, {"id": made.id, "site": site})
    await programmes.prepare(tx, scope, clock, clock, made.id, limit=40)
    return {"programme": made.id, "programme_site": site}
