"""Opening a programme: the sites that hang on the technology, with the phase that strikes each first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, Problem
from tieline.platform.scope import Permission, Scope
from tieline.platform.words import agree, plural
from tieline.utility import inventory, notices
from tieline.utility.inventory import HangingLink
from tieline.utility.programmes.model import Opening, Programme
from tieline.utility.programmes.service.telling import log
from tieline.utility.programmes.store import programmes as store
from tieline.utility.programmes.store import sites


@dataclass(frozen=True, slots=True)
class Due:
    """The phase that strikes a site first, and by when the site has to be done."""

    phase: str
    at: datetime


async def open_programme(tx: Tx, scope: Scope, clock: Clock, opening: Opening) -> Programme:
    """Make a programme with every site within the scope all of whose links hang on the technology.

    Sites of another programme are left to it until they are done or left out, or it is closed while they wait.
    Raises ``Conflict`` when no site is left.
    """
    scope.require(Permission.PROGRAMME_WRITE)
    _check(opening)
    by_site, taken = await _chosen(tx, scope, opening)
    if not by_site:
        why = f" {plural(len(taken), 'site')} {agree(len(taken), 'is', 'are')} in another programme." if taken else ""
        raise Conflict(f"No site hangs on {opening.technology} there.{why}")
    dues = await dues_of(tx, scope, opening.notice_ids)
    now = clock.now()
    programme_id = await store.insert(tx, scope, opening, now)
    await sites.leave_closed(tx, list(by_site), now, why=f"In programme {programme_id} now.")
    await sites.add(tx, _sites(programme_id, by_site, dues, now), _links(programme_id, by_site))
    facts = {"title": opening.title, "sites": len(by_site), "elsewhere": len(taken), "notices": opening.notice_ids}
    await log(tx, programme_id, "opened", facts, actor=scope.actor, at=now)
    await audit.append(tx, scope, audit.Entry("programme.opened", f"programme:{programme_id}", facts))
    return await store.get(tx, programme_id)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a programme would begin with. ``phases``: title, until when, and how many sites it strikes first."""

    sites: int
    elsewhere: int
    links: int
    phases: Sequence[tuple[str, datetime | None, int]]


async def preview(tx: Tx, scope: Scope, opening: Opening) -> Preview:
    """The sites that :func:`open_programme` would take, by phase. Nothing is written."""
    scope.require(Permission.PROGRAMME_WRITE)
    by_site, taken = await _chosen(tx, scope, opening)
    dues = await dues_of(tx, scope, opening.notice_ids)
    phases: dict[str, tuple[datetime | None, int]] = {}
    for site_id in by_site:
        due = dues.get(site_id)
        name = due.phase if due else ""
        last, count = phases.get(name, (None, 0))
        known = [at for at in (last, due.at if due else None) if at is not None]
        phases[name] = (max(known, default=None), count + 1)
    ordered = sorted(phases.items(), key=lambda one: (one[1][0] is None, one[1][0], one[0]))
    rows = [(name, at, count) for name, (at, count) in ordered]
    return Preview(len(by_site), len(taken), sum(map(len, by_site.values())), rows)


async def _chosen(tx: Tx, scope: Scope, opening: Opening) -> tuple[dict[int, list[HangingLink]], set[int]]:
    """The links of each site that hangs on the technology; and the sites that another programme has already."""
    by_site: dict[int, list[HangingLink]] = {}
    for row in await inventory.links_hanging(tx, scope, opening.technology, opening.regions):
        by_site.setdefault(row.site_id, []).append(row)
    taken = await sites.elsewhere(tx, list(by_site))
    for site_id in taken:
        del by_site[site_id]
    return by_site, taken


async def dues_of(tx: Tx, scope: Scope, notice_ids: Sequence[int]) -> dict[int, Due]:
    """The phase that strikes each site first, by the notices."""
    if not notice_ids:
        return {}
    phases = await notices.dues(tx, scope, notice_ids)
    return {site_id: Due(phase.title, phase.ends_at) for site_id, phase in phases.items()}


def _check(opening: Opening) -> None:
    terms = opening.terms
    problems = [
        Problem(name, "range", message)
        for name, message, broken in (
            ("title", "1 to 200 characters.", not 1 <= len(opening.title.strip()) <= 200),  # noqa: PLR2004 - a line
            ("terms.dwell_hours", "0 to 8,760 hours.", not 0 <= terms.dwell_hours <= 8760),  # noqa: PLR2004 - a year
            ("terms.test_seconds", "10 to 3,600 seconds.", not 10 <= terms.test_seconds <= 3600),  # noqa: PLR2004
            ("terms.retire_every_hours", "0 to 744 hours.", not 0 <= terms.retire_every_hours <= 744),  # noqa: PLR2004
            ("terms.minutes_a_visit", "5 to 480 minutes.", not 5 <= terms.minutes_a_visit <= 480),  # noqa: PLR2004
        )
        if broken
    ]
    if problems:
        raise Invalid("The programme cannot be opened as described.", problems)


def _sites(
    programme_id: int, by_site: Mapping[int, Sequence[HangingLink]], dues: Mapping[int, Due], now: datetime
) -> Iterator[tuple[Any, ...]]:
    for site_id, rows in by_site.items():
        due = dues.get(site_id)
        yield (
            programme_id,
            site_id,
            rows[0].region or "",
            due.phase if due else "",
            due.at if due else None,
            now,
        )


def _links(programme_id: int, by_site: Mapping[int, Sequence[HangingLink]]) -> Iterator[tuple[Any, ...]]:
    for site_id, rows in by_site.items():
        # The backup first: what is in use stays untouched until its successor has been seen to work.
        ordered = sorted(rows, key=lambda row: (row.role != "backup", row.operator_code, row.subscription_id))
        for position, row in enumerate(ordered, 1):
            yield (
                programme_id,
                site_id,
                position,
                f"{position}-{row.operator_code}-{row.role}",
                row.role or "primary",
                row.operator_id,
                row.link_id,
                row.subscription_id,
            )
