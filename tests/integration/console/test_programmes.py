"""Pages of programmes: what they show, to whom, and what a press of a button does."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tieline.platform.db import execute, fetch_all, fetch_one
from tieline.platform.scope import Role
from tieline.utility.inventory import Area, AreaKind
from tieline.utility.notices import Content, Kind, Origin, Phase, Source, Told, take

if TYPE_CHECKING:
    from tests.integration.console.conftest import Console

pytestmark = pytest.mark.anyio
_FLEET = """
INSERT INTO operator (code, name) VALUES ('A', 'Operator A'), ('B', 'Operator B');
INSERT INTO site (external_id, name, name_folded, region, criticality)
SELECT 'S' || i, CASE WHEN i = 1 THEN '=cmd()' ELSE 'Site ' || i END, 'site',
    CASE WHEN i <= 30 THEN 'City' ELSE 'Land' END, 'normal' FROM generate_series(1, 130) i;
INSERT INTO device (external_id) SELECT 'R' || id FROM site;
INSERT INTO subscription (operator_id, operator_ref, state, site_id, rat, cell_at)
SELECT o.id, o.code || s.id, 'ACTIVE', s.id, 'UTRA', now() FROM site s, operator o;
INSERT INTO card (operator_id, iccid) SELECT operator_id, operator_ref FROM subscription;
INSERT INTO card_subscription (card_id, subscription_id, valid_from)
SELECT c.id, s.id, now() FROM card c JOIN subscription s ON s.operator_ref = c.iccid;
INSERT INTO link (site_id, device_id, card_id, subscription_id, operator_id, role, modem_slot,
    valid_from)
SELECT s.site_id, d.id, c.id, s.id, s.operator_id, CASE WHEN s.operator_id = 1 THEN 'primary' ELSE 'backup' END,
    s.operator_id, now()
FROM subscription s JOIN card c ON c.iccid = s.operator_ref JOIN device d ON d.external_id = 'R' || s.site_id;
INSERT INTO crew (code, name, created_by, created_at) VALUES ('one', 'Crew one', 'test', now());
"""
FORM = {"title": "End of 3G", "technology": "3G", "notice": "1", "generation": "4G", "minutes_a_visit": "45",
        "test_seconds": "180", "ask_application": "1", "dwell_days": "14"}  # fmt: skip


async def fleet(console: "Console") -> None:
    """130 sites with two links on 3G, 30 of them in the city, and a notice that ends it there first."""
    now = datetime.now(UTC)
    city = Phase("city", "City first", now, now + timedelta(days=10), Area(AreaKind.REGIONS, ("City",)))
    rest = Phase("rest", "The rest", now, now + timedelta(days=100), Area(AreaKind.ALL))
    async with console.db.transaction() as tx:
        await execute(tx, _FLEET)
        content = Content(Kind.PHASE_OUT, "The end of 3G", "", "3G", (city, rest))
        await take(tx, Origin(1, "A", Source.EVENT, now), [Told("3G", 1, now, "scheduled", "", content)])


async def opened(console: "Console") -> int:
    await fleet(console)
    console.sign_in(Role.TECHNICIAN)
    answer = await console.client.post("/programmes/new", data=FORM)
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].rsplit("/", 1)[1])


async def rows(console: "Console", text: str, **bound: Any) -> list[dict[str, Any]]:
    async with console.db.snapshot() as tx:
        return await fetch_all(tx, text, bound)


async def change(console: "Console", text: str) -> None:
    async with console.db.transaction() as tx:
        await execute(tx, text)


async def test_an_empty_list_says_what_fills_it(console: "Console") -> None:
    console.sign_in(Role.VIEWER)
    answer = await console.client.get("/programmes")
    assert (answer.status_code, "No programme yet" in answer.text) == (200, True)
    assert "Your role may not plan programmes." in answer.text
    assert (await console.client.get("/programmes/new")).status_code == 403


async def test_a_notice_opens_the_form_with_its_sites_counted_by_phase(console: "Console") -> None:
    await fleet(console)
    console.sign_in(Role.TECHNICIAN)
    page = (await console.client.get("/programmes/new?notice=1&notice=77")).text
    assert "130 sites with 260 links" in page
    assert ("City first" in page, "The rest" in page) == (True, True)
    assert 'value="End of 3G"' in page
    fewer = await console.client.post("/programmes/preview", data={**FORM, "region": "City"})
    assert "30 sites with 60 links" in fewer.text
    assert (await rows(console, "SELECT count(*) AS n FROM programme"))[0]["n"] == 0


async def test_a_notice_tells_which_programmes_answer_it(console: "Console") -> None:
    await fleet(console)
    console.sign_in(Role.TECHNICIAN)
    before = (await console.client.get("/notices/1")).text
    assert ("Open a programme" in before, "answers this notice" in before) == (True, False)
    answer = await console.client.post("/programmes/new", data=FORM)
    page = (await console.client.get("/notices/1")).text
    assert f'The programme <a href="{answer.headers["location"]}">End of 3G</a> answers this notice: draft.' in page
    programme = (await console.client.get(answer.headers["location"])).text
    assert '<a href="/notices/1">The end of 3G (' in programme
    assert "Open another programme" in page


async def test_what_was_typed_wrong_is_said_beside_the_field(console: "Console") -> None:
    await fleet(console)
    console.sign_in(Role.TECHNICIAN)
    answer = await console.client.post("/programmes/new", data={**FORM, "title": " ", "test_seconds": "5"})
    assert answer.status_code == 422
    assert "10 to 3,600 seconds." in answer.text
    answer = await console.client.post("/programmes/new", data={**FORM, "dwell_days": "long"})
    assert "A number from 0 to 365." in answer.text


async def test_every_number_of_the_page_leads_to_as_many_sites(console: "Console") -> None:
    programme = await opened(console)
    now = datetime.now(UTC)
    async with console.db.transaction() as tx:
        # Ten of the city are done within the last ten days: one a day. Of the twenty left there ten are in time.
        await execute(
            tx,
            "UPDATE programme_site SET state = 'dwelling', field_done_at = %(now)s - site_id * interval '23 hours'"
            " WHERE site_id <= 10",
            {"now": now},
        )
        await execute(tx, "UPDATE programme_site SET state = 'blocked', why = 'No card in stock.' WHERE site_id = 31")
        await execute(tx, "UPDATE programme_site SET state = 'again' WHERE site_id IN (32, 33)")
        await execute(tx, "UPDATE programme_site SET state = 'on_site' WHERE site_id = 40")
    page = (await console.client.get(f"/programmes/{programme}")).text
    assert "10 of 130 sites done in the field" in page
    base = f"/programmes/{programme}/sites"
    for href, count in (
        (f"{base}?state=dwelling&state=retiring&state=done", 10),
        (f"{base}?state=again&state=blocked", 3),
        (f"{base}?state=on_site", 1),
        (f"{base}?region=City&state=dwelling&state=retiring&state=done", 10),
        (f"{base}?phase=The+rest&state=again&state=blocked", 3),
    ):
        assert href.replace("&", "&amp;") in page, href
        text = (await console.client.get(href)).text
        assert text.count('data-key="') == count, href
    late = (await rows(console, "SELECT count(*) AS n FROM programme_site WHERE region = 'City'"))[0]["n"]
    assert late == 30
    listed = (await console.client.get(f"{base}?will_be_late=1&region=City")).text
    assert '<a class="num" href="' + f"{base}?region=City&amp;will_be_late=1" + '">' in page
    shown = page.split(f"{base}?region=City&amp;will_be_late=1")[1].split(">")[1].split("<")[0]
    assert listed.count('data-key="') == int(shown) > 0


async def test_the_list_of_sites_pages_filters_and_comes_as_a_file(console: "Console") -> None:
    programme = await opened(console)
    base = f"/programmes/{programme}/sites"
    first = (await console.client.get(base)).text
    assert (first.count('data-key="'), "100 of 130 sites" in first.replace("\u202f", "")) == (100, True)
    following = first.split('data-page="older"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    assert (await console.client.get(following)).text.count('data-key="') == 30
    assert (await console.client.get(f"{base}?q=S13")).text.count('data-key="') == 2
    assert "No site matches" in (await console.client.get(f"{base}?state=done&late=1")).text
    lines = (await console.client.get(f"{base}.csv?region=City")).text.splitlines()
    assert len(lines) == 31
    assert lines[1].split(",")[1] == "'=cmd()"
    assert (await console.client.get("/programmes/99/sites")).status_code == 404
    assert (await console.client.get("/programmes/99999999999999999999")).status_code == 404


async def test_a_site_shows_its_links_and_why_it_waits(console: "Console") -> None:
    programme = await opened(console)
    await change(
        console,
        "UPDATE programme_site SET state = 'blocked', why = 'No card in stock.' WHERE site_id = 2;"
        'UPDATE programme_link SET state = \'testing\', checks = \'[{"name": "Technology", "ok": false,'
        ' "wanted": "4G or 5G", "found": "3G"}]\' WHERE site_id = 2 AND position = 1',
    )
    path = f"/programmes/{programme}/sites/2"
    page = (await console.client.get(path)).text
    for told in ("Needs a person: No card in stock.", "1. Operator B, backup", "2. Operator A, primary", "4G or 5G"):
        assert told in page, told
    sheet = await console.client.get(path, headers={"HX-Request": "true", "HX-Target": "sheet"})
    assert "Leave it out" in sheet.text
    assert "<html" not in sheet.text
    assert (await console.client.get(f"/programmes/{programme}/sites/999")).status_code == 404


async def test_a_region_sees_its_own_sites(console: "Console") -> None:
    programme = await opened(console)
    console.sign_in(Role.VIEWER, regions=frozenset({"City"}))
    page = (await console.client.get(f"/programmes/{programme}")).text
    assert "0 of 30 sites done" in page
    assert "Land" not in page
    assert (await console.client.get(f"/programmes/{programme}/sites/100")).status_code == 404


async def test_buttons_start_pause_and_close_it(console: "Console") -> None:
    programme = await opened(console)
    path = f"/programmes/{programme}/act"
    fresh = (await console.client.get(f"/programmes/{programme}")).text
    for step in ("Prepare new subscriptions for them.", "Somebody else presses Approve", "Start it; visits"):
        assert step in fresh
    assert (await console.client.post(path, data={"act": "start"})).status_code == 303
    assert "Start it; visits" not in (await console.client.get(f"/programmes/{programme}")).text
    await console.client.post(path, data={"act": "pause", "reason": "A storm."})
    assert "Paused (A storm.)" in (await console.client.get(f"/programmes/{programme}")).text
    assert (await console.client.post(path, data={"act": "start"})).status_code == 409
    assert (await console.client.post(path, data={"act": "close", "reason": "Enough."})).status_code == 303
    assert (await rows(console, "SELECT state FROM programme"))[0]["state"] == "closed"
    console.sign_in(Role.VIEWER)
    assert (await console.client.post(path, data={"act": "resume"})).status_code == 403


async def test_an_approver_approves_it_and_then_nobody_is_asked_again(console: "Console") -> None:
    programme = await opened(console)
    console.sign_in(Role.APPROVER)
    assert "Approve the programme" not in (await console.client.get(f"/programmes/{programme}")).text
    await change(console, "UPDATE programme SET created_by = 'user:fred'")
    page = (await console.client.get(f"/programmes/{programme}")).text
    assert "Approve the programme" in page
    assert "a second person, each time" in page
    answer = await console.client.post(f"/programmes/{programme}/approve", data={})
    assert answer.status_code == 303, answer.text
    page = (await console.client.get(f"/programmes/{programme}")).text
    assert f"beforehand, by the policy Programme {programme}: cut-overs" in page
    assert "Approve the programme" not in page
    assert "Somebody else presses Approve" not in page


async def test_policies_in_force_are_offered_when_a_programme_is_opened(console: "Console") -> None:
    await opened(console)
    await change(console, "UPDATE programme SET created_by = 'user:fred'")
    console.sign_in(Role.APPROVER)
    await console.client.post("/programmes/1/approve", data={})
    await change(
        console,
        "INSERT INTO standard_policy (name, kind, max_items, created_by, approved_by, approved_at)"
        " VALUES ('Nights', 'subscription.cutover', 100, 'user:fred', 'user:anna', now())",
    )
    console.sign_in(Role.TECHNICIAN)
    page = (await console.client.get("/programmes/new")).text
    assert "beforehand, by Nights" in page
    assert "beforehand, by Programme 1" not in page


async def test_preparing_leads_to_its_change(console: "Console") -> None:
    programme = await opened(console)
    page = (await console.client.get(f"/programmes/{programme}/prepare")).text
    assert "130 sites have none yet" in page
    refused = await console.client.post(f"/programmes/{programme}/prepare", data={"limit": "0"})
    assert refused.status_code == 422
    answer = await console.client.post(f"/programmes/{programme}/prepare", data={"region": "City", "limit": "20"})
    made = answer.headers["location"]
    assert made.startswith("/changes/")
    states = await rows(console, "SELECT state, count(*) AS n FROM programme_site GROUP BY 1 ORDER BY 1")
    assert [tuple(one.values()) for one in states] == [("preparing", 20), ("selected", 110)]
    assert made in (await console.client.get(f"/programmes/{programme}")).text


async def test_visits_are_scheduled_by_the_form(console: "Console") -> None:
    programme = await opened(console)
    path = f"/programmes/{programme}/schedule"
    assert "start or resume it first" in (await console.client.get(path)).text
    await console.client.post(f"/programmes/{programme}/act", data={"act": "start"})
    assert "No site is ready for a visit" in (await console.client.get(path)).text
    await change(
        console,
        "UPDATE programme_site SET state = 'ready' WHERE site_id <= 5;"
        "UPDATE programme_link SET state = 'prepared', new_subscription_id = old_subscription_id WHERE site_id <= 5",
    )
    form = (await console.client.get(path)).text
    assert ("City: 5 ready" in form, "Crew one" in form) == (True, True)
    wrong = await console.client.post(path, data={"limit": "3", "hours_a_day": "8", "speed_km_h": "50"})
    assert (wrong.status_code, "Tick at least one." in wrong.text) == (422, True)
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    given = {"crew": "1", "first_day": day, "limit": "3", "hours_a_day": "8", "speed_km_h": "50"}
    answer = await console.client.post(path, data=given)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/programmes/{programme}")
    async with console.db.snapshot() as tx:
        row = await fetch_one(tx, "SELECT count(*) AS n FROM programme_site WHERE state = 'scheduled'", {})
    assert row == {"n": 3}


async def test_sites_are_left_out_for_a_reason_and_taken_in_again(console: "Console") -> None:
    programme = await opened(console)
    base = f"/programmes/{programme}"
    asked = await console.client.post(f"{base}/leave-out", data={"all_matching": "1", "query": "region=City"})
    assert "Leave 30 sites out" in asked.text
    given = {"id": ["1", "2"], "why": "The substation is sold."}
    assert (await console.client.post(f"{base}/leave-out", data=given)).status_code == 303
    listed = (await console.client.get(f"{base}/sites?state=left_out")).text
    assert listed.count("The substation is sold.") == 2
    assert (await console.client.post(f"{base}/leave-out", data={})).status_code == 422
    assert (await console.client.post(f"{base}/take-in", data={"id": "1"})).status_code == 303
    assert (await console.client.get(f"{base}/sites?state=left_out")).text.count("The substation is sold.") == 1


async def test_a_site_its_visits_and_the_overview_lead_to_the_programme(console: "Console") -> None:
    programme = await opened(console)
    site = (await console.client.get("/sites/2")).text
    assert f'href="/programmes/{programme}/sites/2"' in site
    sheet = await console.client.get("/sites/2", headers={"HX-Request": "true", "HX-Target": "sheet"})
    assert "What is at work here" in sheet.text
    await console.client.get("/")
    overview = (await console.client.get("/")).text
    assert f'href="/programmes/{programme}"' in overview
    await console.client.post(f"/programmes/{programme}/prepare", data={"limit": "5"})
    change = (await rows(console, "SELECT max(id) AS id FROM change"))[0]["id"]
    assert "Programme: End of 3G" in (await console.client.get(f"/changes/{change}")).text


async def test_every_page_says_that_a_declared_calendar_runs(console: "Console") -> None:
    console.sign_in(Role.VIEWER)
    assert "Simulation:" not in (await console.client.get("/sites")).text
    calendar = "2027-01-01T00:00:00+00:00@2026-01-01T00:00:00+00:00*1000"
    object.__setattr__(console.runtime, "settings", console.runtime.settings.model_copy(update={"calendar": calendar}))
    page = (await console.client.get("/sites")).text
    assert "the calendar runs 1,000 times faster than time" in page


async def test_a_cut_over_is_asked_for_in_the_form_of_a_new_change(console: "Console") -> None:
    await fleet(console)
    console.sign_in(Role.TECHNICIAN)
    page = (await console.client.get("/changes/new?change_kind=subscription.cutover&linked=1")).text
    assert "When its crew has fitted the new card" in page
