"""The desk: notices are published by revision, read and answered by those whom they are for, and told of once."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tieline.gateway.desk.sender import HubSender
from tieline.gateway.parts import Parts
from tieline.lab.announcing import REFERENCE, phase_out
from tieline.platform.clock import SetClock

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Rig

pytestmark = pytest.mark.anyio

ROOT = "/tmf-api/ChangeManagement/v4"
OFFICE = "/backoffice/v1/notices"
CALLBACK = "https://utility.example/tmf-api/listener/A"


def phase(name: str, begins: str, ends: str, area: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "id": name,
        "name": name.capitalize(),
        "period": {"startDateTime": f"{begins}T00:00:00Z", "endDateTime": f"{ends}T00:00:00Z"},
        "area": area or {"@type": "WholeNetwork"},
    }


def body(*phases: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "kind": "phase-out",
        "title": "The end of 3G",
        "technology": "3G",
        "phases": list(phases) or [phase("rest", "2027-05-01", "2028-05-01")],
        "by": "jane",
        **more,
    }


async def publish(rig: "Rig", ref: str = "3G-2027", *phases: dict[str, Any], **more: Any) -> dict[str, Any]:
    written = await rig.office.put(f"{OFFICE}/{ref}", json=body(*phases, **more))
    assert written.status_code == 200, written.text
    answer = await rig.office.post(f"{OFFICE}/{ref}/publish", json={"by": "jane", "reason": "as agreed"})
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def listen(api: httpx.AsyncClient, callback: str = CALLBACK, **more: Any) -> str:
    answer = await api.post(f"{ROOT}/hub", json={"callback": callback, **more})
    assert answer.status_code == 201, answer.text
    name: str = answer.json()["id"]
    return name


def sender_of(rig: "Rig", clock: SetClock | None = None) -> HubSender:
    parts = rig.parts
    if clock is not None:
        parts = Parts(parts.settings, parts.db, clock, parts.backend, parts.interference, parts.base_url)
    return HubSender(parts, rig.sender._client)


def told(rig: "Rig") -> list[tuple[str, int]]:
    return [(one["eventType"], one["event"]["changeRequest"]["revision"]) for one in rig.recipient.bodies]


async def test_a_notice_is_seen_once_it_is_published_and_by_revision(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await rig.office.put(f"{OFFICE}/3G-2027", json=body())
    assert (await api.get(f"{ROOT}/changeRequest")).json() == []
    assert (await api.get(f"{ROOT}/changeRequest/3G-2027")).status_code == 404
    await publish(rig)
    listed = await api.get(f"{ROOT}/changeRequest")
    assert (listed.headers["X-Total-Count"], listed.headers["X-Result-Count"]) == ("1", "1")
    (one,) = listed.json()
    assert (one["@type"], one["@baseType"], one["status"]) == ("TechnologyPhaseOut", "ChangeRequest", "scheduled")
    assert (one["technology"], one["revision"], one["plannedStartTime"]) == ("3G", 1, "2027-05-01T00:00:00Z")
    assert one["targetEntity"][0]["id"] == "UTRA"
    assert (await api.get(one["@schemaLocation"])).json()["$ref"].endswith("TechnologyPhaseOut")
    again = await publish(rig)
    assert again["revision"] == 1
    revised = await publish(rig, "3G-2027", phase("rest", "2027-06-01", "2028-05-01"))
    assert (revised["revision"], revised["draft"]) == (2, None)
    kept = (await rig.office.get(f"{OFFICE}/3G-2027/revisions")).json()
    assert [(row["revision"], row["content"]["phases"][0]["period"]["startDateTime"][:7]) for row in kept] == [
        (2, "2027-06"),
        (1, "2027-05"),
    ]


async def test_events_come_once_and_in_order_over_failures(rig: "Rig") -> None:
    api = await rig.utility("U1")
    hub = await listen(api)
    assert await listen(api) == hub
    await publish(rig)
    clock = SetClock(datetime.now(UTC) + timedelta(minutes=1))
    sender = sender_of(rig, clock)
    rig.recipient.refuse[:] = [503, 302]
    await sender.round()
    await publish(rig, "3G-2027", phase("rest", "2027-06-01", "2028-05-01"))
    await sender.round()
    assert (told(rig), await rig.value("SELECT attempts FROM hub")) == ([], 1)
    for _ in range(4):
        clock.forward(timedelta(seconds=5))
        await sender.round()
    assert told(rig) == [("ChangeRequestCreateEvent", 1), ("ChangeRequestAttributeValueChangeEvent", 2)]
    assert await rig.value("SELECT count(*) FROM hub_event") == 0
    assert len({one["eventId"] for one in rig.recipient.bodies}) == 2
    await rig.office.post(f"{OFFICE}/3G-2027/withdraw", json={"by": "jane", "reason": "later"})
    await rig.office.post(f"{OFFICE}/3G-2027/withdraw", json={"by": "jane", "reason": "later"})
    await sender.round()
    last = rig.recipient.bodies[-1]
    assert (last["eventType"], last["event"]["changeRequest"]["status"]) == (
        "ChangeRequestStatusChangeEvent",
        "cancelled",
    )
    assert len(rig.recipient.bodies) == 3
    assert (await api.delete(f"{ROOT}/hub/{hub}")).status_code == 204
    assert (await api.delete(f"{ROOT}/hub/{hub}")).status_code == 404


async def test_an_answer_counts_for_the_revision_it_was_given_to(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await listen(api, query="eventType=ChangeRequestStatusChangeEvent")
    await publish(rig, approval=True)
    one = f"{ROOT}/changeRequest/3G-2027"
    shown = (await api.get(one)).json()
    assert shown["status"] == "waitForApproval"
    said = {
        "status": "approved",
        "targetEntity": shown["targetEntity"],
        "statusChangeReason": "Fine.",
        "note": [{"text": "Two months earlier in Kent, please.", "author": "mara"}],
        "revision": 1,
    }
    headers = {"Idempotency-Key": "notice-1-1"}
    first = await api.patch(one, json=said, headers=headers)
    again = await api.patch(one, json=said, headers=headers)
    assert (first.status_code, again.status_code, again.headers["Idempotent-Replayed"]) == (200, 200, "true")
    assert first.json() == again.json()
    assert [(note["author"], note["text"]) for note in first.json()["note"]] == [("U1: mara", said["note"][0]["text"])]
    assert first.json()["status"] == "approved"
    (row,) = (await rig.office.get(f"{OFFICE}/3G-2027")).json()["answers"]
    assert (row["utility"], row["status"], row["reason"]) == ("U1", "approved", "Fine.")
    await sender_of(rig).round()
    assert told(rig) == [("ChangeRequestStatusChangeEvent", 1)]
    await publish(rig, "3G-2027", phase("rest", "2027-06-01", "2028-05-01"), approval=True)
    assert (await api.get(one)).json()["status"] == "waitForApproval"
    late = await api.patch(one, json=said)
    assert (late.status_code, late.json()["code"]) == (409, "superseded")


async def test_what_a_utility_may_not_say_is_refused_in_the_shape_of_tmf(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await publish(rig)
    one = f"{ROOT}/changeRequest/3G-2027"
    refusals = [
        (await api.patch(one, json={"status": "approved"}), 409),
        (await api.patch(one, json={"status": "completed"}), 400),
        (await api.patch(one, json={"description": "mine"}), 400),
        (await api.patch(one, json={"status": "approved", "phase": []}), 400),
        (await api.patch(one, content=b"[" * 100_000, headers={"Content-Type": "application/json"}), 400),
        (await api.patch(one, content=b"\xff{", headers={"Content-Type": "application/json"}), 400),
        (await api.patch(one, json={"status": "approved", "statusChangeReason": "\x00"}), 400),
        (await api.patch(one, content=b"{}", headers={"Content-Type": "text/plain"}), 415),
        (await api.patch(one, json={"status": "approved", "statusChangeReason": "x" * 300_000}), 413),
        (await api.get(f"{ROOT}/changeRequest", params={"limit": "0"}), 400),
        (await api.get(f"{ROOT}/changeRequest", params={"limit": "٣"}), 400),
        (await api.get(f"{ROOT}/changeRequest", params={"colour": "red"}), 400),
        (await api.get(f"{ROOT}/changeRequest", params={"status": "a\x00b"}), 400),
        (await api.get(f"{ROOT}/changeRequest/none"), 404),
        (await api.get(f"{ROOT}/changeRequest/%00"), 404),
        (await api.delete(one), 405),
        (await api.post(f"{ROOT}/changeRequest", json={}), 405),
        (await api.post(f"{ROOT}/hub", json={"callback": "https://elsewhere.example/"}), 422),
        (await api.post(f"{ROOT}/hub", json={"callback": "http://utility.example/"}), 422),
        (await api.post(f"{ROOT}/hub", json={"callback": "https://elsewhere.example:99999/"}), 422),
        (await api.post(f"{ROOT}/hub", json={"callback": "https://[utility.example/"}), 422),
        (await api.post(f"{ROOT}/hub", json={"callback": CALLBACK, "query": "status=x"}), 400),
        (await api.delete(f"{ROOT}/hub/{10**30}"), 404),
        (await api.get("/tmf-api/nothing"), 404),
    ]
    for answer, status in refusals:
        assert answer.status_code == status, (answer.request.method, answer.request.url, answer.text)
        found = answer.json()
        assert (found["status"], found["@type"], bool(found["code"] and found["reason"])) == (
            str(status),
            "Error",
            True,
        )


async def test_one_utility_has_no_part_in_what_is_for_another(rig: "Rig") -> None:
    api, other = await rig.utility("U1"), await rig.utility("U2")
    theirs = await listen(other, "https://utility.example/other")
    await publish(rig, "ONLY-U1", utilities=["U1"], approval=True)
    await publish(rig, "ALL")
    assert [one["id"] for one in (await api.get(f"{ROOT}/changeRequest")).json()] == ["ONLY-U1", "ALL"]
    assert [one["id"] for one in (await other.get(f"{ROOT}/changeRequest")).json()] == ["ALL"]
    assert (await other.get(f"{ROOT}/changeRequest/ONLY-U1")).status_code == 404
    assert (await other.patch(f"{ROOT}/changeRequest/ONLY-U1", json={"status": "approved"})).status_code == 404
    assert (await api.delete(f"{ROOT}/hub/{theirs}")).status_code == 404
    await api.patch(f"{ROOT}/changeRequest/ONLY-U1", json={"status": "rejected"})
    await sender_of(rig).round()
    assert [one["event"]["changeRequest"]["id"] for one in rig.recipient.bodies] == ["ALL"]
    later = await rig.utility("U3")
    assert [one["id"] for one in (await later.get(f"{ROOT}/changeRequest")).json()] == ["ALL"]


async def test_lists_are_narrowed_and_paged(rig: "Rig") -> None:
    api = await rig.utility("U1")
    for number in range(3):
        await publish(rig, f"N{number}", approval=number == 2)
    await publish(rig, "W", kind="planned-work", technology=None)
    small = "/tmf-api/changeManagement/v4/changeRequest"
    page = await api.get(small, params={"offset": "1", "limit": "2", "fields": "status"})
    assert page.headers["X-Total-Count"] == "4"
    assert [(one["id"], one["status"]) for one in page.json()] == [("N1", "scheduled"), ("N2", "waitForApproval")]
    assert all(set(one) == {"id", "href", "status", "@type", "@baseType", "@schemaLocation"} for one in page.json())
    for params, ids in (
        ({"status": "waitForApproval"}, ["N2"]),
        ({"requestType": "planned-work"}, ["W"]),
        ({"technology": "3G", "status": "scheduled,cancelled"}, ["N0", "N1"]),
        ({"id": "N0,W"}, ["N0", "W"]),
    ):
        assert [one["id"] for one in (await api.get(small, params=params)).json()] == ids


async def test_staff_write_only_what_can_be_read(rig: "Rig") -> None:
    await rig.utility("U1")
    ring = [[0, 0], [0, 1], [1, 1], [0, 0]]
    fine = {"@type": "GeoJsonPolygon", "geoJson": {"type": "Polygon", "coordinates": [ring]}}
    for wrong in (
        body(phase("a", "2027-05-01", "2027-05-01")),
        body(phase("a", "2027-05-01", "2027-06-01"), phase("a", "2027-05-01", "2027-06-01")),
        body(phase("a", "2027-05-01", "2027-06-01", {"@type": "Somewhere"})),
        body(
            phase("a", "2027-05-01", "2027-06-01", {**fine, "geoJson": {"type": "Polygon", "coordinates": [ring[:3]]}})
        ),
        body(phase("a", "2027-05-01", "2027-06-01", {"@type": "Regions", "region": []})),
        body(technology=None),
        body(utilities=["U9"]),
        body(title="two\nlines"),
    ):
        answer = await rig.office.put(f"{OFFICE}/X", json=wrong)
        assert answer.status_code == 422, json.dumps(wrong)
    assert (await rig.office.put(f"{OFFICE}/X", json=body(phase("a", "2027-05-01", "2027-06-01", fine)))).is_success
    assert (await rig.office.post(f"{OFFICE}/X/withdraw", json={"by": "jane"})).status_code == 409
    assert (await rig.office.delete(f"{OFFICE}/X/draft")).status_code == 204
    assert (await rig.office.get(f"{OFFICE}/X")).status_code == 404
    await publish(rig)
    assert (await rig.office.put(f"{OFFICE}/3G-2027", json=body(approval=True))).status_code == 409
    await rig.office.post(f"{OFFICE}/3G-2027/withdraw", json={"by": "jane"})
    assert (await rig.office.put(f"{OFFICE}/3G-2027", json=body())).status_code == 409
    assert [one["ref"] for one in (await rig.office.get(OFFICE)).json()["items"]] == ["3G-2027"]


async def test_a_callback_on_a_host_that_is_no_longer_registered_is_not_called(rig: "Rig") -> None:
    await listen(await rig.utility("U1"))
    await publish(rig)
    await rig.utility("U1", notification_hosts=["other.example"])
    await sender_of(rig).round()
    assert rig.recipient.bodies == []
    assert "no longer registered" in await rig.value("SELECT last_error FROM hub")


async def test_what_the_demonstration_announces_is_taken(rig: "Rig", tmp_path: Path) -> None:
    api = await rig.utility("U1")
    rows = ["cell_key,rat,lat,lon", *(f"c{number},UTRA,{50 + number // 4},0" for number in range(12))]
    (tmp_path / "cells-a.csv").write_text("\n".join(rows))
    body = phase_out(tmp_path, "a", datetime(2026, 11, 27, tzinfo=UTC))
    assert (await rig.office.put(f"{OFFICE}/{REFERENCE}", json=body)).status_code == 200
    assert (await rig.office.post(f"{OFFICE}/{REFERENCE}/publish", json={"by": "jane"})).status_code == 200
    (shown,) = (await api.get(f"{ROOT}/changeRequest")).json()
    assert [one["name"] for one in shown["phase"]] == ["Cities", "Towns", "Everywhere else"]
    assert (shown["plannedStartTime"], shown["plannedEndTime"]) == ("2027-05-27T00:00:00Z", "2028-05-27T00:00:00Z")
