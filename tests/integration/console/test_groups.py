"""Pages of 5G LAN groups: the list, one group, and the form of a change that alters it."""

from typing import TYPE_CHECKING

import pytest

from tieline.platform.db import execute
from tieline.platform.scope import Role, Scope
from tieline.platform.web import current_scope

if TYPE_CHECKING:
    from tests.integration.console.conftest import Console

pytestmark = pytest.mark.anyio
NAME = "north@grid.example"


async def with_group(console: "Console") -> None:
    """A group at operator A with two members, one of them in the network."""
    statements = (
        "INSERT INTO operator (code, name) VALUES ('A', 'Operator A')",
        """INSERT INTO subscription (operator_id, operator_ref, state, apn, lan_groups, op_lan_groups, reported_at)
           SELECT o.id, 's' || n, 'ACTIVE', 'grid.north', '{north@grid.example}',
               CASE n WHEN 1 THEN '{north@grid.example}'::text[] ELSE '{}' END, now()
           FROM operator o, generate_series(1, 2) n""",
        "UPDATE subscription SET ip_address = '192.0.2.1' WHERE operator_ref = 's1'",
        """INSERT INTO lan_group (operator_id, name, title, dnn, sst, sd, session_type, aaa_address, aaa_usages,
               created_by)
           SELECT id, 'north@grid.example', '<b>North</b>', 'grid.north', 1, '0a0b0c', 'IPV4', '198.51.100.7',
               '{AUTH}', 'user:fred' FROM operator""",
        """INSERT INTO address_pool (operator_id, name, apn, cidr)
           SELECT id, 'p', 'grid.north', '192.0.2.0/29' FROM operator""",
    )
    async with console.db.transaction() as tx:
        for statement in statements:
            await execute(tx, statement)


async def test_the_list_links_each_number_to_what_is_behind_it(console: "Console") -> None:
    await with_group(console)
    console.sign_in(Role.TECHNICIAN)
    page = (await console.client.get("/groups")).text
    assert NAME in page
    assert "/subscriptions?operator=A&amp;lan_group=north%40grid.example" in page
    assert "drift=1" in page
    assert "<b>North</b>" not in page
    members = (await console.client.get("/subscriptions?operator=A&lan_group=north%40grid.example")).text
    assert "s1" in members
    assert "s2" in members


async def test_a_group_has_its_members_its_addresses_and_its_ways_on(console: "Console") -> None:
    await with_group(console)
    console.sign_in(Role.TECHNICIAN)
    page = (await console.client.get("/groups/1")).text
    for word in ("grid.north", "1-0a0b0c", "198.51.100.7", "192.0.2.0/29", "1 not in the network yet"):
        assert word in page, word
    assert "change_kind=group.members" in page
    assert "change_kind=group.remove" in page
    missing = await console.client.get("/groups/99")
    assert missing.status_code == 404


async def test_who_may_not_plan_is_told_why(console: "Console") -> None:
    await with_group(console)
    console.sign_in(Role.VIEWER)
    page = (await console.client.get("/groups/1")).text
    assert "Your role may not plan changes." in page


@pytest.mark.parametrize(
    ("kind", "question"),
    [
        ("group.create", "lan.dnn"),
        ("group.members", "lan.act"),
        ("group.remove", "lan.group"),
        ("address.provision", "lan.renew"),
    ],
)
async def test_the_form_of_a_change_asks_what_its_kind_needs(console: "Console", kind: str, question: str) -> None:
    await with_group(console)
    console.sign_in(Role.TECHNICIAN)
    page = (await console.client.get(f"/changes/new?change_kind={kind}&linked=1")).text
    assert f'name="{question}"' in page


async def test_groups_over_rest(console: "Console") -> None:
    await with_group(console)
    console.app.dependency_overrides[current_scope] = lambda: Scope("user:ada", Role.VIEWER.permissions)
    listed = (await console.client.get("/api/v1/lan-groups")).json()["items"]
    assert [(one["name"], one["members"], one["settled"]) for one in listed] == [(NAME, 2, 1)]
    assert (await console.client.get("/api/v1/lan-groups?name=other")).json()["items"] == []
    detail = (await console.client.get("/api/v1/lan-groups/1")).json()
    assert [(pool["used"], pool["size"]) for pool in detail["pools"]] == [(1, 6)]
    assert (await console.client.get("/api/v1/lan-groups/99")).status_code == 404
