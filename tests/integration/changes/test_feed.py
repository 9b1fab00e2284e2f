"""The calendar's feed: who may have it, and with which token."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.conftest import Fresh, Whole

from tieline.platform.db import Database
from tieline.platform.identity import accounts, secret, tokens_store
from tieline.platform.identity.model import AccountDraft
from tieline.platform.scope import Permission, Role, system
from tieline.utility.application import registry
from tieline.utility.changes.service import holding
from tieline.utility.changes.service.drafting import Draft

pytestmark = pytest.mark.anyio

Make = Callable[..., Draft]


@pytest.fixture
async def db(fresh: Fresh) -> AsyncIterator[Database]:
    async with fresh(registry().folders, size=10) as database:
        yield database


async def test_the_feed_takes_a_token_that_may_see_changes_alone(
    world: Any, application: Whole, configure: Make
) -> None:
    await world.build(1)
    await world.plan(configure())
    async with world.db.transaction() as tx:
        await holding.make_hold(tx, world.fred, world.runtime.clock, holding.Hold(reason="Works, all day"))
    app = application(world.runtime)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console.test") as http:
        path = "/api/v1/changes/calendar.ics"
        narrow, wide = await _tokens(world)
        assert (await http.get(path)).status_code == 422
        assert (await http.get(path, params={"token": "nobody"})).status_code == 401
        refused = await http.get(path, params={"token": wide})
        assert refused.status_code == 403
        assert "may do more" in refused.text
        answer = await http.get(path, params={"token": narrow})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "SUMMARY:Change: New plan (not approved yet)\r\n" in answer.text
    assert "SUMMARY:Freeze: Works\\, all day\r\n" in answer.text
    assert "STATUS:TENTATIVE" in answer.text


async def _tokens(world: Any) -> tuple[str, str]:
    """Two tokens of Vera's: one that may see changes, and one that may see more."""
    now = world.runtime.clock.now()
    made = []
    async with world.db.transaction() as tx:
        draft = AccountDraft("vera", "Vera", "", frozenset({Role.VIEWER}))
        account = await accounts.create(tx, system("test"), draft, None, now)
        for permissions in ([Permission.CHANGE_READ], [Permission.CHANGE_READ, Permission.INVENTORY_READ]):
            made.append(secret.new_token_secret())
            values = {
                "secret_hash": secret.hashed(made[-1]),
                "account_id": account.id,
                "name": "calendar",
                "hint": "",
                "permissions": [one.value for one in permissions],
                "regions": None,
                "operators": None,
                "created_at": now,
                "expires_at": now + timedelta(days=30),
            }
            await tokens_store.insert(tx, values)
    return made[0], made[1]
