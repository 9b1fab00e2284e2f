"""Invented changes, planned by the rules of the changes context, so that pages see what they will see."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tieline.platform.scope import Role, Scope
from tieline.utility.changes.model import (
    Approval,
    Change,
    ChangeState,
    ChangeType,
    PlannedItem,
    Reason,
    Thresholds,
    Waves,
    Window,
)
from tieline.utility.changes.policy import approval as approval_rules
from tieline.utility.changes.policy import impact, waves
from tieline.utility.changes.service.watching import LaneProgress, Progress
from tieline.utility.console.pages.changes.views.tally import Tally

NOW = datetime(2025, 11, 21, 8, 31, tzinfo=UTC)
PLANNED = timedelta(minutes=18)
HASH = "9f2c4e17a0b35d6688fe01c2d4a97b3355e0f1a2b3c4d5e6f708192a3b4c5d6e"
KIND = "subscription.preprovision"


def scope(name: str, *roles: Role, user_id: int = 1) -> Scope:
    permissions = frozenset().union(*(role.permissions for role in roles))
    return Scope(f"user:{name}", permissions, user_id=user_id)


@pytest.fixture
def author() -> Scope:
    return scope("mara", Role.TECHNICIAN, Role.APPROVER, user_id=1)


@pytest.fixture
def approver() -> Scope:
    return scope("dirk", Role.APPROVER, user_id=2)


def planned_items(sites: int = 60) -> list[PlannedItem]:
    """Two links a site; every tenth site critical, every fifteenth without an address, one named long."""
    made = []
    for site in range(1, sites + 1):
        for identity, code in ((1, "A"), (2, "B")):
            made.append(
                PlannedItem(
                    operator_id=identity,
                    operator=code,
                    source_id=site * 10 + identity,
                    fingerprint=f"{site:016x}",
                    subscription_id=10_000 + site * 10 + identity,
                    ref=f"{code}-{site:06d}",
                    site_id=site,
                    site=f"SUB-{site:05d}",
                    site_name="Betriebsmittelüberwachungszentrale Wolverhampton-Fallings Park"
                    if site == 3
                    else f"Byker {site}",
                    region=("North East", "Yorkshire", "Lincolnshire")[site % 3],
                    criticality="critical" if site % 10 == 0 else "normal",
                    customers=140 + site,
                    link_id=site * 10 + identity,
                    role="primary" if identity == 1 else "backup",
                    before={"state": "INVENTORY", "apn": None, "ip_address": None, "data_plan": None},
                    desired={
                        "state": "TEST_READY",
                        "apn": "grid.scada",
                        "ip_address": f"10.{identity}.{site // 250}.{site % 250}",
                        "data_plan": "M2M Standard",
                    },
                    notes=(
                        Reason(
                            "visit-needed", "The device there knows only 2G and 3G: it has to be replaced to use 4G."
                        ),
                    )
                    if site % 7 == 0
                    else (),
                    blocked=Reason("no-address", f"Every address of grid.scada at operator {code} is taken.")
                    if site % 15 == 0
                    else None,
                )
            )
    return made


def item_rows(
    items: list[PlannedItem], states: Callable[[int, PlannedItem], tuple[str, int, str]]
) -> list[dict[str, Any]]:
    """Rows as the store lists them; ``states`` gives state, grade and reason of each."""
    rows = []
    for number, item in enumerate(items, 1):
        state, grade, reason = states(number, item)
        rows.append(
            {
                **{name: getattr(item, name) for name in ("wave", "operator", "source_id", "subscription_id", "ref")},
                **{name: getattr(item, name) for name in ("site_id", "site", "site_name", "region", "criticality")},
                **{name: getattr(item, name) for name in ("link_id", "role", "before", "desired", "undoes_id")},
                "id": number,
                "position": number,
                "notes": [{"code": note.code, "text": note.text} for note in item.notes],
                "state": state,
                "grade": grade,
                "reason_code": "x" if reason else "",
                "reason": reason,
                "attempts": 1 if grade else 0,
                "applied": grade > 0,
                "undone_by": None,
                "batch_id": 1 if grade else None,
                "queued_at": NOW if grade else None,
                "accepted_at": NOW if grade else None,
                "ended_at": NOW if grade > 1 else None,
            }
        )
    return rows


def change_of(state: ChangeState = ChangeState.SUBMITTED, **values: Any) -> tuple[Change, list[PlannedItem]]:
    """A change with its plan."""
    wanted = Waves(by="percent", steps=(5, 25, 70), canary=2)
    items, cut = waves.assign(planned_items(), wanted)
    touched = impact.assess(items)
    lane = {"items": 56, "batches": 3, "calls": 9, "least_seconds": 4.0, "most_seconds": 31.0, "limited_by": "rate"}
    size = approval_rules.Size(touched.items, touched.critical_sites)
    summary = {
        "impact": touched,
        "waves": cut,
        "lanes": {"A": lane, "B": {**lane, "most_seconds": 62.0, "limited_by": "network"}},
        "seconds": (4.0, 62.0),
        "requirement": approval_rules.requirement(ChangeType.NORMAL, size, 50),
    }
    made = Change(
        id=12, kind=KIND, title="4G at every site on 3G", type=ChangeType.NORMAL, reason="3G is switched off in spring",
        state=state, state_why="", selection={}, parameters={"generation": "4G"}, waves=wanted, thresholds=Thresholds(),
        window=Window(), policy_id=None, undo_of=None, disruptive=False, plan_version=3, plan_hash=HASH,
        summary=msgspec.to_builtins(summary), created_by="user:mara", created_by_user=1, created_at=NOW - PLANNED,
        planned_by="user:mara", planned_by_user=1, planned_at=NOW - PLANNED, started_by=None, started_by_user=None,
        started_at=None, ended_at=None, approval_due_at=None,
    )  # fmt: skip
    return replace(made, **values), items


def pace_of(change: Change, rows: list[dict[str, Any]], *, paused: str = "", rate: float = 0.0) -> Progress:
    """How the change gets on, counted from item rows; operator B is held when ``paused`` says why."""

    def counts(**wanted: Any) -> Counter[str]:
        return Counter(row["state"] for row in rows if all(row[name] == value for name, value in wanted.items()))

    lanes = [
        LaneProgress("A", "running", 3, "", counts(operator="A"), rate, (10.0, 40.0), []),
        LaneProgress("B", "paused" if paused else "running", 2, paused, counts(operator="B"), 0.0, (20.0, 90.0), []),
    ]
    cut = [{**wave, "counts": counts(wave=wave["number"])} for wave in (change.summary or {})["waves"]]
    return Progress(change.id, change.state.value, change.state_why, counts(), 0, 0, lanes, cut, (20.0, 90.0), NOW)


def tally_of(change: Change, rows: list[dict[str, Any]]) -> Tally:
    """Counts of item rows."""
    return Tally.of(pace_of(change, rows))


def as_planned(_: int, item: PlannedItem) -> tuple[str, int, str]:
    return item.state.value, 0, item.reason.text if item.reason else ""


def half_way(number: int, item: PlannedItem) -> tuple[str, int, str]:
    if item.blocked:
        return "blocked", 0, item.blocked.text
    if number > 70:
        return "planned", 0, ""
    if number > 60:
        return "accepted", 1, ""
    return ("failed", 1, "The network did not apply it within 30 s.") if number % 23 == 0 else ("verified", 2, "")


def decision(**values: Any) -> Approval:
    made = Approval(
        id=1, plan_version=3, plan_hash=HASH, decision="approved", by_policy=False, afterwards=False, actor="user:dirk",
        comment="Checked with the control room.", at=NOW, void_at=None, void_why="",
    )  # fmt: skip
    return replace(made, **values)


@pytest.fixture
def invent() -> SimpleNamespace:
    """What makes changes, items, counts and decisions."""
    return SimpleNamespace(
        NOW=NOW, HASH=HASH, change_of=change_of, item_rows=item_rows, tally_of=tally_of, as_planned=as_planned,
        half_way=half_way, decision=decision, pace_of=pace_of, scope=scope,
    )  # fmt: skip
