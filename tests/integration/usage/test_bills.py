"""A bill goes from the operator's office to a decision: staged errors are found, the rest is explained to the penny."""

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.usage.conftest import enter_terms

from tieline.platform.scope import Role

if TYPE_CHECKING:
    from tests.integration.usage.conftest import Both

pytestmark = pytest.mark.anyio
DAILY = {"A1": 2_000_000, "A2": 400_000, "A3": 0, "A4": 1000, "A5": 1_000_000}
# In October A1 to A4 use 62 + 12.4 + 0 + 0.031 MB of the pool's 40, so that 34.431 x 0.05 = 1.72 are due; A5 31 of 20.


async def prepared(both: "Both", *, staged: bool = False) -> bytes:
    """Records are read and rated; gives the operator's file for October."""
    both.meter.daily = dict(DAILY)
    body = {"since": "2026-09-01", "utility": "DSO"}
    (await both.office.post("/simulation/v1/usage", json=body)).raise_for_status()
    await enter_terms(both)
    await both.read()
    await both.rate()
    wanted = {"month": "2026-10", "by": "jane", "staged": staged}
    made = await both.office.post("/backoffice/v1/utilities/DSO/bills", json=wanted)
    assert made.status_code == 201, made.text
    return (await both.office.get(f"/backoffice/v1/utilities/DSO/bills/{made.json()['number']}.csv")).content


async def send(both: "Both", content: bytes, *, status: int = 201) -> Any:
    answer = await both.people.post("/operators/A/bills", files={"file": ("october.csv", content)})
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_an_honest_bill_is_explained_to_the_penny(both: "Both") -> None:
    bill = await send(both, await prepared(both))
    assert (bill["state"], bill["claimed"], bill["lines"]) == ("received", "13.37", 7)
    await both.check(bill["id"])
    found = await both.get(f"/bills/{bill['id']}")
    # Fees 4 x 2.00 + 3.10, overage 11 MB x 0.05 = 0.55, the pool's 1.72.
    assert (found["state"], found["expected"], found["difference"]) == ("checked", "13.37", "0.00")
    assert found["counts"] == {"explained": [7, "13.37", "13.37"]}
    accepted = await both.people.post(f"/bills/{bill['id']}/decide", json={"state": "accepted"})
    assert accepted.json()["state"] == "accepted"
    assert (await both.people.delete(f"/bills/{bill['id']}")).status_code == 409
    trail = await both.rows("SELECT action FROM audit WHERE subject = 'usage-bill:1' ORDER BY seq")
    assert [row["action"] for row in trail] == ["usage.bill-received", "usage.bill-checked", "usage.bill-decided"]


async def test_staged_errors_are_found_and_nothing_else(both: "Both") -> None:
    bill = await send(both, await prepared(both, staged=True))
    await both.check(bill["id"])
    lines = (await both.get(f"/bills/{bill['id']}/lines"))["items"]
    by_verdict: dict[str, list[str]] = {}
    for one in lines:
        by_verdict.setdefault(one["verdict"], []).append(one["ref"] or one["plan"])
    # One fee is dearer, A6 is billed though retired, two are not ours, the pool is billed as if nothing were included.
    assert by_verdict == {
        "differs": ["A1", "POOL"],
        "explained": ["A2", "A3", "A4", "A5", "A5"],
        "after-end": ["A6"],
        "not-ours": ["X-A2", "X-A3"],
    }
    pool = next(one for one in lines if one["plan"] == "POOL" and one["charge"] == "pool-overage")
    assert (pool["amount"], pool["expected"]) == ("3.72", "1.72")
    answer = await both.people.get(f"/bills/{bill['id']}/dispute.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["verdict"] for row in rows] == ["differs", "after-end", "not-ours", "not-ours", "differs"]
    found = await both.get(f"/bills/{bill['id']}")
    assert sum(float(row["difference"]) for row in rows) == pytest.approx(float(found["difference"]))
    refused = await both.people.post(f"/bills/{bill['id']}/decide", json={"state": "disputed"})
    assert refused.status_code == 422, "say what is disputed"


async def test_the_same_bill_comes_once_and_can_be_taken_away(both: "Both") -> None:
    content = await prepared(both)
    bill = await send(both, content)
    await send(both, content, status=409)
    assert (await both.people.delete(f"/bills/{bill['id']}")).status_code == 204
    await send(both, content)


async def test_a_bill_that_cannot_be_checked_is_refused_with_the_reason(both: "Both") -> None:
    content = await prepared(both)
    for old, new, words in (
        (b"2026-10-31", b"2026-10-30", "By the contract the period is 2026-10-01 to 2026-10-31."),
        (b",GBP", b",EUR", "The contract is in GBP."),
        (b"charge,", b"colour,", "no column charge"),
    ):
        told = await send(both, content.replace(old, new), status=422)
        assert words in str(told)
    half = content.replace(b",2.00,GBP", b",two pounds,GBP", 1)
    bill = await send(both, half)
    assert (bill["lines"], bill["bad_lines"]) == (6, 1)
    assert bill["problems"][0]["field"] == "amount"


async def test_days_of_a_subscription_that_ends_are_billed_alike_on_both_sides(both: "Both") -> None:
    both.clock.forward(timedelta(days=22))  # the 3rd of December
    both.meter.daily = dict(DAILY)
    (await both.office.post("/simulation/v1/usage", json={"since": "2026-11-01", "utility": "DSO"})).raise_for_status()
    await enter_terms(both)
    await both.rate()
    await both.run_sql(
        """WITH gone AS (UPDATE subscription SET state = 'RETIRED' WHERE operator_ref = 'A2' RETURNING id)
           INSERT INTO history (thing, thing_id, at, actor, before, after)
           SELECT 'subscription', id, '2026-11-21T10:00:00Z', 'user:fred', '{"state": "ACTIVE", "data_plan": "POOL"}',
               '{"state": "RETIRED", "data_plan": "POOL"}' FROM gone"""
    )
    await both.rate()
    (row,) = await both.rows("SELECT from_day, to_day FROM usage_member WHERE ref = 'A2'")
    assert (row["from_day"].isoformat(), row["to_day"].isoformat()) == ("2026-09-01", "2026-11-21")
    november = await both.statement("POOL", "2026-11-15")
    # 20 of 30 days: 1.33; the pool has 3 x 10 MB and two thirds of 10.
    assert (november["fee"], november["allowance"]) == ("7.33", 36_666_666)


async def test_who_may_not_may_not(both: "Both") -> None:
    content = await prepared(both)
    both.roles[:] = [Role.VIEWER]
    await send(both, content, status=403)
    assert (await both.people.put("/operators/A/usage-contract", json={"currency": "GBP"})).status_code == 403
    both.roles[:] = [Role.ADMINISTRATOR]
    bill = await send(both, content)
    await both.check(bill["id"])
    both.bounds["regions"] = frozenset({"North"})
    seen = [one["ref"] for one in (await both.get(f"/bills/{bill['id']}/lines"))["items"]]
    assert seen == ["A1", "A2", "A3"], "lines of sites elsewhere, and of none, are not shown"
    assert [one["ref"] for one in (await both.get("/operators/A/usage"))["items"]] == ["A1", "A2", "A3"]
    both.bounds.update(regions=None, operators=frozenset({"B"}))
    assert (await both.people.get(f"/bills/{bill['id']}")).status_code == 404
    assert (await both.get("/usage/statements"))["items"] == []
