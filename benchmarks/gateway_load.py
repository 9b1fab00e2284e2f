"""A load generator in a process of its own: so many requests a second, sent on time whether or not answers come.

``python -m benchmarks.gateway_load '{"url": …, "pki": …, "rate": 50, "seconds": 15, "first": 0, "last": 1000}'`` prints
one JSON object, milliseconds by kind of request, each from the moment when the request was due.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from tieline.platform.pki import Authority, client_context

TREE = "/3gpp-mns/ProvMnS/v1/SubNetwork=bench"
PLANS = "/3gpp-mns/plan-management/v1"
MERGE = {"Content-Type": "application/merge-patch+json"}
CHANGES = 500
CONNECTIONS = 32
SHARES = {"read": 0.58, "patch": 0.4, "activation": 0.02}


def plan(names: Sequence[str], **attributes: Any) -> dict[str, Any]:
    """A plan that merges the same attributes into each subscription."""
    changes = [
        {
            "modifyOperator": "merge",
            "changeId": name,
            "target": f"/SubNetwork=bench/UtilitySubscription={name}",
            "value": {"attributes": attributes},
        }
        for name in names
    ]
    return {"configChangesContentType": "OPENAPI_BASED", "configChanges": changes}


def name_of(number: int) -> str:
    """The identifier of a subscription of the benchmark."""
    return f"S{number:06}"


class Load:
    """One run of the generator."""

    def __init__(self, client: httpx.AsyncClient, names: Sequence[str], descriptors: Sequence[str]) -> None:
        self._client = client
        self._names = names
        self._descriptors = descriptors
        self._random = random.Random(1)
        self.samples: dict[str, list[float]] = {kind: [] for kind in SHARES}

    async def send(self, number: int, due: float) -> None:
        """Send one request of a kind drawn by its share, and note when its answer was there."""
        (kind,) = self._random.choices(list(SHARES), list(SHARES.values()))
        name = self._random.choice(self._names)
        if kind == "read":
            answer = await self._client.get(f"{TREE}/UtilitySubscription={name}")
        elif kind == "patch":
            body = json.dumps({"id": name, "attributes": {"userLabel": f"label {number}"}})
            answer = await self._client.patch(f"{TREE}/UtilitySubscription={name}", content=body, headers=MERGE)
        else:
            body = json.dumps({"planConfigDescrId": self._random.choice(self._descriptors)})
            key = {"Idempotency-Key": f"load-{number}", "Content-Type": "application/json"}
            answer = await self._client.post(f"{PLANS}/plan-activation-jobs", content=body, headers=key)
        answer.raise_for_status()
        self.samples[kind].append((time.perf_counter() - due) * 1000)


async def generate(options: dict[str, Any]) -> dict[str, list[float]]:
    """Make some plans of 500 changes, warm the connections up, then send for so many seconds."""
    names = [name_of(number) for number in range(options["first"], options["last"])]
    tls = client_context(Authority(Path(options["pki"])).client("bench"))
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(verify=tls, base_url=options["url"], timeout=60, limits=limits) as client:
        descriptors = []
        for number in range(5):
            body = plan(names[number * CHANGES :][:CHANGES], dataPlan=f"P{number}")
            descriptors.append((await client.post(f"{PLANS}/plan-descriptors", json=body)).json()["id"])
        await asyncio.gather(*(client.get(TREE) for _ in range(CONNECTIONS)))
        print("ready", flush=True)
        load = Load(client, names, descriptors)
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(int(options["rate"] * options["seconds"])):
                due = began + number / options["rate"]
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(load.send(number, due))
    return load.samples


if __name__ == "__main__":
    print(json.dumps(asyncio.run(generate(json.loads(sys.argv[1])))))
