"""Search over everything at once: each probe looks at a few index entries, the best of all are shown."""

from collections.abc import Mapping

from psycopg.rows import DictRow

from tieline.platform.db import Tx, fetch_all
from tieline.platform.scope import Scope, within
from tieline.utility.inventory.model import Kind
from tieline.utility.inventory.store import probes

_REGION = within("t.region")

# For each kind: where its things stand with the site they belong to, and what is shown of them.
_SOURCES: Mapping[Kind, tuple[str, str]] = {
    Kind.SITE: ("site t", "t.id AS id, t.external_id AS code, t.name AS title, t.id AS site_id"),
    Kind.DEVICE: (
        "device d LEFT JOIN site t ON t.id = d.site_id",
        "d.id AS id, d.external_id AS code, concat_ws(' ', d.make, d.model) AS title, t.id AS site_id",
    ),
    Kind.CARD: (
        """card c LEFT JOIN card_subscription cs ON cs.card_id = c.id AND cs.valid_to IS NULL
        LEFT JOIN subscription s ON s.id = cs.subscription_id LEFT JOIN site t ON t.id = s.site_id""",
        "c.id AS id, c.iccid AS code, c.iccid AS title, t.id AS site_id",
    ),
    Kind.SUBSCRIPTION: (
        "subscription s LEFT JOIN site t ON t.id = s.site_id",
        "s.id AS id, s.operator_ref AS code, s.operator_ref AS title, t.id AS site_id",
    ),
    Kind.CELL: (
        "cell e",
        "e.id AS id, e.cell_key AS code, concat_ws(' ', e.rat, e.band) AS title, NULL::bigint AS site_id",
    ),
}


async def search(tx: Tx, scope: Scope, text: str, limit: int) -> list[DictRow]:
    """The best things for what was typed, each once: exact hits, beginnings, words of names, ends.

    Columns: kind, id, code, title, site_id, site_name, region, label and value of what was hit, rank (0 is exact).
    """
    parts = [_part(probe) for probe in probes.probes(text)]
    if not parts:
        return []
    query = f"""
        SELECT DISTINCT ON (rank, value, kind, id) best.*, t.name AS site_name, t.region FROM (
            SELECT DISTINCT ON (kind, id) * FROM ({" UNION ALL ".join(parts)}) every ORDER BY kind, id, rank
        ) best LEFT JOIN site t ON t.id = best.site_id
        ORDER BY rank, value, kind, id LIMIT %(limit)s"""
    return await fetch_all(tx, query, {**probes.params(text), **scope.params(), "limit": limit})


def _part(probe: probes.Probe) -> str:
    source, shown = _SOURCES[probe.kind]
    bounds = "" if probe.kind is Kind.CELL else f"AND {_REGION}"
    exact = f"CASE WHEN upper({probe.column}) IN (%(q_upper)s, %(q_number)s) THEN 0 ELSE {probe.rank} END"
    return f"""(SELECT '{probe.kind}' AS kind, {shown}, '{probe.label}' AS label, {probe.column}::text AS value,
        {exact} AS rank FROM {source} WHERE {probe.condition} {bounds} LIMIT %(limit)s)"""
