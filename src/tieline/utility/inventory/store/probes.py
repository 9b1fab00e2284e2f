"""Index probes by which things are found from what a person types: shared by search and by the ``q`` of lists.

Each probe is one range scan on one index: the beginning of an identifier, its end (on ``reverse(column)``), or the
beginnings of a name's words. Ranges instead of LIKE, so that prepared statements use the index as well.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tieline.utility.inventory.model import Kind
from tieline.utility.inventory.policy.text import fold, prefix_query

MIN_PREFIX = 2
MIN_SUFFIX = 4
MAX_QUERY = 200

_END = "\U0010ffff"
_NUMBER = re.compile(r"\+?[0-9][0-9 ()./-]*")
_NOT_DIGIT = re.compile(r"[^0-9]")
_BLANK = re.compile(r"\s+")


def own(column: str) -> str:
    """The condition that an operator's id is within the scope; its operators are looked up once a query."""
    return f"""(%(scope_operators)s::text[] IS NULL
    OR {column} = ANY(ARRAY(SELECT id FROM operator WHERE code = ANY(%(scope_operators)s::text[]))))"""


OWN_CARDS = own("c.operator_id")
OWN_SUBSCRIPTIONS = own("s.operator_id")
OWN_CELLS = own("e.operator_id")


@dataclass(frozen=True, slots=True)
class Probe:
    """Finds things of ``kind`` by ``column``; ``label`` names the column to people; a lower rank comes first."""

    kind: Kind
    label: str
    column: str
    condition: str
    rank: int


def probes(text: str) -> list[Probe]:
    """The probes that make sense for what was typed; none for less than two characters."""
    text = text.strip()[:MAX_QUERY]
    if len(text) < MIN_PREFIX:
        return []
    found = [*_names(text), *_codes()]
    if _NUMBER.fullmatch(text):
        digits = len(_NOT_DIGIT.sub("", text))
        found += _numbers(prefix=digits >= MIN_PREFIX, suffix=digits >= MIN_SUFFIX)
    if len(text) >= MIN_SUFFIX:
        found += _code_ends()
    return found


def params(text: str) -> dict[str, Any]:
    """What the conditions of the probes are bound to."""
    text = text.strip()[:MAX_QUERY]
    joined = _BLANK.sub("", text)
    bound = {
        "q_code": joined,
        "q_upper": joined.upper(),
        "q_number": _NOT_DIGIT.sub("", text),
        "q_name": fold(text),
    }
    ranges = dict(bound)
    for name, value in bound.items():
        ranges[f"{name}_end"] = value + _END
        ranges[f"{name}_tail"] = value[::-1]
        ranges[f"{name}_tail_end"] = value[::-1] + _END
    return {**ranges, "q_words": prefix_query(text)}


def ids(target: Kind, text: str) -> str:
    """A query for the ids of things of ``target`` that what was typed leads to; bound to :func:`params`."""
    paths = _PATHS[target]
    parts = [paths[probe.kind].format(condition=probe.condition) for probe in probes(text) if probe.kind in paths]
    return " UNION ".join(parts) or "SELECT NULL::bigint WHERE FALSE"


def _begins(column: str, name: str) -> str:
    return f"({column} >= %({name})s AND {column} < %({name}_end)s)"


def _ends(column: str, name: str) -> str:
    return f"(reverse({column}) >= %({name}_tail)s AND reverse({column}) < %({name}_tail_end)s)"


def _names(text: str) -> Iterator[Probe]:
    if fold(text):
        yield Probe(Kind.SITE, "name", "t.name", _begins("t.name_folded", "q_name"), 1)
        yield Probe(Kind.SITE, "name", "t.name", "t.words @@ %(q_words)s::tsquery", 3)
    yield Probe(Kind.SITE, "postcode", "t.postcode", _begins("t.postcode_key", "q_upper"), 2)


def _codes() -> Iterator[Probe]:
    for kind, label, column in _CODES:
        bounds = _OWN_OF.get(kind, "TRUE")
        for name in ("q_code", "q_upper"):
            yield Probe(kind, label, column, f"{_begins(column, name)} AND {bounds}", 1)


def _code_ends() -> Iterator[Probe]:
    for kind, label, column in _CODES:
        if kind is not Kind.CELL:
            yield Probe(kind, label, column, f"{_ends(column, 'q_code')} AND {_OWN_OF.get(kind, 'TRUE')}", 4)


def _numbers(*, prefix: bool, suffix: bool) -> Iterator[Probe]:
    for kind, label, column in _NUMBERS:
        bounds = _OWN_OF.get(kind, "TRUE")
        if prefix:
            yield Probe(kind, label, column, f"{_begins(column, 'q_number')} AND {bounds}", 1)
        if suffix:
            yield Probe(kind, label, column, f"{_ends(column, 'q_number')} AND {bounds}", 4)
    if prefix:
        address = 'host(s.ip_address) COLLATE "C"'
        yield Probe(
            Kind.SUBSCRIPTION,
            "address",
            "host(s.ip_address)",
            f"{_begins(f'({address})', 'q_code')} AND {OWN_SUBSCRIPTIONS}",
            2,
        )


_OWN_OF: Mapping[Kind, str] = {
    Kind.CARD: OWN_CARDS,
    Kind.SUBSCRIPTION: OWN_SUBSCRIPTIONS,
    Kind.CELL: OWN_CELLS,
}
_CODES = (
    (Kind.SITE, "site", "t.external_id"),
    (Kind.DEVICE, "device", "d.external_id"),
    (Kind.SUBSCRIPTION, "subscription", "s.operator_ref"),
    (Kind.CELL, "cell", "e.cell_key"),
)
_NUMBERS = (
    (Kind.CARD, "ICCID", "c.iccid"),
    (Kind.CARD, "EID", "c.eid"),
    (Kind.SUBSCRIPTION, "IMSI", "s.imsi"),
    (Kind.SUBSCRIPTION, "MSISDN", "s.msisdn"),
    (Kind.DEVICE, "IMEI", "d.imei"),
)

_LIVE = "x.valid_to IS NULL AND {condition}"
_PATHS: Mapping[Kind, Mapping[Kind, str]] = {
    Kind.SUBSCRIPTION: {
        Kind.SUBSCRIPTION: "SELECT s.id FROM subscription s WHERE {condition}",
        Kind.CARD: f"SELECT x.subscription_id FROM card_subscription x JOIN card c ON c.id = x.card_id WHERE {_LIVE}",
        Kind.DEVICE: f"SELECT x.subscription_id FROM link x JOIN device d ON d.id = x.device_id WHERE {_LIVE}",
        Kind.SITE: "SELECT x.id FROM subscription x JOIN site t ON t.id = x.site_id WHERE {condition}",
    },
    Kind.SITE: {
        Kind.SITE: "SELECT t.id FROM site t WHERE {condition}",
        Kind.DEVICE: "SELECT d.site_id FROM device d WHERE {condition}",
        Kind.SUBSCRIPTION: "SELECT s.site_id FROM subscription s WHERE {condition}",
        Kind.CARD: f"SELECT x.site_id FROM link x JOIN card c ON c.id = x.card_id WHERE {_LIVE}",
    },
    Kind.DEVICE: {
        Kind.DEVICE: "SELECT d.id FROM device d WHERE {condition}",
        Kind.SITE: "SELECT x.id FROM device x JOIN site t ON t.id = x.site_id WHERE {condition}",
        Kind.SUBSCRIPTION: f"""SELECT x.device_id FROM link x JOIN subscription s ON s.id = x.subscription_id
            WHERE {_LIVE}""",
        Kind.CARD: f"SELECT x.device_id FROM link x JOIN card c ON c.id = x.card_id WHERE {_LIVE}",
    },
    Kind.CARD: {
        Kind.CARD: "SELECT c.id FROM card c WHERE {condition}",
        Kind.SITE: f"SELECT x.card_id FROM link x JOIN site t ON t.id = x.site_id WHERE {_LIVE}",
        Kind.DEVICE: f"SELECT x.card_id FROM link x JOIN device d ON d.id = x.device_id WHERE {_LIVE}",
        Kind.SUBSCRIPTION: f"""SELECT x.card_id FROM card_subscription x JOIN subscription s ON s.id = x.subscription_id
            WHERE {_LIVE}""",
    },
    Kind.CELL: {Kind.CELL: "SELECT e.id FROM cell e WHERE {condition}"},
}
