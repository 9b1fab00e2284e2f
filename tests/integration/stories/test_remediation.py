"""The whole system as ``make story`` runs it, small: real processes, two gateways, one operator that lies."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from benchmarks.crashing import Crashing, Operators
from tests.integration.stories.conftest import LIMITS, carried_out_while_each_part_is_killed

from tieline.cli import demo
from tieline.cli.stack import build, free_layout
from tieline.lab.fill import Platform
from tieline.lab.stories import Cast, Gateways, remediate
from tieline.platform.embedded import Supervisor

Offices = dict[str, tuple[str, str]]
SITES = 60
SHARE = 0.2


@dataclass(frozen=True)
class Told:
    """What came of the story: its figures, the items that were sent, and who can still be asked."""

    figures: dict[str, Any]
    sent: list[dict[str, Any]]
    offices: Offices
    cast: Cast
    supervisor: Supervisor


def lied_about(subscription: str) -> bool:
    """The rule of docs/reference/world.md, computed here on its own: seed 1, the first rule of the file."""
    digest = hashlib.sha256(f"1:0:{subscription}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < SHARE


@contextmanager
def told(home: Path, faults: Path | None = None) -> Iterator[Told]:
    """Tell the story; everything is still running afterwards."""
    layout = free_layout(home)
    with build(layout, faults=faults, tell=lambda _event: None) as supervisor:
        logins = demo.prepare(layout, sites=SITES, seed=1, limits=LIMITS)
        offices = {
            ports.code: (layout.backoffice_url(ports.code), layout.backoffice_token(ports.code))
            for ports in layout.gateways
        }
        with Cast(*(Platform(layout.url, logins.people[who].token) for who in ("fred", "grace", "grace"))) as cast:
            figures = remediate(cast, Gateways(offices), lambda *_progress: None)
            items = list(cast.technician.pages("/changes/1/items", limit=1000))
            sent = [item for item in items if item["state"] in {"verified", "failed"}]
            yield Told(figures, sent, offices, cast, supervisor)


def test_each_site_gets_its_new_subscriptions_once_and_all_goes_back_though_each_process_is_killed(
    tmp_path: Path,
) -> None:
    with told(tmp_path) as story:
        figures, sent = story.figures, story.sent
        assert figures["sites"] == SITES
        assert figures["sims"] == 2 * SITES
        assert figures["planned"] == figures["verified"] == figures["applied"] == len(sent)
        assert figures["failed"] == figures["conflicts"] == 0
        assert figures["undone"] > 0
        assert figures["audit_ok"] is True
        assert written_once(story.offices, sent)
        crashing = Crashing(story.supervisor, story.cast, Operators(story.offices))
        crashing.operators.new_writes()
        back = crashing.undo(1)
        assert back.size == figures["verified"] - figures["undone"]
        carried_out_while_each_part_is_killed(crashing, back, "INVENTORY")


@pytest.mark.slow
def test_exactly_what_the_operator_did_not_apply_is_reported_failed(tmp_path: Path) -> None:
    faults = tmp_path / "faults.json"
    rule = {"operator": "B", "fault": "accept_not_apply", "share": SHARE}
    faults.write_text(json.dumps({"seed": 1, "rules": [rule]}))
    with told(tmp_path / "home", faults) as story:
        figures, sent = story.figures, story.sent
        failed = {item["ref"] for item in sent if item["state"] == "failed"}
        assert failed
        assert failed == {item["ref"] for item in sent if item["operator"] == "B" and lied_about(item["ref"])}
        assert figures["planned"] == figures["verified"] + figures["failed"]
        assert figures["failed"] == len(failed)
        assert figures["applied"] == figures["verified"]
        assert figures["audit_ok"] is True
        assert written_once(story.offices, sent)


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
