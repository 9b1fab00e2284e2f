"""Signing in through an OpenID provider: a small real one on loopback, honest and otherwise."""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from pydantic import SecretStr

from tieline.platform import audit, identity
from tieline.platform.clock import SetClock
from tieline.platform.db import execute
from tieline.platform.identity.wiring import register
from tieline.platform.scope import system
from tieline.platform.web import create_app, serve
from tieline.platform.wiring import Registry, Runtime

pytestmark = pytest.mark.anyio
KEYS = {
    name: RSAKey.generate_key(2048, parameters={"kid": name, "use": "sig", "alg": "RS256"}) for name in ("k1", "k2")
}


@dataclass
class Provider:
    """An OpenID provider: signs ``person`` in, checks client, redirect and PKCE; ``lies`` alter its token."""

    clock: SetClock
    person: dict[str, Any] = field(
        default_factory=lambda: {"sub": "s-1", "preferred_username": "Ann", "roles": ["viewer"]}
    )
    lies: dict[str, Any] = field(default_factory=dict)
    key: str = "k1"
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "k1"})
    issuer: str = ""
    calls_itself: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def app(self) -> FastAPI:
        """Its four pages."""
        app = FastAPI(openapi_url=None)
        app.add_api_route("/.well-known/openid-configuration", self.discover)
        app.add_api_route("/authorize", self.authorize)
        app.add_api_route("/token", self.token, methods=["POST"], response_model=None)
        app.add_api_route("/keys", lambda: KeySet([KEYS["k1"]]).as_dict(private=False))
        return app

    def discover(self) -> dict[str, Any]:
        """Where everything is."""
        return {
            "issuer": self.calls_itself or self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def authorize(self, request: Request) -> RedirectResponse:
        """Sign the person in at once."""
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?code={code}&state={asked['state']}", 302)

    async def token(self, request: Request) -> JSONResponse:
        """Redeem a code, once."""
        sent = {key: values[0] for key, values in parse_qs((await request.body()).decode()).items()}
        asked = self.codes.pop(sent.get("code", ""), None)
        basic = base64.b64encode(b"tieline:s3cret").decode()
        challenge = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        proven = asked is not None and asked["code_challenge"] == base64.urlsafe_b64encode(challenge).decode().rstrip(
            "="
        )
        if asked is None or not proven or request.headers.get("Authorization") != f"Basic {basic}":
            return JSONResponse({"error": "invalid_grant"}, 400)
        assert sent["redirect_uri"] == asked["redirect_uri"]
        now = int(self.clock.now().timestamp())
        claims = {"iss": self.issuer, "aud": "tieline", "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        token = jwt.encode(self.header, {**claims, **self.person, **self.lies}, KEYS[self.key])
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": token})


@pytest.fixture
async def provider(clock: SetClock) -> AsyncIterator[Provider]:
    made = Provider(clock)
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(made.app(), "127.0.0.1", 0, ready=port.set_result))
    made.issuer = f"http://127.0.0.1:{await asyncio.wait_for(port, 10)}"
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def browser(runtime: Runtime, issuer: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at an installation that has the provider set up."""
    settings = runtime.settings.model_copy(
        update={
            "oidc_issuer": issuer,
            "oidc_client_id": "tieline",
            "oidc_client_secret": SecretStr("s3cret"),
            "public_url": "http://tieline.test",
        }
    )
    registry = Registry()
    register(registry)
    app = create_app(settings, registry, runtime=replace(runtime, settings=settings))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://tieline.test") as client:
        yield client


async def leave(client: httpx.AsyncClient, wanted: str = "/changes") -> str:
    """Go to the provider and come back; gives the address to which it sent us back."""
    begun = await client.get("/api/v1/session/openid", params={"next": wanted})
    assert begun.status_code == 303, begun.text
    async with httpx.AsyncClient() as outside:
        answer = await outside.get(begun.headers["Location"])
    return answer.headers["Location"]


async def test_a_person_signs_in_with_the_roles_of_the_claim_and_lands_where_they_wanted(
    runtime: Runtime, provider: Provider
) -> None:
    provider.person |= {"roles": ["tieline-technician", "cook"], "name": "Ann Archer", "email": "ann@grid.example"}
    async with browser(runtime, provider.issuer) as client:
        back = await client.get(await leave(client))
        assert (back.status_code, back.headers["Location"]) == (303, "/changes")
        me = (await client.get("/api/v1/me")).json()
        assert (me["name"], me["display_name"], me["roles"]) == ("ann", "Ann Archer", ["technician"])
        provider.person["roles"] = ["approver"]
        await client.get(await leave(client))
        again = (await client.get("/api/v1/me")).json()
        assert (again["id"], again["roles"]) == (me["id"], ["approver"])
    async with runtime.db.snapshot() as tx:
        page = await audit.entries(tx, system("test"), audit.Filter())
    assert [record.action for record in page.items] == [
        "session.began",
        "user.changed",
        "session.began",
        "user.created",
    ]


@pytest.mark.parametrize(
    "lies",
    [
        {"nonce": "another"},
        {"aud": "another-application"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"iat": None},
        {"sub": None},
        {"azp": "another-application"},
    ],
    ids=lambda lies: next(iter(lies)),
)
async def test_a_token_with_a_wrong_claim_is_refused(
    runtime: Runtime, provider: Provider, lies: dict[str, Any]
) -> None:
    provider.lies = lies
    async with browser(runtime, provider.issuer) as client:
        assert (await client.get(await leave(client))).status_code == 401
        assert (await client.get("/api/v1/me")).status_code == 401


@pytest.mark.parametrize(
    ("key", "header"), [("k2", {"alg": "RS256", "kid": "k1"}), ("k2", {"alg": "RS256", "kid": "k2"})]
)
async def test_a_token_of_another_key_is_refused(
    runtime: Runtime, provider: Provider, key: str, header: dict[str, Any]
) -> None:
    provider.key, provider.header = key, header
    async with browser(runtime, provider.issuer) as client:
        assert (await client.get(await leave(client))).status_code == 401


async def test_an_unsigned_token_is_refused(
    runtime: Runtime, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsigned(_header: object, claims: dict[str, Any], _key: object) -> str:
        parts = [b'{"alg":"none"}', str(claims).replace("'", '"').encode()]
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."

    monkeypatch.setattr(jwt, "encode", unsigned)
    async with browser(runtime, provider.issuer) as client:
        assert (await client.get(await leave(client))).status_code == 401


async def test_a_state_works_once_in_its_own_browser_and_for_ten_minutes(
    runtime: Runtime, provider: Provider, clock: SetClock
) -> None:
    async with browser(runtime, provider.issuer) as mine, browser(runtime, provider.issuer) as victim:
        address = await leave(mine)
        assert (await victim.get(address)).status_code == 401, "somebody else's link signs nobody in"
        assert (await mine.get(address)).status_code == 303
        assert (await mine.get(address)).status_code == 401
        late = await leave(mine)
        clock.forward(timedelta(minutes=11))
        assert (await mine.get(late)).status_code == 401
        parts = urlsplit(await leave(mine))
        assert (
            await mine.get(f"{parts.path}?code=made-up&state={parse_qs(parts.query)['state'][0]}")
        ).status_code == 401


async def test_a_local_account_of_the_same_name_is_not_taken_over(runtime: Runtime, provider: Provider) -> None:
    await identity.bootstrap(runtime, name="ann", password="correct staple 7!")
    async with browser(runtime, provider.issuer) as client:
        await client.get(await leave(client))
        me = (await client.get("/api/v1/me")).json()
    assert (me["name"], me["roles"]) == ("ann-2", ["viewer"])


async def test_nobody_gets_in_without_a_role_or_when_inactive(runtime: Runtime, provider: Provider) -> None:
    async with browser(runtime, provider.issuer) as client:
        await client.get(await leave(client))
        async with runtime.db.transaction() as tx:
            await execute(tx, "UPDATE account SET active = false")
        assert (await client.get(await leave(client))).status_code == 403
        provider.person = {"sub": "s-2", "roles": ["cook"]}
        assert (await client.get(await leave(client))).status_code == 403


async def test_a_provider_that_is_down_or_lies_about_itself_is_said_to_be_unavailable(
    runtime: Runtime, provider: Provider
) -> None:
    provider.calls_itself = "https://evil.example"
    for issuer in (provider.issuer, "http://127.0.0.1:1", "http://provider.example"):
        async with browser(runtime, issuer) as client:
            assert (await client.get("/api/v1/session/openid")).status_code == 503
    async with browser(runtime, "") as client:
        assert (await client.get("/api/v1/session/openid")).status_code == 404
