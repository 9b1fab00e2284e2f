"""A programme from its opening to the last retired subscription, and what happens when it goes otherwise."""

from typing import Any

import pytest

from tieline.platform.errors import Conflict

pytestmark = pytest.mark.anyio


async def ready(works: Any, sites: int, **terms: Any) -> int:
    await works.build(sites)
    programme = await works.open(**terms)
    await works.prepare(programme.id)
    await works.steer(programme.id, "start")
    return int(programme.id)


async def test_from_the_opening_to_the_last_retired_subscription(works: Any) -> None:
    programme = await ready(works, 2)
    assert await works.states(programme) == {"ready": 2}
    made = await works.schedule(programme)
    assert (made.sites, len(made.orders)) == (2, 1)
    assert await works.states(programme) == {"scheduled": 2}
    assert await works.changed(made.change_id, "running")
    for number, visit in enumerate(await works.visits(programme), 1):
        await works.replace(programme, visit, f"NR{number}")
    await works.until(lambda: works.all_in(programme, "done"))
    retired = await works.world.rows("SELECT change_id FROM programme_change WHERE part = 'retire'")
    assert all([await works.changed(row["change_id"], "completed") for row in retired])
    fleet = await works.world.rows(
        "SELECT substr(operator_ref, 1, 3) AS kind, state, count(*) AS n, count(ip_address) AS addresses"
        " FROM subscription WHERE state <> 'INVENTORY' GROUP BY 1, 2 ORDER BY 1"
    )
    assert [tuple(row.values()) for row in fleet] == [("new", "ACTIVE", 4, 4), ("old", "RETIRED", 4, 0)]
    live = await works.world.rows(
        "SELECT DISTINCT substr(d.external_id, 1, 2) AS router FROM link l JOIN device d ON d.id = l.device_id"
        " WHERE l.valid_to IS NULL"
    )
    assert [row["router"] for row in live] == ["NR"]
    assert await works.changed(made.change_id, "completed")


async def test_the_second_link_waits_until_the_first_has_passed(works: Any) -> None:
    programme = await ready(works, 1)
    await works.schedule(programme)
    (visit,) = await works.visits(programme)
    await works.say(visit.id, "arrived")
    first, second = visit.steps
    assert first.link_role == "backup"
    refused = await works.say(visit.id, "fitted", step=second.key, iccid=second.new_iccid, router="NR1")
    assert refused.state == "refused"
    await works.say(visit.id, "fitted", step=first.key, iccid=first.new_iccid, router="NR1")
    await works.say(visit.id, "test-asked", step=first.key)
    await works.until(lambda: works.cut_over(programme, visit.site_id, 1))
    assert await works.links(programme, visit.site_id) == ["testing", "prepared"]
    written = await works.world.value(
        "SELECT count(*) FROM change_item i JOIN programme_change g USING (change_id)"
        " WHERE g.part = 'cutover' AND i.state <> 'waiting'"
    )
    assert written == 2
    await works.seen(programme, visit.site_id, 1)
    await works.turn()
    assert await works.links(programme, visit.site_id) == ["passed", "prepared"]
    live = await works.world.value(
        "SELECT count(*) FROM link WHERE valid_to IS NULL AND site_id = %(site)s", site=visit.site_id
    )
    assert live == 2, "one old, one new"


async def test_a_link_on_3g_does_not_pass_and_the_crew_is_told(works: Any) -> None:
    programme = await ready(works, 1, test_seconds=10.0)
    await works.schedule(programme)
    (visit,) = await works.visits(programme)
    step = visit.steps[0]
    await works.say(visit.id, "arrived")
    await works.say(visit.id, "fitted", step=step.key, iccid=step.new_iccid, router="NR1")
    await works.say(visit.id, "test-asked", step=step.key)
    await works.until(lambda: works.cut_over(programme, visit.site_id, 1))
    await works.seen(programme, visit.site_id, 1, rat="UTRA")
    await works.world.run_sql("UPDATE programme_link SET test_asked_at = test_asked_at - interval '20 seconds'"
                              " WHERE state = 'testing'")  # fmt: skip
    await works.turn()
    (after,) = await works.visits(programme)
    assert after.steps[0].state == "failed"
    assert after.steps[0].said == "Not within 10 seconds: Technology: 4G or 5G is wanted; it is 3G, band 20."
    assert after.steps[1].state == "closed"
    await works.say(visit.id, "test-asked", step=step.key)
    await works.seen(programme, visit.site_id, 1)
    await works.turn()
    assert await works.links(programme, visit.site_id) == ["passed", "prepared"]


async def test_a_visit_that_did_not_do_becomes_a_second_one_for_what_is_left(works: Any) -> None:
    programme = await ready(works, 1)
    await works.schedule(programme)
    (visit,) = await works.visits(programme)
    step = visit.steps[0]
    await works.say(visit.id, "arrived")
    await works.say(visit.id, "fitted", step=step.key, iccid=step.new_iccid, router="NR1")
    await works.say(visit.id, "test-asked", step=step.key)
    await works.until(lambda: works.cut_over(programme, visit.site_id, 1))
    await works.seen(programme, visit.site_id, 1)
    await works.turn()
    await works.say(visit.id, "finished", outcome="again", why="The second antenna is broken.")
    found = await works.site(programme, visit.site_id)
    assert (found["state"], found["why"], found["attempts"]) == ("again", "The second antenna is broken.", 1)
    made = await works.schedule(programme)
    assert made.sites == 1
    _, again = await works.visits(programme)
    assert [one.link_role for one in again.steps] == ["primary"]
    assert again.attempt == 2
    await works.say(again.id, "arrived")
    (left,) = again.steps
    await works.say(again.id, "fitted", step=left.key, iccid=left.new_iccid, router="NR1")
    await works.say(again.id, "test-asked", step=left.key)
    await works.until(lambda: works.cut_over(programme, visit.site_id, 2))
    await works.seen(programme, visit.site_id, 2)
    await works.turn()
    await works.say(again.id, "finished", outcome="done", removed={})
    await works.until(lambda: works.all_in(programme, "done"))


async def test_a_router_that_fails_is_exchanged_at_the_next_visit(works: Any) -> None:
    programme = await ready(works, 1, test_seconds=10.0)
    await works.schedule(programme)
    (visit,) = await works.visits(programme)
    step = visit.steps[0]
    await works.say(visit.id, "arrived")
    await works.say(visit.id, "fitted", step=step.key, iccid=step.new_iccid, router="NR1")
    await works.say(visit.id, "test-asked", step=step.key)
    await works.until(lambda: works.cut_over(programme, visit.site_id, 1))
    await works.turn()
    await works.say(visit.id, "finished", outcome="again", why="The router does not start.")
    made = await works.schedule(programme)
    _, again = await works.visits(programme)
    assert len(again.steps) == 2
    planned = await works.world.states(made.change_id)
    assert planned == {"waiting": 2}, "the first link has gone over; only the second is cut over"
    await works.replace(programme, again, "NR2")
    await works.until(lambda: works.all_in(programme, "done"))
    routers = await works.world.rows(
        "SELECT DISTINCT d.external_id FROM link l JOIN device d ON d.id = l.device_id WHERE l.valid_to IS NULL"
    )
    assert [row["external_id"] for row in routers] == ["NR2"]


async def test_a_router_that_nobody_knows_is_told_to_the_crew(works: Any) -> None:
    programme = await ready(works, 1)
    await works.schedule(programme)
    (visit,) = await works.visits(programme)
    step = visit.steps[0]
    await works.say(visit.id, "arrived")
    await works.say(visit.id, "fitted", step=step.key, iccid=step.new_iccid, router="WHAT")
    await works.say(visit.id, "test-asked", step=step.key)
    (after,) = await works.visits(programme)
    assert (after.steps[0].state, after.steps[0].said) == (
        "failed",
        "No device WHAT is known: read its number again, or have it imported.",
    )
    assert await works.links(programme, visit.site_id) == ["prepared", "prepared"]
    await works.say(visit.id, "fitted", step=step.key, iccid=step.new_iccid, router="NR1")
    await works.say(visit.id, "test-asked", step=step.key)
    await works.until(lambda: works.cut_over(programme, visit.site_id, 1))
    await works.seen(programme, visit.site_id, 1)
    await works.turn()
    assert await works.links(programme, visit.site_id) == ["passed", "prepared"]


async def test_the_only_link_that_carries_a_site_stays_until_another_does(works: Any) -> None:
    programme = await ready(works, 1)
    await works.schedule(programme)
    (visit,) = await works.visits(programme)
    step = visit.steps[0]
    await works.world.run_sql("UPDATE subscription SET attached = false WHERE operator_ref = 'old-A-1'")
    await works.say(visit.id, "arrived")
    await works.say(visit.id, "fitted", step=step.key, iccid=step.new_iccid, router="NR1")
    await works.say(visit.id, "test-asked", step=step.key)
    (after,) = await works.visits(programme)
    assert after.steps[0].state == "failed"
    assert after.steps[0].said.startswith("This is the only link that carries the site now.")
    assert await works.links(programme, visit.site_id) == ["fitted", "prepared"]
    await works.world.run_sql("UPDATE subscription SET attached = true WHERE operator_ref = 'old-A-1'")
    await works.say(visit.id, "test-asked", step=step.key)
    await works.until(lambda: works.cut_over(programme, visit.site_id, 1))
    await works.seen(programme, visit.site_id, 1)
    await works.turn()
    assert await works.links(programme, visit.site_id) == ["passed", "prepared"]


async def test_a_link_that_is_down_is_replaced_first(works: Any) -> None:
    programme = await ready(works, 1)
    await works.world.run_sql("UPDATE subscription SET attached = false WHERE operator_ref = 'old-A-1'")
    await works.schedule(programme)
    (visit,) = await works.visits(programme)
    assert [step.link_role for step in visit.steps] == ["primary", "backup"]


async def test_a_cut_over_that_is_rejected_sends_no_crew(works: Any) -> None:
    programme = await ready(works, 1)
    made = await works.schedule(programme, approve=False)
    await works.approve(made.change_id, approve=False)
    assert await works.states(programme) == {"again": 1}
    (visit,) = await works.visits(programme)
    assert visit.state == "cancelled"


async def test_a_card_that_is_fitted_before_the_approval_waits_for_it(works: Any) -> None:
    programme = await ready(works, 1)
    made = await works.schedule(programme, approve=False)
    (visit,) = await works.visits(programme)
    step = visit.steps[0]
    await works.say(visit.id, "arrived")
    await works.say(visit.id, "fitted", step=step.key, iccid=step.new_iccid, router="NR1")
    await works.say(visit.id, "test-asked", step=step.key)
    assert await works.links(programme, visit.site_id) == ["fitted", "prepared"]
    await works.approve(made.change_id)
    await works.until(lambda: works.cut_over(programme, visit.site_id, 1))
    await works.seen(programme, visit.site_id, 1)
    await works.turn()
    assert await works.links(programme, visit.site_id) == ["passed", "prepared"]


async def test_what_cannot_be_prepared_says_why_and_can_be_prepared_later(works: Any) -> None:
    await works.build(3)
    await works.world.run_sql(
        "UPDATE card SET stock_state = 'lost' WHERE stock_state = 'in_stock' AND operator_id ="
        " (SELECT id FROM operator WHERE code = 'B') AND id NOT IN (SELECT min(id) FROM card"
        " WHERE stock_state = 'in_stock' AND operator_id = (SELECT id FROM operator WHERE code = 'B'))"
    )
    programme = await works.open()
    await works.prepare(programme.id)
    assert await works.states(programme.id) == {"ready": 1, "blocked": 2}
    why = await works.world.value("SELECT min(why) FROM programme_site WHERE state = 'blocked'")
    assert why == "Operator B has no card of 4G or later left in stock."
    await works.world.run_sql("UPDATE card SET stock_state = 'in_stock' WHERE stock_state = 'lost'")
    await works.prepare(programme.id)
    assert await works.states(programme.id) == {"ready": 3}


async def test_a_site_is_in_one_programme_at_a_time(works: Any) -> None:
    await works.build(1)
    await works.open()
    with pytest.raises(Conflict, match="1 site is in another programme"):
        await works.open()


async def test_old_subscriptions_stay_while_a_new_link_is_down(works: Any) -> None:
    programme = await ready(works, 1, dwell_hours=1.0)
    await works.schedule(programme)
    (visit,) = await works.visits(programme)
    await works.replace(programme, visit, "NR1")
    assert await works.states(programme) == {"dwelling": 1}
    await works.seen(programme, visit.site_id, 1, attached=False)
    await works.world.run_sql("UPDATE programme_site SET dwell_until = now() - interval '1 minute'")
    await works.turn()
    found = await works.site(programme, visit.site_id)
    assert found["state"] == "dwelling"
    assert found["why"] == "The new link of operator B is not attached; the old one is kept."
    await works.seen(programme, visit.site_id, 1)
    await works.turn()
    await works.until(lambda: works.all_in(programme, "done"))


async def test_closing_cancels_what_waits(works: Any) -> None:
    programme = await ready(works, 1)
    await works.schedule(programme)
    await works.steer(programme, "close")
    assert await works.states(programme) == {"again": 1}
    (visit,) = await works.visits(programme)
    assert visit.state == "cancelled"
    with pytest.raises(Conflict, match="cannot be started"):
        await works.steer(programme, "start")
