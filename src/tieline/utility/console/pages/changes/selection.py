"""Which subscriptions a change is about: read from a URL or a list's form, counted, handed to the changes context."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec

from tieline.platform.db import Tx
from tieline.platform.scope import Scope
from tieline.utility import inventory
from tieline.utility.console import filters
from tieline.utility.console.http import Page
from tieline.utility.inventory import FleetFilter, FleetRow, Selection

MOST_SINGLE = 1000
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Chosen:
    """Single subscriptions, or all that fit the filters of ``query``; ``whole``: all there are, and that was meant."""

    query: str = ""
    ids: tuple[int, ...] = ()
    whole: bool = False

    @property
    def nothing(self) -> bool:
        """Whether nothing was chosen yet: neither single ones nor by any filter."""
        return not self.ids and not self.query and not self.whole

    @property
    def url_query(self) -> str:
        """The same as a query string."""
        if self.ids:
            return urlencode([("id", one) for one in self.ids])
        return self.query or ("all_matching=1" if self.whole else "")

    @property
    def filter(self) -> FleetFilter:
        """The filters as the inventory takes them."""
        return filters.fleet_filter(self.query)

    @property
    def selection(self) -> Selection:
        """As a change keeps it."""
        return Selection(subscription_ids=self.ids) if self.ids else Selection(filter=self.filter)


def of_query(query: str) -> Chosen:
    """What a URL chooses: ``id`` again and again; or ``all_matching=1`` with a list's ``query``; or filters."""
    pairs = filters.pairs_of(query)
    values = dict(pairs)
    if values.get("all_matching") == "1":
        return Chosen(filters.filter_query(values.get("query", "")), whole=True)
    return Chosen(filters.filter_query(query), _ids(value for key, value in pairs if key == "id"))


def of_list(ids: Sequence[str], query: str, *, everything: bool, sites: bool) -> Chosen:
    """What was ticked in a list of subscriptions or of sites; ``everything``: all that fit the list's query."""
    if everything or not ids:
        return Chosen(filters.filter_query(query), whole=everything)
    if sites:
        return Chosen(urlencode([("site", one) for one in _ids(ids)]))
    return Chosen(ids=_ids(ids))


def _ids(texts: Iterable[str]) -> tuple[int, ...]:
    found = [int(text) for text in texts if text.isdecimal() and len(text) <= _MOST_DIGITS]
    return tuple(dict.fromkeys(found))[:MOST_SINGLE]


@dataclass(frozen=True, slots=True)
class Counted:
    """How much is chosen: subscriptions, those of them fitted nowhere, sites, the critical ones, and by operator.

    ``whole_fleet``: no filter narrows it; ``nothing``: nor was everything chosen.
    """

    subscriptions: int
    unfitted: int
    sites: int
    critical: int
    operators: tuple[tuple[str, int], ...]
    href: str
    whole_fleet: bool = False
    nothing: bool = False


async def count(tx: Tx, page: Page, chosen: Chosen) -> Counted:
    """Count what is chosen, within what the person may see."""
    if chosen.ids:
        return _counted(await inventory.subscriptions(tx, page.scope, chosen.ids))
    wanted = chosen.filter
    found = await inventory.fleet_summary(tx, page.scope, page.runtime.clock, wanted, by=("operator",))
    fitted = sum(group["subscriptions"] for group in found.groups)
    matching = await inventory.count_things(tx, page.scope, inventory.Kind.SUBSCRIPTION, wanted)
    return Counted(
        matching,
        matching - fitted,
        found.sites,
        await _critical(tx, page, page.scope, wanted),
        tuple(sorted((str(group["operator"]), group["subscriptions"]) for group in found.groups)),
        filters.href("/subscriptions", chosen.query),
        whole_fleet=not chosen.query,
        nothing=chosen.nothing,
    )


async def _critical(tx: Tx, page: Page, scope: Scope, wanted: FleetFilter) -> int:
    """How many of the sites are critical; none when the filter asks for others."""
    if wanted.criticalities and "critical" not in wanted.criticalities:
        return 0
    narrowed = msgspec.structs.replace(wanted, criticalities=("critical",))
    found = await inventory.fleet_summary(tx, scope, page.runtime.clock, narrowed, by=("criticality",))
    return found.sites


def _counted(rows: Sequence[FleetRow]) -> Counted:
    sites = {row.site_id: row.criticality for row in rows if row.site_id is not None}
    codes = sorted({row.operator_code for row in rows})
    return Counted(
        len(rows),
        sum(row.site_id is None for row in rows),
        len(sites),
        sum(criticality == "critical" for criticality in sites.values()),
        tuple((code, sum(row.operator_code == code for row in rows)) for code in codes),
        "",
    )
