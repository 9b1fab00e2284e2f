"""A change through the console's pages, by two people, against two operators."""

import csv
import io
import re
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
House = Any
DRAFT = (
    ("title", "4G everywhere"), ("query", "linked=1"), ("change_kind", "subscription.preprovision"),
    ("new.generation", "4G"), ("new.state", "TEST_READY"), ("new.fixed_address", "1"), ("waves_by", "percent"),
    ("steps", "50"), ("canary", "0"),
    ("success", "90"), ("error", "10"), ("type", "normal"), ("reason", "3G ends"),
)  # fmt: skip


def plan_hash(page: str) -> str:
    found = re.search(r'name="plan_hash" value="([0-9a-f]{64})"', page)
    assert found
    return found.group(1)


async def planned(house: House, person: Any, *more: tuple[str, str], drop: str = "") -> str:
    """Draft a change and wait for its plan; gives its path."""
    pairs = [pair for pair in DRAFT if pair[0] not in {drop, *(name for name, _ in more)}]
    answer = await person.post("/changes", *pairs, *more)
    assert answer.status_code == 303, answer.text
    path = str(answer.headers["location"])
    await house.reads(person, path, "Subscriptions to change")
    return path


async def test_a_change_from_selection_to_undo_by_two_people(house: House) -> None:
    await house.world.build(60, critical=2)
    mara = await house.person("mara", "technician", "approver")
    dirk = await house.person("dirk", "approver")
    async with house.working():
        path = await planned(house, mara)
        contract = (await mara.get(path)).text
        for told in (
            "a card with a 4G subscription", "It goes in 2 waves", "120", "Ask for approval",
            "A second person approves: it has 120 items", "Site 1", "Each subscription, before and after",
        ):  # fmt: skip
            assert told in contract, told

        assert (await mara.post(f"{path}/submit")).status_code == 303
        own = (await mara.get(path)).text
        assert "You made this change yourself" in own
        assert "Approve this plan" not in own
        theirs = (await dirk.get(path)).text
        approved = await dirk.post(f"{path}/approve", ("plan_hash", plan_hash(theirs)), ("reason", "Seen."))
        assert approved.status_code == 303
        assert "Start this change" in (await mara.get(path)).text
        assert (await mara.post(f"{path}/start")).status_code == 303

        receipt = await house.reads(mara, path, "Completed")
        assert ">120<" in receipt.replace("\n", "")
        assert "Undo, wholly or in part" in receipt
        assert "Operational" in (await mara.get(f"{path}/items/1")).text

        await house.world.run_sql(
            "UPDATE subscription s SET data_plan = 'somebody else', version = s.version + 1 FROM change_item i"
            " WHERE i.subscription_id = s.id AND i.region = 'North' AND i.position <= 6"
        )
        changed = await house.world.value("SELECT count(*) FROM subscription WHERE data_plan = 'somebody else'")
        undo = await mara.post(f"{path}/undo", ("region", "North"), ("title", "North back"), ("reason", "Too early"))
        back = str(undo.headers["location"])
        page = await house.reads(mara, back, "Subscriptions to change")
        assert "What change 1 set, in North, is set back" in page
        assert "Conflicts" in page
        assert "is now somebody else" in (await mara.get(f"{back}/items?state=conflict")).text
    assert await house.world.states(2) == {"planned": 60 - changed, "conflict": changed}
    assert changed > 0


async def test_nobody_approves_their_own_change_even_by_a_crafted_form(house: House) -> None:
    await house.world.build(30)
    mara = await house.person("mara", "technician", "approver")
    async with house.working():
        path = await planned(house, mara)
    await mara.post(f"{path}/submit")
    change = await house.world.get(1)
    refused = await mara.post(f"{path}/approve", ("plan_hash", change.plan_hash))
    assert refused.status_code == 403
    assert "Nobody decides on a change of their own" in refused.text
    assert (await house.world.get(1)).state == "submitted"


async def test_a_decision_is_tied_to_the_plan_that_was_looked_at(house: House) -> None:
    await house.world.build(30)
    mara = await house.person("mara", "technician")
    dirk = await house.person("dirk", "approver")
    async with house.working():
        path = await planned(house, mara)
        await mara.post(f"{path}/submit")
        looked_at = plan_hash((await dirk.get(path)).text)
        await house.world.run_sql(
            "UPDATE subscription SET data_plan = 'other' WHERE starts_with(operator_ref, 'old-A')"
        )
        await mara.post(f"{path}/plan")
        await house.reads(mara, path, "version 2")
        await mara.post(f"{path}/submit")
    refused = await dirk.post(f"{path}/approve", ("plan_hash", looked_at))
    assert refused.status_code == 409
    assert "The plan was replaced since you looked at it" in refused.text


async def test_a_rejection_says_why_and_whoever_planned_it_sees_it(house: House) -> None:
    await house.world.build(30)
    mara = await house.person("mara", "technician")
    dirk = await house.person("dirk", "approver")
    async with house.working():
        path = await planned(house, mara)
    await mara.post(f"{path}/submit")
    hash_ = plan_hash((await dirk.get(path)).text)
    silent = await dirk.post(f"{path}/reject", ("plan_hash", hash_), ("reason", " "))
    assert silent.status_code == 422
    await dirk.post(f"{path}/reject", ("plan_hash", hash_), ("reason", "Not in the storm week"))
    page = (await mara.get(path)).text
    assert "Not in the storm week" in page
    assert "Rejected" in page


async def test_above_a_thousand_the_number_is_typed_and_checked_by_the_server(house: House) -> None:
    await house.world.build(520)
    mara = await house.person("mara", "technician")
    dirk = await house.person("dirk", "approver")
    async with house.working():
        path = await planned(house, mara)
    await mara.post(f"{path}/submit")
    page = (await dirk.get(path)).text
    assert "Type 1,040 to confirm" in page
    hash_ = plan_hash(page)
    assert (await dirk.post(f"{path}/approve", ("plan_hash", hash_))).status_code == 422
    wrong = await dirk.post(f"{path}/approve", ("plan_hash", hash_), ("confirm_count", "1039"))
    assert wrong.status_code == 422
    right = await dirk.post(f"{path}/approve", ("plan_hash", hash_), ("confirm_count", "1 040"))
    assert right.status_code == 303
    assert (await mara.post(f"{path}/start")).status_code == 422
    assert (await house.world.get(1)).state == "approved"


async def test_a_selection_that_changed_after_approval_does_not_start(house: House) -> None:
    await house.world.build(30)
    mara = await house.person("mara", "technician")
    dirk = await house.person("dirk", "approver")
    async with house.working():
        path = await planned(house, mara)
    await mara.post(f"{path}/submit")
    await dirk.post(f"{path}/approve", ("plan_hash", plan_hash((await dirk.get(path)).text)))
    await house.world.run_sql("UPDATE subscription SET version = version + 1 WHERE operator_ref = 'old-A-1'")
    refused = await mara.post(f"{path}/start")
    assert refused.status_code == 409
    assert "The selection changed since it was planned" in refused.text
    page = (await mara.get(path)).text
    assert "Void" in page
    assert "Ask for approval" in page


async def test_pausing_and_stopping_are_told_on_the_page(house: House) -> None:
    await house.world.build(20)
    mara = await house.person("mara", "technician")
    async with house.working():
        path = await planned(house, mara)
    await mara.post(f"{path}/submit")
    await mara.post(f"{path}/start")
    assert "Pause this change" in (await mara.get(path)).text
    await mara.post(f"{path}/pause", ("reason", "The control room asked"))
    paused = (await mara.get(path)).text
    assert "Nothing new is sent: The control room asked" in paused
    fresh = await mara.get(f"{path}/live?seen=paused", **{"HX-Request": "true"})
    assert "<html" not in fresh.text
    assert "The control room asked" in fresh.text
    other = await mara.get(f"{path}/live?seen=running", **{"HX-Request": "true"})
    assert other.headers["HX-Refresh"] == "true"
    await mara.post(f"{path}/stop", ("reason", "Not today"))
    receipt = (await mara.get(path)).text
    assert "Stopped after" in receipt
    assert "Not today" in receipt
    assert "Paused" in (await mara.get(f"{path}/log")).text


async def test_failures_are_listed_by_reason_and_tried_again(house: House) -> None:
    await house.world.build(20)
    faults = house.world.platforms["B"].behaviour
    faults.rejects = {"new-B-1": "The number is barred.", "new-B-2": "The number is barred."}
    mara = await house.person("mara", "technician")
    async with house.working():
        path = await planned(house, mara, ("error", "50"), ("success", "50"))
        await mara.post(f"{path}/submit")
        await mara.post(f"{path}/start")
        page = await house.reads(mara, path, "Completed")
        assert "Retry the failed" in page
        assert "The number is barred." in page
        failed = (await mara.get(f"{path}/items?state=failed")).text
        assert failed.count("<tbody") == 2
        faults.rejects = {}
        assert (await mara.post(f"{path}/retry")).status_code == 303
        await house.reads(mara, path, "Completed after")
    assert await house.world.states(1) == {"verified": 40}


async def test_operators_say_beforehand_what_they_would_do(house: House) -> None:
    await house.world.build(8)
    mara = await house.person("mara", "technician")
    async with house.working():
        path = await planned(house, mara)
        assert (await mara.post(f"{path}/dry-run")).status_code == 303
        page = await house.reads(mara, path, "Operator A would accept all 8", "Operator B would accept all 8")
    assert "being asked" not in page


async def test_items_are_filtered_paged_and_saved_as_a_file(house: House) -> None:
    await house.world.build(60)
    await house.world.run_sql("UPDATE site SET name = '=1+1' WHERE external_id = 'S7'")
    mara = await house.person("mara", "technician")
    async with house.working():
        path = await planned(house, mara)
    first = (await mara.get(f"{path}/items?operator=A")).text
    assert first.count("<tbody") == 50
    older = re.search(r'href="([^"]+)" rel="next"', first)
    assert older
    second = (await mara.get(older.group(1).replace("&amp;", "&"))).text
    assert second.count("<tbody") == 10
    assert "No subscription matches" in (await mara.get(f"{path}/items?q=nothing-like-it")).text
    file = await mara.get(f"{path}/items.csv?operator=A")
    rows = list(csv.DictReader(io.StringIO(file.text)))
    assert len(rows) == 60
    assert {row["operator"] for row in rows} == {"A"}
    assert "'=1+1" in {row["site name"] for row in rows}
    assert (await mara.get(f"{path}/items/99999")).status_code == 404


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ((("title", ""),), "Say what people will call it"),
        ((("query", ""),), "Choose the subscriptions first"),
        ((("waves_by", "percent"), ("steps", "60, 60")), "Shares add up to at most 100."),
        ((("waves_by", "spiral"),), "Invalid enum value"),
        ((("success", "most"),), "A percentage from 0 to 100."),
        ((("opens", "2026-02-02T10:00"), ("closes", "2026-02-01T10:00")), "It closes after it opens."),
        ((("type", "emergency"), ("reason", "")), "An emergency change says why it is one."),
    ],
)
async def test_a_draft_that_is_wrong_comes_back_with_what_was_typed(
    house: House, pairs: tuple[tuple[str, str], ...], told: str
) -> None:
    mara = await house.person("mara", "technician")
    kept = [pair for pair in DRAFT if pair[0] not in {name for name, _ in pairs}]
    answer = await mara.post("/changes", *kept, *pairs)
    assert answer.status_code == 422
    assert told in answer.text
    if not any(name == "title" for name, _ in pairs):
        assert 'value="4G everywhere"' in answer.text


async def test_the_selection_is_counted_and_narrowed_by_the_url(house: House) -> None:
    await house.world.build(10, critical=3)
    mara = await house.person("mara", "technician")
    nothing = (await mara.get("/changes/new/selection")).text
    assert "Nothing is chosen yet" in nothing
    everything = (await mara.get("/changes/new/selection?all_matching=1")).text
    assert "The whole fleet" in everything
    some = (await mara.get("/changes/new/selection?operator=A&linked=1")).text
    assert "10 subscriptions" in some
    assert "3 critical sites" in some
    assert 'Operator A: <span class="num">10<' in some
    one = (await mara.get("/changes/new/selection?id=1&id=2")).text
    assert "2 subscriptions" in one


async def test_a_freeze_tells_what_it_would_hold(house: House) -> None:
    await house.world.build(4)
    mara, dirk = await house.person("mara", "technician"), await house.person("dirk", "approver")
    async with house.working():
        path = await planned(house, mara)
        nothing = (await dirk.get("/changes/holds/preview")).text
        assert "It would hold nothing now" in nothing  # a plan that nobody has submitted sends nothing anyhow
        await mara.post(f"{path}/submit")
        some = (await dirk.get("/changes/holds/preview?region=North&operator=")).text
        assert "4G everywhere" in some
        assert '<span class="num">4</span>' in some
        assert "It would hold nothing now" in (await dirk.get("/changes/holds/preview?operator=C")).text


async def test_what_was_ticked_in_a_list_becomes_the_selection(house: House) -> None:
    await house.world.build(3)
    mara = await house.person("mara", "technician")
    ticked = await mara.post("/changes/new", ("id", "1"), ("id", "2"), ("query", "region=North"))
    assert ticked.headers["location"] == "/changes/new?id=1&id=2"
    everything = await mara.post("/changes/new", ("id", "1"), ("all_matching", "1"), ("query", "region=North"))
    assert everything.headers["location"] == "/changes/new?region=North"
    fleet = await mara.post("/changes/new", ("all_matching", "1"), ("query", ""))
    assert fleet.headers["location"] == "/changes/new?all_matching=1"
    sites = await mara.post("/changes/new", ("id", "1"), ("of", "site"))
    assert sites.headers["location"] == "/changes/new?site=1"
    page = (await mara.get("/changes/new?all_matching=1&query=site%3D3")).text
    assert 'name="query" value="site=3"' in page


async def test_a_change_lists_with_its_state_and_filters(house: House) -> None:
    await house.world.build(5)
    mara = await house.person("mara", "technician")
    assert "No change yet" in (await mara.get("/changes")).text
    async with house.working():
        await planned(house, mara)
    page = (await mara.get("/changes")).text
    assert "4G everywhere" in page
    assert "Prepare new subscriptions" in page
    assert "No change matches" in (await mara.get("/changes?state=running")).text
    assert "4G everywhere" in (await mara.get("/changes?state=planned&q=4g")).text


async def test_names_from_outside_are_text(house: House) -> None:
    await house.world.build(3)
    await house.world.run_sql("UPDATE site SET name = '<img src=x onerror=alert(1)>'")
    mara = await house.person("mara", "technician")
    async with house.working():
        path = await planned(house, mara, ("title", "<script>alert(1)</script>"))
    for where in (path, f"{path}/items", f"{path}/items/1", f"{path}/log", f"{path}/undo", "/changes"):
        page = (await mara.get(where)).text
        assert "<img src=x" not in page, where
        assert "<script>alert" not in page, where


async def test_viewers_look_and_do_nothing(house: House) -> None:
    await house.world.build(3)
    mara = await house.person("mara", "technician")
    async with house.working():
        path = await planned(house, mara)
    vic = await house.person("vic", "viewer")
    assert "Your role may not do this." in (await vic.get(path)).text
    assert (await vic.get("/changes/new")).status_code == 403
    for act in ("plan", "submit", "start", "stop", "retry", "pause", "resume", "undo", "dry-run"):
        assert (await vic.post(f"{path}/{act}")).status_code in {403, 409}, act
    assert (await vic.post("/changes", *DRAFT)).status_code == 403
    assert (await house.world.get(1)).state == "planned"
