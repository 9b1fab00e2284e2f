"""What every connector must do, whatever platform is behind it."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

import anyio
import pytest

from tieline.utility.connectors import (
    Batch,
    Connector,
    Field,
    Group,
    Operation,
    OperationResult,
    Outcome,
    OutcomeState,
    Rejected,
    Report,
    ResultState,
    Slice,
    Unreachable,
)
from tieline.utility.connectors.port import Leaves

pytestmark = pytest.mark.anyio


class Operator(Protocol):
    """What the fixture gives."""

    connector: Connector

    async def refuse(self, ref: str, reason: str, /) -> None: ...

    async def lie(self, ref: str, /) -> None: ...

    async def calls(self) -> int: ...


def batch(*refs: str, apn: str = "scada.dso", state: str = "TEST_READY") -> Batch:
    return Batch(
        "contract suite",
        tuple(Operation(f"op-{index}", ref, {Field.STATE: state, Field.APN: apn}) for index, ref in enumerate(refs)),
    )


async def finished(connector: Connector, reference: str) -> Outcome:
    with anyio.fail_after(30):
        while True:
            outcome = await connector.outcome(reference)
            if outcome.state.over:
                return outcome
            await anyio.sleep(0.05)


def results_of(outcome: Outcome) -> list[OperationResult]:
    return list(outcome.by_id(["op-0", "op-1"]).values())


async def reads(connector: Connector, reference: str, *refs: str) -> dict[str, Report]:
    return {report.ref: report for report in await connector.read_back(reference, refs)}


async def operational(connector: Connector, reference: str, ref: str, apn: str) -> Report:
    with anyio.fail_after(30):
        while True:
            report = (await reads(connector, reference, ref))[ref]
            if report.operational.get(Field.APN) == apn:
                return report
            await anyio.sleep(0.05)


async def test_is_a_connector(operator: Operator) -> None:
    assert isinstance(operator.connector, Connector)
    assert operator.connector.capabilities.max_batch >= 1


async def test_a_batch_takes_effect_and_is_read_back(operator: Operator) -> None:
    reference = await operator.connector.submit(batch("s1", "s2"), "key-1")
    outcome = await finished(operator.connector, reference)
    assert outcome.state is OutcomeState.FINISHED
    assert [result.state for result in results_of(outcome)] == [ResultState.SUCCEEDED] * 2
    report = await operational(operator.connector, reference, "s1", "scada.dso")
    assert report.desired[Field.STATE] == "TEST_READY"
    assert report.operational[Field.STATE] == "TEST_READY"
    assert report.operational[Field.SUBSCRIPTION_GROUP] == "substations"
    assert report.shows({Field.APN: "scada.dso", Field.STATE: "TEST_READY"})


async def test_the_same_key_gives_the_same_batch(operator: Operator) -> None:
    first = await operator.connector.submit(batch("s1"), "key-1")
    assert await operator.connector.submit(batch("s1"), "key-1") == first
    assert await operator.connector.find("key-1") == first


async def test_the_same_key_for_another_batch_is_refused(operator: Operator) -> None:
    await operator.connector.submit(batch("s1"), "key-1")
    with pytest.raises(Rejected):
        await operator.connector.submit(batch("s2"), "key-1")


async def test_a_key_that_was_never_used_finds_nothing(operator: Operator) -> None:
    assert await operator.connector.find("never") is None


async def test_one_refused_does_not_hold_the_others(operator: Operator) -> None:
    await operator.refuse("s1", "The line is barred.")
    outcome = await finished(operator.connector, await operator.connector.submit(batch("s1", "s2"), "key-1"))
    refused, done = results_of(outcome)
    assert refused.state is ResultState.FAILED
    assert "barred" in refused.message
    assert done.state is ResultState.SUCCEEDED


async def test_what_does_not_exist_fails_with_a_reason(operator: Operator) -> None:
    outcome = await finished(operator.connector, await operator.connector.submit(batch("nobody"), "key-1"))
    assert results_of(outcome)[0].state is ResultState.FAILED
    assert results_of(outcome)[0].message
    assert await reads(operator.connector, "", "nobody") == {}


async def test_an_illegal_transition_fails(operator: Operator) -> None:
    outcome = await finished(
        operator.connector, await operator.connector.submit(batch("s1", state="SUSPENDED"), "key-1")
    )
    assert results_of(outcome)[0].state is ResultState.FAILED


async def test_accepted_is_not_operational(operator: Operator) -> None:
    await operator.lie("s3")
    reference = await operator.connector.submit(batch("s3"), "key-1")
    outcome = await finished(operator.connector, reference)
    assert results_of(outcome)[0].state is ResultState.SUCCEEDED
    report = (await reads(operator.connector, reference, "s3"))["s3"]
    assert report.desired[Field.APN] == "scada.dso"
    assert not report.shows({Field.APN: "scada.dso"})
    assert report.missing({Field.APN: "scada.dso"}) == (Field.APN,)


async def test_validation_has_no_effect(operator: Operator) -> None:
    if not operator.connector.capabilities.validates:
        pytest.skip("this platform has no dry run")
    verdicts = await operator.connector.validate(batch("s1", "nobody"))
    assert [verdict.accepted for verdict in verdicts] == [True, False]
    assert [verdict.id for verdict in verdicts] == ["op-0", "op-1"]
    assert (await reads(operator.connector, "", "s1"))["s1"].desired[Field.STATE] == "INVENTORY"


async def test_unsetting_a_field(operator: Operator) -> None:
    connector = operator.connector
    reference = await connector.submit(batch("s1"), "key-1")
    await finished(connector, reference)
    unset = Batch("unset", (Operation("a", "s1", {Field.APN: None, Field.RAT_RESTRICTION: ("EUTRA", "NR")}),))
    reference = await connector.submit(unset, "key-2")
    assert (await finished(connector, reference)).by_id(["a"])["a"].state is ResultState.SUCCEEDED
    report = (await reads(connector, reference, "s1"))["s1"]
    assert report.desired[Field.APN] is None
    assert report.desired[Field.RAT_RESTRICTION] == ("EUTRA", "NR")


async def test_reading_everything(operator: Operator) -> None:
    seen = [report.ref async for page in operator.connector.read_all() for report in page]
    assert sorted(seen) == sorted(f"s{number}" for number in range(20))


async def test_an_unknown_batch_is_refused(operator: Operator) -> None:
    with pytest.raises(Rejected):
        await operator.connector.outcome("no-such-batch")


async def test_subscribing_twice_and_ending_twice(operator: Operator) -> None:
    if not operator.connector.capabilities.notifies:
        pytest.skip("this platform sends no notifications")
    await operator.connector.subscribe("https://127.0.0.1:9/3gpp/notifications/A", heartbeat_seconds=30)
    feed = await operator.connector.subscribe("https://127.0.0.1:9/3gpp/notifications/A", heartbeat_seconds=60)
    assert feed.heartbeat_seconds == 60
    await operator.connector.unsubscribe(feed.id)
    await operator.connector.unsubscribe(feed.id)


async def test_each_request_waits_for_its_turn(operator: Operator) -> None:
    connector, turns, left = operator.connector, 0, 0

    def leaves() -> None:
        nonlocal left
        left += 1

    async def turn() -> Leaves:
        nonlocal turns
        turns += 1
        return leaves

    before = await operator.calls()
    connector.paced(turn)
    reference = await connector.submit(batch("s1", "s2"), "key-1")
    await finished(connector, reference)
    await reads(connector, reference, "s1", "s2")
    await connector.find("key-1")
    _ = [page async for page in connector.read_all()]
    if connector.capabilities.validates:
        await connector.validate(batch("s3"))
    if connector.capabilities.notifies:
        await connector.subscribe("https://127.0.0.1:9/3gpp/notifications/A", heartbeat_seconds=30)
    assert turns == await operator.calls() - before
    assert left == turns


async def test_who_gets_no_turn_makes_no_request(operator: Operator) -> None:
    async def turn() -> Leaves:
        raise Unreachable("not now")

    before = await operator.calls()
    operator.connector.paced(turn)
    with pytest.raises(Unreachable):
        await operator.connector.submit(batch("s1"), "key-1")
    with pytest.raises(Unreachable):
        await operator.connector.find("key-1")
    assert await operator.calls() == before


# ── 5G LAN groups, static addresses, word of devices ──────────────────────────────────────────────────────────────────

NORTH = Group(name="north@grid.example", dnn="grid.north", slice=Slice(1, "0a0b0c"), session_type="IPV4")


def regroup(key: str, **members: bool) -> Batch:
    """A batch that puts subscriptions into the group, or takes them out."""
    operations = tuple(
        Operation(f"{key}-{ref}", ref, {Field.LAN_GROUPS: (NORTH.name,) if is_in else ()})
        for ref, is_in in members.items()
    )
    return Batch("groups", operations, groups=(NORTH,))


async def in_group(connector: Connector, *expected: str, refs: tuple[str, ...] = ("s1", "s2", "s3")) -> None:
    with anyio.fail_after(30):
        while True:
            shown = await reads(connector, "", *refs)
            if {ref for ref in refs if shown[ref].operational.get(Field.LAN_GROUPS)} == set(expected):
                return
            await anyio.sleep(0.05)


async def done(connector: Connector, one: Batch, key: str) -> list[OperationResult]:
    reference = await connector.submit(one, key)
    outcome = await finished(connector, reference)
    assert outcome.state is OutcomeState.FINISHED
    return list(outcome.by_id([operation.id for operation in one.operations]).values())


async def test_a_group_is_made_changed_and_ended(operator: Operator) -> None:
    connector = operator.connector
    if not connector.capabilities.lan_group_members:
        pytest.skip("this platform has no groups")
    results = await done(connector, regroup("a", s1=True, s2=True), "key-1")
    assert [one.state for one in results] == [ResultState.SUCCEEDED] * 2
    await in_group(connector, "s1", "s2")
    await done(connector, regroup("b", s1=False, s3=True), "key-2")
    await in_group(connector, "s2", "s3")
    await done(connector, regroup("c", s2=False, s3=False), "key-3")
    await in_group(connector)
    await done(connector, regroup("d", s2=True), "key-4")
    await in_group(connector, "s2")


async def test_a_group_call_repeated_after_a_crash_changes_nothing(operator: Operator) -> None:
    connector = operator.connector
    if not connector.capabilities.lan_group_members:
        pytest.skip("this platform has no groups")
    one = regroup("a", s1=True, s2=True)
    first = await connector.submit(one, "key-1")
    assert await connector.submit(one, "key-1") == first
    await done(connector, one, "key-1")
    await in_group(connector, "s1", "s2")
    ended = regroup("b", s1=False, s2=False)
    for _ in range(2):
        await done(connector, ended, "key-2")
    await in_group(connector)


async def test_a_member_that_does_not_exist_does_not_hold_the_others(operator: Operator) -> None:
    connector = operator.connector
    if not connector.capabilities.lan_group_members:
        pytest.skip("this platform has no groups")
    known, stranger = await done(connector, regroup("a", s1=True, nobody=True), "key-1")
    assert known.state is ResultState.SUCCEEDED
    assert stranger.state is ResultState.FAILED
    assert stranger.message
    await in_group(connector, "s1")


async def test_static_addresses_take_effect(operator: Operator) -> None:
    connector = operator.connector
    if not connector.capabilities.static_addresses:
        pytest.skip("this platform has no way of its own for addresses")
    apn = batch("s1", "s2")
    await done(connector, apn, "key-0")
    fixed = tuple(
        Operation(ref, ref, {Field.APN: "scada.dso", Field.IP_ADDRESS: f"192.0.2.{number}"})
        for number, ref in enumerate(("s1", "s2"), 1)
    )
    one = Batch("addresses", fixed, addresses=Slice())
    first = await connector.submit(one, "key-1")
    assert await connector.submit(one, "key-1") == first
    assert {result.state for result in await done(connector, one, "key-1")} == {ResultState.SUCCEEDED}
    with anyio.fail_after(30):
        while True:
            shown = await reads(connector, first, "s1", "s2")
            if [shown[ref].operational.get(Field.IP_ADDRESS) for ref in ("s1", "s2")] == ["192.0.2.1", "192.0.2.2"]:
                return
            await anyio.sleep(0.05)


async def test_asking_for_word_of_devices_twice_and_ending_it_twice(operator: Operator) -> None:
    connector = operator.connector
    if not connector.capabilities.tells_devices:
        pytest.skip("this platform gives no word of devices")
    until = datetime.now(UTC) + timedelta(days=1)
    recipient = "https://127.0.0.1:9/3gpp/notifications/A/devices"
    watch = await connector.watch_devices(recipient, until=until)
    assert await connector.watch_devices(recipient, until=until) == watch
    await connector.unwatch_devices(watch)
    await connector.unwatch_devices(watch)
