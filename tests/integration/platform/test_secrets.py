"""Secrets at rest over the whole application: the key is changed while they are used, and they show nowhere."""

import io
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Fresh, Whole

from tieline.platform import audit, logs
from tieline.platform.clock import SystemClock
from tieline.platform.db import execute, fetch_all, fetch_value
from tieline.platform.identity import openid_store
from tieline.platform.identity.openid import Flow
from tieline.platform.scope import Permission, Role, Scope
from tieline.platform.secrets import vault_of
from tieline.platform.settings import Settings
from tieline.platform.web import current_scope
from tieline.platform.wiring import Runtime
from tieline.utility.application import registry
from tieline.utility.connectors import Connection, Denied, Lines, Providers
from tieline.utility.connectors.providers.reference import Platform, ReferenceConnector

pytestmark = pytest.mark.anyio
PLANTED = "pl4nted-by-the-0perator"
SECOND = "sec0nd-from-the-0perator"
BODY = {"provider": "mns3gpp", "base_url": "https://operator-a.test/3gpp-mns", "dn": "SubNetwork=grid"}


class House:
    """The application, who asks, and the secrets that its connectors were given."""

    def __init__(self, runtime: Runtime, client: httpx.AsyncClient, given: list[Connection]) -> None:
        self.runtime, self.client, self.given = runtime, client, given
        self.roles = [Role.ADMINISTRATOR]

    async def put(self, **values: Any) -> httpx.Response:
        return await self.client.put("/operators/A/connection", json={**BODY, **values})

    async def secret_of_the_line(self) -> str | None:
        lines: Lines = self.runtime.resources["connectors.lines"]
        await lines.get("A")
        return self.given[-1].secret


@pytest.fixture
async def house(fresh: Fresh, application: Whole, tmp_path: Path) -> AsyncIterator[House]:
    async with fresh(registry().folders) as db:
        settings = Settings(home=tmp_path)
        given: list[Connection] = []

        async def opened(connection: Connection) -> ReferenceConnector:
            given.append(connection)
            return ReferenceConnector(Platform())

        providers = Providers()
        providers.register("mns3gpp", opened)
        lines = Lines(db, providers, tmp_path, vault=vault_of(settings))
        runtime = Runtime(settings, db, SystemClock(), {"connectors.lines": lines})
        app = application(runtime)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://console.test/api/v1") as client:
            made = House(runtime, client, given)

            async def asker() -> Scope:
                return Scope("user:ada", frozenset(p for role in made.roles for p in role.permissions), user_id=7)

            app.dependency_overrides[current_scope] = asker
            async with db.transaction() as tx:
                await execute(tx, "INSERT INTO operator (code, name) VALUES ('A', 'Operator A')")
            yield made
        await lines.close()


async def whole_database(house: House) -> str:
    """Every value of every table as text."""
    async with house.runtime.db.snapshot() as tx:
        names = await fetch_all(tx, "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
        found = [await fetch_all(tx, f'SELECT t::text AS row FROM "{name["name"]}" t') for name in names]
    return "\n".join(row["row"] for rows in found for row in rows)


async def test_a_planted_secret_reaches_the_line_and_shows_nowhere(house: House) -> None:
    written = io.StringIO()
    logs.configure("debug", "json", written)
    try:
        assert (await house.put(secret=PLANTED)).status_code == 200
        assert await house.secret_of_the_line() == PLANTED
        answers = [
            await house.put(secret=PLANTED, surprise=1),
            *[
                await house.client.get(path)
                for path in (
                    "/operators/A/connection",
                    "/operators/A/connection/history",
                    "/operator-connections",
                    "/operator-health",
                    "/secrets",
                    "/audit",
                )
            ],
        ]
        logging.getLogger("tieline.test").info("connection %r", house.given[-1])
        logging.getLogger("tieline.test").info("sealed", extra={"secret": PLANTED})
    finally:
        logs.configure("warning")
    shown = "\n".join(answer.text for answer in answers)
    assert PLANTED not in shown
    assert "tl1:" not in shown
    assert PLANTED not in written.getvalue()
    assert "connection" in written.getvalue()
    assert PLANTED not in await whole_database(house)
    assert answers[1].json()["has_secret"] is True


async def test_it_stays_when_it_is_left_out_and_goes_when_it_is_empty(house: House) -> None:
    await house.put(secret=PLANTED)
    await house.put(max_batch=9)
    assert await house.secret_of_the_line() == PLANTED
    await house.put(secret="")
    assert await house.secret_of_the_line() is None


async def test_a_connection_is_set_back_with_its_secret_from_the_before_image(house: House) -> None:
    await house.put(secret=PLANTED, max_batch=3)
    await house.put(secret=SECOND, max_batch=4)
    (await house.client.post("/secrets/rotate")).raise_for_status()
    assert (await house.client.post("/secrets/rewrap")).json() == {"values": 4}
    (latest, first) = (await house.client.get("/operators/A/connection/history")).json()["items"]
    assert (latest["before"]["max_batch"], latest["after"]["max_batch"], latest["secret_changed"]) == (3, 4, True)
    assert first["before"] is None
    back = await house.client.post(f"/operators/A/connection/history/{latest['id']}/revert")
    assert back.json()["max_batch"] == 3
    assert await house.secret_of_the_line() == PLANTED
    assert (await house.client.post("/operators/A/connection/history/999/revert")).status_code == 404


async def test_the_key_is_changed_and_the_old_one_forgotten_while_secrets_are_used(house: House) -> None:
    vault, runtime = vault_of(house.runtime.settings), house.runtime
    await house.put(secret=PLANTED)
    flow, now = Flow("state", "n0nce", "verif1er"), runtime.clock.now()
    async with runtime.db.transaction() as tx:
        await openid_store.keep(tx, vault, flow, b"s" * 32, next_path="/", expires_at=now.replace(year=now.year + 1))
    before = (await house.client.get("/secrets")).json()
    assert (before["ok"], before["values"], before["waiting"]) == (True, 4, 0)
    made = (await house.client.post("/secrets/rotate")).json()["key"]
    between = (await house.client.get("/secrets")).json()
    assert (between["ok"], between["waiting"], [key["current"] for key in between["keys"]]) == (True, 4, [True, False])
    assert (await house.client.post("/secrets/forget")).json() == {"keys": []}
    assert await house.secret_of_the_line() == PLANTED
    assert (await house.client.post("/secrets/rewrap")).json() == {"values": 4}
    assert (await house.client.post("/secrets/forget")).json() == {"keys": [before["keys"][0]["id"]]}
    after = (await house.client.get("/secrets")).json()
    assert after["keys"] == [{"id": made, "current": True, "values": 4}]
    async with runtime.db.transaction() as tx:
        assert await openid_store.take(tx, vault, b"s" * 32, now) == ("n0nce", "verif1er", "/")
    async with runtime.db.snapshot() as tx:
        scope = Scope("user:ada", frozenset({Permission.AUDIT_READ}))
        page = await audit.entries(tx, scope, audit.Filter(action="secrets.*"))
    actions = [record.action for record in page.items]
    assert actions == ["secrets.keys-forgotten", "secrets.rewrapped", "secrets.key-made"]


async def test_a_value_that_was_moved_to_another_row_is_named_and_keeps_old_keys_from_being_forgotten(
    house: House,
) -> None:
    await house.put(secret=PLANTED)
    async with house.runtime.db.transaction() as tx:
        await execute(tx, "INSERT INTO operator (code, name) VALUES ('B', 'Operator B')")
        await execute(
            tx,
            "INSERT INTO operator_connection (operator_id, provider, base_url, secret, updated_by)"
            " SELECT b.id, 'mns3gpp', 'https://b.test', k.secret, 'intruder' FROM operator b, operator_connection k"
            " WHERE b.code = 'B'",
        )
        moved = await fetch_value(tx, "SELECT id FROM operator WHERE code = 'B'")
    found = (await house.client.get("/secrets")).json()
    assert (found["ok"], found["unreadable"]) == (False, [f"operator_connection/{moved}/secret"])
    assert (await house.client.post("/secrets/forget")).status_code == 409
    lines: Lines = house.runtime.resources["connectors.lines"]
    with pytest.raises(Denied, match=f"operator_connection/{moved}/secret was altered"):
        await lines.get("B")


async def test_only_who_watches_the_system_may_ask(house: House) -> None:
    house.roles = [Role.TECHNICIAN]
    assert (await house.client.get("/secrets")).status_code == 403
    for act in ("rotate", "rewrap", "forget"):
        assert (await house.client.post(f"/secrets/{act}")).status_code == 403
