"""What an incident is about, as a file."""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from tieline.platform.db import Database
from tieline.platform.scope import Scope
from tieline.utility.incidents.model import Member
from tieline.utility.incidents.policy import words
from tieline.utility.incidents.service import watching
from tieline.utility.inventory import csv_row

COLUMNS = ("operator", "subscription", "site", "site name", "region", "criticality", "role", "field", "ours",
           "operator's", "observed at", "since", "by", "ended at", "why ended")  # fmt: skip


async def members_csv(db: Database, scope: Scope, incident_id: int) -> AsyncIterator[str]:
    """Every member within the scope, a line for each field, as of one moment; opens a snapshot of its own."""
    yield _csv([COLUMNS])
    async with db.snapshot() as tx:
        async for member in watching.all_members(tx, scope, incident_id):
            yield _csv([_line(member, name, kept) for name, kept in member.fields.items()])


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(map(csv_row, rows))
    return out.getvalue()


def _line(member: Member, name: str, kept: Mapping[str, Any]) -> tuple[Any, ...]:
    place = (member.site, member.site_name, member.region, member.criticality, member.role)
    values = (words.value_word(kept["ours"]), words.value_word(kept["theirs"]), kept["at"])
    ended = (member.ended_at, member.end_why)
    return (member.operator, member.ref, *place, name, *values, member.since, member.record.get("by", ""), *ended)
