"""Access tokens bound to certificates: given out, taken, refused; the contract may ask for them."""

import base64
import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from tieline.gateway.authorization.tokens import SIGNS_FOR
from tieline.platform.clock import SetClock
from tieline.platform.db import execute

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Rig

pytestmark = pytest.mark.anyio

TREE = "/3gpp-mns/ProvMnS/v1/SubNetwork=U1"
PLANS = "/3gpp-mns/plan-management/v1/plan-descriptors"
OWN, FIRST, SECOND = b"U1".hex().rjust(64, "0"), "a" * 64, "b" * 64
ISSUER = "https://gateway.example"


async def client(rig: "Rig", *scopes: str, certificates: tuple[str, ...] = (FIRST,), **more: Any) -> Any:
    body = {"name": "scada", "scopes": list(scopes), "certificates": list(certificates), "by": "jane", **more}
    answer = await rig.office.post("/backoffice/v1/utilities/U1/clients", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def ask(api: httpx.AsyncClient, client_id: str = "U1.scada", **form: str) -> httpx.Response:
    data = {"grant_type": "client_credentials", "client_id": client_id, **form}
    return await api.post("/oauth2/token", data=data)


async def token(api: httpx.AsyncClient, client_id: str = "U1.scada", **form: str) -> str:
    answer = await ask(api, client_id, **form)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def bearing(given: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {given}"}


async def test_a_token_says_what_the_standards_ask_of_it(rig: "Rig") -> None:
    await rig.utility("U1")
    await client(rig, "read", "plans")
    async with rig.client(FIRST) as api:
        answer = await ask(api)
        assert answer.headers["cache-control"] == "no-store"
        body = answer.json()
        assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 600, "read plans")
        published = (await api.get("/oauth2/jwks")).json()
        described = (await api.get("/.well-known/oauth-authorization-server")).json()
    assert all("d" not in key for key in published["keys"])
    decoded = jwt.decode(body["access_token"], KeySet.import_key_set(published), algorithms=["ES256"])
    assert (decoded.header["typ"], decoded.header["alg"]) == ("at+jwt", "ES256")
    claims = decoded.claims
    assert (claims["iss"], claims["aud"], claims["sub"], claims["client_id"]) == (ISSUER, ISSUER, *["U1.scada"] * 2)
    assert claims["exp"] - claims["iat"] == 600
    assert claims["cnf"] == {"x5t#S256": base64.urlsafe_b64encode(b"\xaa" * 32).decode().rstrip("=")}
    assert described["issuer"] == ISSUER
    assert described["mtls_endpoint_aliases"] == {"token_endpoint": f"{ISSUER}/oauth2/token"}
    assert described["token_endpoint_auth_methods_supported"] == ["tls_client_auth"]
    assert described["tls_client_certificate_bound_access_tokens"] is True
    shown = (await rig.office.get("/backoffice/v1/clients/U1.scada")).json()
    assert shown["token_at"] is not None


async def test_it_counts_on_its_own_certificate_and_for_its_scopes_alone(rig: "Rig") -> None:
    await rig.utility("U1")
    await client(rig, "read", certificates=(FIRST, SECOND))
    async with rig.client(FIRST) as api, rig.client(SECOND) as other:
        given = await token(api)
        assert (await api.get(TREE, headers=bearing(given))).status_code == 200
        stolen = await other.get(TREE, headers=bearing(given))
        assert stolen.status_code == 401
        assert 'error="invalid_token"' in stolen.headers["www-authenticate"]
        assert "another certificate" in stolen.headers["www-authenticate"]
        refused = await api.post(PLANS, json={}, headers=bearing(given))
        assert refused.status_code == 403
        assert 'error="insufficient_scope", scope="plans"' in refused.headers["www-authenticate"]
        assert refused.headers["content-type"] == "application/problem+json"
        assert (await api.get(PLANS, headers=bearing(given))).status_code == 200


async def test_a_token_may_be_narrower_than_its_client_and_never_wider(rig: "Rig") -> None:
    await rig.utility("U1")
    await client(rig, "read", "write")
    async with rig.client(FIRST) as api:
        narrow = await token(api, scope="read")
        recipient = {"id": "n1", "attributes": {"notificationRecipientAddress": "https://utility.example/in"}}
        put = await api.put(f"{TREE}/NtfSubscriptionControl=n1", json=recipient, headers=bearing(narrow))
        assert put.status_code == 403
        for scope in ("plans", "read plans", "everything"):
            answer = await ask(api, scope=scope)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
        # the certificate alone has the client's own bounds
        assert (await api.post(PLANS, json={})).status_code == 403
        wide = await api.put(f"{TREE}/NtfSubscriptionControl=n1", json=recipient)
        assert wide.status_code == 201


async def test_the_contract_may_ask_for_tokens(rig: "Rig") -> None:
    api = await rig.utility("U1", token_required=True)
    bare = await api.get(TREE)
    assert (bare.status_code, bare.headers["www-authenticate"]) == (401, 'Bearer realm="tieline"')
    given = await token(api, "U1")
    assert (await api.get(TREE, headers=bearing(given))).status_code == 200
    # terms that do not speak of it leave it as it is
    await rig.utility("U1")
    async with rig.client(OWN) as again:
        assert (await again.get(TREE)).status_code == 401
    await rig.utility("U1", token_required=False)
    async with rig.client(OWN) as again:
        assert (await again.get(TREE)).status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_id": "U1.scada", "grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 400, "invalid_request"),
        ({"client_id": "U1.other", "grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"client_id": "U2", "grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"client_id": ["U1.scada", "U1.scada"], "grant_type": "client_credentials"}, 400, "invalid_request"),
        ({"client_id": "U1.scada", "grant_type": "client_credentials", "x": "y" * 9000}, 400, "invalid_request"),
        ({"client_id": "U1.sc\0da", "grant_type": "client_credentials"}, 400, "invalid_request"),
    ],
)
async def test_who_asks_wrongly_is_told_in_the_standards_words(
    rig: "Rig", form: dict[str, Any], status: int, error: str
) -> None:
    await rig.utility("U1")
    await rig.utility("U2")
    await client(rig, "read")
    async with rig.client(FIRST) as api:
        answer = await api.post("/oauth2/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


async def test_a_stranger_gets_no_token_and_a_get_none_either(rig: "Rig") -> None:
    await rig.utility("U1")
    await client(rig, "read")
    async with rig.client("f" * 64) as stranger, rig.client(None) as nobody, rig.client(FIRST) as api:
        for one in (stranger, nobody):
            assert (await ask(one)).json()["error"] == "invalid_client"
        assert (await api.get("/oauth2/token")).status_code == 405
        assert (await api.post("/oauth2/token", json={})).json()["error"] == "invalid_request"


async def test_forged_altered_and_foreign_tokens_are_refused(rig: "Rig") -> None:
    await rig.utility("U1")
    await client(rig, "read")
    key = ECKey.generate_key("P-256")
    thumbprint = base64.urlsafe_b64encode(b"\xaa" * 32).decode().rstrip("=")
    async with rig.client(FIRST) as api:
        given = await token(api)
        head, claims, signature = given.split(".")
        said = json.loads(base64.urlsafe_b64decode(claims + "=="))
        said["scope"] = "read write plans"
        wider = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
        unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').decode().rstrip("=")
        foreign = jwt.encode({"alg": "ES256", "typ": "at+jwt"}, {**said, "cnf": {"x5t#S256": thumbprint}}, key)
        for forged in (f"{head}.{wider}.{signature}", f"{unsigned}.{wider}.", foreign, given[:-4], "x", "a.b.c"):
            answer = await api.get(TREE, headers=bearing(forged))
            assert answer.status_code == 401, forged
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert (await api.get(TREE, headers=bearing("x" * 5000))).status_code == 401
        odd_members: tuple[dict[str, Any], ...] = (
            {"crit": 5},
            {"crit": ["x"]},
            {"alg": {}},
            {"kid": []},
            {"typ": 5},
            {"b64": False, "crit": ["b64"]},
        )
        for member in odd_members:
            odd = {"alg": "ES256", "typ": "at+jwt", "kid": jwt_kid(given), **member}
            written = base64.urlsafe_b64encode(json.dumps(odd).encode()).decode().rstrip("=")
            answer = await api.get(TREE, headers=bearing(f"{written}.{claims}.{signature}"))
            assert answer.status_code == 401, member


async def test_a_token_ends_and_the_signing_key_changes_without_anybody_noticing(rig: "Rig") -> None:
    clock = SetClock(rig.parts.clock.now())
    object.__setattr__(rig.parts, "clock", clock)
    await rig.utility("U1")
    await client(rig, "read")
    async with rig.client(FIRST) as api:
        first = await token(api)
        clock.forward(SIGNS_FOR - timedelta(minutes=1))
        assert (await api.get(TREE, headers=bearing(first))).status_code == 401
        late = await token(api)
        clock.forward(timedelta(minutes=2))
        new = await token(api)
        assert jwt_kid(new) != jwt_kid(late) == jwt_kid(first)
        for given in (late, new):
            assert (await api.get(TREE, headers=bearing(given))).status_code == 200
        async with rig.client(FIRST) as another_process:
            assert (await another_process.get(TREE, headers=bearing(late))).status_code == 200
            assert (await another_process.get(TREE, headers=bearing(new))).status_code == 200
        assert len((await api.get("/oauth2/jwks")).json()["keys"]) == 2
    sealed = await rig.rows("SELECT private_key FROM token_key")
    assert all(row["private_key"].startswith("tl1:") for row in sealed)


def jwt_kid(given: str) -> str:
    return str(json.loads(base64.urlsafe_b64decode(given.split(".", maxsplit=1)[0] + "=="))["kid"])


async def test_a_revoked_client_and_a_certificate_that_was_taken_away_stop_counting(rig: "Rig") -> None:
    await rig.utility("U1")
    await client(rig, "read", certificates=(FIRST, SECOND))
    async with rig.client(FIRST) as api, rig.client(SECOND) as other:
        first, second = await token(api), await token(other)
    url = f"/backoffice/v1/clients/U1.scada/certificates/{FIRST}"
    assert (await rig.office.delete(url, params={"by": "jane"})).json()["certificates"] == [SECOND]
    async with rig.client(FIRST) as api, rig.client(SECOND) as other:
        assert (await api.get(TREE, headers=bearing(first))).status_code == 401
        assert (await api.get(TREE)).status_code == 403
        assert (await other.get(TREE, headers=bearing(second))).status_code == 200
    revoked = await rig.office.post("/backoffice/v1/clients/U1.scada/revoke", json={"by": "jane", "reason": "left"})
    assert revoked.json()["revoked_at"]
    async with rig.client(SECOND) as other:
        assert (await other.get(TREE, headers=bearing(second))).status_code == 401
        assert (await ask(other)).json()["error"] == "invalid_client"
    again = await rig.office.post("/backoffice/v1/clients/U1.scada/revoke", json={"by": "jane"})
    assert again.status_code == 409
    trail = (await rig.office.get("/backoffice/v1/audit", params={"action": "client.*"})).json()["items"]
    assert [(entry["action"], entry["actor"]) for entry in reversed(trail)] == [
        ("client.made", "staff:jane"),
        ("client.certificate-removed", "staff:jane"),
        ("client.revoked", "staff:jane"),
    ]


async def test_a_certificate_of_the_named_subject_counts_before_anybody_knows_it(rig: "Rig") -> None:
    """RFC 8705 clause 2.1.2: the renewed certificate needs no visit to the operator."""
    await rig.utility("U1")
    await client(rig, "read", certificates=(), subject="CN=scada,O=Grid")
    shown = (await rig.office.get("/backoffice/v1/clients/U1.scada")).json()
    assert shown["subject"] == "CN=scada,O=Grid"
    fresh = hashlib.sha256(b"a certificate that nobody has seen").hexdigest()
    async with rig.client(fresh, subject="CN=scada,O=Grid") as api:
        given = await token(api)
        assert (await api.get(TREE, headers=bearing(given))).status_code == 200
    async with rig.client(fresh, subject="CN=scada,O=Other") as api:
        assert (await ask(api)).json()["error"] == "invalid_client"
        assert (await api.get(TREE, headers=bearing(given))).status_code == 401
    taken = {"name": "other", "scopes": ["read"], "subject": "CN=scada,O=Grid", "by": "jane"}
    assert (await rig.office.post("/backoffice/v1/utilities/U1/clients", json=taken)).status_code == 409


async def test_certificates_without_a_subject_are_nobodys_by_their_subject(rig: "Rig") -> None:
    await rig.utility("U1")
    body = {"name": "scada", "scopes": ["read"], "certificates": [FIRST], "by": "jane", "subject": ""}
    assert (await rig.office.post("/backoffice/v1/utilities/U1/clients", json=body)).status_code == 422
    await client(rig, "read")
    async with rig.parts.db.transaction() as tx:
        await execute(tx, "UPDATE api_client SET subject_dn = ''")
    async with rig.client("f" * 64, subject="") as stranger, rig.client(FIRST) as api:
        assert (await ask(stranger)).json()["error"] == "invalid_client"
        assert (await ask(api)).status_code == 200


async def test_two_certificates_of_a_utility_count_at_once_and_one_belongs_to_one(rig: "Rig") -> None:
    await rig.utility("U1")
    await rig.utility("U2")
    body = {"certificate": SECOND.upper(), "by": "jane"}
    added = await rig.office.post("/backoffice/v1/utilities/U1/certificates", json=body)
    assert added.json()["certificates"] == sorted([OWN, SECOND])
    for fingerprint in (OWN, SECOND):
        async with rig.client(fingerprint) as api:
            assert (await api.get(TREE)).status_code == 200
    assert (await rig.office.post("/backoffice/v1/utilities/U2/certificates", json=body)).status_code == 409
    taken = {"name": "x", "scopes": ["read"], "certificates": [SECOND], "by": "jane"}
    assert (await rig.office.post("/backoffice/v1/utilities/U2/clients", json=taken)).status_code == 409
    assert (await rig.office.get("/backoffice/v1/clients", params={"utility": "U2"})).json() == []
    gone = await rig.office.delete(f"/backoffice/v1/utilities/U1/certificates/{OWN}", params={"by": "jane"})
    assert gone.json()["certificates"] == [SECOND]
    async with rig.client(OWN) as api:
        assert (await api.get(TREE)).status_code == 403


async def test_asking_for_tokens_has_its_own_rate(rig: "Rig") -> None:
    await rig.utility("U1")
    await client(rig, "read")
    async with rig.client(FIRST) as api:
        answers = [await ask(api) for _ in range(12)]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(refused) >= 3
    assert int(refused[0].headers["retry-after"]) >= 1


async def test_the_gateways_own_secrets_are_checked_and_their_key_changed(rig: "Rig") -> None:
    await rig.utility("U1")
    await client(rig, "read")
    async with rig.client(FIRST) as api:
        given = await token(api)
        assert (await rig.office.get("/backoffice/v1/secrets")).json()["values"] == 1
        assert (await rig.office.post("/backoffice/v1/secrets/rotate")).status_code == 201
        assert (await rig.office.post("/backoffice/v1/secrets/rewrap")).json() == {"values": 1}
        assert len((await rig.office.post("/backoffice/v1/secrets/forget")).json()["keys"]) == 1
    async with rig.client(FIRST) as another_process:
        assert (await another_process.get(TREE, headers=bearing(given))).status_code == 200


async def test_a_gateway_that_lost_its_secrets_key_signs_with_a_new_one(rig: "Rig") -> None:
    await rig.utility("U1")
    await client(rig, "read")
    async with rig.client(FIRST) as api:
        before = await token(api)
    (rig.parts.settings.folder / "secrets.keys").unlink()
    async with rig.client(FIRST) as api:
        after = await token(api)
        assert jwt_kid(after) != jwt_kid(before)
        assert (await api.get(TREE, headers=bearing(after))).status_code == 200
        assert (await api.get(TREE, headers=bearing(before))).status_code == 401
        assert [key["kid"] for key in (await api.get("/oauth2/jwks")).json()["keys"]] == [jwt_kid(after)]


async def test_what_was_made_for_one_utility_tells_nothing_of_another(rig: "Rig") -> None:
    await rig.utility("U1")
    await rig.utility("U2")
    await client(rig, "read")
    async with rig.client(FIRST) as api:
        given = await token(api)
        answer = await api.get("/3gpp-mns/ProvMnS/v1/SubNetwork=U2", headers=bearing(given))
    assert answer.status_code == 404
    async with rig.parts.db.transaction() as tx:
        await execute(tx, "UPDATE api_client SET scopes = '{write}'")
    async with rig.client(FIRST) as api:
        assert (await api.get(TREE, headers=bearing(given))).status_code == 403


async def test_the_change_log_names_the_program_that_made_a_change(rig: "Rig") -> None:
    own = await rig.utility("U1")
    await rig.load("U1", 2)
    await client(rig, "read", "write", "plans")
    wanted = {"attributes": {"apn": "new.example"}}
    merge = {"Content-Type": "application/merge-patch+json"}
    change = {"modifyOperator": "merge", "target": "/SubNetwork=U1/UtilitySubscription=S00000", "changeId": "1"}
    plan = {
        "configChangesContentType": "OPENAPI_BASED",
        "configChanges": [{**change, "value": {"attributes": {"apn": "planned.example"}}}],
        "activationMode": "BEST_EFFORT",
    }
    async with rig.client(FIRST) as scada:
        patched = await scada.patch(f"{TREE}/UtilitySubscription=S00000", json=wanted, headers=merge)
        assert patched.status_code < 300, patched.text
        body = {"planConfigDescr": plan, "isFallbackEnabled": True}
        job = await scada.post(f"{PLANS.rpartition('/')[0]}/plan-activation-jobs", json=body)
        assert job.status_code == 201, job.text
    with_token = bearing(await token(own, "U1"))
    await own.patch(f"{TREE}/UtilitySubscription=S00001", json=wanted, headers={**merge, **with_token})
    await rig.work()
    back = await rig.office.post(f"/backoffice/v1/jobs/{job.json()['id']}/take-back", json={"by": "jo", "reason": "no"})
    assert back.status_code == 202, back.text
    await rig.work()

    async def told(**query: str) -> list[tuple[str, str | None, str | None, str]]:
        page = (await rig.office.get("/backoffice/v1/change-log", params=query)).json()
        return [(one["source"], one["client"], one["client_name"], one["after"]["apn"]) for one in page["items"]]

    by_scada = [
        ("utility:U1", "U1.scada", "scada", "new.example"),
        ("utility:U1", "U1.scada", "scada", "planned.example"),
    ]
    assert await told(client="U1.scada") == by_scada
    assert await told(party="utility") == [by_scada[0], ("utility:U1", None, None, "new.example"), by_scada[1]]
    assert (await told(party="staff"))[-1] == ("staff:jo", None, None, "new.example")
