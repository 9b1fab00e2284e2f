"""What people see of secrets, certificates and the export: enough to act, and never a secret."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tieline.platform.clock import SetClock, SystemClock
from tieline.platform.db import execute, fetch_value
from tieline.platform.pki import Authority
from tieline.platform.scope import Permission, Role, Scope
from tieline.platform.secrets import vault_of
from tieline.utility.connectors import service as connectors
from tieline.utility.connectors.schemas import ConnectionBody

if TYPE_CHECKING:
    from tests.integration.console.conftest import Console

pytestmark = pytest.mark.anyio
PLANTED = "pl4nted-by-the-0perator"


async def planted(console: "Console") -> None:
    """An operator, reached with a token, a secret and a certificate."""
    body = {
        "base_url": "https://operator-a.test/3gpp-mns",
        "certificate": "utility-client.pem",
        "uses_tokens": True,
        "client_id": "DSO.scada",
        "secret": PLANTED,
    }
    scope = Scope("user:ada", frozenset({Permission.OPERATOR_WRITE, Permission.INVENTORY_READ}))
    async with console.db.transaction() as tx:
        await execute(tx, "INSERT INTO operator (code, name) VALUES ('A', 'Operator A')")
        values = ConnectionBody.model_validate(body).values()
        await connectors.put_connection(tx, scope, vault_of(console.runtime.settings), "A", values)


async def test_a_planted_secret_is_on_no_page(console: "Console") -> None:
    await planted(console)
    console.sign_in(Role.ADMINISTRATOR)
    async with console.db.snapshot() as tx:
        sealed = await fetch_value(tx, "SELECT secret FROM operator_connection")
    assert sealed.startswith("tl1:")
    for path in ("/operators", "/operators/A", "/audit", "/audit/1", "/audit?subject=operator:A", "/search?q=pl4nted"):
        page = await console.client.get(path)
        assert page.status_code == 200, path
        assert PLANTED not in page.text.replace("q=pl4nted", ""), path
        assert "tl1:" not in page.text, path
    shown = (await console.client.get("/operators/A")).text
    assert "yes, as client DSO.scada" in shown
    assert "kept encrypted" in shown


async def test_a_certificate_that_is_soon_over_shows_to_who_can_renew_it(console: "Console") -> None:
    await planted(console)
    Authority(console.runtime.settings.pki_folder).client("utility-client")
    clock = SetClock(SystemClock().now() + timedelta(days=392))
    console.app.state.runtime = replace(console.runtime, clock=clock)
    console.sign_in(Role.ADMINISTRATOR)
    shown = (await console.client.get("/operators/A")).text
    assert "Certificate utility-client" in shown
    assert "4 days left" in shown
    console.sign_in(Role.VIEWER)
    assert "Certificate utility-client" not in (await console.client.get("/operators")).text


async def test_the_trails_page_says_where_it_goes_and_what_went_wrong(console: "Console") -> None:
    console.sign_in(Role.ADMINISTRATOR)
    assert "SIEM" not in (await console.client.get("/audit")).text
    settings = console.runtime.settings.model_copy(update={"siem_url": "tls://siem.example:6514"})
    console.app.state.runtime = replace(console.runtime, settings=settings)
    assert "The SIEM has every entry" in (await console.client.get("/audit")).text
    await planted(console)
    async with console.db.transaction() as tx:
        await execute(
            tx, "INSERT INTO siem_cursor (source, error, error_at) VALUES ('audit', 'No answer in time.', now())"
        )
    shown = (await console.client.get("/audit")).text
    assert "tls://siem.example:6514" in shown
    assert "The SIEM does not take entries: 1 entry waits, and none is lost. No answer in time." in shown
