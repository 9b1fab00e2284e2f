"""The gateway's change log goes out too: no row is passed over, though transactions commit in another order."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tieline.gateway import siem
from tieline.gateway.siem import ChangeLogSource
from tieline.platform.db import execute

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Rig

    from tieline.platform.db import Tx

pytestmark = pytest.mark.anyio


async def log(tx: "Tx", dn: str) -> None:
    await execute(
        tx,
        "INSERT INTO change_log (utility_id, at, party, source, operation, dn, version)"
        " SELECT id, now(), 'staff', 'staff:jane', 'changed', %s, 1 FROM utility",
        [dn],
    )


async def told(rig: "Rig", source: ChangeLogSource, after: int) -> list[Any]:
    async with rig.parts.db.snapshot() as tx:
        return list(await source.after(tx, after, 100))


async def test_a_row_that_commits_later_than_its_successors_is_not_passed_over(
    rig: "Rig", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(siem, "_SETTLED_S", 0.0)
    await rig.utility("U1")
    source = ChangeLogSource()
    written, goes_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with rig.parts.db.transaction() as tx:
            await log(tx, "SubNetwork=U1,X=first")
            written.set()
            await goes_on.wait()

    slowly = asyncio.create_task(slow())
    await written.wait()
    async with rig.parts.db.transaction() as tx:
        await log(tx, "SubNetwork=U1,X=second")
    for _ in range(3):
        assert await told(rig, source, 0) == []
    goes_on.set()
    await slowly
    await told(rig, source, 0)
    found = await told(rig, source, 0)
    assert [event.subject for event in found] == ["SubNetwork=U1,X=first", "SubNetwork=U1,X=second"]
    assert found[0].action == "object.changed"
    assert found[0].actor == "staff:jane"
    assert found[0].detail == {"utility": "U1", "party": "staff", "version": 1}
    assert await told(rig, source, found[-1].number) == []


async def test_the_back_office_tells_where_it_goes(rig: "Rig") -> None:
    await rig.utility("U1")
    found = (await rig.office.get("/backoffice/v1/siem")).json()
    assert (found["target"], [one["source"] for one in found["sources"]]) == ("", ["change-log", "audit"])
    assert found["sources"][1]["end"] == 1
    assert (await rig.office.post("/backoffice/v1/siem/test")).status_code == 409
    again = await rig.office.post("/backoffice/v1/siem/replay", json={"source": "change-log", "first": 1})
    assert again.status_code == 404
