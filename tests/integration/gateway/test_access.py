"""Who gets in, how often, and that one utility never sees another's objects."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Rig

pytestmark = pytest.mark.anyio

TREE = "/3gpp-mns/ProvMnS/v1"
PLANS = "/3gpp-mns/plan-management/v1"
SECRET = "SECRET-OF-U2"


def _plan(name: str, label: str) -> dict[str, Any]:
    target = f"/SubNetwork={name}/UtilitySubscription=S00000"
    change = {"modifyOperator": "merge", "target": target, "value": {"attributes": {"userLabel": label}}}
    return {"name": label, "configChangesContentType": "OPENAPI_BASED", "configChanges": [change]}


async def test_without_a_certificate_that_is_known_nobody_gets_in(rig: "Rig") -> None:
    async with rig.client(None) as nobody, rig.client("f" * 64) as stranger:
        assert (await nobody.get(f"{TREE}/SubNetwork=U1")).status_code == 401
        answer = await stranger.get(f"{TREE}/SubNetwork=U1")
        assert answer.status_code == 403
        assert answer.json()["status"] == "403"
        assert (await stranger.get(f"{PLANS}/plan-descriptors")).headers["content-type"] == "application/problem+json"


async def test_a_certificate_that_is_taken_back_no_longer_counts(rig: "Rig") -> None:
    api = await rig.utility("U1")
    assert (await api.get(f"{TREE}/SubNetwork=U1")).status_code == 200
    terms = {"code": "U1", "name": "U1", "certificates": ["a" * 64]}
    assert (await rig.office.post("/backoffice/v1/utilities", json=terms)).status_code == 201
    async with rig.client(b"U1".hex().rjust(64, "0")) as again:
        assert (await again.get(f"{TREE}/SubNetwork=U1")).status_code == 403
    async with rig.client("a" * 64) as renewed:
        assert (await renewed.get(f"{TREE}/SubNetwork=U1")).status_code == 200


async def test_one_certificate_belongs_to_one_utility(rig: "Rig") -> None:
    terms = {"code": "U1", "name": "U1", "certificates": ["a" * 64]}
    assert (await rig.office.post("/backoffice/v1/utilities", json=terms)).status_code == 201
    answer = await rig.office.post("/backoffice/v1/utilities", json={**terms, "code": "U2"})
    assert answer.status_code == 409


async def test_the_rate_is_kept_and_counted_in_calls(rig: "Rig") -> None:
    api = await rig.utility("U1", calls_per_second=3)
    answers = [await api.get(f"{TREE}/SubNetwork=U1") for _ in range(8)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) >= 4
    assert int(refused[0].headers["retry-after"]) >= 1
    assert refused[0].json()["status"] == "429"
    (counts,) = (await rig.office.get("/backoffice/v1/counts")).json()["utilities"]
    assert counts["calls"] + counts["calls_refused"] == 8
    assert counts["calls_refused"] == len(refused)


async def test_a_gateway_that_is_down_says_so(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await rig.office.put("/simulation/v1/faults", json={"rules": [{"operator": "A", "fault": "down"}]})
    answer = await api.get(f"{TREE}/SubNetwork=U1")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    await rig.office.put("/simulation/v1/faults", json={"rules": []})
    assert (await api.get(f"{TREE}/SubNetwork=U1")).status_code == 200


async def test_the_back_office_wants_its_token(rig: "Rig") -> None:
    for headers, status in (({"Authorization": ""}, 401), ({"Authorization": "Bearer wrong"}, 403)):
        for url in ("/backoffice/v1/counts", "/backoffice/v1/change-log", "/simulation/v1/faults"):
            assert (await rig.office.get(url, headers=headers)).status_code == status
    assert (await rig.office.get("/health/ready", headers={"Authorization": ""})).status_code == 200


_METHODS = st.sampled_from(["GET", "PUT", "PATCH", "DELETE", "POST"])
_SCOPES = st.sampled_from([{}, {"scope": '{"scopeType":"BASE_ALL"}'}, {"scopeType": "BASE_SUBTREE", "scopeLevel": "9"}])
_FILTERS = st.sampled_from([{}, {"filter": "true"}, {"filter": 'contains(id, "S")'}, {"filter": "not(id = 1) or id"}])
_PLACES = st.sampled_from(
    [
        f"{TREE}/SubNetwork=U2",
        f"{TREE}/SubNetwork=U2/UtilitySubscription=S00000",
        f"{TREE}/SubNetwork=U2/NtfSubscriptionControl=n1",
        f"{TREE}/SubNetwork=U1/SubNetwork=U2/UtilitySubscription=S00000",
        f"{TREE}/SubNetwork=U1",
        f"{PLANS}/plan-descriptors",
        f"{PLANS}/plan-activation-jobs",
        f"{PLANS}/fallback-descriptors",
        *(f"{PLANS}/plan-descriptors/pd-{number}" for number in range(1, 3)),
        *(f"{PLANS}/plan-activation-jobs/aj-{number}{rest}" for number in range(1, 3) for rest in ("", "/status")),
        *(f"{PLANS}/plan-activation-jobs/aj-{number}/activation-details" for number in range(1, 3)),
        *(f"{PLANS}/fallback-descriptors/fb-{number}" for number in range(1, 3)),
    ]
)
_BODIES = st.sampled_from(
    [
        {"id": "S00000", "attributes": {"apn": "stolen.example"}},
        {"objectClass": "NtfSubscriptionControl", "attributes": {"notificationRecipientAddress": "https://evil.test/"}},
        {"UtilitySubscription": [{"id": "S00000", "attributes": {"apn": "stolen.example"}}]},
        {"planConfigDescrId": "pd-1"},
        {"fallbackConfigDescrId": "fb-1"},
        {"cancelRequest": True},
        _plan("U2", "mine"),
    ]
)
_TYPES = st.sampled_from(["application/json", "application/merge-patch+json", "application/3gpp-merge-patch+json"])


async def _of_the_other(rig: "Rig") -> Any:
    return await rig.rows(
        """SELECT path, attributes, version FROM managed_object m JOIN utility u ON u.id = m.utility_id
           WHERE u.code = 'U2' ORDER BY path"""
    )


@settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(_METHODS, _PLACES, _SCOPES, _FILTERS, _BODIES, _TYPES), min_size=5, max_size=25))
async def test_whatever_one_utility_asks_nothing_of_another_is_told_or_changed(
    rig: "Rig", calls: list[tuple[str, str, dict[str, str], dict[str, str], dict[str, Any], str]]
) -> None:
    mine = await rig.utility("U1")
    if not await rig.value("SELECT count(*) FROM plan_descriptor"):
        other = await rig.utility("U2")
        await rig.load("U1", 2)
        await rig.load("U2", 2, userLabel=SECRET)
        made = (await other.post(f"{PLANS}/plan-descriptors", json=_plan("U2", SECRET))).json()["id"]
        job = {"planConfigDescrId": made, "name": SECRET, "isFallbackEnabled": True}
        assert (await other.post(f"{PLANS}/plan-activation-jobs", json=job)).status_code == 201
        await rig.work()
    before = await _of_the_other(rig)
    for method, url, scope, condition, body, media_type in calls:
        params = {**scope, **condition} if method == "GET" and url.startswith(TREE) else None
        content = None if method in {"GET", "DELETE"} else json.dumps(body)
        answer = await mine.request(method, url, params=params, content=content, headers={"Content-Type": media_type})
        assert answer.status_code < 500, answer.text
        if not content:
            assert SECRET not in answer.text
    await rig.work()
    assert await _of_the_other(rig) == before
    assert not rig.recipient.bodies
