"""Signing in, sessions, users and tokens over REST against a real database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tieline.platform import audit, identity
from tieline.platform.audit import Filter
from tieline.platform.clock import SetClock
from tieline.platform.db import execute, fetch_all, fetch_value
from tieline.platform.errors import Invalid
from tieline.platform.identity.jobs import Sweep, sweep
from tieline.platform.identity.wiring import register
from tieline.platform.scope import system
from tieline.platform.web import create_app
from tieline.platform.wiring import Registry, Runtime

pytestmark = pytest.mark.anyio
PASSWORD = "correct staple 7!"
Browser = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
async def admin_password(runtime: Runtime) -> str:
    assert await identity.bootstrap(runtime, name="Root", password=PASSWORD) == PASSWORD
    return PASSWORD


@pytest.fixture
def browser(runtime: Runtime) -> Browser:
    """Opens a browser, signed in when a name is given; it sends its CSRF token by itself."""
    registry = Registry()
    register(registry)
    app = create_app(runtime.settings, registry, runtime=runtime)

    @asynccontextmanager
    async def opened(
        name: str | None = None, password: str = PASSWORD, address: str = "127.0.0.1"
    ) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app=app, client=(address, 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://tieline.test/api/v1") as client:
            if name is not None:
                answer = await enter(client, name, password)
                assert answer.status_code == 200, answer.text
                client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
            yield client

    return opened


async def enter(client: httpx.AsyncClient, name: str, password: str) -> httpx.Response:
    return await client.post("/session", json={"name": name, "password": password})


async def make(admin: httpx.AsyncClient, name: str, *roles: str, **more: Any) -> dict[str, Any]:
    body = {"name": name, "password": PASSWORD, "roles": roles, **more}
    answer = await admin.post("/users", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def actions(runtime: Runtime, wanted: Filter | None = None) -> list[str]:
    async with runtime.db.snapshot() as tx:
        page = await audit.entries(tx, system("test"), wanted or Filter(), limit=100)
    return [record.action for record in page.items]


async def test_the_first_administrator_is_made_once(runtime: Runtime, admin_password: str, browser: Browser) -> None:
    assert admin_password
    assert await identity.bootstrap(runtime) is None
    async with browser("ROOT ") as client:
        me = (await client.get("/me")).json()
    assert (me["name"], me["roles"], me["regions"], me["via"]) == ("root", ["administrator"], None, "session")
    assert "change.approve" not in me["permissions"]
    assert (await actions(runtime))[::-1] == ["user.created", "session.began"]


async def test_a_made_up_password_fulfils_the_rules_and_a_weak_one_is_refused(runtime: Runtime) -> None:
    with pytest.raises(Invalid):
        await identity.bootstrap(runtime, password="short")
    password = await identity.bootstrap(runtime)
    assert password is not None
    assert len(password) == 23


async def test_wrong_name_wrong_password_and_inactive_account_look_the_same(
    runtime: Runtime, admin_password: str, browser: Browser
) -> None:
    async with browser("root", admin_password) as admin, browser() as stranger:
        gone = await make(admin, "gone", "viewer")
        await admin.patch(f"/users/{gone['id']}", json={"active": False})
        answers = [
            await enter(stranger, name, password)
            for name, password in (("nobody", PASSWORD), ("root", "wrong one here"), ("gone", PASSWORD), ("", ""))
        ]
    bodies = [{**answer.json(), "request_id": ""} for answer in answers]
    assert all(answer.status_code == 401 for answer in answers)
    assert all(body == bodies[0] for body in bodies)
    assert not any(answer.cookies for answer in answers)
    assert (await actions(runtime)).count("session.refused") == 4


async def test_a_wrong_name_costs_as_much_work_as_a_wrong_password(
    runtime: Runtime, admin_password: str, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tieline.platform.identity import passwords  # noqa: PLC0415 - looked into, not used

    verified: list[str] = []
    verify = passwords._HASHER.verify

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            verified.append(stored)
            return verify(stored, password)

    passwords._nobodys()
    monkeypatch.setattr(passwords, "_HASHER", Counting())
    async with browser() as client:
        await enter(client, "nobody", admin_password)
        await enter(client, "root", "wrong one here")
    assert len(verified) == 2
    assert {stored.split("$")[3] for stored in verified} == {"m=19456,t=2,p=1"}
    assert runtime.settings.login_attempts == 5


async def test_failures_make_an_account_wait_and_success_clears_them(
    clock: SetClock, admin_password: str, browser: Browser
) -> None:
    async with browser() as client:
        for _ in range(5):
            assert (await enter(client, "root", "wrong one here")).status_code == 401
        held = await enter(client, "root", admin_password)
        assert (held.status_code, held.headers["Retry-After"]) == (429, "1")
        clock.forward(timedelta(seconds=1))
        assert (await enter(client, "root", "wrong one here")).status_code == 401
        assert (await enter(client, "root", admin_password)).headers["Retry-After"] == "2"
        clock.forward(timedelta(seconds=2))
        assert (await enter(client, "root", admin_password)).status_code == 200
        for _ in range(5):
            assert (await enter(client, "root", "wrong one here")).status_code == 401


async def test_many_guesses_at_one_moment_are_bounded_too(admin_password: str, browser: Browser) -> None:
    async with browser() as client:
        answers = await asyncio.gather(*(enter(client, "root", f"wrong one {n:04}") for n in range(30)))
        assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 25
        assert (await enter(client, "root", admin_password)).status_code == 429


async def test_an_address_that_tries_many_names_waits_and_others_do_not(admin_password: str, browser: Browser) -> None:
    async with browser(address="192.0.2.1") as guesser, browser(address="192.0.2.2") as other:
        for number in range(25):
            assert (await enter(guesser, f"name{number}", PASSWORD)).status_code == 401
        assert (await enter(guesser, "root", admin_password)).status_code == 429
        assert (await enter(other, "root", admin_password)).status_code == 200


async def test_a_session_ends_when_idle_when_old_and_when_signed_out(
    runtime: Runtime, clock: SetClock, admin_password: str, browser: Browser
) -> None:
    async with browser("root", admin_password) as client:
        for _ in range(11):
            clock.forward(timedelta(minutes=50))
            assert (await client.get("/me")).status_code == 200
        clock.forward(timedelta(minutes=51))
        assert (await client.get("/me")).status_code == 401, "ten hours are over"
    async with browser("root", admin_password) as client:
        clock.forward(timedelta(minutes=61))
        assert (await client.get("/me")).status_code == 401, "it was idle for an hour"
    async with browser("root", admin_password) as client:
        kept = dict(client.cookies)
        assert (await client.delete("/session")).status_code == 204
        assert not client.cookies
        client.cookies.update(kept)
        assert (await client.get("/me")).status_code == 401
    async with runtime.db.transaction() as tx:
        assert await fetch_value(tx, "SELECT count(*) AS n FROM account_session") == 0


async def test_signing_in_again_changes_the_secret_and_ends_the_old_session(
    admin_password: str, browser: Browser
) -> None:
    async with browser("root", admin_password) as client:
        old = client.cookies["tieline_session"]
        await enter(client, "root", admin_password)
        new = client.cookies["tieline_session"]
        assert new != old
        async with browser() as thief:
            thief.cookies.set("tieline_session", old)
            assert (await thief.get("/me")).status_code == 401


async def test_the_cookie_is_for_the_browser_alone_and_secrets_are_not_stored(
    runtime: Runtime, admin_password: str, browser: Browser
) -> None:
    async with browser() as client:
        answer = await enter(client, "root", admin_password)
        cookie = answer.headers["Set-Cookie"]
        secret = client.cookies["tieline_session"]
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    assert secret not in answer.text
    async with runtime.db.transaction() as tx:
        for table in ("account", "account_session", "audit"):
            rows = await fetch_all(tx, f"SELECT t::text AS row FROM {table} t")
            assert not any(secret in row["row"] or admin_password in row["row"] for row in rows)


async def test_over_https_the_cookie_is_secure_and_bound_to_the_host(runtime: Runtime, admin_password: str) -> None:
    settings = runtime.settings.model_copy(update={"public_url": "https://grid.example"})
    registry = Registry()
    register(registry)
    app = create_app(settings, registry, runtime=replace(runtime, settings=settings))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://grid.example") as client:
        answer = await client.post("/api/v1/session", json={"name": "root", "password": admin_password})
        assert answer.headers["Set-Cookie"].startswith("__Host-tieline_session=")
        assert "Secure" in answer.headers["Set-Cookie"]
        assert (await client.get("/api/v1/me")).status_code == 200


async def test_another_site_cannot_sign_a_browser_in(admin_password: str, browser: Browser) -> None:
    async with browser() as client:
        client.headers["Origin"] = "https://evil.example"
        assert (await enter(client, "root", admin_password)).status_code == 403


async def test_signing_out_everywhere_ends_all_sessions_of_the_account(admin_password: str, browser: Browser) -> None:
    async with browser("root", admin_password) as one, browser("root", admin_password) as two:
        items = (await one.get("/me/sessions")).json()["items"]
        assert sorted(item["current"] for item in items) == [False, True]
        assert (await one.delete("/me/sessions")).json() == {"ended": 2}
        assert (await two.get("/me")).status_code == 401


async def test_a_new_password_ends_the_other_sessions(admin_password: str, browser: Browser) -> None:
    async with browser("root", admin_password) as here, browser("root", admin_password) as there:
        wrong = await here.put("/me/password", json={"present": "x", "password": "another staple 8?"})
        assert wrong.json()["problems"][0]["rule"] == "wrong"
        weak = await here.put("/me/password", json={"present": admin_password, "password": "root"})
        assert {problem["rule"] for problem in weak.json()["problems"]} == {"too_short", "is_name", "too_common"}
        done = await here.put("/me/password", json={"present": admin_password, "password": "another staple 8?"})
        assert done.status_code == 204
        assert (await here.get("/me")).status_code == 200
        assert (await there.get("/me")).status_code == 401
        assert (await enter(there, "root", admin_password)).status_code == 401
        assert (await enter(there, "root", "another staple 8?")).status_code == 200


async def test_whoever_finds_an_open_browser_cannot_guess_the_password(admin_password: str, browser: Browser) -> None:
    async with browser("root", admin_password) as here:
        guess = {"present": "wrong one here", "password": "another staple 8?"}
        answers = [(await here.put("/me/password", json=guess)).status_code for _ in range(7)]
    assert answers == [422] * 5 + [429] * 2


async def test_users_are_made_changed_and_listed_by_administrators_alone(
    runtime: Runtime, admin_password: str, browser: Browser
) -> None:
    async with browser("root", admin_password) as admin:
        for name in ("cid", "bea", "ann"):
            made = await make(admin, name, "technician", regions=["North"])
        assert (made["regions"], made["operators"], made["local"]) == (["North"], None, True)
        taken = await admin.post("/users", json={"name": "ANN", "password": PASSWORD, "roles": ["viewer"]})
        assert taken.status_code == 409
        page = (await admin.get("/users?limit=3")).json()
        assert [user["name"] for user in page["items"]] == ["ann", "bea", "cid"]
        rest = (await admin.get("/users", params={"cursor": page["next"]})).json()
        assert [user["name"] for user in rest["items"]] == ["root"]
        changed = await admin.patch(f"/users/{made['id']}", json={"roles": ["approver"], "regions": None, "version": 1})
        assert (changed.json()["roles"], changed.json()["regions"], changed.json()["version"]) == (
            ["approver"],
            None,
            2,
        )
        stale = await admin.patch(f"/users/{made['id']}", json={"display_name": "x", "version": 1})
        assert (stale.status_code, stale.json()["code"]) == (409, "stale")
        assert (await admin.get("/users/999999")).status_code == 404
    async with browser("ann") as ann:
        for method, path, body in (
            ("GET", "/users", None),
            ("POST", "/users", {"name": "x", "password": PASSWORD, "roles": ["viewer"]}),
            ("PATCH", f"/users/{made['id']}", {"roles": ["administrator"]}),
            ("PUT", f"/users/{made['id']}/password", {"password": PASSWORD}),
            ("GET", "/tokens?all=true", None),
        ):
            assert (await ann.request(method, path, json=body)).status_code == 403, (method, path)
    found = await actions(runtime, Filter(action="user.*"))
    assert found == ["user.changed", "user.created", "user.created", "user.created", "user.created"]


async def test_who_is_made_inactive_is_out_at_once(admin_password: str, browser: Browser) -> None:
    async with browser("root", admin_password) as admin:
        made = await make(admin, "ann", "viewer")
        async with browser("ann") as ann:
            token = (await ann.post("/tokens", json={"name": "t"})).json()["secret"]
            await admin.patch(f"/users/{made['id']}", json={"active": False})
            assert (await ann.get("/me")).status_code == 401
        async with browser() as program:
            assert (await program.get("/me", headers={"Authorization": f"Bearer {token}"})).status_code == 401


async def test_a_reset_password_signs_out_and_works(admin_password: str, browser: Browser) -> None:
    async with browser("root", admin_password) as admin:
        made = await make(admin, "ann", "viewer")
        async with browser("ann") as ann:
            await admin.put(f"/users/{made['id']}/password", json={"password": "another staple 8?"})
            assert (await ann.get("/me")).status_code == 401
            assert (await enter(ann, "ann", "another staple 8?")).status_code == 200


async def test_the_last_administrator_stays_even_when_two_go_at_once(
    runtime: Runtime, admin_password: str, browser: Browser
) -> None:
    async with browser("root", admin_password) as root:
        me = (await root.get("/me")).json()["id"]
        assert (await root.patch(f"/users/{me}", json={"roles": ["viewer"]})).status_code == 403
        assert (await root.patch(f"/users/{me}", json={"display_name": "The Root"})).status_code == 200
        other = (await make(root, "ann", "administrator"))["id"]
        bounded = await make(root, "bea", "administrator", regions=["North"])
        async with browser("ann") as ann:
            answers = await asyncio.gather(
                root.patch(f"/users/{other}", json={"active": False}),
                ann.patch(f"/users/{me}", json={"roles": ["viewer"]}),
            )
            assert sum(answer.status_code == 200 for answer in answers) <= 1
        assert bounded["regions"] == ["North"]
    async with runtime.db.transaction() as tx:
        left = await fetch_value(
            tx,
            "SELECT count(*) AS n FROM account WHERE active AND 'administrator' = ANY(roles) AND regions IS NULL",
        )
    assert left >= 1


async def test_one_administrator_cannot_be_demoted_by_a_program_of_another(
    runtime: Runtime, admin_password: str, browser: Browser
) -> None:
    async with browser("root", admin_password) as root:
        ann = await make(root, "ann", "administrator")
        me = (await root.get("/me")).json()["id"]
        async with browser("ann") as second:
            token = (await second.post("/tokens", json={"name": "t"})).json()["secret"]
        async with runtime.db.transaction() as tx:
            await execute(tx, "UPDATE account SET regions = '{North}' WHERE id = %s", (ann["id"],))
        async with browser() as program:
            program.headers["Authorization"] = f"Bearer {token}"
            answer = await program.patch(f"/users/{me}", json={"active": False})
            assert answer.status_code == 404, "an administrator of the North does not see one of everything"


async def test_a_bounded_administrator_gives_no_wider_range(admin_password: str, browser: Browser) -> None:
    async with browser("root", admin_password) as root:
        await make(root, "bea", "administrator", regions=["North", "East"], operators=["A"])
        await make(root, "south", "viewer", regions=["South"], operators=["A"])
    async with browser("bea") as bea:
        inside = await make(bea, "ann", "viewer", regions=["North"], operators=["A"])
        for regions, operators in ((None, ["A"]), (["South"], ["A"]), (["North"], None), (["North"], ["A", "B"])):
            body = {"regions": regions, "operators": operators}
            new = {"name": "x", "password": PASSWORD, "roles": ["viewer"], **body}
            assert (await bea.post("/users", json=new)).status_code == 403
            assert (await bea.patch(f"/users/{inside['id']}", json=body)).status_code == 403
        names = [user["name"] for user in (await bea.get("/users")).json()["items"]]
        assert names == ["ann", "bea"]


async def test_a_token_carries_what_it_was_given_and_never_more_than_its_owner(
    runtime: Runtime, clock: SetClock, admin_password: str, browser: Browser
) -> None:
    async with browser("root", admin_password) as root:
        tess = await make(root, "tess", "technician", regions=["North", "East"])
        async with browser("tess") as owner:
            body = {"name": "import", "permissions": ["inventory.read", "inventory.write"], "regions": ["North"]}
            made = (await owner.post("/tokens", json={**body, "days": 30})).json()
            secret, token = made["secret"], made["token"]
            assert secret.startswith("tl_")
            assert secret.startswith(token["hint"])
            for wrong, rule in (
                ({"permissions": ["user.write"]}, "not_yours"),
                ({"regions": ["South"]}, "not_yours"),
                ({"days": 91}, "too_late"),
                ({"permissions": []}, "missing"),
            ):
                refused = await owner.post("/tokens", json={**body, **wrong})
                assert refused.json()["problems"][0]["rule"] == rule
        async with browser() as program:
            program.headers["Authorization"] = f"Bearer {secret}"
            me = (await program.get("/me")).json()
            assert (me["via"], me["regions"]) == ("token", ["North"])
            assert me["permissions"] == ["inventory.read", "inventory.write"]
            assert (await program.post("/tokens", json={"name": "child"})).status_code == 403
            change = {"present": PASSWORD, "password": "another staple 8?"}
            assert (await program.put("/me/password", json=change)).status_code == 403
            assert (await program.delete("/session")).status_code == 403
            await root.patch(f"/users/{tess['id']}", json={"roles": ["viewer"], "regions": ["East"]})
            less = (await program.get("/me")).json()
            assert (less["permissions"], less["regions"]) == (["inventory.read"], [])
            clock.forward(timedelta(days=31))
            assert (await program.get("/me")).status_code == 401
    async with runtime.db.transaction() as tx:
        rows = await fetch_all(tx, "SELECT t::text AS row FROM api_token t")
        assert not any(secret in row["row"] for row in rows)
        assert rows[0]["row"]


async def test_a_token_is_listed_with_its_last_use_and_revoked_by_its_owner_or_an_administrator(
    admin_password: str, browser: Browser
) -> None:
    async with browser("root", admin_password) as root:
        await make(root, "ann", "viewer")
        await make(root, "bob", "viewer")
        async with browser("ann") as ann, browser("bob") as bob, browser() as program:
            one, two = [(await ann.post("/tokens", json={"name": n})).json() for n in ("one", "two")]
            bearer = {"Authorization": f"Bearer {one['secret']}"}
            await program.get("/me", headers=bearer)
            listed = (await ann.get("/tokens")).json()["items"]
            assert [(item["name"], item["used_at"] is not None) for item in listed] == [("two", False), ("one", True)]
            assert (await bob.get("/tokens")).json()["items"] == []
            assert (await bob.delete(f"/tokens/{one['token']['id']}")).status_code == 404
            assert (await ann.delete(f"/tokens/{one['token']['id']}")).status_code == 204
            assert (await program.get("/me", headers=bearer)).status_code == 401
            assert len((await root.get("/tokens?all=true")).json()["items"]) == 2
            assert (await root.delete(f"/tokens/{two['token']['id']}")).status_code == 204


async def test_housekeeping_deletes_what_is_over(
    runtime: Runtime, clock: SetClock, admin_password: str, browser: Browser
) -> None:
    async with browser("root", admin_password) as client:
        await enter(client, "nobody", "x")
    clock.forward(timedelta(days=2))
    await sweep.run(runtime, Sweep())
    async with runtime.db.transaction() as tx:
        for table in ("account_session", "sign_in_throttle", "openid_flow"):
            assert await fetch_value(tx, f"SELECT count(*) AS n FROM {table}") == 0
