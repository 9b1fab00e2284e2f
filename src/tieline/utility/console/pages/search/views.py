"""What was found, grouped by kind, for the suggestions and for the page."""

from collections.abc import Iterable, Mapping

from tieline.console.components.frame import Hit, HitGroup
from tieline.platform.scope import Scope
from tieline.utility.console.navigation import PLACES
from tieline.utility.console.words import technology
from tieline.utility.inventory import Hit as Found

_KINDS: Mapping[str, tuple[str, str, str]] = {
    "site": ("Sites", "/sites/{id}", "building-2"),
    "subscription": ("SIMs", "/subscriptions/{id}", "credit-card"),
    "card": ("Cards", "/cards/{id}", "id-card"),
    "device": ("Devices", "/devices/{id}", "cpu"),
    "cell": ("Cells", "/cells/{id}", "radio-tower"),
    "change": ("Changes", "/changes/{id}", "git-pull-request-arrow"),
    "incident": ("Incidents", "/incidents/{id}", "bell-ring"),
    "programme": ("Programmes", "/programmes/{id}", "list-checks"),
    "visit": ("Visits", "/fieldwork/visits/{id}", "truck"),
}

_NUMBERED = frozenset({"change", "incident", "programme", "visit"})
_SHORTEST = 3


def groups(found: Iterable[Found], query: str) -> tuple[HitGroup, ...]:
    """The hits by kind; the kind of the best hit comes first."""
    by_kind: dict[str, list[Hit]] = {}
    for one in found:
        by_kind.setdefault(one.kind, []).append(_hit(one, query))
    return tuple(HitGroup(_KINDS[kind][0], tuple(hits)) for kind, hits in by_kind.items())


def places(scope: Scope, query: str) -> tuple[HitGroup, ...]:
    """The parts of the console whose names begin with what was typed."""
    typed = query.strip().lower()
    if len(typed) < _SHORTEST:
        return ()
    found = [one for one in PLACES if scope.may(one.needs) and _begins(one.label, typed)]
    hits = tuple(Hit(one.label, one.href, one.icon, "go there", query.strip()) for one in found)
    return (HitGroup("Places", hits),) if hits else ()


def _begins(label: str, typed: str) -> bool:
    return any(label[at:].lower().startswith(typed) for at in range(len(label)) if at == 0 or label[at - 1] == " ")


def _hit(one: Found, query: str) -> Hit:
    _, href, icon = _KINDS[one.kind]
    if one.kind in _NUMBERED:
        told = f"{one.kind.capitalize()} {one.id} · {one.value.replace('_', ' ').replace('-', ' ')}"
        return Hit(one.title, href.format(id=one.id), icon, told, query.strip())
    place = " · ".join(filter(None, (one.site_name if one.kind != "site" else None, one.region)))
    if one.kind == "site":
        text = one.title
        hint = place if one.label == "name" else f"{one.label} {one.value} · {place}"
    elif one.kind == "cell":
        rat, _, band = one.title.partition(" ")
        text, hint = one.code, f"{technology(rat)} {band}".strip()
    else:
        text, hint = (one.value, f"{one.label} · {place or 'fitted nowhere'}")
    return Hit(text, href.format(id=one.id), icon, hint, query.strip())
