"""The filters that lists, map and figures share: in the URL, as chips, and as the inventory understands them.

The URL holds all of it: ``/sites?region=Wales&technology=3G&technology=2G&stale=1``. What a URL holds that is no
filter is left alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tieline.console.components.tables import Filter, FilterBar
from tieline.console.lists import Pairs, choice, pairs_of, text
from tieline.utility.console import words
from tieline.utility.inventory import TECHNOLOGIES, FleetFilter

__all__ = ["KEYS", "Facets", "Pairs", "bar", "filter_query", "fleet_filter", "href", "pairs_of"]

MOST_DIGITS = 18

_LISTS: Mapping[str, str] = {
    "operator": "operators",
    "technology": "technologies",
    "band": "bands",
    "state": "states",
    "region": "regions",
    "criticality": "criticalities",
    "kind": "kinds",
    "device_can": "generations",
    "generation": "subscription_generations",
    "apn": "apns",
    "lan_group": "lan_groups",
    "role": "roles",
    "stock": "stock_states",
}
_TEXTS: Mapping[str, str] = {"q": "q", "cell": "cell_key", "hanging_on": "hanging_on"}
_CHOICES = ("shared_mast", "stale", "drift", "linked", "attached")
KEYS = (*_LISTS, *_TEXTS, *_CHOICES, "site")

_LABELS: Mapping[str, str] = {
    "operator": "Operator",
    "technology": "Technology",
    "band": "Band",
    "state": "State",
    "region": "Region",
    "criticality": "Criticality",
    "kind": "Kind",
    "device_can": "Device can do",
    "generation": "Subscription may use",
    "apn": "APN",
    "lan_group": "5G LAN group",
    "role": "Role",
    "stock": "Stock",
    "q": "Name or number",
    "cell": "Serving cell",
    "hanging_on": "Hangs only on",
    "shared_mast": "All links on one mast",
    "stale": "Serving cell older than a day",
    "drift": "Operator differs from desired",
    "linked": "Fitted at a site",
    "attached": "Attached now",
}
_KNOWN: Mapping[str, Mapping[str, str]] = {
    "technology": {**{name: name for name in TECHNOLOGIES}, "none": words.NEVER_REPORTED},
    "state": words.STATE_WORDS,
    "criticality": words.CRITICALITIES,
    "kind": words.SITE_KINDS,
    "device_can": {name: name for name in TECHNOLOGIES},
    "generation": {name: name for name in TECHNOLOGIES},
    "role": words.ROLES,
    "stock": words.STOCK_WORDS,
    "hanging_on": {name: name for name in TECHNOLOGIES},
}


@dataclass(frozen=True, slots=True)
class Facets:
    """What there is to choose from, by key of the URL: value and word. What is always the same need not be given."""

    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, key: str) -> Mapping[str, str]:
        """The choices of a filter."""
        return self.values.get(key, _KNOWN.get(key, {}))


def fleet_filter(query: str) -> FleetFilter:
    """The filter that a list's query string holds. Values that nothing has match nothing; they are not an error."""
    found: dict[str, Any] = {}
    pairs = pairs_of(query)
    for key, name in _LISTS.items():
        values = tuple(dict.fromkeys(value for one, value in pairs if one == key))
        if values:
            found[name] = values
    for key, value in pairs:
        if key in _TEXTS and value.strip():
            found[_TEXTS[key]] = value.strip()
        elif key in _CHOICES and value in {"0", "1"}:
            found[key] = value == "1"
    ids = tuple(int(value) for key, value in pairs if key == "site" and value.isdecimal() and len(value) <= MOST_DIGITS)
    return FleetFilter(**found, site_ids=ids)


def filter_query(query: str) -> str:
    """Only the filters of a query string: what a selection of all matching rows, or a figure's link, carries on."""
    return urlencode([(key, value) for key, value in pairs_of(query) if key in KEYS])


def href(path: str, query: str = "", **changes: str | Iterable[str] | bool | None) -> str:
    """The URL of a list: the filters of ``query`` with some set, or taken away when None."""
    kept = [(key, value) for key, value in pairs_of(query) if key in KEYS and key not in changes]
    for key, value in changes.items():
        if value is None:
            continue
        many = ["1" if value else "0"] if isinstance(value, bool) else [value] if isinstance(value, str) else value
        kept += [(key, one) for one in many]
    return f"{path}?{urlencode(kept)}" if kept else path


def bar(
    url: str,
    keys: Sequence[str],
    facets: Facets,
    *,
    pinned: Sequence[str] = (),
    keep: Sequence[str] = ("sort", "view"),
    count: str = "",
) -> FilterBar:
    """The chips of a list whose URL is ``url``."""
    pairs = pairs_of(url.partition("?")[2])
    chips = tuple(_chip(key, pairs, facets, pinned=key in pinned) for key in keys)
    return FilterBar(url, chips, {key: value for key, value in pairs if key in keep}, count=count)


def _chip(key: str, pairs: Pairs, facets: Facets, *, pinned: bool) -> Filter:
    if key in {"q", "cell"}:
        return text(key, _LABELS[key], pairs, pinned=pinned)
    known = {"1": "yes", "0": "no"} if key in _CHOICES else facets.of(key)
    return choice(key, _LABELS[key], known, pairs, pinned=pinned)
