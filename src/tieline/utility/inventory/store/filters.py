"""Turns a :class:`FleetFilter` and a scope into WHERE clauses.

Aliases are the same in every query: ``s`` subscription, ``t`` site, ``l`` live link, ``d`` device,
``c`` card, ``e`` cell. Only what is asked for becomes part of the text, so that each query gets a plan of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tieline.platform.scope import Scope, within
from tieline.utility.inventory.model import STALE_HOURS, TECHNOLOGIES, FleetFilter, Kind
from tieline.utility.inventory.store import probes

NEVER_REPORTED = "none"

STALE = f"(s.cell_at IS NULL OR s.cell_at < now() - interval '{STALE_HOURS} hours')"
DRIFT = """(s.reported_at IS NOT NULL AND (
    s.op_state IS DISTINCT FROM s.state OR s.op_apn IS DISTINCT FROM s.apn
    OR s.op_ip_address IS DISTINCT FROM s.ip_address
    OR s.op_subscription_group IS DISTINCT FROM s.subscription_group OR s.op_data_plan IS DISTINCT FROM s.data_plan
    OR coalesce(s.op_rat_restriction, '{}') <> s.rat_restriction OR s.op_imei_lock IS DISTINCT FROM s.imei_lock
    OR coalesce(s.op_lan_groups <> s.lan_groups, false)))"""

# The links of one's own operators only: a site must not tell by its technology what another operator has there.
OWN_LINKS = probes.own("f.operator_id")

HANGING = f"""SELECT f.site_id FROM subscription f WHERE f.site_id IS NOT NULL AND {OWN_LINKS}
    GROUP BY f.site_id HAVING bool_and(f.rat = %(f_hanging_on)s)"""

SHARED_MAST = f"""SELECT f.site_id FROM subscription f
    LEFT JOIN cell fe ON fe.operator_id = f.operator_id AND fe.cell_key = f.cell_key
    WHERE f.site_id IS NOT NULL AND {OWN_LINKS}
    GROUP BY f.site_id
    HAVING count(*) > 1 AND count(fe.mast_id) = count(*) AND min(fe.mast_id) = max(fe.mast_id)"""


@dataclass(slots=True)
class Where:
    """Conditions that all have to hold, and the values they are bound to."""

    parts: list[str] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)

    def add(self, condition: str, **params: Any) -> None:
        """Add a condition, written in the store, and its values."""
        self.parts.append(condition)
        self.params.update(params)

    def __str__(self) -> str:
        return "WHERE " + (" AND ".join(self.parts) or "TRUE")


_LISTED: Mapping[str, str] = {
    "bands": "s.band",
    "states": "s.state",
    "subscription_generations": "s.generation",
    "apns": "s.apn",
    "roles": "l.role",
    "stock_states": "c.stock_state",
}
_OF_SITE: Mapping[str, str] = {"regions": "t.region", "criticalities": "t.criticality", "kinds": "t.kind"}
_CHOICES: Mapping[str, str] = {
    "stale": STALE,
    "drift": DRIFT,
    "linked": "(s.site_id IS NOT NULL)",
    "attached": "coalesce(s.attached, false)",
}

_LINK = "JOIN link l ON l.subscription_id = s.id AND l.valid_to IS NULL"
_CARD = "JOIN card c ON c.id = l.card_id"


def fleet_where(wanted: FleetFilter, scope: Scope) -> Where:
    """Conditions for rows of the fleet (aliases s, t, l, d, c)."""
    where = Where([within("t.region"), probes.OWN_SUBSCRIPTIONS], dict(scope.params()))
    _of_links(wanted, where)
    _of_site(wanted, where, "s.site_id")
    if wanted.generations:
        where.add("d.generations && %(f_generations)s::text[]", f_generations=list(wanted.generations))
    words_where(wanted.q, where, "s.id", Kind.SUBSCRIPTION)
    return where


def site_where(wanted: FleetFilter, scope: Scope) -> Where:
    """Conditions for sites (alias t): those of links hold when one live link of the site fulfils them all."""
    where = Where([within("t.region")], dict(scope.params()))
    _of_site(wanted, where, "t.id")
    _through_links(wanted, where, "t.id", "s.site_id")
    if wanted.generations:
        where.add(
            "EXISTS (SELECT FROM device d WHERE d.site_id = t.id AND d.generations && %(f_generations)s::text[])",
            f_generations=list(wanted.generations),
        )
    words_where(wanted.q, where, "t.id", Kind.SITE)
    return where


def device_where(wanted: FleetFilter, scope: Scope) -> Where:
    """Conditions for devices (aliases d, t)."""
    where = Where([within("t.region")], dict(scope.params()))
    _of_site(wanted, where, "d.site_id")
    _through_links(wanted, where, "d.id", "l.device_id")
    if wanted.generations:
        where.add("d.generations && %(f_generations)s::text[]", f_generations=list(wanted.generations))
    words_where(wanted.q, where, "d.id", Kind.DEVICE)
    return where


def _through_links(wanted: FleetFilter, where: Where, one: str, theirs: str) -> None:
    """Conditions on the live links of a site or device: its id is ``one``, and ``theirs`` at its links."""
    links = Where()
    _of_links(wanted, links)
    if wanted.linked is False:
        links.parts.remove(f"NOT {_CHOICES['linked']}")
        where.add(f"NOT EXISTS ({_links_of('', f'{theirs} = {one}')})")
    if links.parts:
        several = len(links.parts) > 1
        links.add(probes.OWN_SUBSCRIPTIONS)
        # How seldom a link is stale or differs is not known beforehand. Alone, either fills a page soon; with another
        # condition there may be next to nothing, for which to look at each site in turn takes longest: OFFSET 0 has
        # the links looked through once.
        once = "OFFSET 0" if several and (wanted.stale or wanted.drift) else ""
        where.add(f"{one} IN ({_links_of(theirs, ' AND '.join(links.parts))} {once})", **links.params)


def _links_of(columns: str, condition: str) -> str:
    """A query for live links; joined is only what it looks at.

    A subscription's site is that of its live link: most conditions look at nothing else.
    """
    card = _CARD if "c." in condition else ""
    link = _LINK if card or "l." in columns + condition else ""
    return f"SELECT {columns} FROM subscription s {link} {card} WHERE {condition}"


def _of_links(wanted: FleetFilter, where: Where) -> None:
    _listed(wanted, where, _LISTED)
    if wanted.operators:
        where.add(
            "s.operator_id = ANY(ARRAY(SELECT id FROM operator WHERE code = ANY(%(f_operators)s::text[])))",
            f_operators=list(wanted.operators),
        )
    for name, condition in _CHOICES.items():
        choice = getattr(wanted, name)
        if choice is not None:
            where.add(condition if choice else f"NOT {condition}")
    if wanted.lan_groups:
        where.add(
            "s.lan_groups <> '{}' AND s.lan_groups && %(f_lan_groups)s::text[]", f_lan_groups=list(wanted.lan_groups)
        )
    if wanted.cell_key:
        where.add("s.cell_key = %(f_cell_key)s", f_cell_key=wanted.cell_key)
    if wanted.technologies:
        technology_where(wanted.technologies, where, "s.rat")


def technology_where(technologies: Iterable[str], where: Where, column: str) -> None:
    """Add the condition that a RAT column is one of the technologies (2G to 5G, or ``none``)."""
    names = list(technologies)
    condition = f"{column} = ANY(%(f_rats)s::text[])"
    if NEVER_REPORTED in names:
        condition = f"({condition} OR {column} IS NULL)"
    where.add(condition, f_rats=[TECHNOLOGIES.get(name, name) for name in names])


def _of_site(wanted: FleetFilter, where: Where, site_id: str) -> None:
    _listed(wanted, where, _OF_SITE)
    if wanted.site_ids:
        where.add(f"{site_id} = ANY(%(f_site_ids)s::bigint[])", f_site_ids=list(wanted.site_ids))
    if wanted.hanging_on:
        rat = TECHNOLOGIES.get(wanted.hanging_on, wanted.hanging_on)
        where.add(f"{site_id} IN ({HANGING})", f_hanging_on=rat)
    if wanted.shared_mast is not None:
        where.add(f"({site_id} IN ({SHARED_MAST})) IS {'TRUE' if wanted.shared_mast else 'NOT TRUE'}")


def _listed(wanted: FleetFilter, where: Where, columns: Mapping[str, str]) -> None:
    for name, column in columns.items():
        values = getattr(wanted, name)
        if values:
            where.add(f"{column} = ANY(%(f_{name})s::text[])", **{f"f_{name}": list(values)})


def words_where(text: str, where: Where, column: str, target: Kind) -> None:
    """Add the condition that an id column is among the things that what was typed leads to."""
    if text.strip():
        where.add(f"{column} = ANY(ARRAY({probes.ids(target, text)}))", **probes.params(text))
