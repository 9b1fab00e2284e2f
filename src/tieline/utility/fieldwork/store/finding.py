"""SQL that finds visits by their number, or by their sites."""

from collections.abc import Sequence

from psycopg.rows import DictRow

from tieline.platform.db import Tx, fetch_all
from tieline.platform.scope import Scope
from tieline.utility.fieldwork.store.crews import bounds
from tieline.utility.fieldwork.store.visits import SEEN


async def called(tx: Tx, scope: Scope, number: int | None, site_ids: Sequence[int], limit: int) -> list[DictRow]:
    """The visit of a number first, then the newest of some sites, within the scope."""
    return await fetch_all(
        tx,
        f"""SELECT v.id, v.title, v.state, v.site_id, t.name, t.region
            FROM visit v JOIN site t ON t.id = v.site_id LEFT JOIN work_order o ON o.id = v.order_id
            WHERE {SEEN} AND (v.id = %(number)s::bigint OR v.site_id = ANY(%(sites)s::bigint[]))
            ORDER BY (v.id = %(number)s::bigint) IS TRUE DESC, v.id DESC LIMIT %(limit)s""",
        {**bounds(scope), "number": number, "sites": list(site_ids), "limit": limit},
    )
