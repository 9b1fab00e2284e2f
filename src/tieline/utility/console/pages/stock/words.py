"""The words of the ledger as people read them, and serials as people paste them."""

import re
from collections.abc import Iterable, Mapping, Sequence

from tieline.console.components.frame import Tab
from tieline.console.components.values import Badge, Ident, IdentKind, Link, Tone
from tieline.platform.errors import Invalid, Problem
from tieline.utility.console import words
from tieline.utility.logistics import Goods, Item, Place, PlaceKind

KINDS: Mapping[PlaceKind, tuple[str, Tone, str]] = {
    PlaceKind.SUPPLIER: ("Supplier", Tone.OFF, "truck"),
    PlaceKind.WAREHOUSE: ("Warehouse", Tone.OFF, "inbox"),
    PlaceKind.CREW: ("Crew", Tone.BUSY, "user"),
    PlaceKind.SITE: ("Site", Tone.OK, "building-2"),
    PlaceKind.REPAIR: ("Repair", Tone.HELD, "settings"),
    PlaceKind.SCRAP: ("Scrap", Tone.OFF, "trash-2"),
    PlaceKind.LOST: ("Lost", Tone.BAD, ""),
}
GOODS: Mapping[Goods, str] = {Goods.CARD: "Cards", Goods.ROUTER: "Routers"}
NOUNS: Mapping[Goods, str] = {Goods.CARD: "card", Goods.ROUTER: "router"}
ORDER_STATES: Mapping[str, Badge] = {
    "open": Badge("Open", Tone.BUSY),
    "complete": Badge("Complete", Tone.OK),
    "closed": Badge("Closed", Tone.OFF),
}
LOSS_STATES: Mapping[str, Badge] = {
    "open": Badge("Being planned", Tone.BUSY),
    "running": Badge("Being blocked", Tone.BUSY),
    "blocked": Badge("Blocked", Tone.OK, "ban"),
    "stuck": Badge("Not blocked", Tone.BAD),
    "nothing": Badge("Nothing to block", Tone.OFF),
}
NOT_BLOCKED = ("open", "running", "stuck")
"""States of losses whose lines may still be in use."""
VERDICTS: Mapping[str, tuple[str, Tone]] = {
    "missing": ("Missing", Tone.BAD),
    "wrong_place": ("In a wrong place", Tone.WARN),
    "unexpected": ("Not in the ledger yet", Tone.WARN),
    "unknown": ("Nobody knows it", Tone.UNKNOWN),
}
MOST_PASTED = 5000
_SERIAL = re.compile(r"[\x21-\x7e]{1,64}")
_SPLIT = re.compile(r"[\r\n\t,;]+")
_TABS = (
    ("overview", "By place", "/stock"),
    ("items", "Items", "/stock/items"),
    ("orders", "Orders", "/stock/orders"),
    ("losses", "Lost", "/stock/losses"),
    ("counts", "Stocktakes", "/stock/counts"),
    ("balance", "Balance", "/stock/balance"),
    ("forecast", "Forecast", "/stock/forecast"),
)


def tabs(current: str) -> tuple[Tab, ...]:
    """The parts of stock and logistics."""
    return tuple(Tab(label, href, current=key == current) for key, label, href in _TABS)


def kind_badge(kind: PlaceKind) -> Badge:
    """What sort of place it is."""
    word, tone, icon = KINDS[kind]
    return Badge(word, tone, icon)


def serial(goods: Goods, text: str) -> Ident:
    """A serial: an ICCID in groups, a router's identifier as it is."""
    return Ident(text, IdentKind.ICCID if goods is Goods.CARD else IdentKind.PLAIN)


def sort_of(goods: Goods, operator: str | None, variety: str, generation: str) -> str:
    """What an item is, in words: "4G card, plastic" or "Acme R5"."""
    if goods is Goods.CARD:
        kind = words.CARD_KINDS.get(variety, variety) if variety else ""
        kind = kind if kind == "eUICC" else kind.lower()
        first = " ".join(filter(None, (generation, "card")))
        return ", ".join(filter(None, (first, kind, f"operator {operator}" if operator else "")))
    return f"{variety or 'Router'}{f' ({generation})' if generation else ''}"


def condition(kind: PlaceKind, *, used: bool) -> str:
    """Whether an item has served: what is fitted serves now."""
    if kind is PlaceKind.SITE:
        return "in service"
    return "has served" if used else "new"


def thing_link(item: Item) -> Link:
    """The card or device that an item is, in the inventory."""
    if item.goods is Goods.CARD:
        return Link("the card in the inventory", f"/cards/{item.thing_id}")
    return Link("the device in the inventory", f"/devices/{item.thing_id}")


def place_link(place: Place) -> Link:
    """A place: what is in it, or the site."""
    return Link(place.name, f"/stock/items?place={place.id}")


def serials(text: str) -> list[str]:
    """What was pasted or scanned: one a line, or with commas between; blanks within a number do not count.

    Raises ``Invalid`` for nothing, for too many, and for what is no serial.
    """
    found = list(dict.fromkeys(_parts(text)))
    bad = next((one for one in found if not _SERIAL.fullmatch(one)), None)
    if bad is not None:
        problem = Problem("serials", "format", f"{bad[:40]} is none: letters and digits, no blanks.", bad[:40])
        raise Invalid("A serial cannot be read.", [problem])
    if not 1 <= len(found) <= MOST_PASTED:
        raise Invalid(
            "Give the serials.", [Problem("serials", "length", f"1 to {MOST_PASTED:,}, one a line, or by commas.")]
        )
    return found


def _parts(text: str) -> Iterable[str]:
    for part in _SPLIT.split(text):
        joined = "".join(part.split())
        if joined.isdigit():
            yield joined
        else:
            yield from part.split()


def listed(some: Sequence[str], most: int = 5) -> str:
    """The first of some serials, and how many more there are."""
    more = len(some) - most
    return ", ".join(some[:most]) + (f" and {more} more" if more > 0 else "")
