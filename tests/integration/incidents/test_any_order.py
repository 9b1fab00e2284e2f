"""Whatever comes, in whatever order: nothing is open twice, and what a change of ours explains is no incident."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tieline.utility import incidents
from tieline.utility.incidents import Expectation

pytestmark = pytest.mark.anyio

REFS = ("A1", "A2", "A3")
BEFORE, AFTER = "scada.dso", "new.dso"
OURS = {BEFORE, AFTER}

told = st.tuples(st.just("told"), st.sampled_from(REFS), st.sampled_from([BEFORE, "x.apn", "y.apn", AFTER]),
                 st.integers(0, 20))  # fmt: skip
network = st.tuples(st.just("network"), st.sampled_from(REFS), st.sampled_from([BEFORE, "x.apn", AFTER]),
                    st.integers(0, 20))  # fmt: skip
begin = st.tuples(st.just("begin"), st.sampled_from(REFS), st.sampled_from(["queued", "sent", "accepted"]))
end = st.tuples(st.just("end"), st.sampled_from(REFS), st.sampled_from(["verified", "failed"]))
expect = st.tuples(st.just("expect"), st.sampled_from(["begin", "end"]))
look = st.tuples(st.just("look"), st.sampled_from(["sweep", "recheck", "again"]))
steps = st.lists(st.one_of(told, told, network, begin, end, expect, look), min_size=3, max_size=10)


@dataclass
class Model:
    """What our changes are doing, kept by the test itself."""

    in_flight: set[str] = field(default_factory=set)
    recent: set[str] = field(default_factory=set)
    last: bytes = b""


@given(steps)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
async def test_nothing_is_open_twice_and_nothing_explained_is_an_incident(grid: Any, found: list[Any]) -> None:
    await _begin_anew(grid)
    model = Model()
    known: set[int] = set()
    for step in found:
        await _do(grid, model, *step)
        await _check(grid, model, known)


async def _begin_anew(grid: Any) -> None:
    await grid.run_sql(
        "TRUNCATE incident, incident_member, incident_event, incident_expectation, sighting, change, change_item,"
        " change_batch CASCADE"
    )
    await grid.run_sql(
        "UPDATE subscription SET apn = 'scada.dso', op_apn = 'scada.dso', op_state = state, op_data_plan = data_plan,"
        " op_ip_address = ip_address, reported_at = now() - interval '1 hour', version = version + 1"
    )


async def _do(grid: Any, model: Model, what: str, *given_: Any) -> None:
    match what:
        case "told" | "network":
            ref, apn, ago = given_
            model.last = await _notification(grid, what, ref, apn, ago)
            await grid.hear(model.last)
        case "begin":
            await _begin(grid, model, *given_)
        case "end":
            await _end(grid, model, *given_)
        case "expect":
            await _expect(grid, *given_)
        case "look" if given_[0] == "again" and model.last:
            await grid.hear(model.last)
        case _:
            await (grid.sweep() if given_[0] == "sweep" else grid.recheck())


async def _notification(grid: Any, what: str, ref: str, apn: str, ago: int) -> bytes:
    at = datetime.now(UTC) - timedelta(seconds=ago)
    if what == "told":
        return bytes(grid.told(ref, at=at, apn=apn))
    row = (await grid.rows("SELECT host(ip_address) AS ip FROM subscription WHERE operator_ref = %(r)s", r=ref))[0]
    shown = {"state": "ACTIVE", "apn": apn, "dataPlan": "m2m-100", "ipAddress": row["ip"]}
    return bytes(grid.told(ref, at=at, by="", operational=shown))


async def _begin(grid: Any, model: Model, ref: str, state: str) -> None:
    """An item of a running change is at the operator; once accepted, its value is what we want."""
    if ref in model.in_flight:
        return
    await grid.run_sql(
        """WITH c AS (
            INSERT INTO change (kind, title, type, state, selection, parameters, waves, thresholds, time_window,
                disruptive, created_by)
            VALUES ('subscription.configure', 'New APN', 'normal', 'running', '{}', '{}', '{}', '{}', '{}', true, 'x')
            RETURNING id)
        INSERT INTO change_item (change_id, position, wave, operator_id, source_id, fingerprint, subscription_id, ref,
            site, site_name, region, criticality, customers, role, before, desired, notes, disruptive, state,
            queued_at, accepted_at)
        SELECT c.id, 1, 1, s.operator_id, s.id, '', s.id, s.operator_ref, '', '', '', 'normal', 0, '',
            jsonb_build_object('apn', s.apn), '{"apn": "new.dso"}', '[]', true, %(state)s, now(),
            CASE WHEN %(state)s = 'accepted' THEN now() END
        FROM c, subscription s WHERE s.operator_ref = %(ref)s""",
        ref=ref,
        state=state,
    )
    if state == "accepted":
        await _want(grid, ref)
    model.in_flight.add(ref)


async def _end(grid: Any, model: Model, ref: str, state: str) -> None:
    if ref not in model.in_flight:
        return
    await grid.run_sql(
        """UPDATE change_item SET state = %(state)s, ended_at = now(), accepted_at = coalesce(accepted_at, now())
        WHERE ref = %(ref)s AND state IN ('queued', 'sent', 'accepted')""",
        ref=ref,
        state=state,
    )
    await _want(grid, ref)
    model.in_flight.discard(ref)
    model.recent.add(ref)


async def _want(grid: Any, ref: str) -> None:
    await grid.run_sql(
        "UPDATE subscription SET apn = 'new.dso', version = version + 1 WHERE operator_ref = %(r)s", r=ref
    )


async def _expect(grid: Any, what: str) -> None:
    now = datetime.now(UTC)
    async with grid.db.transaction() as tx:
        if what == "begin":
            one = Expectation(origin="works", starts_at=now - timedelta(minutes=1), ends_at=now + timedelta(hours=1),
                              why="Works.", operator="A")  # fmt: skip
            await incidents.expect(tx, grid.scope[0], one)
        else:
            await incidents.end_expectations(tx, grid.scope[0], "works", at=now)


async def _check(grid: Any, model: Model, known: set[int]) -> None:
    twice = await grid.rows("SELECT key FROM incident WHERE state <> 'resolved' GROUP BY key HAVING count(*) > 1")
    assert twice == []
    same = await grid.rows("SELECT kind, subject FROM incident_member WHERE ended_at IS NULL GROUP BY 1, 2 HAVING"
                           " count(*) > 1")  # fmt: skip
    assert same == []
    empty = await grid.rows("SELECT i.id FROM incident i WHERE i.state <> 'resolved' AND NOT EXISTS (SELECT FROM"
                            " incident_member m WHERE m.incident_id = i.id AND m.ended_at IS NULL)")  # fmt: skip
    assert empty == []
    for member in await grid.rows("SELECT id, ref, fields -> 'apn' ->> 'theirs' AS theirs FROM incident_member"):
        if member["id"] in known:
            continue
        known.add(member["id"])
        assert member["ref"] not in model.in_flight
        assert not (member["ref"] in model.recent and member["theirs"] in OURS)
