"""What was found, grouped by kind, for the suggestions and for the page."""

from collections.abc import Iterable, Mapping

from tieline.console.components.frame import Hit, HitGroup
from tieline.utility.console.words import technology
from tieline.utility.incidents import Incident
from tieline.utility.inventory import Hit as Found

_KINDS: Mapping[str, tuple[str, str, str]] = {
    "site": ("Sites", "/sites/{id}", "building-2"),
    "subscription": ("SIMs", "/subscriptions/{id}", "credit-card"),
    "card": ("Cards", "/cards/{id}", "id-card"),
    "device": ("Devices", "/devices/{id}", "cpu"),
    "cell": ("Cells", "/cells/{id}", "radio-tower"),
}


def groups(found: Iterable[Found], query: str) -> tuple[HitGroup, ...]:
    """The hits by kind; the kind of the best hit comes first."""
    by_kind: dict[str, list[Hit]] = {}
    for one in found:
        by_kind.setdefault(one.kind, []).append(_hit(one, query))
    return tuple(HitGroup(_KINDS[kind][0], tuple(hits)) for kind, hits in by_kind.items())


def incident(one: Incident | None) -> tuple[HitGroup, ...]:
    """The incident whose number was typed."""
    if one is None:
        return ()
    hint = f"Incident {one.id} · {one.severity} · {one.state}"
    return (HitGroup("Incidents", (Hit(one.title, f"/incidents/{one.id}", "bell-ring", hint),)),)


def _hit(one: Found, query: str) -> Hit:
    _, href, icon = _KINDS[one.kind]
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
