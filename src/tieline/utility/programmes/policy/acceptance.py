"""The acceptance test of a link: what has to be seen before the next link of the site may be touched.

A check holds, does not hold for good, or does not hold yet. A link passes once all of them hold; it fails at once where
one cannot come right by waiting, and otherwise when its time is up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tieline.platform.words import band_word

_RATS = {"GERAN": "2G", "UTRA": "3G", "EUTRA": "4G", "NR": "5G"}
_WANTED = {"4G": ("EUTRA", "NR"), "5G": ("EUTRA", "NR")}
"""5G devices of today fall back to 4G and are in service there."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a link under test.

    ``cut_over``: None while its cut-over is under way; ``cut_over_why`` why it failed. The operator's values are as its
    network reports them (``observed_at``). ``answered``: the last answer of the application, and when.
    """

    cut_over: bool | None
    cut_over_why: str = ""
    attached: bool | None = None
    rat: str | None = None
    band: str | None = None
    apn: str | None = None
    address: str | None = None
    imei: str | None = None
    observed_at: datetime | None = None
    answered: bool | None = None
    answered_at: datetime | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Want:
    """What it has to be. An empty ``address`` or ``imei`` is not asked for."""

    generation: str
    apn: str | None
    address: str | None
    imei: str | None
    application: bool
    since: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class Check:
    """One check: ``ok`` None means not yet; ``final``: it will not come right by waiting."""

    name: str
    ok: bool | None
    wanted: str
    found: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """The state of a test: None while it runs. ``ask``: everything but the application is right, so that is asked."""

    checks: tuple[Check, ...]
    said: str
    passed: bool | None = None
    ask: bool = False


def judge(seen: Seen, want: Want, now: datetime) -> Judgement:
    """Judge a link as it is seen now."""
    network = (_cut_over(seen), _attached(seen), _technology(seen, want), _apn(seen, want), *_optional(seen, want))
    ready = all(check.ok for check in network)
    application = (_application(seen, want, ready=ready),) if want.application else ()
    checks = (*network, *application)
    if all(check.ok for check in checks):
        return Judgement(checks, "Passed.", passed=True)
    lasting = next((check for check in checks if check.ok is False and check.final), None)
    if lasting is not None:
        return Judgement(checks, _why(lasting), passed=False)
    if now >= want.since + timedelta(seconds=want.seconds):
        waiting = next(check for check in checks if not check.ok)
        return Judgement(checks, f"Not within {want.seconds:.0f} seconds: {_why(waiting)}", passed=False)
    return Judgement(checks, "Being tested.", ask=ready and want.application)


def _why(check: Check) -> str:
    found = f"; it is {check.found}" if check.found else ""
    return f"{check.name}: {check.wanted} is wanted{found}."


def _cut_over(seen: Seen) -> Check:
    return Check("Cut-over", seen.cut_over, "done at the operator", seen.cut_over_why, final=seen.cut_over is False)


def _attached(seen: Seen) -> Check:
    found = {True: "attached", False: "not attached", None: "not seen yet"}[seen.attached]
    return Check("Network", seen.attached or None, "attached", found)


def _technology(seen: Seen, want: Want) -> Check:
    wanted = _WANTED[want.generation]
    ok = None if seen.rat is None or not seen.attached else seen.rat in wanted
    band = f", {band_word(seen.band)}" if seen.band else ""
    found = f"{_RATS.get(seen.rat, seen.rat)}{band}" if seen.rat else "not seen yet"
    return Check("Technology", ok or None, " or ".join(_RATS[rat] for rat in wanted), found)


def _apn(seen: Seen, want: Want) -> Check:
    ok = want.apn is None or seen.apn == want.apn
    return Check("APN", ok or None, want.apn or "any", seen.apn or "none yet")


def _optional(seen: Seen, want: Want) -> Sequence[Check]:
    checks = []
    if want.address is not None:
        ok = seen.address == want.address
        checks.append(Check("Address", ok or None, want.address, seen.address or "none yet"))
    if want.imei is not None:
        known = seen.imei is not None and bool(seen.attached)
        ok = seen.imei == want.imei
        checks.append(Check("Router", ok or None, want.imei, seen.imei if known and seen.imei else "not seen yet"))
    return checks


def _application(seen: Seen, want: Want, *, ready: bool) -> Check:
    fresh = seen.answered is not None and seen.answered_at is not None and seen.answered_at >= want.since
    found = (seen.answer or ("answered" if seen.answered else "no answer")) if fresh else "not asked yet"
    return Check("Application", True if ready and fresh and seen.answered else None, "answers", found)
