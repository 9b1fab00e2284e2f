"""A notice in one sentence that says what it means for the utility. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tieline.platform.words import agree, plural
from tieline.utility.notices.model import Kind, Notice, PhaseCount
from tieline.utility.notices.policy.compare import day

_DAY = timedelta(days=1)
_MONTH_DAYS, _FEW_DAYS, _FEW_WEEKS = 30.44, 14, 63


def distance(moment: datetime, now: datetime) -> str:
    """How far away a moment is, as one would say it: in 6 months, in 3 weeks, tomorrow, 5 days ago."""
    days = round((moment - now) / _DAY)
    if days in {-1, 0, 1}:
        return {-1: "yesterday", 0: "today", 1: "tomorrow"}[days]
    size = abs(days)
    if size <= _FEW_DAYS:
        told = f"{size} days"
    elif size < _FEW_WEEKS:
        told = f"{round(size / 7)} weeks"
    else:
        told = f"{round(size / _MONTH_DAYS)} months"
    return f"in {told}" if days > 0 else f"{told} ago"


def sentence(notice: Notice, counts: Sequence[PhaseCount], now: datetime) -> str:
    """What the notice means: when, how many sites, and how many of them have nothing else."""
    if notice.over:
        return _over(notice)
    sites = sum(one.sites for one in counts)
    alone = sum(one.alone for one in counts)
    if notice.starts_at is None or notice.ends_at is None or not notice.phases:
        return f"{notice.operator_name} announces: {notice.title.rstrip('.')}.{_planned(notice)}"
    if notice.kind is Kind.PHASE_OUT:
        struck = _struck(sites, alone, notice.technology or "it")
        return f"{_begins(notice, now)} {struck} {_until(notice, counts, now)}".strip()
    on = f" on {notice.technology}" if notice.technology else ""
    return f"{_work(notice, now)} {_sites(sites)} {'has' if sites <= 1 else 'have'} a link there{on}."


def _over(notice: Notice) -> str:
    who = notice.operator_name
    if notice.gone_at is not None:
        return f"{who} does not list this notice any more and did not say why: ask there before you plan by it."
    why = f": {notice.status_reason.rstrip('.')}" if notice.status_reason else ""
    done = {"completed": "says that this is done", "failed": "says that this failed"}
    return f"{who} {done.get(notice.status, 'took this notice back')}{why}."


def _planned(notice: Notice) -> str:
    if notice.starts_at is None:
        return ""
    until = f" – {day(notice.ends_at)}" if notice.ends_at else ""
    return f" It is planned for {day(notice.starts_at)}{until}."


def _begins(notice: Notice, now: datetime) -> str:
    starts, who = notice.starts_at or now, notice.operator_name
    if starts > now:
        told = distance(starts, now)
        return f"{told[0].upper()}{told[1:]} {who} begins to switch off {notice.technology}."
    if (notice.ends_at or now) > now:
        return f"{who} has been switching off {notice.technology} since {day(starts)}."
    return f"{who} has switched off {notice.technology}."


def _struck(sites: int, alone: int, what: str) -> str:
    if not sites:
        return f"No site has a link there on {what}."
    rest = "all of them" if alone == sites else f"{alone:,} of them" if alone else "none of them"
    told = f"{_sites(sites)} {agree(sites, 'has', 'have')} a link there on {what}"
    if sites == 1:
        return f"{told}{', and no other technology' if alone else ', and another one beside it'}."
    return f"{told}; {rest} hang{'s' if alone == 1 and rest != 'all of them' else ''} on {what} alone."


def _until(notice: Notice, counts: Sequence[PhaseCount], now: datetime) -> str:
    coming = [one for one in counts if one.sites and one.phase.ends_at > now]
    if not coming:
        return ""
    first = min(coming, key=lambda one: one.phase.ends_at)
    told = f"The first {first.sites:,}" if first.sites > 1 else "The first"
    last = day(notice.ends_at or first.phase.ends_at)
    if first.sites == sum(one.sites for one in counts):
        return f"It is to be over by {last}."
    return f"{told} ({first.phase.title}) must be ready by {day(first.phase.ends_at)}, the last by {last}."


def _work(notice: Notice, now: datetime) -> str:
    starts = notice.starts_at or now
    if starts <= now < (notice.ends_at or now):
        return f"{notice.operator_name} is working until {day(notice.ends_at or now)}."
    told = distance(starts, now)
    return f"{notice.operator_name} works on its network {told}." if starts > now else f"{notice.operator_name} worked."


def _sites(count: int) -> str:
    return plural(count, "site") if count else "No site"
