"""A change as a record: everything of it in one piece, verifiable in the trail, bounded, within what one may see."""

import re
from typing import Any

import pytest
from tests.integration.console_changes.test_changes import plan_hash, planned

from tieline.utility.changes.service import outcomes

pytestmark = pytest.mark.anyio
House = Any


async def test_a_record_tells_all_of_a_change(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieline.utility.console.pages.changes.recording.ITEMS", 30)
    await house.world.build(20, critical=2)
    mara = await house.person("mara", "technician")
    dirk = await house.person("dirk", "approver")
    async with house.working():
        path = await planned(house, mara)
        before = (await mara.get(f"{path}/record")).text
        assert "It has not run to its end." in before
        assert "Nobody has decided on it" in before
        await mara.post(f"{path}/submit")
        digest = plan_hash((await dirk.get(path)).text)
        await dirk.post(f"{path}/approve", ("plan_hash", digest), ("reason", "Seen & <agreed>."))
        await mara.post(f"{path}/start")
        receipt = await house.reads(mara, path, "Completed")
        assert f"{path}/record" in receipt
    assert "What came of it is being counted." in (await dirk.get(f"{path}/record")).text
    async with house.runtime.db.transaction() as tx:
        await outcomes.count(tx, 1)
    page = (await dirk.get(f"{path}/record")).text
    for told in ("3G ends", "by mara", "Seen &amp; &lt;agreed&gt;.", digest, "40 of 40 planned", "40 verified",
                 "The first 30 of 40 subscriptions", f"{path}/items.csv", "State: ", " \u2192 ",
                 "A second person approves",
                 "sets every before-image back"):  # fmt: skip
        assert told in page, told
    trail = await house.world.rows(
        "SELECT seq, encode(hash, 'hex') AS hash FROM audit WHERE subject = 'change:1' ORDER BY seq"
    )
    assert len(trail) >= 4
    for entry in trail:
        assert f"/audit/{entry['seq']}" in page
        assert entry["hash"] in page
    other = (await mara.get(f"{path}/record")).text
    assert "shown to who may read the audit trail" in other
    assert trail[0]["hash"] not in other
    assert (await mara.get("/changes/99999/record")).status_code == 404


async def test_what_was_done_last_is_never_left_out(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MOST_EVENTS", "MOST_ENTRIES"):
        monkeypatch.setattr(f"tieline.utility.changes.service.recording.{name}", 2)
    monkeypatch.setattr("tieline.utility.console.pages.changes.showing._LOG", 2)
    await house.world.build(20, critical=2)
    mara = await house.person("mara", "technician")
    dirk = await house.person("dirk", "approver")
    async with house.working():
        path = await planned(house, mara)
        await mara.post(f"{path}/submit")
        await dirk.post(f"{path}/approve", ("plan_hash", plan_hash((await dirk.get(path)).text)), ("reason", "Seen."))
        await mara.post(f"{path}/start")
        await house.reads(mara, path, "Completed")
        assert (await mara.post(f"{path}/undo", ("title", "Back"), ("reason", "Too early"))).status_code == 303
        await house.world.run_sql(
            "INSERT INTO change_event (change_id, actor, kind, detail)"
            " SELECT 1, 'user:mara', 'reviewed', '{}' FROM generate_series(1, 2)"
        )
    found = (await dirk.get("/api/v1/changes/1/record")).json()
    assert [one["kind"] for one in found["events"]] == ["reviewed", "reviewed"]
    assert (found["more_events"], found["more_audit"], found["undone_by"]) == (True, True, [2])
    page = (await dirk.get(f"{path}/record")).text
    assert "/api/v1/changes/1/events" in page
    assert "under the subject <code>change:1</code>" in page
    assert '<a href="/changes/2">change 2</a>' in page
    assert '<a href="/changes/2">Change 2</a>' in (await mara.get(path)).text
    assert "Reviewed" in (await mara.get(f"{path}/log")).text


async def test_rest_gives_the_same(house: House) -> None:
    await house.world.build(4)
    mara = await house.person("mara", "technician")
    async with house.working():
        path = await planned(house, mara)
    number = re.sub(r"\D", "", path)
    found = (await mara.get(f"/api/v1/changes/{number}/record?items=3")).json()
    assert found["change"]["title"] == "4G everywhere"
    assert [len(found["items"]), found["more_items"]] == [3, True]
    assert found["items"][0]["before"] != found["items"][0]["desired"]
    assert found["audit"] is None
    assert [found["approvals"], found["outcome"], found["undone_by"]] == [[], None, []]
    assert (await mara.get("/api/v1/changes/999/record")).status_code == 404
    assert (await mara.get(f"/api/v1/changes/{number}/record?items=0")).status_code == 422
