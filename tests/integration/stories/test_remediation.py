"""The whole system as ``make story`` runs it, small: real processes, two gateways, one operator that lies."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tieline.cli import demo
from tieline.cli.stack import build, free_layout
from tieline.lab.fill import Platform
from tieline.lab.stories import Cast, Gateways, remediate

Offices = dict[str, tuple[str, str]]
SITES = 60
SHARE = 0.2


def lied_about(subscription: str) -> bool:
    """The rule of docs/reference/world.md, computed here on its own: seed 1, the first rule of the file."""
    digest = hashlib.sha256(f"1:0:{subscription}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < SHARE


@contextmanager
def told(home: Path, faults: Path | None = None) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]], Offices]]:
    """Tell the story; gives its figures, the items that were sent, and the back offices, still running."""
    layout = free_layout(home)
    with build(layout, faults=faults, tell=lambda _event: None):
        logins = demo.prepare(layout, sites=SITES, seed=1)
        offices = {
            ports.code: (layout.backoffice_url(ports.code), layout.backoffice_token(ports.code))
            for ports in layout.gateways
        }
        with Cast(*(Platform(layout.url, logins.people[who].token) for who in ("fred", "grace", "grace"))) as cast:
            figures = remediate(cast, Gateways(offices), lambda *_progress: None)
            items = list(cast.technician.pages("/changes/1/items", limit=1000))
        yield figures, [item for item in items if item["state"] in {"verified", "failed"}], offices


@pytest.fixture(autouse=True)
def _invented_country(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIELINE_DATA", raising=False)


def test_each_site_gets_its_new_subscriptions_once_and_one_region_is_undone(tmp_path: Path) -> None:
    with told(tmp_path) as (figures, sent, offices):
        assert figures["sites"] == SITES
        assert figures["sims"] == 2 * SITES
        assert figures["planned"] == figures["verified"] == figures["applied"] == len(sent)
        assert figures["failed"] == figures["conflicts"] == 0
        assert figures["undone"] > 0
        assert figures["audit_ok"] is True
        assert written_once(offices, sent)


@pytest.mark.slow
def test_exactly_what_the_operator_did_not_apply_is_reported_failed(tmp_path: Path) -> None:
    faults = tmp_path / "faults.json"
    rule = {"operator": "B", "fault": "accept_not_apply", "share": SHARE}
    faults.write_text(json.dumps({"seed": 1, "rules": [rule]}))
    with told(tmp_path / "home", faults) as (figures, sent, offices):
        failed = {item["ref"] for item in sent if item["state"] == "failed"}
        assert failed
        assert failed == {item["ref"] for item in sent if item["operator"] == "B" and lied_about(item["ref"])}
        assert figures["planned"] == figures["verified"] + figures["failed"]
        assert figures["failed"] == len(failed)
        assert figures["applied"] == figures["verified"]
        assert figures["audit_ok"] is True
        assert written_once(offices, sent)


def written_once(offices: Offices, sent: list[dict[str, Any]]) -> bool:
    """By the gateways' own change logs: the utility wrote each subscription once for the change, once for the undo."""
    writes: dict[str, int] = {}
    for url, token in offices.values():
        entries = httpx.get(
            f"{url}/backoffice/v1/change-log",
            params={"party": "utility", "limit": 5000},
            headers={"Authorization": f"Bearer {token}"},
        ).json()["items"]
        for entry in entries:
            name = entry["dn"].rpartition("UtilitySubscription=")[2]
            writes[name] = writes.get(name, 0) + 1
    return all(1 <= writes[item["ref"]] <= 2 for item in sent)
