"""The operator's console over a real gateway: what staff see, what they may, and what comes of what they do."""

import csv
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tests.integration.gateway.conftest import ndjson
from tests.integration.gateway.console_desk import Desk, opened

from tieline.platform.scope import Role

pytestmark = pytest.mark.anyio
PLACES = (
    "/",
    "/utilities",
    "/objects",
    "/groups",
    "/plans",
    "/log",
    "/notices",
    "/clients",
    "/simulation",
    "/utilities/U",
    "/objects/U/S00001",
)
CHANGING = ("/utilities/new", "/utilities/U/edit", "/utilities/U/certificates", "/clients/new", "/notices/new")
ICCID, IMEI = "8944500102198304826", "490154203237518"
"""Both with their check digit (ISO/IEC 7812-1)."""
EVIL = '"><script>alert(1)</script>'


@pytest.fixture
async def desk(rig: Any) -> AsyncIterator[Desk]:
    transport = rig.office._transport
    assert isinstance(transport, httpx.ASGITransport)
    assert isinstance(transport.app, FastAPI)
    async with httpx.AsyncClient(transport=transport, base_url="http://console.example") as client:
        yield await opened(rig, client, transport.app)


async def test_every_page_answers_whoever_may_read_and_escapes_what_utilities_say(desk: Desk) -> None:
    desk.sign_in(Role.READER)
    for path in PLACES:
        page = await desk.text(path)
        assert "<h1>" in page, path
        assert "<b>&</b>" not in page, path
    assert "S00001" in await desk.text("/objects?q=S00001")


async def test_a_program_gets_a_problem_where_there_is_no_resource(desk: Desk) -> None:
    for path in ("/backoffice/v1/nothing", "/simulation/v1/nothing", "/api/v1/nothing"):
        answer = await desk.get(path)
        assert answer.status_code == 404
        assert answer.json()["detail"] == f"There is no resource {path}."


async def test_nobody_looks_without_signing_in_and_readers_change_nothing(desk: Desk) -> None:
    for path in (*PLACES, *CHANGING, "/staff", "/audit"):
        answer = await desk.get(path)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/sign-in")
    desk.sign_in(Role.READER)
    for path in (*CHANGING, "/staff", "/audit"):
        assert (await desk.get(path)).status_code == 403, path
    for path in (
        "/utilities/U/suspend",
        "/utilities/U/edit",
        "/utilities/U/certificates",
        "/utilities/U/certificates/issue",
        "/clients",
        "/notices",
        "/simulation/U/change?subscription=S00001",
        "/simulation/U/unfit",
        "/simulation/U/fit?subscription=S00001",
        "/simulation/cells",
    ):
        assert (await desk.post(path, {"reason": "because"})).status_code == 403, path
    assert "Suspend" not in await desk.text("/utilities/U")


async def test_an_administrator_alone_sees_staff_and_trail_but_no_utility(desk: Desk) -> None:
    desk.sign_in(Role.ADMINISTRATOR)
    assert (await desk.get("/")).status_code == 403
    assert "Staff" in await desk.text("/staff")
    assert "Audit trail" in await desk.text("/audit")


async def test_staff_sign_in_by_name_and_a_form_needs_the_token_of_its_session(desk: Desk) -> None:
    from tieline.gateway.application import first_administrator  # noqa: PLC0415 - only this test signs in

    await first_administrator(desk.rig.parts.settings)
    name, password = desk.rig.parts.settings.first_administrator.read_text().split()
    desk.as_themselves()
    wrong = await desk.post("/sign-in", {"name": name, "password": "wrong"})
    assert wrong.status_code == 401
    inside = await desk.post("/sign-in", {"name": name, "password": password})
    assert inside.status_code == 303
    cookie = inside.headers["set-cookie"]
    assert cookie.startswith("tieline_gateway_a_session=")
    assert "HttpOnly" in cookie
    desk.client.cookies.update(inside.cookies)
    assert "What needs somebody" in await desk.text("/")
    refused = await desk.post("/utilities/U/suspend", {"reason": "no token"})
    assert refused.status_code == 403
    assert (await desk.utilities["U"].get("/3gpp-mns/ProvMnS/v1/SubNetwork=U")).status_code == 200


async def test_a_suspended_utility_is_refused_until_it_is_let_in_again(desk: Desk) -> None:
    desk.sign_in(Role.OPERATOR)
    tree = "/3gpp-mns/ProvMnS/v1/SubNetwork=U"
    assert (await desk.utilities["U"].get(tree)).status_code == 200
    assert (await desk.post("/utilities/U/suspend", {"reason": ""})).status_code == 422
    assert (await desk.post("/utilities/U/suspend", {"reason": f"Unpaid {EVIL}"})).status_code == 303
    async with desk.rig.client("55".rjust(64, "0")) as fresh:
        refused = await fresh.get(tree)
    assert refused.status_code == 403
    page = await desk.text("/utilities/U")
    assert "Unpaid" in page
    assert EVIL not in page
    assert "Suspended" in await desk.text("/")
    assert (await desk.post("/utilities/U/resume")).status_code == 303
    async with desk.rig.client("55".rjust(64, "0")) as fresh:
        assert (await fresh.get(tree)).status_code == 200
    trail = await desk.rig.value("SELECT count(*) FROM audit WHERE action IN ('utility.suspended', 'utility.resumed')")
    assert trail == 2


async def test_terms_hold_for_the_next_call(desk: Desk) -> None:
    desk.sign_in(Role.OPERATOR)
    terms = {"name": "Grid", "calls": "200", "changes": "500", "hosts": "utility.example", "scope": "read"}
    assert (await desk.post("/utilities/U/edit", {**terms, "calls": "0"})).status_code == 422
    assert (await desk.post("/utilities/U/edit", {**terms, "hosts": "x y/z"})).status_code == 422
    assert (await desk.post("/utilities/U/edit", terms)).status_code == 303
    async with desk.rig.client("55".rjust(64, "0")) as fresh:
        assert (await fresh.get("/3gpp-mns/ProvMnS/v1/SubNetwork=U")).status_code == 200
        patched = await fresh.patch(
            "/3gpp-mns/ProvMnS/v1/SubNetwork=U/UtilitySubscription=S00001",
            json={"attributes": {"apn": "new.example"}},
            headers={"Content-Type": "application/merge-patch+json"},
        )
    assert patched.status_code == 403


async def test_what_is_listed_follows_the_filters_of_the_address(desk: Desk) -> None:
    desk.sign_in(Role.READER)
    assert "100 subscriptions of many" in await desk.text("/objects")
    first = await desk.text("/objects?state=ACTIVE")
    assert "S00001" in first
    assert "S00002" not in first
    found = await desk.text("/objects?q=0.0.77")
    assert "S00076" in found
    assert "1 subscription" in found
    assert "No subscription matches" in await desk.text("/objects?q=%25")
    suggested = await desk.get("/objects?q=S0000", **{"HX-Request": "true", "X-Suggest": "1"})
    assert suggested.text.count("/objects/U/S0000") == 6
    assert "<h1>" not in suggested.text
    assert (await desk.get("/objects?utility=nobody")).status_code == 404
    assert (await desk.get("/objects?after=nonsense")).status_code == 422
    assert (await desk.get("/objects/U/nobody")).status_code == 404
    assert (await desk.get("/plans/aj-99")).status_code == 404
    assert (await desk.get("/log/999999999999")).status_code == 404
    assert "No change matches" not in await desk.text("/log?at_to=9999-12-31")


async def test_figures_of_the_overview_are_the_sums_of_the_rows_behind_them(desk: Desk) -> None:
    desk.sign_in(Role.READER)
    async with desk.rig.client("99".rjust(64, "0")) as stranger:
        assert (await stranger.get("/3gpp-mns/ProvMnS/v1/SubNetwork=U")).status_code == 403
    missing = "/3gpp-mns/ProvMnS/v1/SubNetwork=U/UtilitySubscription=nobody"
    assert (await desk.utilities["U"].get(missing)).status_code == 404
    page = await desk.text("/")
    figure = re.search(r'In error within the hour</p>\s*<p[^>]*><a href="#utilities">([0-9]+)</a>', page)
    assert figure
    assert figure[1] == "2"
    assert re.findall(r'<td data-col="errors"[^>]*>\D*([0-9]+)', page) == ["1", "1"]
    assert "Callers that are no utility" in page


async def test_plans_are_listed_of_all_kinds_and_utilities_that_the_address_names(desk: Desk) -> None:
    clients = {"U": desk.utilities["U"], "V": await desk.rig.utility("V")}
    for code, client in clients.items():
        target = f"/SubNetwork={code}/UtilitySubscription=S00001"
        value = {"attributes": {"apn": "planned.example"}}
        change = {"modifyOperator": "merge", "target": target, "changeId": "1", "value": value}
        for kind in ("activation", "validation"):
            plan = {"name": "p", "configChangesContentType": "OPENAPI_BASED", "configChanges": [change]}
            plan |= {"activationMode": "BEST_EFFORT"} if kind == "activation" else {}
            body = {"name": f"{kind} of {code}", "planConfigDescr": plan}
            answer = await client.post(f"/3gpp-mns/plan-management/v1/plan-{kind}-jobs", json=body)
            assert answer.status_code == 201, answer.text
    desk.sign_in(Role.READER)
    for query, shown in (
        ("", {"activation of U", "activation of V"}),
        ("kind=validation&utility=V", {"validation of V"}),
        ("utility=U&utility=V", {"activation of U", "activation of V"}),
        ("utility=%00U", {"activation of U"}),
    ):
        assert await _plans(desk, f"/plans?{query}") == shown, query
    overview = await desk.text("/")
    behind = re.search(r'Plans to be carried out</p>\s*<p[^>]*><a href="([^"]+)">4</a>', overview)
    assert behind
    assert len(await _plans(desk, behind[1].replace("&amp;", "&"))) == 4


async def _plans(desk: Desk, path: str) -> set[str]:
    return set(re.findall(r">(\w+ion of \w)<", (await desk.text(path)).partition('id="plans"')[2]))


async def test_a_change_by_hand_stands_in_the_log_with_who_made_it(desk: Desk) -> None:
    desk.sign_in(Role.OPERATOR)
    path = "/simulation/U/change?subscription=S00001"
    same = await desk.post(path, {"state": "ACTIVE", "apn": "old.example", "ipAddress": "10.0.0.2"})
    assert same.status_code == 422
    wrong = await desk.post(path, {"apn": "not an apn"})
    assert wrong.status_code == 422
    made = await desk.post(path, {"apn": "meddled.example", "reason": "A test of attention"})
    assert made.status_code == 303
    await desk.rig.work()
    log = await desk.text("/log?by=olga&party=staff")
    assert "meddled.example" in log
    assert "A test of attention" in log
    row = await desk.rig.value("SELECT max(id) FROM change_log WHERE party = 'staff' AND source = 'staff:olga'")
    sheet = await desk.get(f"/log/{row}", **{"HX-Request": "true", "HX-Target": "sheet"})
    assert "old.example" in sheet.text
    file = await desk.text("/log.csv?by=olga&party=staff")
    assert [line.split(",")[3:6] for line in file.splitlines()[1:]] == [["staff", "staff:olga", "changed"]]
    assert "meddled.example" in await desk.text("/objects/U/S00001")


async def test_the_log_names_the_program_of_a_utility_and_finds_what_it_changed(desk: Desk) -> None:
    made = {"name": "scada", "scopes": ["write"], "certificates": ["a" * 64], "by": "jane"}
    assert (await desk.rig.office.post("/backoffice/v1/utilities/U/clients", json=made)).status_code == 201
    merge = {"Content-Type": "application/merge-patch+json"}
    tree = "/3gpp-mns/ProvMnS/v1/SubNetwork=U/UtilitySubscription="
    async with desk.rig.client("a" * 64) as scada:
        await scada.patch(f"{tree}S00001", json={"attributes": {"apn": "scada.example"}}, headers=merge)
    await desk.utilities["U"].patch(f"{tree}S00002", json={"attributes": {"apn": "own.example"}}, headers=merge)
    desk.sign_in(Role.READER)
    assert '<a href="/clients/U.scada">scada</a>' in await desk.text("/log?party=utility")
    found = await desk.text("/log?client=U.scada")
    assert "scada.example" in found
    assert "own.example" not in found
    assert "/log?client=U.scada" in await desk.text("/clients/U.scada")
    file = csv.DictReader((await desk.text("/log.csv?party=utility")).splitlines())
    assert [row["client"] for row in file] == ["", "U.scada"]


async def test_a_card_goes_into_a_device_by_hand_and_is_attached_where_a_cell_is_in_reach(desk: Desk) -> None:
    desk.sign_in(Role.OPERATOR)
    card = {"id": "CARDED", "state": "ACTIVE", "apn": "old.example", "ipAddress": "10.9.0.1", "card": ICCID}
    office = desk.rig.office
    (await office.post("/backoffice/v1/utilities/U/subscriptions", content=ndjson([card]))).raise_for_status()
    here = {"cellId": "4G-1", "ratType": "EUTRA", "band": "B20", "plmn": "001-01", "lat": 54.97, "lon": -1.61}
    (await office.post("/simulation/v1/cells", json=[here])).raise_for_status()
    path, typed = "/simulation/U/fit?subscription=CARDED", {"imei": IMEI, "generations": "2G 3G 4G"}
    for wrong, told in (
        ({"place": "north"}, "Latitude and longitude"),
        ({"place": "154.97, -1.61"}, "out of range"),
        ({"place": "54.97, -1.61", "imei": "1234"}, "15 digits"),
        ({"place": "51.5, -0.1"}, "is not attached"),
    ):
        answer = await desk.post(path, {**typed, **wrong})
        assert answer.status_code == 422, wrong
        assert told in answer.text, wrong
    assert (await desk.post(path, {**typed, "place": "54.98, -1.61"})).status_code == 303
    now = (await office.get(f"/simulation/v1/fittings/{ICCID}")).raise_for_status().json()
    assert (now["imei"], now["attached"], now["cell_id"]) == (IMEI, True, "4G-1")
    assert (await desk.post("/simulation/U/fit?subscription=S00001", typed)).status_code == 422


async def test_a_plan_shows_what_came_of_each_object_and_is_taken_back(desk: Desk) -> None:
    desk.sign_in(Role.OPERATOR)
    changes = [
        {
            "modifyOperator": "merge",
            "target": f"/SubNetwork=U/UtilitySubscription={name}",
            "changeId": name,
            "value": {"attributes": {"apn": "planned.example"}},
        }
        for name in ("S00001", "S00003", "nobody")
    ]
    plan = {
        "name": f"Move {EVIL}",
        "activationMode": "BEST_EFFORT",
        "configChangesContentType": "OPENAPI_BASED",
        "configChanges": changes,
    }
    body = {"name": f"Move {EVIL}", "isFallbackEnabled": True, "planConfigDescr": plan}
    answer = await desk.utilities["U"].post("/3gpp-mns/plan-management/v1/plan-activation-jobs", json=body)
    assert answer.status_code == 201, answer.text
    name = answer.json()["id"]
    running = await desk.text(f"/plans/{name}")
    assert f'hx-get="/plans/{name}"' in running
    await desk.rig.work()
    page = await desk.text(f"/plans/{name}")
    assert EVIL not in page
    assert "Done in part" in page
    assert "APN becomes planned.example" in page
    assert "There is no such object." in page
    failed = await desk.text(f"/plans/{name}?failed=1")
    assert "nobody" in failed
    assert "S00003" not in failed
    assert name in await desk.text("/plans?bad=1")
    assert (await desk.post(f"/plans/{name}/cancel", {"reason": "late"})).status_code == 409
    back = await desk.post(f"/plans/{name}/take-back", {"reason": "It was wrong"})
    assert back.status_code == 303, back.text
    await desk.rig.work()
    rows = await desk.rig.rows(
        "SELECT party, source FROM change_log WHERE after ->> 'apn' = 'old.example' AND job_id IS NOT NULL"
    )
    assert {(row["party"], row["source"]) for row in rows} == {("staff", "staff:olga")}
    assert len(rows) == 2


async def test_a_plan_that_changed_nothing_has_failed_and_offers_no_way_back(desk: Desk) -> None:
    desk.sign_in(Role.OPERATOR)
    target = "/SubNetwork=U/UtilitySubscription="
    changes = [
        {
            "modifyOperator": "merge",
            "target": f"{target}S0000{at}",
            "changeId": str(at),
            "value": {"apn": "bare.example"},
        }
        for at in (1, 3)
    ]
    plan = {"name": "p", "activationMode": "BEST_EFFORT", "configChangesContentType": "OPENAPI_BASED"}
    body = {"name": "Bare", "isFallbackEnabled": True, "planConfigDescr": {**plan, "configChanges": changes}}
    made = await desk.utilities["U"].post("/3gpp-mns/plan-management/v1/plan-activation-jobs", json=body)
    name = made.json()["id"]
    before = await desk.text(f"/plans/{name}")
    assert "What it is to change" in before
    assert "what it changed" not in before
    await desk.rig.work()
    page = await desk.text(f"/plans/{name}")
    assert "Failed: 2 changes, 0 done, 2 failed." in page
    assert "Take it back" not in page
    assert page.count("neither a child class") == 1
    assert "“Bare” of U: 2 of 2 changes failed." in await desk.text("/")
    assert f"/plans/{name}?failed=1" in await desk.text("/")
    assert "Bare" in (await desk.text("/plans?state=FAILED")).partition('id="plans"')[2]
    assert "Bare" not in (await desk.text("/plans?state=COMPLETED")).partition('id="plans"')[2]


async def test_cells_are_switched_once_it_was_shown_what_that_does(desk: Desk) -> None:
    desk.sign_in(Role.OPERATOR)
    cell = {"ratType": "UTRA", "band": "B1", "plmn": "001-01", "lat": 54.97, "lon": -1.61}
    cells = [{**cell, "cellId": f"3G-{region}", "region": region} for region in ("North", EVIL[:30])]
    (await desk.rig.office.post("/simulation/v1/cells", json=cells)).raise_for_status()
    shown = await desk.text("/simulation?technology=3G&off=1")
    assert "Switch 3G off everywhere" in shown
    assert "Switch 2 cells off" in shown
    assert EVIL[:30] not in shown
    asked = {"technology": "3G", "region": "North", "off": "1"}
    assert (await desk.post("/simulation/cells", {**asked, "technology": "9G"})).status_code == 422
    assert (await desk.post("/simulation/cells", asked)).status_code == 303
    assert "Switch 1 cell off" in await desk.text("/simulation?technology=3G&off=1")
    assert "Switch 1 cell on again" in await desk.text("/simulation?technology=3G&off=0")
    assert "none that is on" in await desk.text("/simulation?technology=3G&off=1&region=North")
    assert (await desk.get("/simulation?technology=9G")).status_code == 422
    desk.sign_in(Role.READER)
    assert "Switch 1 cell" not in await desk.text("/simulation?technology=3G&off=1")


async def test_a_list_whose_filters_hide_everything_leads_to_all_of_it(desk: Desk) -> None:
    desk.sign_in(Role.READER)
    for path in ("/objects?q=zzzz", "/plans?bad=1", "/log?by=zzzz", "/clients?state=off"):
        assert "Clear filters" in await desk.text(path), path
    assert "No change matches" not in await desk.text("/log?by=bulk+load")


async def test_a_client_is_made_given_a_certificate_once_and_disabled(desk: Desk) -> None:
    desk.sign_in(Role.OPERATOR)
    asked = {"utility": "U", "name": "scada", "scope": "read", "subject": "CN=scada,O=Grid"}
    assert (await desk.post("/clients", {**asked, "name": "NOT OK"})).status_code == 422
    assert (await desk.post("/clients", {**asked, "subject": "nonsense"})).status_code == 422
    assert (await desk.post("/clients", {**asked, "certificate": "-----BEGIN PRIVATE KEY-----"})).status_code == 422
    assert (await desk.post("/clients", asked)).headers["location"] == "/clients/U.scada"
    assert (await desk.post("/clients", asked)).status_code == 422
    assert "counts." in await desk.text("/clients/U.scada/certificates")
    issued = await desk.post("/clients/U.scada/certificates/issue")
    assert issued.text.count("BEGIN PRIVATE KEY") >= 1
    assert issued.headers["cache-control"] == "no-store"
    page = await desk.text("/clients/U.scada")
    assert "PRIVATE KEY" not in page
    fingerprint = await desk.rig.value(
        "SELECT fingerprint FROM utility_certificate WHERE api_client_id IS NOT NULL AND not_after > now()"
    )
    removed = await desk.post(f"/clients/U.scada/certificates/{fingerprint}/remove")
    assert removed.status_code == 303
    assert (await desk.post("/clients/U.scada/disable", {"reason": "Over"})).status_code == 303
    assert "Disabled" in await desk.text("/clients?state=off")
    kept = await desk.rig.value("SELECT count(*) FROM audit WHERE detail::text LIKE '%PRIVATE KEY%'")
    assert kept == 0


async def test_a_notice_is_written_published_revised_and_withdrawn(desk: Desk) -> None:
    desk.sign_in(Role.OPERATOR)
    first = {
        "ref": "N-1",
        "kind": "phase-out",
        "title": f"3G ends {EVIL}",
        "technology": "3G",
        "priority": "high",
        "approval": "1",
        "phase_id": "",
        "phase_name": "Cities",
        "phase_kind": "WholeNetwork",
        "phase_names": "",
        "phase_from": "2027-01-01T00:00",
        "phase_to": "2027-06-01T00:00",
    }
    assert (await desk.post("/notices", {**first, "phase_to": "2026-01-01T00:00"})).status_code == 422
    assert (await desk.post("/notices", {**first, "phase_name": ""})).status_code == 422
    assert (await desk.post("/notices", {**first, "title": ""})).status_code == 422
    assert (await desk.post("/notices", {**first, "technology": ""})).status_code == 422
    assert (await desk.post("/notices", {**first, "more": "1"})).text.count("<legend>Phase ") == 2
    assert (await desk.post("/notices", first)).status_code == 303
    desk_of_utility = "/tmf-api/changeManagement/v4/changeRequest"
    assert (await desk.utilities["U"].get(desk_of_utility)).json() == []
    page = await desk.text("/notices/N-1")
    assert EVIL not in page
    assert "A draft" in page
    assert (await desk.post("/notices/N-1/publish", {"reason": "As announced"})).status_code == 303
    (seen,) = (await desk.utilities["U"].get(desk_of_utility)).json()
    assert (seen["id"], seen["revision"]) == ("N-1", 1)
    await desk.utilities["U"].patch(
        f"{desk_of_utility}/N-1", json={"status": "rejected", "statusChangeReason": "Too early"}
    )
    assert "Too early" in await desk.text("/notices/N-1")
    assert "declined" in await desk.text("/")
    later = {**first, "phase_id": "p1", "phase_to": "2027-09-01T00:00"}
    assert (await desk.post("/notices/N-1/edit", later)).status_code == 303
    assert "What the draft changes" in await desk.text("/notices/N-1")
    assert (await desk.post("/notices/N-1/publish", {"reason": "More time"})).status_code == 303
    assert "now from" in await desk.text("/notices/N-1?earlier=1&later=2")
    assert (await desk.post("/notices/N-1/withdraw", {"reason": "Not at all"})).status_code == 303
    assert (await desk.post("/notices/N-1/edit", later)).status_code == 422
    written = await desk.rig.rows("SELECT action FROM audit WHERE subject = 'notice:N-1' ORDER BY seq")
    assert [row["action"] for row in written] == [
        "notice.written",
        "notice.published",
        "notice.written",
        "notice.published",
        "notice.withdrawn",
    ]


async def test_an_administrator_makes_and_shuts_out_staff(desk: Desk) -> None:
    desk.sign_in(Role.ADMINISTRATOR)
    asked = {"name": "rita", "display_name": f"Rita {EVIL}", "role": "reader"}
    assert (await desk.post("/staff", {**asked, "role": "technician"})).status_code == 422
    made = await desk.post("/staff", asked)
    assert made.status_code == 200
    assert EVIL not in made.text
    number = await desk.rig.value("SELECT id FROM account WHERE name = 'rita'")
    assert (await desk.post(f"/staff/{number}", {**asked, "role": "operator"})).status_code == 303
    assert (await desk.post(f"/staff/{number}/disable")).status_code == 303
    assert "Disabled" in await desk.text(f"/staff/{number}")
    assert (await desk.post(f"/staff/{number}/password")).status_code == 200
    trail = await desk.text("/audit?subject=user:rita")
    assert "User created" in trail
    assert (await desk.get("/audit/9223372036854775807")).status_code == 404
    assert "User created" in await desk.text("/audit?at_to=9999-12-31")
    assert "The trail is whole" in (await desk.post("/audit/verify")).text


async def test_the_back_office_rest_still_wants_its_own_token(desk: Desk) -> None:
    desk.sign_in(Role.OPERATOR)
    assert (await desk.get("/backoffice/v1/utilities")).status_code == 401
    assert (await desk.rig.office.get("/backoffice/v1/utilities")).status_code == 200
