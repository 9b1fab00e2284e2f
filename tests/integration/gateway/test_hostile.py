"""What a utility that means ill, or errs, may try: it harms neither others nor itself unnoticed."""

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tieline.platform.db import Tx, execute

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Rig

pytestmark = pytest.mark.anyio

TREE = "/3gpp-mns/ProvMnS/v1"
PLANS = "/3gpp-mns/plan-management/v1"
JOBS = f"{PLANS}/plan-activation-jobs"
MANY = {"scope": '{"scopeType":"BASE_ALL"}'}


def plan(utility: str, name: str, **more: Any) -> dict[str, Any]:
    change = {
        "modifyOperator": "merge",
        "target": f"/SubNetwork={utility}/UtilitySubscription={name}",
        "value": {"attributes": {"apn": "new.example"}},
        **more,
    }
    return {"configChangesContentType": "OPENAPI_BASED", "configChanges": [change]}


async def posted(api: httpx.AsyncClient, collection: str, body: dict[str, Any]) -> str:
    answer = await api.post(f"{PLANS}/{collection}", json=body)
    assert answer.status_code == 201, answer.text
    identifier: str = answer.json()["id"]
    return identifier


async def test_an_identifier_has_one_spelling(rig: "Rig") -> None:
    api = await rig.utility("U1")
    described = await posted(api, "plan-descriptors", plan("U1", "S1"))
    await posted(api, "plan-group-descriptors", {"members": [{"planConfigDescrId": described}]})
    other = described.replace("-", "-00")
    assert (await api.delete(f"{PLANS}/plan-descriptors/{other}")).status_code == 404
    assert (await api.delete(f"{PLANS}/plan-descriptors/{described}")).status_code == 409
    body = {"members": [{"planConfigDescrId": other}]}
    assert (await api.post(f"{PLANS}/plan-group-descriptors", json=body)).status_code == 404
    for odd in ("pd-", "pd-0", "pd--1", "pd-1%20", "pd-%EF%BC%91", "pd-" + "9" * 30, "pd-1%00", "../aj-1"):
        assert (await api.get(f"{PLANS}/plan-descriptors/{odd}")).status_code == 404


async def test_deleting_a_whole_network_is_refused_without_loading_it(
    rig: "Rig", monkeypatch: pytest.MonkeyPatch
) -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 3)

    async def below(*_: Any, **__: Any) -> list[Any]:
        raise AssertionError("loaded")

    monkeypatch.setattr("tieline.gateway.objects.service.objects.below", below)
    assert (await api.delete(f"{TREE}/SubNetwork=U1")).status_code == 403
    assert (await api.delete(f"{TREE}/SubNetwork=U1/UtilitySubscription=S00000")).status_code == 403
    assert (await api.delete(f"{TREE}/SubNetwork=U1/NtfSubscriptionControl=none")).status_code == 404


async def test_a_subscription_for_notifications_goes_with_its_heartbeat(rig: "Rig") -> None:
    api = await rig.utility("U1")
    body = {
        "id": "n",
        "attributes": {"notificationRecipientAddress": "https://utility.example/in"},
        "HeartbeatControl": {"id": "1", "attributes": {"heartbeatNtfPeriod": 60}},
    }
    url = f"{TREE}/SubNetwork=U1/NtfSubscriptionControl=n"
    assert (await api.put(url, json=body)).status_code == 201
    assert (await api.delete(url)).status_code == 204
    assert await rig.value("SELECT count(*) FROM managed_object WHERE depth > 1") == 0


async def test_a_text_that_cannot_be_stored_is_refused_before_it_can_hold_up_others(rig: "Rig") -> None:
    api = await rig.utility("U1")
    answer = await api.post(f"{PLANS}/plan-descriptors", json=plan("U1", "S1", changeId="\x00"))
    assert (answer.status_code, answer.json()["badDataNode"]) == (400, "/configChanges/0/changeId")
    for body in ({**plan("U1", "S1"), "name": "\x00"}, {**plan("U1", "S1"), "customProperties": {"a": "\x00"}}):
        assert (await api.post(f"{PLANS}/plan-descriptors", json=body)).status_code == 422


async def test_a_job_that_fails_again_and_again_does_not_hold_up_another_utility(
    rig: "Rig", monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = await rig.utility("U1"), await rig.utility("U2")
    await rig.load("U1", 1)
    await rig.load("U2", 1)
    poisoned = await posted(bad, "plan-activation-jobs", {"planConfigDescr": plan("U1", "S00000")})
    sound = await posted(good, "plan-activation-jobs", {"planConfigDescr": plan("U2", "S00000")})
    write = "tieline.gateway.plans.executor.service.write"
    from tieline.gateway.objects import service  # noqa: PLC0415 - the function as it is before it is replaced

    original = service.write

    async def failing(tx: Tx, tree: Any, *args: Any, **more: Any) -> None:
        if tree.consumer.code == "U1":
            await execute(tx, "SELECT 1 / 0")
        await original(tx, tree, *args, **more)

    monkeypatch.setattr(write, failing)
    monkeypatch.setattr("tieline.gateway.plans.executor.REST_S", 3600.0)
    async with asyncio.timeout(60):
        await rig.executor.round()
    assert (await good.get(f"{JOBS}/{sound}/status")).json()["jobState"] == "COMPLETED"
    assert (await bad.get(f"{JOBS}/{poisoned}/status")).json()["jobState"] == "QUEUED"
    monkeypatch.setattr("tieline.gateway.plans.executor.REST_S", 0.0)
    rig.executor._rest_until.clear()
    while await rig.executor.round():
        pass
    assert (await bad.get(f"{JOBS}/{poisoned}/status")).json()["jobState"] == "FAILED"


async def test_media_types_that_are_not_json_are_refused(rig: "Rig") -> None:
    api = await rig.utility("U1")
    content = json.dumps(plan("U1", "S1"))
    for media_type in ("text/plain", "application/xml", "application/merge-patch+json", "multipart/form-data"):
        answer = await api.post(f"{PLANS}/plan-descriptors", content=content, headers={"Content-Type": media_type})
        assert answer.status_code == 415
        assert answer.headers["content-type"] == "application/problem+json"
    json_too = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await api.post(f"{PLANS}/plan-descriptors", content=content, headers=json_too)).status_code == 201
    job = await posted(api, "plan-activation-jobs", {"planConfigDescr": plan("U1", "S1")})
    merge = {"Content-Type": "application/merge-patch+json"}
    assert (await api.patch(f"{JOBS}/{job}", content='{"cancelRequest":true}', headers=merge)).status_code == 204


async def test_conditions_of_a_request_are_held_to(rig: "Rig") -> None:
    api = await rig.utility("U1")
    url = f"{TREE}/SubNetwork=U1/NtfSubscriptionControl=n"
    body = {"id": "n", "attributes": {"notificationRecipientAddress": "https://utility.example/in"}}
    other = {"id": "n", "attributes": {"notificationRecipientAddress": "https://utility.example/other"}}
    assert (await api.put(url, json=body, headers={"If-Match": "*"})).status_code == 412
    assert (await api.put(url, json=body, headers={"If-None-Match": "*"})).status_code == 201
    assert (await api.put(url, json=other, headers={"If-None-Match": "*"})).status_code == 412
    assert (await api.put(url, json=other, headers={"If-Match": '"v1"'})).status_code == 412
    assert (await api.delete(url, headers={"If-Match": '"v1"'})).status_code == 412
    assert (await api.get(url)).json()["attributes"] == body["attributes"]
    assert (await api.put(url, json=other, headers={"If-Match": "*"})).status_code == 200
    job = await posted(api, "plan-activation-jobs", {"planConfigDescr": plan("U1", "S1")})
    assert (await api.delete(f"{JOBS}/{job}", headers={"If-Match": '"x"'})).status_code == 412


async def test_a_filter_that_takes_too_long_is_given_up(rig: "Rig", monkeypatch: pytest.MonkeyPatch) -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 2000)
    heavy = " and ".join(f'not(contains(attributes/apn, "x{number}"))' for number in range(150))
    params = {**MANY, "filter": heavy}
    assert (await api.get(f"{TREE}/SubNetwork=U1", params=params)).status_code == 200
    monkeypatch.setattr("tieline.gateway.objects.store.reading.LONGEST_MS", 1)
    answer = await api.get(f"{TREE}/SubNetwork=U1", params=params)
    assert (answer.status_code, answer.json()["badQueryParams"]) == (400, ["filter"])


async def test_searches_of_one_utility_wait_and_others_do_not(rig: "Rig", monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = await rig.utility("U1"), await rig.utility("U2")
    monkeypatch.setattr("tieline.gateway.objects.routes.WAIT_S", 0.05)
    from tieline.gateway.objects import reading  # noqa: PLC0415 - the function as it is before it is replaced

    original, go, begun = reading.prepare, asyncio.Event(), asyncio.Semaphore(0)

    async def slow(db: Any, consumer: Any, *more: Any) -> Any:
        if consumer.code == "U1":
            begun.release()
            await go.wait()
        return await original(db, consumer, *more)

    monkeypatch.setattr("tieline.gateway.objects.routes.reading.prepare", slow)
    searches = [asyncio.create_task(first.get(f"{TREE}/SubNetwork=U1", params=MANY)) for _ in range(3)]
    for _ in searches:
        await begun.acquire()
    refused = await first.get(f"{TREE}/SubNetwork=U1", params=MANY)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert (await second.get(f"{TREE}/SubNetwork=U2", params=MANY)).status_code == 200
    go.set()
    assert {answer.status_code for answer in await asyncio.gather(*searches)} == {200}


async def test_jobs_that_wait_are_bounded(rig: "Rig", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieline.gateway.plans.jobs.MOST_OPEN", 2)
    api = await rig.utility("U1")
    body = {"planConfigDescr": plan("U1", "S1")}
    for collection in ("plan-activation-jobs", "plan-validation-jobs"):
        await posted(api, collection, body)
    for url in (JOBS, f"{PLANS}/plan-validation-jobs"):
        answer = await api.post(url, json=body)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
    await rig.work()
    await posted(api, "plan-activation-jobs", body)


@pytest.mark.parametrize(
    "address",
    [
        "http://utility.example/in",
        "https://127.0.0.1:8411/backoffice/v1/utilities",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "https://localhost/",
        "https://utility.example.evil.test/",
        "https://utility.example@evil.test/",
        "https://utility.example\\@evil.test/",
        "https://evil.test#@utility.example/",
        "https://evil.test\\.utility.example/",
        "https://utility.example:0/",
        "https://utility.example:99999/",
        "https://utility.example\n.evil.test/",
        "https://utility.example./",
        "https://2130706433/",
        "file:///etc/passwd",
    ],
)
async def test_only_hosts_that_the_operator_registered_are_ever_called(rig: "Rig", address: str) -> None:
    api = await rig.utility("U1")
    body = {"id": "n", "attributes": {"notificationRecipientAddress": address}}
    answer = await api.put(f"{TREE}/SubNetwork=U1/NtfSubscriptionControl=n", json=body)
    assert answer.status_code in {400, 422}, answer.text
    await rig.work()
    assert not rig.recipient.bodies
