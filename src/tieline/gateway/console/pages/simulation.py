"""The simulated network by hand: what an operator's staff could do in their own tools, past any utility's process.

Only where the network behind the gateway is the simulated one. What is done here reaches utilities as a change that
they did not make, which they are to find out.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from fastapi import Response

from tieline.console import lists
from tieline.console.components.formats import duration, percent, plural
from tieline.console.components.forms import Field, Form
from tieline.console.components.frame import Action, PageHead
from tieline.console.components.tables import Column, Empty, Option, Row, Table
from tieline.console.components.work import Confirm, Evidence
from tieline.gateway.backends.simulated import Rule, SimulatedNetwork, store
from tieline.gateway.backends.simulated.places import Fitting, read_fitting
from tieline.gateway.backoffice import staff
from tieline.gateway.backoffice.access import consumer_named
from tieline.gateway.console import words
from tieline.gateway.console.blocks import Block, Sheet
from tieline.gateway.console.http import CurrentPage, StaffPage, pages
from tieline.gateway.console.pages import switching
from tieline.gateway.console.words import quoted
from tieline.gateway.objects.model import Node
from tieline.gateway.objects.store.objects import load
from tieline.gateway.utilities import store as utilities
from tieline.platform import audit
from tieline.platform.errors import Invalid, Problem
from tieline.platform.scope import Permission
from tieline.standards.mns.errors import DnError, MnsError
from tieline.standards.mns.profile import DESIRED_NAMES, SUBSCRIPTION_CLASS, State

router = pages()
_CURRENT = "simulation"
_NOTE = Evidence(
    "This is a simulation: what you do here happens in the simulated network behind this gateway, as if somebody of "
    "the operator did it by hand. Utilities are told of it as a change that they did not make.",
    tone="held",
)
_NONE = "It has none of this name."
_ICCID = re.compile(r"[0-9]{19,20}")
_TECHNOLOGIES = ("2G", "3G", "4G", "5G")
_LISTS = {"ratRestriction"}
_RATS = {word: rat for rat, word in words.TECHNOLOGIES.items()}


@router.get("/simulation")
async def by_hand(page: CurrentPage) -> Response:
    """What can be done by hand."""
    last = dict(lists.pairs_of(page.request.url.query))
    return await _page(page, last.get("utility", ""), last.get("subscription", ""), last, ())


async def _page(
    page: StaffPage, code: str, name: str, typed: Mapping[str, Any], problems: Sequence[Problem]
) -> Response:
    async with page.db.snapshot() as tx:
        codes = {row["code"]: row["name"] for row in await utilities.listed(tx)}
        node = fitted = None
        if code in codes and name:
            node = await _found(tx, await consumer_named(tx, code), name)
            card = str(node.attributes.get("card") or "") if node else ""
            fitted = await store.one(tx, card) if card else None
        cells = await switching.now(tx, page, typed)
    rows: list[tuple[Block, ...]] = [
        (Block("Which subscription", _which(codes, code, name, missing=bool(name) and not node)),)
    ]
    dialogs: list[Confirm] = []
    if node is not None and page.may_operate:
        rows.append((Block(f"Change {name}", _attributes(code, node, typed, page.csrf_token, problems)),))
        if node.attributes.get("card"):
            form = _device(code, node, typed, page.csrf_token, problems)
            rows.append((_of_the_card(node, fitted, form),))
            if fitted is not None:
                dialogs.append(_unfit_dialog(code, name, str(node.attributes["card"]), page.csrf_token))
    rows += [*cells.rows, (Block("What is made to go wrong", _faults(page)),)]
    head = PageHead("Simulated network", "By hand, outside of any utility's process.")
    sheet = Sheet(rows=tuple(rows), notes=(_NOTE,), dialogs=(*dialogs, *cells.dialogs))
    status = 422 if problems else 200
    return await page.show("templates/page.html", current=_CURRENT, head=head, status=status, **sheet.context())


def _of_the_card(node: Node, fitted: Mapping[str, Any] | None, form: Form) -> Block:
    """Its card: in which device it is, the way into another one, and out."""
    name = node.dn.id
    out = Action(f"Take the card of {name} out", icon="plug", kind="danger", dialog="unfit")
    return Block(
        f"Put the card of {name} into a device",
        form,
        state=f"It is in device {fitted['imei']}." if fitted else "It is in no device.",
        actions=(out,) if fitted else (),
    )


async def _found(tx: Any, consumer: Any, name: str) -> Node | None:
    try:
        dn = consumer.root.child(SUBSCRIPTION_CLASS, name)
    except DnError:
        return None
    return next(iter(await load(tx, consumer.id, [dn])), None)


def _which(codes: Mapping[str, str], code: str, name: str, *, missing: bool) -> Form:
    options = tuple(Option(key, word) for key, word in codes.items())
    fields = (
        Field("utility", "Utility", "select", code, options=options),
        Field(
            "subscription",
            "Subscription",
            value=name,
            error="It has none of this name." if missing else "",
            maxlength=400,
        ),
    )
    return Form("/simulation", fields, "", "Show it", method="get")


def _attributes(code: str, node: Node, typed: Mapping[str, Any], csrf: str, problems: Sequence[Problem]) -> Form:
    wrong = {problem.field: problem.message for problem in problems}
    fields = []
    for name in DESIRED_NAMES:
        held = node.attributes.get(name)
        now = ", ".join(words.TECHNOLOGIES.get(one, one) for one in held) if isinstance(held, list) else str(held or "")
        value = str(typed.get(name, now))
        error = wrong.get(name, "")
        if name == "state":
            options = tuple(Option(one.value, words.STATES[one.value][0]) for one in State)
            fields.append(Field(name, words.attribute(name), "select", value, error=error, options=options))
        else:
            hint = f"Any of {', '.join(words.TECHNOLOGIES.values())}, with commas between." if name in _LISTS else ""
            fields.append(
                Field(name, words.attribute(name), value=value, hint=hint, error=error, required=False, maxlength=400)
            )
    general = wrong.get("attributes", "")
    fields.append(
        Field("reason", "Why", value=str(typed.get("reason", "")), required=False, error=general,
              hint="It stands in the change log. The utility does not read it.", maxlength=400)
    )  # fmt: skip
    return Form(
        f"/simulation/{code}/change?subscription={quoted(node.dn.id)}", tuple(fields), csrf, f"Change {node.dn.id}"
    )


@router.post("/simulation/{code}/change")
async def change(page: CurrentPage, code: str, subscription: str = "") -> Response:
    """Change a subscription as a member of staff does in the operator's own tools."""
    page.scope.require(Permission.STAFF_OPERATE)
    typed = await page.form()
    try:
        async with page.db.transaction() as tx:
            consumer = await consumer_named(tx, code[:64])
            node, wanted = _asked(await _found(tx, consumer, subscription[:400]), typed)
            actor = staff.member_of_staff(page.account, _line(typed, "reason") or None)
            await staff.change(tx, page.parts, consumer, node.dn, wanted, actor=actor)
    except MnsError as error:
        field = str(getattr(error, "attribute", None) or "attributes")
        return await _page(page, code, subscription, typed, (Problem(field, str(error.reason), error.detail),))
    except Invalid as error:
        return await _page(page, code, subscription, typed, error.problems)
    page.parts.signals.changed()
    return page.redirect(f"/objects/{code}/{quoted(subscription)}")


def _asked(node: Node | None, typed: Mapping[str, Any]) -> tuple[Node, dict[str, Any]]:
    """A subscription and what is to be changed of it; raises ``Invalid`` where there is neither."""
    if node is None:
        raise Invalid(_NONE, [Problem("attributes", "unknown", "Choose another one.")])
    wanted = _wanted(node, typed)
    if not wanted:
        raise Invalid("Nothing differs.", [Problem("attributes", "same", "Change something first.")])
    return node, wanted


def _wanted(node: Node, typed: Mapping[str, Any]) -> dict[str, Any]:
    """What differs from what is asked of a subscription now; an emptied field unsets it."""
    wanted: dict[str, Any] = {}
    for name in DESIRED_NAMES:
        if name not in typed:
            continue
        text = _line(typed, name)
        value: Any = text or None
        if name in _LISTS:
            value = [_RATS.get(one.strip().upper(), one.strip()) for one in text.split(",") if one.strip()] or None
        if value != node.attributes.get(name):
            wanted[name] = value
    return wanted


def _line(typed: Mapping[str, Any], name: str) -> str:
    return "".join(sign for sign in str(typed.get(name, ""))[:400] if sign.isprintable()).strip()


def _unfit_dialog(code: str, name: str, card: str, csrf: str) -> Confirm:
    return Confirm(
        "unfit",
        f"Take the card of {name} out of its device",
        "Its session ends; the utility is told that it is not attached any more.",
        f"/simulation/{code}/unfit",
        "Take the card out",
        csrf,
        undo="Put it into a device again, on this page.",
        danger=True,
        fields={"iccid": card, "subscription": name},
    )


@router.post("/simulation/{code}/unfit")
async def unfit(page: CurrentPage, code: str) -> Response:
    """Take a card out of its device."""
    page.scope.require(Permission.STAFF_OPERATE)
    typed = await page.form()
    iccid = _line(typed, "iccid")
    if not _ICCID.fullmatch(iccid):
        raise Invalid("This is no card.", [Problem("iccid", "digits", "19 or 20 digits.")])
    async with page.db.transaction() as tx:
        consumer = await consumer_named(tx, code[:64])
        await switching.radio_of(page).unfit(tx, consumer, [iccid], page.now)
        entry = audit.Entry(
            "simulation.card-out", f"utility:{consumer.code}", {"subscription": _line(typed, "subscription")}
        )
        await audit.append(tx, page.scope, entry)
    page.parts.signals.changed()
    return page.redirect(f"/objects/{code}/{quoted(_line(typed, 'subscription'))}")


def _device(code: str, node: Node, typed: Mapping[str, Any], csrf: str, problems: Sequence[Problem]) -> Form:
    wrong = {problem.field: problem.message for problem in problems}

    def asked(field: str, label: str, hint: str = "") -> Field:
        return Field(field, label, value=str(typed.get(field, "")), hint=hint, error=wrong.get(field, ""), maxlength=40)

    up_to = tuple(Option(" ".join(_TECHNOLOGIES[: at + 1]), f"up to {_TECHNOLOGIES[at]}") for at in (3, 2, 1, 0))
    fields = (
        asked("imei", "IMEI of the device", f"Card {node.attributes['card']} goes into it, and out of any other."),
        Field("generations", "It can use", "select", str(typed.get("generations", "")), options=up_to),
        asked("place", "Where", "Latitude and longitude in degrees: 54.97, -1.61. A cell reaches 15 km."),
    )
    return Form(f"/simulation/{code}/fit?subscription={quoted(node.dn.id)}", fields, csrf, "Put the card in")


@router.post("/simulation/{code}/fit")
async def fit(page: CurrentPage, code: str, subscription: str = "") -> Response:
    """Put a card into a device, as a crew at the site does; it is attached if a cell is in reach and it may be."""
    page.scope.require(Permission.STAFF_OPERATE)
    typed = await page.form()
    try:
        async with page.db.transaction() as tx:
            consumer = await consumer_named(tx, code[:64])
            fitting = _fitting(await _found(tx, consumer, subscription[:400]), typed)
            settled = await switching.radio_of(page).fit(tx, consumer, [fitting], page.now)
            detail = {"subscription": subscription[:400], "imei": fitting.imei}
            await audit.append(tx, page.scope, audit.Entry("simulation.card-in", f"utility:{consumer.code}", detail))
    except Invalid as error:
        return await _page(page, code, subscription, typed, error.problems)
    page.parts.signals.changed()
    if why := settled.waiting.get(fitting.iccid):
        told = f"The card is in the device, and is not attached: {why}."
        return await _page(page, code, subscription, typed, (Problem("imei", "not-attached", told),))
    return page.redirect(f"/objects/{code}/{quoted(subscription)}")


def _fitting(node: Node | None, typed: Mapping[str, Any]) -> Fitting:
    """The card of a subscription in the device that was typed; raises ``Invalid`` where it cannot be put there."""
    card = "" if node is None else str(node.attributes.get("card") or "")
    if not card:
        raise Invalid(_NONE, [Problem("imei", "unknown", "It has no card.")])
    try:
        lat, lon = (float(part) for part in _line(typed, "place").split(","))
    except ValueError as error:
        problem = Problem("place", "format", "Latitude and longitude, as in 54.97, -1.61.")
        raise Invalid("There is no such place.", [problem]) from error
    wanted = {"iccid": card, "imei": _line(typed, "imei"), "generations": _line(typed, "generations")}
    try:
        return read_fitting(msgspec.json.encode({**wanted, "lat": lat, "lon": lon}))
    except ValueError as error:
        field = "place" if "lat" in str(error) else "imei"
        raise Invalid("It cannot be put there.", [Problem(field, "format", str(error))]) from error


def _faults(page: StaffPage) -> Table:
    """The rules by which the simulated network fails, and whom each has struck."""
    network: SimulatedNetwork = page.request.app.state.network
    struck = Counter(place for place, _ in network.strikes)
    columns = (
        Column("what", "What goes wrong", fixed=True, narrow=True, wrap=True),
        Column("whom", "For", narrow=True, wrap=True),
        Column("when", "When", wrap=True),
        Column("struck", "Struck so far", unit="subscriptions", numeric=True),
    )
    rows = [
        Row(
            str(place),
            {
                "what": _FAULTS.get(rule.fault, rule.fault),
                "whom": _whom(rule),
                "when": _when(rule),
                "struck": struck[place] or None,
            },
        )
        for place, rule in enumerate(network.faults.rules)
        if rule.operator == network.code
    ]
    empty = Empty(
        "Nothing is made to go wrong",
        "A demonstration may bring faults with it: changes that are refused, answers that never come.",
        icon="zap",
    )
    return Table("faults", "What is made to go wrong", columns, rows, empty=empty, chooser=False)


_FAULTS: Mapping[str, str] = {
    "reject": "A change is refused",
    "timeout": "A request gets no answer",
    "slow": "A change takes longer",
    "accept_not_apply": "A change is taken, and never made",
    "duplicate_notification": "The utility is told more than once",
    "drop_notification": "The utility is not told",
    "late_notification": "The utility is told late",
    "out_of_band_change": "Somebody changes it behind the utility's back",
    "foreign_device": "The card turns up in another device",
    "down": "Nothing answers at all",
}


def _whom(rule: Rule) -> str:
    if rule.share is not None:
        return f"{percent(rule.share)} of subscriptions"
    if rule.count is not None:
        return plural(rule.count, "subscription")
    return plural(len(rule.ids), "named subscription") if rule.ids is not None else "all"


def _when(rule: Rule) -> str:
    """From when until when, counted from the first change that the gateway took."""
    begin = f"from {duration(rule.from_s)} after the first change" if rule.from_s else "from the first change"
    return f"{begin} until {duration(rule.to_s)} after it" if rule.to_s is not None else begin
