"""The subscription's page tells what the application at the site answered, and asks it."""

from typing import Any

import pytest
from tests.integration.console.conftest import Console

from tieline.platform.db import execute, fetch_all, fetch_value
from tieline.platform.scope import Role

pytestmark = pytest.mark.anyio
SIGNED = {"X-CSRF-Token": "token-of-ada"}


async def subscription(console: Console, address: str | None = "10.1.2.3") -> int:
    async with console.db.transaction() as tx:
        found: int = await fetch_value(
            tx,
            """WITH o AS (INSERT INTO operator (code, name) VALUES ('A', 'Operator A') RETURNING id)
               INSERT INTO subscription (operator_id, operator_ref, state, ip_address)
               SELECT id, 'A1', 'ACTIVE', %s::inet FROM o RETURNING id""",
            [address],
        )
    return found


async def probes(console: Console) -> list[dict[str, Any]]:
    async with console.db.transaction() as tx:
        return await fetch_all(tx, "SELECT subscription_id, origin FROM probe")


async def test_it_is_asked_once_until_it_has_answered(console: Console) -> None:
    console.sign_in(Role.TECHNICIAN)
    one = await subscription(console)
    before = await console.client.get(f"/subscriptions/{one}")
    assert "It was never asked." in before.text
    assert "Ask now" in before.text
    for _ in range(2):
        answer = await console.client.post(f"/subscriptions/{one}/ask", headers=SIGNED)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/subscriptions/{one}"
    assert await probes(console) == [{"subscription_id": one, "origin": "asked:user:ada"}]
    after = await console.client.get(f"/subscriptions/{one}")
    assert "Being asked" in after.text
    assert 'aria-disabled="true"' in after.text


async def test_the_last_answer_stands_there_with_its_age(console: Console) -> None:
    console.sign_in(Role.VIEWER)
    one = await subscription(console)
    async with console.db.transaction() as tx:
        await execute(
            tx,
            """INSERT INTO probe_latest (subscription_id, ok, why, address, connect_ms, rtt_ms, origin, at)
               VALUES (%s, false, 'silent', '10.1.2.3', 40, NULL, 'x', now() - interval '8 days')""",
            [one],
        )
    page = await console.client.get(f"/subscriptions/{one}")
    assert "Does not answer" in page.text
    assert "The application took the connection and did not answer in time." in page.text
    assert "Ask now" not in page.text  # a viewer only looks
    assert (await console.client.post(f"/subscriptions/{one}/ask", headers=SIGNED)).status_code == 403
    assert (await console.client.post(f"/subscriptions/{one + 1}/ask", headers=SIGNED)).status_code == 404


async def test_without_an_address_there_is_nothing_to_ask(console: Console) -> None:
    console.sign_in(Role.TECHNICIAN)
    one = await subscription(console, None)
    page = await console.client.get(f"/subscriptions/{one}")
    assert "It has no fixed address at which it could be asked." in page.text
