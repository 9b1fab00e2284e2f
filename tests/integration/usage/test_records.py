"""Records go from the operator's network through TMF635 into statements: once, in any order, corrections last."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.integration.usage.conftest import MB, enter_terms

if TYPE_CHECKING:
    from tests.integration.usage.conftest import Both

pytestmark = pytest.mark.anyio
ROOT = "/tmf-api/usageManagement/v4"


async def count_since(both: "Both", since: str) -> None:
    answer = await both.office.post("/simulation/v1/usage", json={"since": since, "utility": "DSO"})
    assert answer.status_code == 200, answer.text


async def test_months_and_days_come_in_once_and_are_rated(both: "Both") -> None:
    both.meter.daily = {"A1": 200_000, "A2": 400_000, "A3": 0, "A5": 1_000_000}
    await count_since(both, "2026-09-20")
    await enter_terms(both)
    await both.read()
    await both.rate()
    looked_at = await both.rows("SELECT DISTINCT tablename FROM pg_stats WHERE tablename LIKE 'usage_m%%'")
    assert {row["tablename"] for row in looked_at} == {"usage_member", "usage_month"}, "else large fleets take minutes"
    # October has 31 days: A1 6.2 MB, A2 12.4, of 40 MB in the pool; A5 31 MB of 20, so that 11 cost 0.05 each.
    october = await both.statement("POOL", "2026-10-15")
    assert (october["members"], october["octets"], october["allowance"], october["beyond"]) == (
        4,
        18_600_000,
        40 * MB,
        0,
    )
    assert [october[name] for name in ("beyond", "fee", "overage", "forecast_total")] == [0, "8.00", "0.00", "8.00"]
    alone = await both.statement("SINGLE", "2026-10-15")
    assert (alone["octets"], alone["beyond"], alone["fee"], alone["overage"]) == (31 * MB, 11 * MB, "3.10", "0.55")
    # November is known until the 10th; going on like that, A5 comes to 30 MB.
    now = await both.statement("SINGLE", "2026-11-10")
    assert (now["octets"], now["known_until"], now["forecast_octets"]) == (10 * MB, "2026-11-10", 30 * MB)
    assert (now["overage"], now["forecast_overage"]) == ("0.00", "0.50")
    (feed,) = (await both.get("/usage/feeds"))["items"]
    assert (feed["first_day"], feed["last_day"], feed["missing"]) == ("2026-09-20", "2026-11-10", [])
    before = await both.rows("SELECT * FROM usage_month ORDER BY month, ref")
    both.clock.forward(timedelta(hours=2))
    await both.read()
    assert await both.rows("SELECT * FROM usage_month ORDER BY month, ref") == before


async def test_what_was_used_before_the_terms_were_entered_is_rated_by_them(both: "Both") -> None:
    both.meter.daily = {"A1": 200_000, "A5": 1_000_000}
    await count_since(both, "2026-10-01")
    assert (await both.people.put("/operators/A/usage-contract", json={"currency": "GBP"})).status_code == 200
    await both.read()
    await both.rate()
    await enter_terms(both)
    await both.rate()
    alone = await both.statement("SINGLE", "2026-10-15")
    assert (alone["octets"], alone["fee"], alone["overage"]) == (31 * MB, "3.10", "0.55")


async def test_a_correction_takes_the_place_of_what_was_told(both: "Both") -> None:
    both.meter.daily = {"A1": 200_000, "A5": 1_000_000}
    await count_since(both, "2026-10-01")
    await both.read()
    wrong = {"subscription": "A5", "day": "2026-10-07", "up": 10, "down": 20, "sessions": 3, "by": "jane"}
    path = "/backoffice/v1/utilities/DSO/usage/corrections"
    assert (await both.office.post(path, json=wrong)).status_code == 204
    assert (await both.office.post(path, json={**wrong, "day": "2026-11-11"})).status_code == 404
    both.clock.forward(timedelta(hours=2))
    await both.read()
    (row,) = await both.rows(
        "SELECT up, down, sessions, octets FROM usage_month WHERE ref = 'A5' AND month = '2026-10-01'"
    )
    assert (row["up"][6], row["down"][6], row["sessions"][6], row["octets"]) == (10, 20, 3, 30 * MB + 30)
    assert row["up"][7] == 500_000
    corrected = (await both.operator.get(f"{ROOT}/usage", params={"status": "recycled"})).json()
    assert [one["id"] for one in corrected] == ["A5.2026-10-07"]


async def test_a_day_that_is_late_is_read_when_it_comes_and_shows_as_missing_until_then(both: "Both") -> None:
    both.meter.daily = {"A1": 200_000}
    await count_since(both, "2026-11-08")
    await both.read()
    await both.run_sql("DELETE FROM usage_day WHERE day = '2026-11-09'")
    assert (await both.get("/usage/feeds"))["items"][0]["missing"] == ["2026-11-09"]
    both.clock.forward(timedelta(days=1))
    await both.counter.round()
    await both.read()
    feed = (await both.get("/usage/feeds"))["items"][0]
    assert (feed["last_day"], feed["missing"]) == ("2026-11-11", [])


async def test_a_line_that_is_cut_leaves_what_was_read_and_is_told(both: "Both") -> None:
    both.meter.daily = {"A1": 200_000}
    await count_since(both, "2026-11-08")
    both.wire.down = True
    await both.read()
    assert (await both.get("/usage/feeds"))["items"][0]["error"] == "The line is cut."
    both.wire.down = False
    both.clock.forward(timedelta(minutes=3))
    await both.read()
    feed = (await both.get("/usage/feeds"))["items"][0]
    assert (feed["error"], feed["last_day"]) == ("", "2026-11-10")


async def test_a_utility_reads_its_own_and_nobody_elses(both: "Both") -> None:
    both.meter.daily = {"A1": 200_000, "A2": 0}
    await count_since(both, "2026-10-01")
    day = {"usageDate": "2026-11-09"}
    answer = await both.operator.get(f"{ROOT}/usage", params=day)
    assert [one["id"] for one in answer.json()] == ["A1.2026-11-09", "A2.2026-11-09"]
    assert answer.headers["X-Total-Count"] == "2"
    assert answer.json()[0]["description"] == "Simulated."
    assert (await both.stranger.get(f"{ROOT}/usage", params=day)).json() == []
    assert (await both.operator.get(f"{ROOT}/usage/A1.2026-10")).status_code == 200
    assert (await both.stranger.get(f"{ROOT}/usage/A1.2026-10")).status_code == 404
    begun = (await both.operator.get(f"{ROOT}/usage/A1.2026-11")).json()
    days = next(one["value"] for one in begun["usageCharacteristic"] if one["name"] == "days")
    assert days == [[100_000, 100_000, 1]] * 10, "up to the last day that is closed"
    for bad in ("usageDate=nope", "lastUpdate.gte=2026-11-01", "status=rated", "usageSpecification.id=x", "colour=red"):
        answer = await both.operator.get(f"{ROOT}/usage?{bad}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalidQuery"), bad
    assert (await both.operator.post(f"{ROOT}/usage", json={})).status_code == 405


async def test_days_are_taken_down_once_they_are_over(both: "Both") -> None:
    both.meter.daily = {"A1": 7}
    assert await both.counter.round() == 0, "the network counts from the day on which the utility was taken on"
    both.clock.forward(timedelta(days=2))
    assert [await both.counter.round() for _ in range(2)] == [4, 0], "two days of each of the two utilities"
    listed = (await both.operator.get(f"{ROOT}/usage")).json()
    assert [one["usageDate"][:10] for one in listed] == ["2026-11-11", "2026-11-12"]
