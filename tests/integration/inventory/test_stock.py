"""Cards and addresses: by key, never twice, whoever asks at the same time."""

import asyncio

import pytest

from tieline.platform.db import Database, fetch_value
from tieline.platform.scope import Scope
from tieline.utility.inventory import (
    AddressWant,
    DesiredChange,
    NoAddress,
    Reserved,
    StockWant,
    apply_desired,
    issue_stock,
    release_addresses,
    release_stock,
    reserve_addresses,
    take_stock,
)

pytestmark = pytest.mark.anyio


async def test_taking_is_idempotent_and_gives_the_least_that_will_do(fleet: Database, everything: Scope) -> None:
    wants = [StockWant("i1", "4G"), StockWant("i2", "5G"), StockWant("i3", "4G")]
    async with fleet.transaction() as tx:
        first = await take_stock(tx, everything, "A", wants, change_id=5)
        again = await take_stock(tx, everything, "A", wants, change_id=5)
    assert first == again
    assert {key: card.generation for key, card in first.items()} == {"i1": "4G", "i2": "5G", "i3": "4G"}
    assert len({card.card_id for card in first.values()}) == 3


async def test_the_demanding_are_served_first(fleet: Database, everything: Scope) -> None:
    wants = [StockWant(f"low{i}", "4G") for i in range(8)] + [StockWant(f"high{i}", "5G") for i in range(5)]
    async with fleet.transaction() as tx:
        taken = await take_stock(tx, everything, "A", wants)
    assert len(taken) == 10
    assert {f"high{i}" for i in range(5)} <= set(taken)


async def test_a_kind_of_card(fleet: Database, everything: Scope) -> None:
    async with fleet.transaction() as tx:
        taken = await take_stock(tx, everything, "A", [StockWant(f"e{i}", "4G", "euicc") for i in range(5)])
    assert {card.card_kind for card in taken.values()} == {"euicc"}
    assert 0 < len(taken) < 5


async def test_nobody_takes_a_card_twice(fleet: Database, everything: Scope) -> None:
    async def take(name: str) -> set[int]:
        async with fleet.transaction() as tx:
            cards = await take_stock(tx, everything, "B", [StockWant(f"{name}{i}", "4G") for i in range(4)])
        return {card.card_id for card in cards.values()}

    taken = await asyncio.gather(*(take(name) for name in "wxyz"))
    assert sum(map(len, taken)) == len(set[int]().union(*taken)) == 10


async def test_cards_are_given_back_until_fitted(fleet: Database, everything: Scope, only_a: Scope) -> None:
    wants = [StockWant("i1", "4G")]
    async with fleet.transaction() as tx:
        await take_stock(tx, everything, "B", wants)
        assert await release_stock(tx, only_a, ["i1"]) == 0
        assert await issue_stock(tx, everything, ["i1"]) == 1
        assert await release_stock(tx, everything, ["i1"]) == 1
        assert await release_stock(tx, everything, ["i1"]) == 0
        assert await fetch_value(tx, "SELECT count(*) FROM card WHERE stock_state = 'in_stock'") == 20
        assert await fetch_value(tx, "SELECT count(*) FROM history WHERE thing = 'card'") == 3


def want(key: str, apn: str = "scada.dso") -> AddressWant:
    return AddressWant(key, "A", apn)


async def reserve(db: Database, scope: Scope, wants: list[AddressWant]) -> dict[str, Reserved]:
    async with db.transaction() as tx:
        return await reserve_addresses(tx, scope, wants, change_id=1)


async def test_used_addresses_are_skipped(fleet: Database, everything: Scope) -> None:
    got = await reserve(fleet, everything, [want("i1"), want("i2"), want("i3", "no.such")])
    # Pool 10.0.0.0/27 has .1 to .30; .1 to .12 are in use.
    assert [got["i1"].address, got["i2"].address] == ["10.0.0.13", "10.0.0.14"]
    assert (got["i3"].address, got["i3"].problem) == (None, NoAddress.NO_POOL)
    assert await reserve(fleet, everything, [want("i1")]) == {"i1": got["i1"]}


async def test_an_exhausted_pool_says_so(fleet: Database, everything: Scope, only_a: Scope) -> None:
    got = await reserve(fleet, everything, [want(f"i{n}") for n in range(20)])
    assert [one.address for one in got.values() if one.address] == [f"10.0.0.{n}" for n in range(13, 31)]
    assert [one.problem for one in got.values() if not one.address] == [NoAddress.EXHAUSTED] * 2
    async with fleet.transaction() as tx:
        assert await release_addresses(tx, only_a, ["i0"]) == 1
    again = await reserve(fleet, everything, [want("i19")])
    assert again["i19"].address == "10.0.0.13"


async def test_nobody_gets_an_address_twice(fleet: Database, everything: Scope) -> None:
    outcomes = await asyncio.gather(
        *(reserve(fleet, everything, [want(f"{name}{i}") for i in range(6)]) for name in "wxyz")
    )
    addresses = [one.address for outcome in outcomes for one in outcome.values() if one.address]
    assert len(addresses) == len(set(addresses)) == 18


async def test_a_reservation_follows_the_desired_address(fleet: Database, everything: Scope) -> None:
    address = (await reserve(fleet, everything, [want("i1")]))["i1"].address
    async with fleet.transaction() as tx:
        await apply_desired(
            tx, everything, [DesiredChange(13, 1, {"apn": "scada.dso", "ip_address": address})], reason="set"
        )
        assert await fetch_value(tx, "SELECT state FROM address_reservation") == "assigned"
        await apply_desired(tx, everything, [DesiredChange(13, 2, {"apn": None, "ip_address": None})], reason="undo")
        assert await fetch_value(tx, "SELECT state FROM address_reservation") == "released"
    assert (await reserve(fleet, everything, [want("i1")]))["i1"].address == address


async def test_pools_of_ipv6(fleet: Database, everything: Scope) -> None:
    async with fleet.transaction() as tx:
        await tx.execute(
            "INSERT INTO address_pool (operator_id, apn, cidr, name) VALUES (1, 'six', 'fd00::/64', 'six')"
        )
    got = await reserve(fleet, everything, [want("i1", "six"), want("i2", "six")])
    assert [got["i1"].address, got["i2"].address] == ["fd00::1", "fd00::2"]
