"""The pages of people, tokens and one's own account."""

import re
from typing import Protocol

import httpx
import pytest

pytestmark = pytest.mark.anyio


class Person(Protocol):
    http: httpx.AsyncClient
    csrf: str

    async def get(self, path: str, **headers: str) -> httpx.Response: ...
    async def post(self, path: str, *pairs: tuple[str, str]) -> httpx.Response: ...


class House(Protocol):
    async def sign_in(self, name: str = ..., password: str = ...) -> Person: ...
    async def person(self, name: str, *roles: str) -> Person: ...


NEW = (("name", "mara"), ("display_name", "Mara Okafor"), ("email", "m@example.org"), ("role", "technician"))


def secret_of(page: str) -> str:
    """What the page offers to copy."""
    found = re.search(r'data-copy="([^"]+)"', page)
    assert found
    return found.group(1)


async def test_a_person_is_added_and_signs_in_with_the_password_shown_once(house: House) -> None:
    admin = await house.sign_in()
    answer = await admin.post("/users", *NEW, ("regions", "Wales, Kent"))
    assert answer.status_code == 200
    mara = await house.sign_in("mara", secret_of(answer.text))
    account = await mara.get("/account")
    assert "Signed in as mara: technician." in account.text
    assert "Kent, Wales" in account.text
    assert "Mara Okafor" in (await admin.get("/users")).text


async def test_what_is_missing_is_told_at_its_question_and_nothing_is_lost(house: House) -> None:
    admin = await house.sign_in()
    answer = await admin.post("/users", ("name", "no spaces please"), ("display_name", "Fred"))
    assert answer.status_code == 422
    assert "Letters, digits and" in answer.text
    assert "choose at least one" in answer.text
    assert 'value="Fred"' in answer.text


async def test_roles_are_altered_and_an_old_page_is_refused(house: House) -> None:
    admin = await house.sign_in()
    await admin.post("/users", *NEW)
    changed = (("display_name", "Mara O."), ("role", "approver"), ("role", "viewer"), ("version", "1"))
    assert (await admin.post("/users/2", *changed)).status_code == 303
    page = (await admin.get("/users/2")).text
    assert "Viewer, Approver" in page
    assert "Approve changes" in page
    stale = await admin.post("/users/2", *changed)
    assert stale.status_code == 409
    assert "changed by somebody else" in stale.text


async def test_a_disabled_person_is_out_at_once_and_comes_back(house: House) -> None:
    mara = await house.person("mara", "viewer")
    admin = await house.sign_in()
    assert (await mara.get("/account")).status_code == 200
    assert (await admin.post("/users/2/disable")).status_code == 303
    assert (await mara.get("/account")).status_code == 303
    assert "Disabled" in (await admin.get("/users/2")).text
    await admin.post("/users/2/enable")
    assert (await (await house.sign_in("mara")).get("/account")).status_code == 200


async def test_who_is_disabled_keeps_the_rest_and_an_old_page_disables_nobody(house: House) -> None:
    admin = await house.sign_in()
    await admin.post("/users", *NEW, ("regions", "Kent, Wales"))
    assert (await admin.post("/users/2/disable", ("version", "7"))).status_code == 409
    assert "May sign in" in (await admin.get("/users/2")).text
    assert (await admin.post("/users/2/disable", ("version", "1"))).status_code == 303
    page = (await admin.get("/users/2")).text
    assert "Disabled" in page
    assert 'value="Kent, Wales"' in page


async def test_nobody_disables_themselves(house: House) -> None:
    admin = await house.sign_in()
    refused = await admin.post("/users/1/disable")
    assert refused.status_code == 403
    assert "This is you; somebody else has to do it." in (await admin.get("/users/1")).text


async def test_a_new_password_replaces_the_old_one(house: House) -> None:
    mara = await house.person("mara", "viewer")
    admin = await house.sign_in()
    password = secret_of((await admin.post("/users/2/password")).text)
    assert (await mara.get("/account")).status_code == 303
    await house.sign_in("mara", password)


async def test_without_the_page_s_own_token_nothing_is_done(house: House) -> None:
    admin = await house.sign_in()
    admin.csrf = "somebody else's"
    assert (await admin.post("/users", *NEW)).status_code == 403


async def test_only_administrators_see_people(house: House) -> None:
    mara = await house.person("mara", "technician")
    for path in ("/users", "/users/new", "/users/1", "/users/tokens"):
        assert (await mara.get(path)).status_code == 403, path
    assert (await mara.post("/users", *NEW)).status_code == 403
    assert (await mara.post("/users/1/password")).status_code == 403


async def test_a_token_is_shown_once_works_and_is_revoked(house: House) -> None:
    mara = await house.person("mara", "technician")
    made = await mara.post(
        "/account/tokens", ("name", "nightly export"), ("days", "7"), ("permission", "inventory.read")
    )
    assert made.status_code == 200
    secret = secret_of(made.text)
    assert secret.startswith("tl_")
    asked = {"Authorization": f"Bearer {secret}"}
    assert (await mara.http.get("/api/v1/me", headers=asked)).json()["permissions"] == ["inventory.read"]
    page = (await mara.get("/account")).text
    assert "nightly export" in page
    assert secret not in page
    assert (await mara.post("/account/tokens/1/revoke")).status_code == 303
    assert (await mara.http.get("/api/v1/me", headers=asked)).status_code == 401
    assert "Revoked" in (await mara.get("/account/tokens/1")).text


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ((("name", ""), ("permission", "inventory.read")), "Say what it is for"),
        ((("name", "x"),), "choose something"),
        ((("name", "x"), ("days", "many"), ("permission", "inventory.read")), "A whole number of days"),
        ((("name", "x"), ("days", "3000"), ("permission", "inventory.read")), "Take at most 90 days"),
        ((("name", "x"), ("permission", "user.write")), "You do not have this permission yourself"),
    ],
)
async def test_no_token_is_made_that_is_wrong(house: House, pairs: tuple[tuple[str, str], ...], told: str) -> None:
    mara = await house.person("mara", "technician")
    answer = await mara.post("/account/tokens", *pairs)
    assert answer.status_code == 422
    assert told in answer.text


async def test_tokens_of_others_are_the_administrator_s_alone(house: House) -> None:
    mara = await house.person("mara", "technician")
    await mara.post("/account/tokens", ("name", "hers"), ("permission", "inventory.read"))
    other = await house.person("dirk", "approver")
    assert (await other.get("/account/tokens/1")).status_code == 404
    assert (await other.post("/account/tokens/1/revoke")).status_code == 404
    admin = await house.sign_in()
    assert "hers" in (await admin.get("/users/tokens")).text
    assert (await admin.post("/users/tokens/1/revoke")).status_code == 303
    assert "Revoked" in (await admin.get("/users/tokens/1")).text


async def test_one_s_own_password_changes_and_other_browsers_are_out(house: House) -> None:
    mara = await house.person("mara", "viewer")
    elsewhere = await house.sign_in("mara")
    new = "quite another set of words"
    wrong = await mara.post("/account/password", ("present", "no"), ("password", "short"), ("again", "longer"))
    assert wrong.status_code == 422
    assert "not your present password" in wrong.text
    done = await mara.post(
        "/account/password", ("present", "four words without sense"), ("password", new), ("again", new)
    )
    assert done.status_code == 303
    assert (await mara.get("/account")).status_code == 200
    assert (await elsewhere.get("/account")).status_code == 303
    await house.sign_in("mara", new)


async def test_signing_out_everywhere_ends_this_session_too(house: House) -> None:
    mara = await house.person("mara", "viewer")
    assert (await mara.post("/account/sessions/end")).headers["location"] == "/sign-in?out=1"
    assert (await mara.get("/account")).status_code == 303


async def test_names_are_text_and_never_markup(house: House) -> None:
    admin = await house.sign_in()
    await admin.post("/users", ("name", "x"), ("display_name", "<script>alert(1)</script>"), ("role", "viewer"))
    for path in ("/users", "/users/2"):
        page = (await admin.get(path)).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page
