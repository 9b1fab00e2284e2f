"""What a dry run at the operators reads and notes."""

from collections.abc import Mapping, Sequence

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all

CODE = "operator-refuses"


async def operators(tx: Tx, change_id: int) -> dict[str, int]:
    """Operators of the planned items, and how many items each has."""
    text = """
        SELECT o.code, count(*) AS items FROM change_item i JOIN operator o ON o.id = i.operator_id
        WHERE i.change_id = %(id)s AND i.state IN ('waiting', 'planned') GROUP BY 1 ORDER BY 1"""
    return {row["code"]: row["items"] for row in await fetch_all(tx, text, {"id": change_id})}


async def planned(tx: Tx, change_id: int, operator: str, *, after: int, limit: int) -> list[DictRow]:
    """The next planned items of an operator, in order."""
    text = """
        SELECT i.id, i.position, i.ref, i.desired FROM change_item i JOIN operator o ON o.id = i.operator_id
        WHERE i.change_id = %(id)s AND o.code = %(operator)s AND i.state IN ('waiting', 'planned')
            AND i.position > %(after)s
        ORDER BY i.position LIMIT %(limit)s"""
    return await fetch_all(tx, text, {"id": change_id, "operator": operator, "after": after, "limit": limit})


async def note(tx: Tx, ids: Sequence[int], refusals: Mapping[int, str]) -> None:
    """Put the verdicts of a dry run in the place of earlier ones."""
    text = """
        UPDATE change_item i SET notes = coalesce(
                (SELECT jsonb_agg(n) FROM jsonb_array_elements(i.notes) n WHERE n ->> 'code' <> %(code)s), '[]')
            || CASE WHEN v.text IS NULL THEN '[]'::jsonb
                ELSE jsonb_build_array(jsonb_build_object('code', %(code)s::text, 'text', v.text)) END
        FROM unnest(%(ids)s::bigint[]) k(id)
        LEFT JOIN unnest(%(refused)s::bigint[], %(texts)s::text[]) v(id, text) ON v.id = k.id
        WHERE i.id = k.id
            AND (v.text IS NOT NULL OR i.notes @> jsonb_build_array(jsonb_build_object('code', %(code)s::text)))"""
    bound = {"code": CODE, "ids": list(ids), "refused": list(refusals), "texts": list(refusals.values())}
    await execute(tx, text, bound)
