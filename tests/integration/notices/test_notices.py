"""Notices from the operator's staff to the utility's people and back."""

import asyncio
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.notices.conftest import CITIES, OTHERS, REST, START, phase, regions

from tieline.platform import audit
from tieline.platform.scope import Role, system
from tieline.utility.notices import calendar

if TYPE_CHECKING:
    from tests.integration.notices.conftest import Loop

pytestmark = pytest.mark.anyio


def topics(rows: list[dict[str, Any]]) -> list[str]:
    return [row["topic"] for row in rows if row["topic"].startswith("notice.")]


async def test_an_announcement_comes_by_event_and_says_whom_it_strikes(loop: "Loop") -> None:
    await loop.listener.look()
    assert (await loop.get("/notices"))["items"] == []
    await loop.publish(phase(*CITIES, **regions("City")), phase(*REST))
    await loop.sender.round()
    found = await loop.only()
    assert (found["operator"], found["ref"], found["kind"], found["revision"]) == ("A", "3G", "phase-out", 1)
    strikes = [(one["id"], one["sites"], one["links"], one["alone"], one["critical"]) for one in found["phases"]]
    assert strikes == [("cities", 4, 4, 4, 1), ("rest", 4, 4, 1, 0)]
    assert found["sentence"] == (
        "In 6 months Operator A begins to switch off 3G. 8 sites have a link there on 3G; 5 of them hang on 3G alone. "
        "The first 4 (Cities) must be ready by 1 November 2027, the last by 1 May 2028."
    )
    assert topics(await loop.rows("SELECT topic FROM outbox_event ORDER BY id")) == ["notice.arrived"]


async def test_the_sites_behind_each_phase_are_listed_in_pages(loop: "Loop") -> None:
    await loop.publish(phase(*CITIES, **regions("City")), phase(*REST))
    await loop.listener.look()
    notice = (await loop.only())["id"]
    first = await loop.get(f"/notices/{notice}/sites", limit=5)
    second = await loop.get(f"/notices/{notice}/sites", limit=5, after=first["next"])
    rows = [*first["items"], *second["items"]]
    assert [(row["site_id"], row["phase_id"]) for row in rows] == [
        *((number, "cities") for number in range(1, 5)),
        *((number, "rest") for number in range(5, 9)),
    ]
    assert (rows[0]["due_at"], rows[-1]["due_at"]) == ("2027-11-01T00:00:00Z", "2028-05-01T00:00:00Z")
    assert [row["alone"] for row in rows] == [True] * 5 + [False] * 3
    only = await loop.get(f"/notices/{notice}/sites", phase="rest")
    assert ([row["site_id"] for row in only["items"]], second["next"]) == ([5, 6, 7, 8], None)
    assert (await loop.get(f"/notices/{notice}/sites", phase="none"))["items"] == []


RING = [[0.5, 50], [2.5, 50], [2.5, 60], [0.5, 60], [0.5, 50]]


@pytest.mark.parametrize(
    ("area", "sites"),
    [
        ({"@type": "PostcodeAreas", "postcodeArea": ["CF"]}, [1, 2, 3]),
        ({"@type": "PostcodeAreas", "postcodeArea": ["c"]}, [4, 5, 6, 7, 8]),
        ({"@type": "PostcodeAreas", "postcodeArea": ["C5", "CF1"]}, [5]),
        ({"@type": "Cells", "cell": ["cell-2", "cell-8", "cell-10"]}, [2, 8]),
        ({"@type": "GeoJsonPolygon", "geoJson": {"type": "Polygon", "coordinates": [RING]}}, [1, 2]),
        ({"@type": "Regions", "region": ["Land", "Sea"]}, [5, 6, 7, 8]),
    ],
)
async def test_each_kind_of_area_holds_its_sites(loop: "Loop", area: dict[str, Any], sites: list[int]) -> None:
    await loop.publish(phase(*CITIES, **area))
    await loop.listener.look()
    found = await loop.only()
    rows = await loop.get(f"/notices/{found['id']}/sites")
    assert [row["site_id"] for row in rows["items"]] == sites
    assert found["phases"][0]["sites"] == len(sites)


async def test_what_a_person_may_not_see_is_not_counted(loop: "Loop") -> None:
    await loop.publish(phase(*REST))
    await loop.listener.look()
    notice = (await loop.only())["id"]
    loop.bounds["regions"] = frozenset({"Land"})
    assert (await loop.only())["phases"][0]["sites"] == 4
    loop.bounds.clear()
    loop.bounds["operators"] = frozenset({"B"})
    assert (await loop.get("/notices"))["items"] == []
    assert (await loop.people.get(f"/notices/{notice}")).status_code == 404
    assert (await loop.people.post(f"/notices/{notice}/answer", json={"answer": "accept"})).status_code == 404
    loop.bounds.clear()
    loop.roles[:] = [Role.CREW]
    assert (await loop.people.get("/notices")).status_code == 403
    loop.roles[:] = [Role.VIEWER]
    assert (await loop.people.post(f"/notices/{notice}/answer", json={"answer": "accept"})).status_code == 403


async def test_a_revision_is_compared_and_every_one_is_kept(loop: "Loop") -> None:
    await loop.listener.look()
    await loop.publish(phase(*CITIES, **regions("City")), phase(*REST))
    await loop.publish(phase("cities", "2027-07-01", "2028-01-01", **regions("City", "Land")))
    await loop.sender.round()
    found = await loop.only()
    assert (found["revision"], [one["sites"] for one in found["phases"]]) == (2, [8])
    kept = (await loop.get(f"/notices/{found['id']}/revisions"))["items"]
    assert [(one["revision"], len(one["content"]["phases"])) for one in kept] == [(2, 1), (1, 2)]
    told = await loop.get(f"/notices/{found['id']}/differences", earlier=1, later=2)
    assert [one["words"] for one in told["items"]] == [
        "Phase “Rest” is gone.",
        "Phase “Cities” moved from 1 May 2027 – 1 November 2027 to 1 July 2027 – 1 January 2028, 61 days later.",
        "Phase “Cities”: the area grew by Land.",
    ]
    (event,) = await loop.rows("SELECT payload FROM outbox_event WHERE topic = 'notice.revised'")
    assert event["payload"]["differences"] == [one["words"] for one in told["items"]]
    missing = await loop.people.get(f"/notices/{found['id']}/differences", params={"earlier": 1, "later": 9})
    assert missing.status_code == 404


async def test_an_answer_goes_to_the_operator_and_its_status_comes_back(loop: "Loop") -> None:
    await loop.listener.look()
    await loop.publish(phase(*REST), approval=True)
    await loop.sender.round()
    found = await loop.only()
    assert (found["status"], found["waits"], found["answerable"]) == ("waitForApproval", True, True)
    assert (await loop.get("/notices", waits="true"))["items"][0]["id"] == found["id"]
    path = f"/notices/{found['id']}/answer"
    assert (await loop.people.post(path, json={"answer": "decline"})).status_code == 422
    assert (await loop.people.post(path, json={"answer": "accept", "revision": 7})).status_code == 409
    said = await loop.people.post(path, json={"answer": "decline", "words": "Too early.", "revision": 1})
    assert (said.status_code, said.json()["answer_state"], said.json()["waits"]) == (202, "pending", False)
    loop.wire.down = True
    with pytest.raises(Exception, match="cut"):
        await loop.say()
    waiting = await loop.only()
    assert (waiting["answer_state"], waiting["answer_error"]) == ("pending", "The line is cut.")
    loop.wire.down = False
    await loop.say()
    after = await loop.only()
    assert (after["status"], after["answer_state"], after["answer_by"]) == ("rejected", "taken", "user:ada")
    assert after["answer_error"] == ""
    (theirs,) = (await loop.office.get("/backoffice/v1/notices/3G")).json()["answers"]
    assert (theirs["status"], theirs["reason"]) == ("rejected", "Too early.")
    assert (await loop.people.post(path, json={"answer": "accept"})).status_code == 202
    await loop.say()
    await loop.sender.round()
    assert (await loop.only())["status"] == "approved"
    await loop.publish(phase(*CITIES), approval=True)
    await loop.sender.round()
    again = await loop.only()
    assert (again["status"], again["waits"]) == ("waitForApproval", True)


async def test_an_answer_to_what_was_withdrawn_is_refused_and_said_so(loop: "Loop") -> None:
    await loop.publish(phase(*REST), approval=True)
    await loop.listener.look()
    found = await loop.only()
    await loop.office.post("/backoffice/v1/notices/3G/withdraw", json={"by": "jane", "reason": "Postponed."})
    said = await loop.people.post(f"/notices/{found['id']}/answer", json={"answer": "accept"})
    assert said.status_code == 202
    await loop.say()
    refused = await loop.only()
    assert (refused["answer_state"], "No approval is asked for" in refused["answer_error"]) == ("refused", True)
    loop.clock.forward(timedelta(minutes=6))
    await loop.listener.look()
    over = await loop.only()
    assert (over["status"], over["over"], over["sentence"]) == (
        "cancelled",
        True,
        "Operator A took this notice back: Postponed.",
    )
    assert (await loop.people.post(f"/notices/{found['id']}/answer", json={"answer": "accept"})).status_code == 409
    assert (await loop.get(f"/notices/{found['id']}/sites"))["items"] == []


async def test_what_only_informs_takes_no_answer(loop: "Loop") -> None:
    await loop.publish(phase(*REST))
    await loop.listener.look()
    found = await loop.only()
    answer = await loop.people.post(f"/notices/{found['id']}/answer", json={"answer": "accept"})
    assert (answer.status_code, found["answerable"]) == (409, False)


async def test_planned_work_takes_the_same_road(loop: "Loop") -> None:
    work = phase("mast", "2026-11-05", "2026-11-06", **regions("City"))
    await loop.publish(work, ref="W1", kind="planned-work", title="A mast is rebuilt", technology=None)
    await loop.listener.look()
    found = await loop.only()
    assert (found["kind"], found["phases"][0]["sites"], found["technology"]) == ("planned-work", 4, None)
    assert found["sentence"] == ("Operator A works on its network in 4 days. 4 sites have a link there.")


async def test_lists_are_narrowed_and_paged(loop: "Loop") -> None:
    for number in range(3):
        await loop.publish(phase(*REST), ref=f"N{number}")
    await loop.publish(phase("x", "2026-01-01", "2026-02-01"), ref="OLD", kind="planned-work", title="Over")
    await loop.listener.look()
    first = await loop.get("/notices", limit=3)
    second = await loop.get("/notices", limit=3, cursor=first["next"])
    refs = [one["ref"] for one in (*first["items"], *second["items"])]
    assert (sorted(refs), second["next"]) == (["N0", "N1", "N2", "OLD"], None)
    assert [one["ref"] for one in (await loop.get("/notices", open="false"))["items"]] == ["OLD"]
    assert len((await loop.get("/notices", kind="phase-out", operator="A", technology="3G"))["items"]) == 3
    assert (await loop.get("/notices", operator="B"))["items"] == []
    assert (await loop.people.get("/notices", params={"cursor": "x"})).status_code == 422
    (desk,) = (await loop.get("/notice-desks"))["items"]
    assert (desk["operator"], desk["error"], desk["callback"]) == ("A", "", "https://us.test/tmf-api/listener/A")


# ── faults ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _two_revisions(loop: "Loop") -> list[bytes]:
    """Two revisions and a withdrawal, as events that were posted, and nothing kept of them."""
    await loop.listener.look()
    await loop.publish(phase(*CITIES))
    await loop.publish(phase(*REST))
    await loop.office.post("/backoffice/v1/notices/3G/withdraw", json={"by": "jane"})
    await loop.sender.round()
    await loop.run_sql("DELETE FROM notice_revision")
    await loop.run_sql("DELETE FROM notice")
    await loop.run_sql("DELETE FROM outbox_delivery")
    await loop.run_sql("DELETE FROM outbox_event")
    assert len(loop.posted) == 3
    return list(loop.posted)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1, 0, 1, 2), (1, 1, 2, 2, 0, 0)])
async def test_however_events_come_the_newest_stands_once(loop: "Loop", order: tuple[int, ...]) -> None:
    events = await _two_revisions(loop)
    for place in order:
        assert await loop.post(events[place]) == 201
    found = await loop.only()
    assert (found["revision"], found["status"], found["phases"][0]["id"]) == (2, "cancelled", "rest")
    kept = (await loop.get(f"/notices/{found['id']}/revisions"))["items"]
    assert [one["revision"] for one in kept] == [2, 1]
    told = topics(await loop.rows("SELECT topic FROM outbox_event ORDER BY id"))
    assert told.count("notice.arrived") == 1
    assert told.count("notice.revised") <= 1
    assert told.count("notice.status") <= 1


async def test_what_events_missed_is_found_by_reading_and_the_callback_is_renewed(loop: "Loop") -> None:
    await loop.listener.look()
    await loop.publish(phase(*CITIES))
    await loop.sender.round()
    (hub,) = {one["id"] for one in await _hubs(loop)}
    await loop.wire.client.delete(f"/tmf-api/ChangeManagement/v4/hub/{hub}")
    await loop.publish(phase(*REST))
    await loop.sender.round()
    assert (await loop.only())["revision"] == 1
    loop.clock.forward(timedelta(minutes=4))
    await loop.listener.look()
    assert (await loop.only())["revision"] == 1
    loop.clock.forward(timedelta(minutes=2))
    await loop.listener.look()
    found = await loop.only()
    kept = (await loop.get(f"/notices/{found['id']}/revisions"))["items"]
    assert [(one["revision"], one["source"]) for one in kept] == [(2, "pull"), (1, "event")]
    await loop.publish(phase(*CITIES))
    await loop.sender.round()
    assert (await loop.only())["revision"] == 3


async def _hubs(loop: "Loop") -> list[dict[str, Any]]:
    async with loop.sender._parts.db.snapshot() as tx:
        cursor = await tx.execute("SELECT id, callback FROM hub")
        return await cursor.fetchall()


async def test_an_operator_that_cannot_be_read_is_left_alone_for_a_minute(loop: "Loop") -> None:
    loop.wire.down = True
    for _ in range(3):
        await loop.listener.look()
    assert loop.wire.calls == ["POST /hub"]
    (desk,) = (await loop.get("/notice-desks"))["items"]
    assert (desk["error"], desk["failed_at"]) == ("The line is cut.", START.isoformat().replace("+00:00", "Z"))
    loop.wire.down = False
    loop.clock.forward(timedelta(seconds=61))
    await loop.listener.look()
    (desk,) = (await loop.get("/notice-desks"))["items"]
    assert (desk["error"], loop.wire.calls[-1]) == ("", "GET /changeRequest")


async def test_hostile_events_are_refused_and_change_nothing(loop: "Loop") -> None:
    await loop.listener.look()
    await loop.publish(phase(*REST))
    await loop.sender.round()
    (fine,) = loop.posted
    for body in (
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"eventType": "SomethingElse"}',
        fine.replace(b'"The end of 3G"', b'"\\u0000"'),
        fine.replace(b'"revision":1', b'"revision":-1'),
        fine.replace(b'"revision":1', b'"revision":99999999999999999999'),
        fine.replace(b'"2027-11-01T00:00:00Z"', b'"2029-11-01T00:00:00Z"'),
        fine.replace(b'"2027-11-01T00:00:00Z"', b'"0001-01-01T00:00:00+14:00"'),
        fine.replace(b'"2028-05-01T00:00:00Z"', b'"9999-12-31T23:59:59-14:00"'),
        re.sub(rb'"lastUpdateDate":"[^"]+"', b'"lastUpdateDate":"9999-12-31T23:59:59-14:00"', fine),
        fine.replace(b'"2027-11-01T00:00:00Z"', b'"2027-11-01T00:00:00"'),
        fine.replace(b"WholeNetwork", b"Nowhere"),
        fine.replace(b'"id":"3G"', b'"id":""'),
    ):
        assert body != fine
        assert await loop.post(body) == 422, body[:200]
    assert await loop.post(fine, fingerprint=OTHERS) == 403
    assert await loop.post(fine, fingerprint=None) in {401, 403}
    assert await loop.post(fine, code="B") == 403
    assert await loop.post(fine, code="B", fingerprint=OTHERS) == 403
    found = await loop.only()
    assert (found["revision"], found["title"]) == (1, "The end of 3G")


async def test_one_operator_cannot_speak_for_another(loop: "Loop") -> None:
    await loop.listener.look()
    await loop.publish(phase(*REST))
    await loop.sender.round()
    await loop.run_sql("UPDATE operator_connection SET enabled = true")
    assert (
        await loop.post(loop.posted[0].replace(b'"revision":1', b'"revision":9'), code="B", fingerprint=OTHERS) == 201
    )
    found = (await loop.get("/notices"))["items"]
    assert sorted((one["operator"], one["revision"]) for one in found) == [("A", 1), ("B", 9)]


async def test_what_its_operator_does_not_know_any_more_is_over_until_it_is_listed_again(loop: "Loop") -> None:
    await loop.listener.look()
    await loop.publish(phase(*CITIES), approval=True)
    await loop.publish(phase(*REST), ref="OTHER")
    await loop.sender.round()
    late = loop.posted[0]
    await _hidden(loop, "3G", hidden=True)
    loop.clock.forward(timedelta(minutes=6))
    await loop.listener.look()
    found = next(one for one in (await loop.get("/notices"))["items"] if one["ref"] == "3G")
    assert (found["status"], found["over"], found["waits"], found["answerable"]) == (
        "waitForApproval",
        True,
        False,
        False,
    )
    assert found["gone_at"] == "2026-11-01T09:06:00Z"
    shown = await loop.get(f"/notices/{found['id']}")
    assert shown["sentence"].startswith("Operator A does not list this notice any more")
    assert (await loop.get(f"/notices/{found['id']}/sites"))["items"] == []
    assert [one["ref"] for one in (await loop.get("/notices", open="true"))["items"]] == ["OTHER"]
    assert (await loop.get("/notices", waits="true"))["items"] == []
    assert await loop.post(late) == 201
    loop.clock.forward(timedelta(minutes=6))
    await loop.listener.look()
    assert (await loop.get(f"/notices/{found['id']}"))["over"]
    await _hidden(loop, "3G", hidden=False)
    loop.clock.forward(timedelta(minutes=6))
    await loop.listener.look()
    back = await loop.get(f"/notices/{found['id']}")
    assert (back["over"], back["gone_at"], back["waits"]) == (False, None, True)
    told = await loop.rows("SELECT payload FROM outbox_event WHERE topic = 'notice.status' ORDER BY id")
    assert [(one["payload"]["before"], one["payload"]["status"]) for one in told] == [
        ("waitForApproval", "cancelled"),
        ("cancelled", "waitForApproval"),
    ]


async def _hidden(loop: "Loop", ref: str, *, hidden: bool) -> None:
    """Have the operator's desk lose a notice, or find it again."""
    async with loop.sender._parts.db.transaction() as tx:
        audience = ["NOBODY"] if hidden else None
        await tx.execute("UPDATE notice SET audience = %s WHERE ref = %s", [audience, ref])


async def test_a_notice_that_only_slipped_between_two_pages_stays(
    loop: "Loop", monkeypatch: pytest.MonkeyPatch
) -> None:
    await loop.publish(phase(*CITIES))
    await loop.listener.look()
    loop.clock.forward(timedelta(minutes=6))
    real = loop.wire.request

    async def torn(method: str, path: str, **more: Any) -> Any:
        answer, headers = await real(method, path, **more)
        return (b"[]" if path.endswith("/changeRequest") else answer), headers

    monkeypatch.setattr(loop.wire, "request", torn)
    await loop.listener.look()
    assert loop.wire.calls[-1] == "GET /changeRequest/3G"
    assert (await loop.only())["over"] is False


async def test_two_that_take_what_an_operator_tells_do_not_wait_for_one_another(loop: "Loop") -> None:
    """Each holds its notices before the end of the trail: the other order would lock them against each other."""
    await loop.publish(phase(*CITIES), ref="A1")
    await loop.publish(phase(*CITIES), ref="A2")
    await loop.listener.look()
    await loop.publish(phase(*REST), ref="A1")
    await loop.publish(phase(*REST), ref="A2")
    loop.clock.forward(timedelta(minutes=6))
    async with loop.db.transaction() as tx:
        await tx.execute("SELECT 1 FROM notice WHERE ref = 'A2' FOR UPDATE")
        reading = asyncio.create_task(loop.listener.look())
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        while not await loop.value(waiting):
            pass
        await audit.append(tx, system("test"), audit.Entry("test.said", "notice:2", {}))
    await reading
    assert [one["revision"] for one in (await loop.get("/notices"))["items"]] == [2, 2]


async def test_a_callback_that_moved_leaves_none_behind(loop: "Loop") -> None:
    await loop.listener.look()
    await loop.run_sql("UPDATE operator_connection SET notification_url = 'https://us.test/x/3gpp/notifications/A'")
    await loop.listener.look()
    assert [one["callback"] for one in await _hubs(loop)] == ["https://us.test/x/tmf-api/listener/A"]


async def test_what_has_no_phases_is_kept_with_its_times(loop: "Loop") -> None:
    """A change request as the published interface has it, without a word of ours in it."""
    await loop.listener.look()
    request = {
        "id": "CR-7",
        "description": "The core is renewed.\nCalls may fail.",
        "targetEntity": [{"id": "core", "role": "affected", "@referredType": "Network"}],
        "status": "scheduled",
        "lastUpdateDate": "2026-11-01T08:00:00Z",
        "plannedStartTime": "2026-11-20T22:00:00+01:00",
        "plannedEndTime": "2026-11-21T04:00:00Z",
    }
    event = {"eventId": "1", "eventType": "ChangeRequestCreateEvent", "event": {"changeRequest": request}}
    assert await loop.post(event) == 201
    found = await loop.only()
    assert (found["kind"], found["starts_at"], found["ends_at"]) == (
        "other",
        "2026-11-20T21:00:00Z",
        "2026-11-21T04:00:00Z",
    )
    assert found["sentence"] == (
        "Operator A announces: The core is renewed. It is planned for 20 November 2026 – 21 November 2026."
    )
    days = {"start": "2026-11-15T00:00:00Z", "end": "2026-11-30T00:00:00Z"}
    shown = (await loop.get("/changes/calendar", **days))["items"]
    assert [one["title"] for one in shown if one["kind"] == "notice"] == ["The core is renewed."]
    request |= {"lastUpdateDate": "2026-11-01T08:30:00Z", "plannedEndTime": "9999-12-31T23:59:59Z"}
    assert await loop.post(event) == 201
    (revised,) = await loop.rows("SELECT payload FROM outbox_event WHERE topic = 'notice.revised'")
    assert revised["payload"]["differences"] == ["It ends at a time that is not given now, before on 21 November 2026."]


async def test_the_calendar_holds_what_lies_in_it_however_much_came_in_since(
    loop: "Loop", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendar, "_MOST", 2)
    await loop.publish(phase("soon", "2026-11-20", "2026-11-22"), ref="W0", kind="planned-work", title="Soon")
    await loop.listener.look()
    loop.clock.forward(timedelta(minutes=6))
    for number in range(3):
        await loop.publish(phase(*REST), ref=f"N{number}")
    await loop.listener.look()
    days = {"start": "2026-11-15T00:00:00Z", "end": "2026-11-30T00:00:00Z"}
    shown = (await loop.get("/changes/calendar", **days))["items"]
    assert [one["title"] for one in shown if one["kind"] == "notice"] == ["Soon: Soon"]
