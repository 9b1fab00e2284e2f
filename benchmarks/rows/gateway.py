"""The operator's gateway: how fast it acknowledges while it changes 10,000 subscriptions, and how fast it does that."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.gateway_load import CHANGES, PLANS, SHARES, TREE, name_of, plan
from benchmarks.harness import Bar, Report, percentile, row
from tieline.platform.embedded import EmbeddedPostgres
from tieline.platform.pki import Authority, client_context

SUBSCRIPTIONS = 20_000
CHANGED = 10_000
RATE = 50
SECONDS = 15
FLAT = {"Accept": "application/vnd.3gpp.object-tree-flat+json"}


@dataclass(frozen=True)
class Running:
    """A gateway that serves: its back office, its standard interfaces, and where both are."""

    office: httpx.AsyncClient
    utility: httpx.AsyncClient
    pki: Path
    url: str


@row("gateway", "acknowledgement at 50 requests/s while 10,000 subscriptions are changed; changes a second; loading")
def gateway(report: Report) -> None:
    """Measure one gateway on a PostgreSQL of its own, ``fsync`` on."""
    asyncio.run(_measure(report))


async def _measure(report: Report) -> None:
    async with _running() as found:
        report.add("60,000 subscriptions loaded", "s", [await _load(found)], bar=Bar("at_most", 15))
        began = time.perf_counter()
        jobs = await _activate(found, state="TEST_READY", apn="new.example", subscriptionGroup="g1", dataPlan="S")
        report.add(
            "changed, logged and queued for notification",
            "changes/s",
            [CHANGED / (time.perf_counter() - began)],
            bar=Bar("at_least", 1500),
        )
        await _until_operational(found)
        report.add("from activation to operational", "changes/s", [CHANGED / (time.perf_counter() - began)])
        report.add("500 read back by their plan", "ms", [await _read_back(found, jobs[0])])
        await _acknowledgement(report, found)


async def _acknowledgement(report: Report, found: Running) -> None:
    options = {"url": found.url, "pki": str(found.pki), "rate": RATE, "seconds": SECONDS}
    options |= {"first": CHANGED, "last": SUBSCRIPTIONS}
    generator = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.gateway_load", json.dumps(options), stdout=subprocess.PIPE
    )
    assert generator.stdout is not None
    await generator.stdout.readline()
    await _activate(found, state="INVENTORY", apn="old.example", subscriptionGroup="g0", dataPlan="M")
    samples: dict[str, list[float]] = json.loads(await generator.stdout.read())
    await generator.wait()
    for kind in SHARES:
        report.add(f"{kind}, p50", "ms", samples[kind])
    together = [value for kind in samples.values() for value in kind]
    report.add("all, p50", "ms", together)
    report.add("all, p99", "ms", together, value=percentile(together, 0.99), bar=Bar("at_most", 100))


async def _load(found: Running) -> float:
    """Load 60,000 in two utilities: the ones to be changed, and the rest as company in the same tables."""
    began = time.perf_counter()
    for code, count in (("bench", SUBSCRIPTIONS), ("company", 60_000 - SUBSCRIPTIONS)):
        lines = b"".join(
            json.dumps(
                {
                    "id": name_of(number),
                    "state": "INVENTORY",
                    "apn": "old.example",
                    "subscriptionGroup": "g0",
                    "dataPlan": "M",
                    "imsi": f"00101{number:010}",
                    "msisdn": f"999{number:012}",
                    "generation": "4G",
                }
            ).encode()
            + b"\n"
            for number in range(count)
        )
        url = f"/backoffice/v1/utilities/{code}/subscriptions"
        (await found.office.post(url, content=lines, timeout=120)).raise_for_status()
    return time.perf_counter() - began


async def _activate(found: Running, **attributes: Any) -> list[str]:
    """Change 10,000 subscriptions in plans of 500; gives the jobs once all are over."""
    jobs = []
    for start in range(0, CHANGED, CHANGES):
        body = plan([name_of(number) for number in range(start, start + CHANGES)], **attributes)
        described = (await found.utility.post(f"{PLANS}/plan-descriptors", json=body)).json()["id"]
        answer = await found.utility.post(f"{PLANS}/plan-activation-jobs", json={"planConfigDescrId": described})
        jobs.append(answer.json()["id"])
    for job in jobs:
        status = f"{PLANS}/plan-activation-jobs/{job}/status"
        while (await found.utility.get(status)).json()["jobState"] != "COMPLETED":  # noqa: ASYNC110 - as a utility does
            await asyncio.sleep(0.1)
    return jobs


async def _until_operational(found: Running) -> None:
    async def waiting() -> bool:
        counts = (await found.office.get("/backoffice/v1/counts")).json()
        return any(item["orders_waiting"] for item in counts["utilities"])

    while await waiting():  # noqa: ASYNC110 - another process has no event to wait for
        await asyncio.sleep(0.05)


async def _read_back(found: Running, job: str) -> float:
    params = {
        "scope": '{"scopeType":"BASE_NTH_LEVEL","scopeLevel":1}',
        "filter": f'attributes/lastPlan = "{job}"',
        "attributes": "state,operational",
    }
    began = time.perf_counter()
    answer = await found.utility.get(TREE, params=params, headers=FLAT)
    elapsed = (time.perf_counter() - began) * 1000
    assert len(answer.json()) == CHANGES
    return elapsed


@asynccontextmanager
async def _running() -> AsyncIterator[Running]:
    with tempfile.TemporaryDirectory(prefix="tieline-bench-") as name:
        home = Path(name)
        postgres = EmbeddedPostgres(home)
        postgres.start()
        standard, back = _free_ports()
        environment = {
            **os.environ,
            "TIELINE_GATEWAY_DATABASE_URL": postgres.ensure_database("gateway"),
            "TIELINE_GATEWAY_PORT": str(standard),
            "TIELINE_GATEWAY_BACKOFFICE_PORT": str(back),
            "TIELINE_GATEWAY_BACKOFFICE_TOKEN_FILE": str(home / "token"),
            "TIELINE_GATEWAY_PKI": str(home / "pki"),
            "TIELINE_GATEWAY_CALLS_PER_SECOND": "1000",
        }
        with (home / "gateway.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tieline", "gateway", env=environment, stderr=log
            )
        try:
            async with _clients(home, standard, back) as found:
                yield found
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()
            postgres.stop()


@asynccontextmanager
async def _clients(home: Path, standard: int, back: int) -> AsyncIterator[Running]:
    authority = Authority(home / "pki")
    credential = authority.client("bench")
    url = f"https://localhost:{standard}"
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{back}", timeout=60) as office,
        httpx.AsyncClient(base_url=url, verify=client_context(credential), timeout=60) as utility,
    ):
        await _ready(office)
        office.headers["Authorization"] = f"Bearer {(home / 'token').read_text()}"
        for code, fingerprint in (("bench", credential.fingerprint), ("company", "0" * 64)):
            terms = {"code": code, "name": code, "certificates": [fingerprint]}
            (await office.post("/backoffice/v1/utilities", json=terms)).raise_for_status()
        yield Running(office, utility, home / "pki", url)


async def _ready(office: httpx.AsyncClient) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                if (await office.get("/health/ready")).is_success:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]
