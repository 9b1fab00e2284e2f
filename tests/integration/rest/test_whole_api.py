"""The whole REST API under schemathesis: no fault of ours, and no answer that the OpenAPI description does not know."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp
from tests.conftest import Fresh, Whole
from tests.integration.notices.conftest import OURS, THEIRS, with_peer
from tests.integration.programmes.conftest import at_work
from tests.integration.rest.applications import asking
from tests.integration.rest.asking import Asker
from tools.announced import announced

from tieline.gateway import migrations
from tieline.gateway.application import backoffice
from tieline.gateway.backends.simulated import SimulatedNetwork
from tieline.gateway.parts import Parts
from tieline.gateway.settings import GatewaySettings
from tieline.platform.clock import SystemClock
from tieline.platform.db import execute
from tieline.platform.identity.model import Account, Caller
from tieline.platform.scope import Role
from tieline.platform.settings import Settings
from tieline.platform.web import create_operator_app, current_caller
from tieline.platform.wiring import Runtime
from tieline.utility.application import registry

# The application works in this process, in threads of its own, and draws random numbers while a case is drawn.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
ENDLESS = frozenset({"GET /api/v1/changes/{change_id}/stream"})
"""Streams that end when the client goes; they have tests of their own."""
SLOW = pytest.mark.slow
MANY = 20


@asynccontextmanager
async def utility(fresh: Fresh, whole: Whole, home: Path, role: Role) -> AsyncIterator[tuple[FastAPI, ASGIApp]]:
    """A utility in the middle of a programme: a site is done, one begun, one ahead; and who asks has a role."""
    async with at_work(fresh, home) as works:
        await works.build(3)
        await announced(works.db)
        programme = await works.open()
        await works.prepare(programme.id)
        await works.steer(programme.id, "start")
        await works.schedule(programme.id)
        first, second, _third = await works.visits(programme.id)
        await works.replace(programme.id, first, "NR1")
        await works.say(second.id, "arrived")
        app = whole(works.runtime)
        app.dependency_overrides[current_caller] = lambda: caller(role)
        yield app, app


def caller(role: Role) -> Caller:
    """Somebody with a role, or with every one as the administrator, who may see everything."""
    account = Account(
        id=1,
        name="ada",
        display_name="Ada",
        email="",
        roles=frozenset(Role) if role is Role.ADMINISTRATOR else frozenset({role}),
        regions=None,
        operators=None,
        active=True,
        created_at=datetime.now(UTC),
        signed_in_at=None,
        version=1,
        local=True,
    )
    return Caller(account, account.scope("request"))


@asynccontextmanager
async def listener(fresh: Fresh, home: Path) -> AsyncIterator[tuple[FastAPI, ASGIApp]]:
    """What operators send to, reached with operator A's certificate."""
    whole = registry()
    async with fresh(whole.folders) as db:
        async with db.transaction() as tx:
            await execute(
                tx,
                "WITH o AS (INSERT INTO operator (code, name) VALUES ('A', 'Operator A') RETURNING id)"
                " INSERT INTO operator_connection"
                " (operator_id, provider, base_url, notification_fingerprint, updated_by)"
                " SELECT id, 'mns3gpp', 'https://a.test', %(print)s, 'test' FROM o",
                {"print": THEIRS},
            )
        app = create_operator_app(Settings(), whole, runtime=Runtime(Settings(home=home), db, SystemClock()))
        yield app, with_peer(app, THEIRS)


@asynccontextmanager
async def office(fresh: Fresh, home: Path) -> AsyncIterator[tuple[FastAPI, ASGIApp]]:
    """The back office of a gateway that serves one utility."""
    async with fresh(migrations()) as db:
        settings = GatewaySettings(
            database_url=db.url, backoffice_token_file=home / "token", pki=home / "pki", public_url="https://a.test"
        )
        network = SimulatedNetwork(settings.code, latency_s=0)
        app = backoffice(Parts(settings, db, SystemClock(), network, network, settings.base_url), network)
        app.state.token = "of-the-office"
        yield app, app
        await network.close()


def judged(asker: Asker, *, most: int) -> None:
    """Fail with every finding there is; ``most`` requests at least were sent, and some of them did something."""
    assert sum(asker.seen.values()) >= most
    assert 200 in asker.seen
    assert not asker.found, f"{len(asker.found)} findings\n" + "\n".join(asker.found.values())


@pytest.mark.parametrize(
    ("role", "valid", "invalid", "spoilt"),
    [
        pytest.param(Role.ADMINISTRATOR, 1, 0, 2, id="administrator"),
        pytest.param(Role.VIEWER, 1, 0, 0, id="viewer"),
        pytest.param(Role.ADMINISTRATOR, 12, 8, 40, id="administrator-deep", marks=SLOW),
        pytest.param(Role.VIEWER, 4, 4, 8, id="viewer-deep", marks=SLOW),
    ],
)
def test_every_operation_answers_as_it_is_described(
    fresh: Fresh, application: Whole, tmp_path: Path, *, role: Role, valid: int, invalid: int, spoilt: int
) -> None:
    with asking(utility(fresh, application, tmp_path, role)) as asker:
        for operation in asker.operations(ENDLESS):
            asker.ask(operation, valid=valid, invalid=invalid, spoilt=spoilt)
            if spoilt > MANY:
                asker.ask_boundaries(operation)
    judged(asker, most=250)


@pytest.mark.parametrize("times", [1, pytest.param(20, marks=SLOW)])
def test_what_operators_send_to_answers_as_it_is_described(fresh: Fresh, tmp_path: Path, times: int) -> None:
    with asking(listener(fresh, tmp_path)) as asker:
        for operation in asker.operations():
            asker.ask(operation, valid=4 * times, invalid=2 * times, spoilt=8 * times)
    judged(asker, most=40)


@pytest.mark.parametrize("times", [1, pytest.param(20, marks=SLOW)])
def test_the_back_office_answers_as_it_is_described(fresh: Fresh, tmp_path: Path, times: int) -> None:
    with asking(office(fresh, tmp_path), Authorization="Bearer of-the-office") as asker:
        terms = {"code": "DSO", "name": "DSO", "certificates": [OURS], "notification_hosts": ["us.test"]}
        made = asker.post("/backoffice/v1/utilities", {**terms, "calls_per_second": 10_000})
        assert made == 201
        for operation in asker.operations():
            asker.ask(operation, valid=times, invalid=times // 2, spoilt=2 * times)
    judged(asker, most=100)
