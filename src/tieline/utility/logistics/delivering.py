"""What a delivery note may hold, and which of its rows are good. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tieline.platform.errors import Problem
from tieline.utility.inventory import IMPORT_FIELDS, TAC_LENGTH, CardFacts, FieldSpec, Kind, Sheet, SheetRow, StockState
from tieline.utility.logistics import policy
from tieline.utility.logistics.model import Goods, Order

_CARD_NAMES: Final = ("iccid",)
_ROUTER_NAMES: Final = ("external_id", "imei", "make", "model", "generations", "bands", "modems", "firmware")
_NEEDED: Final = frozenset({"external_id", "imei", "iccid"})


def _fields(kind: Kind, names: Sequence[str]) -> tuple[FieldSpec, ...]:
    """Fields of an import, as a delivery note asks for them."""
    known = {spec.name: spec for spec in IMPORT_FIELDS[kind]}
    return tuple(
        FieldSpec(one.name, one.convert, one.sql, one.name in _NEEDED, one.known_as, one.meaning)
        for one in (known[name] for name in names)
    )


FIELDS: Final[Mapping[Goods, tuple[FieldSpec, ...]]] = {
    Goods.CARD: _fields(Kind.SUBSCRIPTION, _CARD_NAMES),
    Goods.ROUTER: _fields(Kind.DEVICE, _ROUTER_NAMES),
}
"""The columns of a delivery note: those of the imports, found by the same names."""


@dataclass(frozen=True, slots=True)
class Known:
    """What rows are checked against: cards by ICCID, devices by serial and IMEI, models by type allocation code.

    ``delivered`` maps a serial that the ledger has to where it is, in words.
    """

    cards: Mapping[str, CardFacts] = field(default_factory=dict)
    devices: frozenset[str] = frozenset()
    imeis: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, set[tuple[str, str]]] = field(default_factory=dict)
    delivered: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Verdict:
    """The good rows of a note, and what is wrong with the others."""

    rows: list[SheetRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    bad: int = 0


def serial_of(goods: Goods, row: SheetRow) -> str:
    """An item's serial: what it is known by."""
    return str(row.values["iccid" if goods is Goods.CARD else "external_id"])


def judge(order: Order, sheet: Sheet, known: Known) -> Verdict:
    """Which rows of a note are what was ordered, known to the operator, and not here already."""
    verdict = Verdict(problems=list(sheet.problems), bad=sheet.bad)
    seen: dict[str, int] = {}
    imeis: dict[str, int] = {}
    models: dict[str, tuple[str, str]] = {}
    left = order.number - order.accepted
    for row in sheet.rows:
        serial = serial_of(order.goods, row)
        problem = _twice(row, "iccid" if order.goods is Goods.CARD else "external_id", serial, seen)
        problem = problem or _here(order.goods, row, serial, known)
        if order.goods is Goods.CARD:
            problem = problem or _card(order, row, known.cards.get(serial))
        else:
            problem = problem or _router(order, row, known, imeis, models)
        if problem is None and len(verdict.rows) >= left:
            problem = _problem(row, "", "more-than-ordered", serial, f"the order is for {order.number}; this is beyond")
        if problem is None:
            verdict.rows.append(row)
        else:
            verdict.problems.append(problem)
            verdict.bad += 1
    verdict.problems.sort(key=lambda one: one.line or 0)
    return verdict


def _problem(row: SheetRow, name: str, rule: str, value: str | None, message: str) -> Problem:
    return Problem(name, rule, message, value, row.line)


def _twice(row: SheetRow, name: str, serial: str, seen: dict[str, int]) -> Problem | None:
    if serial in seen:
        return _problem(row, name, "duplicate", serial, f"line {seen[serial]} of the note has the same")
    seen[serial] = row.line
    return None


def _here(goods: Goods, row: SheetRow, serial: str, known: Known) -> Problem | None:
    if serial in known.delivered:
        name = "iccid" if goods is Goods.CARD else "external_id"
        return _problem(row, name, "already-here", serial, f"the ledger has it already: {known.delivered[serial]}")
    return None


def _card(order: Order, row: SheetRow, card: CardFacts | None) -> Problem | None:
    iccid = str(row.values["iccid"])
    if card is None:
        return _problem(
            row,
            "iccid",
            "unknown-card",
            iccid,
            f"operator {order.operator} has not told of this card; import its list of subscriptions first",
        )
    said = None
    if card.operator != order.operator:
        said = ("operator", f"it is a card of operator {card.operator}, and the order is for {order.operator}")
    elif order.variety and card.kind != order.variety:
        said = ("kind", f"it is {card.kind}, and the order is for {order.variety}")
    elif not policy.fits(card.generation or "", order.generation):
        said = ("generation", f"it may use {card.generation or 'nothing known'}, less than {order.generation}")
    elif card.stock_state not in {StockState.IN_STOCK, StockState.RESERVED, StockState.ISSUED}:
        said = ("state", f"the inventory has it as {card.stock_state.value} already")
    return _problem(row, "iccid", said[0], iccid, said[1]) if said else None


def _router(
    order: Order, row: SheetRow, known: Known, imeis: dict[str, int], models: dict[str, tuple[str, str]]
) -> Problem | None:
    values, serial = row.values, str(row.values["external_id"])
    if serial in known.devices:
        return _problem(row, "external_id", "duplicate", serial, "the inventory has a device of that identifier")
    imei = str(values["imei"])
    if imei in imeis:
        return _problem(row, "imei", "duplicate", imei, f"line {imeis[imei]} of the note has the same")
    imeis[imei] = row.line
    if imei in known.imeis:
        return _problem(row, "imei", "duplicate", imei, f"device {known.imeis[imei]} has that IMEI")
    newest = policy.generation_of(values.get("generations") or ())
    if order.generation and newest and not policy.fits(newest, order.generation):
        return _problem(row, "generations", "generation", newest, f"less than {order.generation}, which was ordered")
    return _tac(order, row, known, models)


def _tac(order: Order, row: SheetRow, known: Known, models: dict[str, tuple[str, str]]) -> Problem | None:
    """One type allocation code, one model (3GPP TS 23.003 clause 6.2): in the note, and in the inventory."""
    imei = str(row.values["imei"])
    tac = imei[:TAC_LENGTH]
    model = model_of(order, row.values)
    if not all(model):
        return None
    others = {one for one in known.models.get(tac, ()) if one != model}
    if tac in models and models[tac] != model:
        others = {models[tac]}
    if others:
        said = " ".join(min(others))
        return _problem(
            row, "imei", "tac", imei, f"type allocation code {tac} is that of {said}, not {' '.join(model)}"
        )
    models[tac] = model
    return None


def model_of(order: Order, values: Mapping[str, Any]) -> tuple[str, str]:
    """Make and model of a router: as the note says, or else as was ordered ("Make Model")."""
    make, _, model = order.variety.partition(" ")
    return str(values.get("make") or make), str(values.get("model") or model)
