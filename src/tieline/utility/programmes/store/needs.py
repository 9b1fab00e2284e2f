"""What the sites of a programme still need from the store."""

from psycopg.rows import DictRow

from tieline.platform.db import Tx, fetch_all


async def lots(tx: Tx, programme_id: int, generation: str) -> list[DictRow]:
    """Sites that still need a crew, by what they need: the operators whose cards, and whether a router.

    A router is needed where none was fitted yet and the present one cannot do the generation; a card for each link
    that has none fitted. ``visit_id`` is that of a visit that is planned, of which there is then a row for each.
    """
    text = """
        WITH site_needs AS (
            SELECT s.site_id, s.due_at, CASE WHEN s.state IN ('scheduled', 'on_site') THEN s.visit_id END AS visit_id,
                array_agg(o.code ORDER BY o.code) FILTER (WHERE l.state IN ('old', 'prepared')) AS cards,
                bool_and(l.new_link_id IS NULL) AND bool_or(NOT EXISTS (
                    SELECT FROM unnest(d.generations) g WHERE g >= %(generation)s)) AS router
            FROM programme_site s
            JOIN programme_link l ON l.programme_id = s.programme_id AND l.site_id = s.site_id
            JOIN operator o ON o.id = l.operator_id
            LEFT JOIN link k ON k.id = l.old_link_id LEFT JOIN device d ON d.id = k.device_id
            WHERE s.programme_id = %(id)s AND s.state IN ('selected', 'preparing', 'ready', 'scheduled', 'on_site',
                'again', 'blocked')
            GROUP BY s.programme_id, s.site_id
        )
        SELECT due_at, visit_id, coalesce(cards, '{}') AS cards, router, count(*) AS sites FROM site_needs
        GROUP BY 1, 2, 3, 4 ORDER BY due_at NULLS LAST, visit_id NULLS LAST, cards, router"""
    return await fetch_all(tx, text, {"id": programme_id, "generation": generation})
