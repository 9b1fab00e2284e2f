"""What deviates on a subscription at this moment, and whether a change of ours explains it.

Judged from what is known now, not from the message that woke us: a message that is late, comes twice, or not at all
changes nothing about the outcome.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tieline.utility.changes import Trace
from tieline.utility.incidents.model import Cause, Deviation, Difference, Kind, Place
from tieline.utility.inventory import FleetRow, Sighting

SETTLING = timedelta(seconds=30)
"""For so long after a change of ours an operator may still show what was before."""
TOLD, NETWORK = "told", "network"


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of one subscription: as we have it, as its operator shows it, what changes did to it."""

    row: FleetRow
    sighting: Sighting | None = None
    traces: Sequence[Trace] = ()


def judge(known: Known, now: datetime, settling: timedelta = SETTLING) -> list[Deviation]:
    """Everything that deviates on a subscription; what a change of ours explains says so."""
    if known.sighting is not None and known.sighting.absent_at is not None:
        return list(_absent(known, known.sighting, known.sighting.absent_at))
    return [*_configuration(known, now, settling), *_device(known), *_card(known)]


def made(
    known: Known, kind: Kind, since: datetime, differences: Mapping[str, Difference], *, cause: Cause, by: str
) -> Deviation:
    """A deviation that was told of, though it is not so now."""
    return replace(_base(known, kind, since, differences), cause=cause, by=by)


def _base(known: Known, kind: Kind, since: datetime, differences: Mapping[str, Difference]) -> Deviation:
    row = known.row
    return Deviation(
        kind=kind.value,
        subject=f"subscription:{row.subscription_id}",
        operator=row.operator_code,
        ref=row.operator_ref,
        since=since,
        differences=differences,
        subscription_id=row.subscription_id,
        state=row.state,
        place=Place(
            site_id=row.site_id,
            site=row.site_external_id or "",
            site_name=row.site_name or "",
            region=row.region,
            criticality=row.criticality or "normal",
            role=row.role or "",
        ),
    )


# ── configuration ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _configuration(known: Known, now: datetime, settling: timedelta) -> Iterator[Deviation]:
    differences = dict(_differing(known))
    if not differences:
        return
    seen = known.sighting
    plan = seen.plan if seen else ""
    whys = [explanation(name, one, known.traces, plan=plan, now=now, settling=settling) for name, one in
            differences.items()]  # fmt: skip
    unexplained = {name: one for (name, one), why in zip(differences.items(), whys, strict=True) if not why}
    shown = unexplained or differences
    since = min((one.at for one in shown.values() if one.at), default=now)
    yield replace(
        _base(known, Kind.CONFIGURATION, (seen.modified_at if seen else None) or since, shown),
        cause=_cause(shown, known),
        by=seen.modified_by if seen else "",
        plan=plan,
        explained="" if unexplained else whys[0],
    )


def _differing(known: Known) -> Iterator[tuple[str, Difference]]:
    """What the operator was told, if that is not what we desire; else what its network does, if that is not."""
    row, seen = known.row, known.sighting
    stale = seen is None or _told_since(known.traces, seen.seen_at)
    for name, ours in row.desired.items():
        told = None if seen is None or stale or name not in seen.told else Difference(
            ours, seen.told[name], seen.seen_at, TOLD
        )  # fmt: skip
        if told is not None and not same(told.ours, told.theirs):
            yield name, told
        elif row.reported_at is not None and not same(ours, row.operational[name]):
            yield name, Difference(ours, row.operational[name], row.reported_at, NETWORK)


def _told_since(traces: Iterable[Trace], at: datetime) -> bool:
    """Whether we told the operator something since; what it showed before that is of yesterday."""
    return any(trace.accepted_at is not None and trace.accepted_at >= at for trace in traces)


def same(one: Any, other: Any) -> bool:
    """Whether two values of a field are the same; unset is unset, however it is written, and lists have no order."""
    return (_plain(one) or None) == (_plain(other) or None)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list | tuple) else value


def explanation(
    name: str, one: Difference, traces: Sequence[Trace], *, plan: str, now: datetime, settling: timedelta
) -> str:
    """Which change of ours explains a difference, in words; empty when none does."""
    for trace in traces:
        if _explains(name, one, trace, plan=plan, now=now, settling=settling):
            return f"Change {trace.change_id}: {trace.title}"
    return ""


def _explains(name: str, one: Difference, trace: Trace, *, plan: str, now: datetime, settling: timedelta) -> bool:
    if trace.state in {"queued", "sent"}:
        return True  # it is under way: what the operator shows meanwhile says nothing yet
    at = trace.accepted_at if trace.state == "accepted" else trace.ended_at
    fresh = at is not None and now - at < settling
    if trace.state == "accepted" and fresh:
        return True
    known = name in trace.desired and any(
        same(one.theirs, values.get(name)) for values in (trace.before, trace.desired) if name in values
    )
    if not known:
        return False
    if trace.state == "accepted" or fresh or (trace.state == "failed" and trace.going_on):
        return True
    return bool(plan) and trace.reference == plan and same(one.theirs, trace.desired[name])


def _cause(differences: Mapping[str, Difference], known: Known) -> Cause:
    if all(one.source == NETWORK for one in differences.values()):
        told = known.sighting.told if known.sighting else None
        if told is None or all(same(told.get(name), one.ours) for name, one in differences.items() if name in told):
            return Cause.NOT_DONE
    seen = known.sighting
    if seen is not None and seen.plan:
        return Cause.LATE_PLAN if any(trace.reference == seen.plan for trace in known.traces) else Cause.SOMEBODY
    return Cause.STAFF if seen is not None and is_staff(seen.modified_by) else Cause.SOMEBODY


def is_staff(by: str) -> bool:
    """Whether an operator's word for who did something names its own staff or system (not us)."""
    return bool(by) and not by.startswith("utility")


# ── device, card, presence ────────────────────────────────────────────────────────────────────────────────────────────


def _device(known: Known) -> Iterator[Deviation]:
    row, seen = known.row, known.sighting
    if seen is None or not seen.imei:
        return
    locked = row.imei_lock is not None and seen.imei != row.imei_lock
    strange = row.link_id is not None and row.imei is not None and seen.imei != row.imei
    if locked or strange:
        ours = row.imei_lock if locked else row.imei
        name = "imei_lock" if locked else "imei"
        yield _base(known, Kind.DEVICE, seen.first_at, {name: Difference(ours, seen.imei, seen.seen_at, NETWORK)})


def _card(known: Known) -> Iterator[Deviation]:
    row, seen = known.row, known.sighting
    if seen is not None and seen.iccid and row.iccid and seen.iccid != row.iccid:
        yield _base(known, Kind.CARD, seen.first_at, {"card": Difference(row.iccid, seen.iccid, seen.seen_at, TOLD)})


def _absent(known: Known, seen: Sighting, at: datetime) -> Iterator[Deviation]:
    if known.row.state != "RETIRED":
        yield _base(known, Kind.MISSING, at, {"missing": Difference(known.row.state, None, seen.seen_at, TOLD)})


def unknown_subject(operator: str, ref: str) -> str:
    """By what something that an operator has and we do not know is told from others."""
    return f"{operator}/{ref}"


def unknown(seen: Sighting) -> Deviation:
    """A subscription that an operator has and we do not know."""
    return Deviation(
        kind=Kind.UNKNOWN.value,
        subject=unknown_subject(seen.operator, seen.ref),
        operator=seen.operator,
        ref=seen.ref,
        since=seen.first_at,
        differences={"unknown": Difference(None, seen.told.get("state") or "there", seen.seen_at, TOLD)},
        by=seen.modified_by,
        plan=seen.plan,
    )


# ── belonging together ────────────────────────────────────────────────────────────────────────────────────────────────

_OWN_VALUES = frozenset({"ip_address", "imei_lock", "imei", "card"})
"""Fields whose value is each one's own: equal slips are known by the field alone."""


def signature(one: Deviation) -> str:
    """What deviations must have in common to be one incident: kind, operator, fields, and the values given."""
    if one.kind == Kind.UNKNOWN.value:
        return f"{one.kind}|{one.operator}"
    parts = [name if name in _OWN_VALUES else f"{name}={_word(difference.theirs)}" for name, difference in
             sorted(one.differences.items())]  # fmt: skip
    return "|".join([one.kind, one.operator, *parts])[:500]


def _word(value: Any) -> str:
    return ",".join(map(str, _plain(value))) if isinstance(value, list | tuple) else str(value)
