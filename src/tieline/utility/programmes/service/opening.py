"""Opening a programme: the sites that hang on the technology, with the phase that strikes each first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, Problem
from tieline.platform.scope import Permission, Scope
from tieline.platform.words import agree, plural
from tieline.utility import inventory, notices
from tieline.utility.inventory import HangingSite
from tieline.utility.notices import Phase
from tieline.utility.programmes.model import Opening, Programme
from tieline.utility.programmes.service.telling import log
from tieline.utility.programmes.store import programmes as store
from tieline.utility.programmes.store import sites


async def open_programme(tx: Tx, scope: Scope, clock: Clock, opening: Opening) -> Programme:
    """Make a programme with every site within the scope all of whose links hang on the technology.

    Sites of another programme are left to it until they are done or left out, or it is closed while they wait.
    Raises ``Conflict`` when no site is left.
    """
    scope.require(Permission.PROGRAMME_WRITE)
    _check(opening)
    chosen, taken = await _chosen(tx, scope, opening)
    if not chosen:
        why = f" {plural(len(taken), 'site')} {agree(len(taken), 'is', 'are')} in another programme." if taken else ""
        raise Conflict(f"No site hangs on {opening.technology} there.{why}")
    dues = await dues_of(tx, scope, opening.notice_ids)
    now = clock.now()
    programme_id = await store.insert(tx, scope, opening, now)
    await sites.leave_closed(tx, [site.id for site in chosen], now, why=f"In programme {programme_id} now.")
    phases = {site_id: (phase.title, phase.ends_at) for site_id, phase in dues.items()}
    count = await sites.add(tx, scope, programme_id, {site.id: phases.get(site.id) for site in chosen}, now)
    facts = {"title": opening.title, "sites": count, "elsewhere": len(taken), "notices": opening.notice_ids}
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
    chosen, taken = await _chosen(tx, scope, opening)
    dues = await dues_of(tx, scope, opening.notice_ids)
    phases: dict[str, tuple[datetime | None, int]] = {}
    for site in chosen:
        due = dues.get(site.id)
        name = due.title if due else ""
        last, count = phases.get(name, (None, 0))
        known = [at for at in (last, due.ends_at if due else None) if at is not None]
        phases[name] = (max(known, default=None), count + 1)
    ordered = sorted(phases.items(), key=lambda one: (one[1][0] is None, one[1][0], one[0]))
    rows = [(name, at, count) for name, (at, count) in ordered]
    return Preview(len(chosen), len(taken), sum(site.links for site in chosen), rows)


async def _chosen(tx: Tx, scope: Scope, opening: Opening) -> tuple[list[HangingSite], set[int]]:
    """The sites that hang on the technology and are free; and those that another programme has already."""
    hanging = await inventory.sites_hanging(tx, scope, opening.technology, opening.regions)
    taken = await sites.elsewhere(tx, [site.id for site in hanging])
    return [site for site in hanging if site.id not in taken], taken


async def dues_of(tx: Tx, scope: Scope, notice_ids: Sequence[int]) -> Mapping[int, Phase]:
    """The phase that strikes each site first, by the notices; the site has to be done by its end."""
    return await notices.dues(tx, scope, notice_ids) if notice_ids else {}


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
