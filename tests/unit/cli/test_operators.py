"""Operators on the command line: looked at, made, connected, read; and what kinds of change take."""

from collections.abc import Callable
from typing import Any

import msgspec

from tieline.cli import change, kinds, operator
from tieline.utility.changes.kinds import configure

A = {"code": "A", "name": "Operator [bold]A", "plmns": ["00101"]}
HEALTH = {"operator": "A", "circuit": "closed", "silent": False, "last_ok_at": "2026-01-01T00:00:00Z",
          "heard_at": None, "last_error": ""}  # fmt: skip
CONTRACT = {"name": "GRID", "operator_code": "A", "calls_per_second": 20.0, "max_batch": 1, "apns": ["scada"],
            "data_plans": [], "subscription_groups": [], "details": {"number": "4711"}}  # fmt: skip
CAN = {"states": ["ACTIVE"], "writable": ["apn"], "max_batch": 500, "in_flight": 3, "calls_per_second": None}
CONNECTION = {"operator": "A", "provider": "mns3gpp", "base_url": "https://a.example/3gpp-mns", "enabled": True,
              "dn": "SubNetwork=DSO", "certificate": "c.pem", "authority": "ca.pem", "notification_url": "",
              "capabilities": CAN}  # fmt: skip


def known(platform: Any) -> None:
    platform.on("GET /operators", {"items": [A]})
    platform.on("GET /operator-health", {"items": [HEALTH]})
    platform.on("GET /operator-connections", {"items": [{"operator": "A"}]})
    platform.on("GET /operators/A/connection", CONNECTION)
    platform.on("GET /contracts", {"items": [CONTRACT]})


def test_operators_are_listed_with_how_their_lines_do(platform: Any, run: Callable[..., Any]) -> None:
    known(platform)
    shown = run(operator.app, "list").out
    assert "Operator [bold]A" in shown
    assert "well" in shown
    platform.on("GET /operator-health", {"items": []})
    assert "not connected" in run(operator.app, "list").out


def test_one_is_shown_with_contract_and_connection(platform: Any, run: Callable[..., Any]) -> None:
    known(platform)
    shown = run(operator.app, "show", "A").out
    for told in ("Contract GRID: 20 calls a second, 1 change a call", "APNs: scada", "data plans: any",
                 "https://a.example/3gpp-mns", "500 changes a call", "notifies nowhere"):  # fmt: skip
        assert told in shown, told
    assert run(operator.app, "show", "Z").code == 4
    platform.on("GET /operator-connections", {"items": []})
    assert "Not connected." in run(operator.app, "show", "A").out


def test_what_a_contract_has_beside_its_terms_stays(platform: Any, run: Callable[..., Any]) -> None:
    known(platform)
    platform.on("PUT /operators/A/contracts/GRID", CONTRACT)
    assert run(operator.app, "contract", "A", "GRID", "--apn", "scada", "--apn", "new", "--batch", "9").code == 0
    (body,) = platform.bodies("PUT")
    assert (body["apns"], body["max_batch"], body["details"]) == (["scada", "new"], 9, {"number": "4711"})


def test_one_is_made_connected_and_read(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("PUT /operators/C", {"code": "C"})
    platform.on("PUT /operators/C/connection", {})
    assert run(operator.app, "put", "C", "--name", "Operator C", "--plmn", "23415").code == 0
    files = ("--certificate", "c.pem", "--key", "c.key", "--authority", "ca.pem")
    assert run(operator.app, "connect", "C", "--url", "https://c", "--dn", "SubNetwork=X", *files).code == 0
    first, second = platform.bodies("PUT")
    assert first == {"name": "Operator C", "plmns": ["23415"]}
    assert (second["private_key"], second["notification_fingerprint"], second["enabled"]) == ("c.key", None, True)
    platform.on("POST /operators/C/syncs", {"id": 4}, status=202)
    sync = {"id": 4, "state": "done", "read": 1, "unknown": 0, "drifts": 2, "message": ""}
    platform.on("GET /operators/C/syncs", {"items": [sync | {"state": "running"}]}, {"items": [sync]})
    ran = run(operator.app, "read", "C")
    assert (ran.code, "Read 1 subscription: 0 not in our inventory, 2 not as desired here." in ran.out) == (0, True)
    failed = sync | {"state": "failed", "message": "The certificate is refused."}
    platform.on("GET /operators/C/syncs", {"items": [failed]})
    ran = run(operator.app, "read", "C")
    assert (ran.code, "The certificate is refused." in ran.out) == (1, True)


def test_kinds_of_change_say_what_they_take(platform: Any, run: Callable[..., Any]) -> None:
    schema = msgspec.json.schema(configure.Configure.schema)
    one = {"name": "subscription.configure", "title": "Configure", "sentence": "Sets fields.", "grade": "operational",
           "parameters": schema}  # fmt: skip
    platform.on("GET /change-kinds", {"items": [one]})
    assert "Sets fields." in run(change.app, "kinds").out
    assert run(change.app, "kinds", "nothing").code == 4
    rows = {name: (takes, default) for name, takes, default in kinds.parameters(schema)}
    assert rows["ip_address"] == ("keep, pool, unset", "keep")
    assert rows["apn"] == ("text or null", "stays")
    assert rows["rat_restriction"][0] == "a list of: EUTRA, GERAN, NR, UTRA"
    assert "Done when: operational." in run(change.app, "kinds", "subscription.configure").out


def test_who_may_not_approve_is_told_before_being_asked(platform: Any, run: Callable[..., Any]) -> None:
    one = {"id": 2, "title": "T", "kind": "k", "type": "normal", "state": "submitted", "state_why": "",
           "created_by": "user:fred", "summary": None, "plan_hash": "", "acts": ["plan", "stop"]}  # fmt: skip
    platform.on("GET /changes/2", one)
    ran = run(change.app, "approve", "2")
    assert (ran.code, "You may not approve this change now." in ran.err) == (5, True)


def test_a_selection_that_matches_nothing_is_told(platform: Any, run: Callable[..., Any]) -> None:
    impact = {"items": 0, "sites": 0, "critical_sites": 0, "customers": 0, "by_reason": {}, "reasons": {}}
    summary = {"impact": impact, "seconds": [0, 0], "lanes": {}, "waves": [], "requirement": {"why": "None."}}
    one = {"id": 2, "title": "T", "kind": "k", "type": "normal", "state": "planned", "state_why": "",
           "created_by": "user:fred", "summary": summary, "plan_hash": "ab", "acts": ["plan"]}  # fmt: skip
    platform.on("GET /changes/2", one)
    platform.on("GET /changes/2/progress", {"change_id": 2, "state": "planned", "state_why": "", "counts": {}})
    assert "Nothing in the fleet matches what was selected." in run(change.app, "show", "2").out
