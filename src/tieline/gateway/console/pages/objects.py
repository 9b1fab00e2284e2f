"""Subscriptions and cards: the lists, and one with what is asked of it, what is so, and its history."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Path, Query, Response

from tieline.console import lists
from tieline.console.components.formats import listed, plural
from tieline.console.components.frame import Action, Crumb, Hit, HitGroup, PageHead
from tieline.console.components.tables import Column, Empty, Filter, FilterBar, FilterKind, Paging, Row, Table
from tieline.console.components.values import Age, Badge, Ident, IdentKind, Link, Observed, Several, Tone
from tieline.gateway.backends.simulated import store as radio
from tieline.gateway.backoffice.access import Code, consumer_named
from tieline.gateway.backoffice.store import reading
from tieline.gateway.console import words
from tieline.gateway.console.blocks import Block, Sheet
from tieline.gateway.console.http import CurrentPage, StaffPage, pages
from tieline.gateway.console.pages.log import log_table
from tieline.gateway.console.words import quoted
from tieline.gateway.model import Consumer
from tieline.gateway.objects.model import Node
from tieline.gateway.objects.policy import document, lags
from tieline.gateway.objects.store.objects import load, node_of
from tieline.gateway.utilities import store as utilities
from tieline.platform.db import Tx
from tieline.platform.errors import NotFound
from tieline.platform.paging import Page as Rows
from tieline.platform.paging import decode_key, page_of
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import DnError
from tieline.standards.mns.profile import CARD_CLASS, DESIRED_NAMES, SUBSCRIPTION_CLASS

router = pages()
Name = Annotated[str, Path(max_length=400)]
After = Annotated[str | None, Query(max_length=800)]
HOME = Crumb("Subscriptions", "/objects")
_CURRENT = "objects"
_HISTORY = 50
_SHORTEST, _SUGGESTED = 3, 6
_ATTACHED: Mapping[tuple[str, ...], bool] = {("1",): True, ("0",): False}
_IDENTITY = ("imsi", "msisdn", "card", "generation", "userLabel")


@router.get("/objects")
async def every(page: CurrentPage, after: After = None) -> Response:
    """Subscriptions of one utility, by identifier."""
    pairs = lists.pairs_of(page.request.url.query)
    wanted = _wanted(pairs)
    if page.request.headers.get("X-Suggest"):
        return await _suggest(page, wanted.q)
    async with page.db.snapshot() as tx:
        codes = {row["code"]: row["name"] for row in await utilities.listed(tx)}
        code = _utility(pairs, codes)
        rows: Sequence[Any] = ()
        if code:
            consumer = await consumer_named(tx, code)
            begin = decode_key(after, str)[0] if after else ""
            rows = await reading.subscriptions(tx, consumer, wanted, after=begin, limit=lists.ROWS + 1)
    found: Rows[Any] = page_of(rows, lists.ROWS, lambda row: (row["path"].rpartition("=")[2],))
    bar = FilterBar(
        page.url,
        (
            lists.choice("utility", "Utility", codes, [("utility", code)] if code else ()),
            lists.choice("state", "State", {key: word for key, (word, _, _) in words.STATES.items()}, pairs),
            lists.text("q", "Name or number", pairs),
            Filter("lags", "Network differs", FilterKind.FLAG, value="1" if wanted.lags else "", pinned=True),
            lists.choice("attached", "Attached", {"1": "yes", "0": "no"}, pairs, pinned=False),
        ),
    )
    filtered = any(key in {"state", "q", "lags", "attached"} for key, _ in pairs)
    table = _list(code, found, lists.paging(page.url, found, "subscription"), filtered=filtered)
    head = PageHead("Subscriptions", f"Those of {codes[code]}." if code else "No utility is served yet.")
    return await page.show("layout/list.html", current=_CURRENT, head=head, bar=bar, table=table)


async def _suggest(page: StaffPage, q: str) -> Response:
    """What the search box tells while somebody types: subscriptions of every utility, the first few of each."""
    groups = []
    if len(q) >= _SHORTEST:
        async with page.db.snapshot() as tx:
            for row in await utilities.listed(tx):
                consumer = await consumer_named(tx, row["code"])
                rows = await reading.subscriptions(tx, consumer, reading.ObjectFilter(q=q), after="", limit=_SUGGESTED)
                hits = tuple(_hit(node_of(one), q) for one in rows)
                if hits:
                    groups.append(HitGroup(row["name"], hits))
    return page.fragment("templates/suggestions.html", groups=groups, query=q, shortest=_SHORTEST)


def _hit(node: Node, q: str) -> Hit:
    numbers = [str(node.attributes.get(name) or "") for name in ("imsi", "card", "msisdn", "ipAddress")]
    hint = next((one for one in numbers if one.endswith(q)), "")
    return Hit(node.dn.id, words.object_href(str(node.dn)), "credit-card", hint, q)


def _wanted(pairs: lists.Pairs) -> reading.ObjectFilter:
    return reading.ObjectFilter(
        states=lists.chosen("state", pairs),
        q=lists.typed("q", pairs).replace(" ", ""),
        attached=_ATTACHED.get(lists.chosen("attached", pairs)),
        lags=True if lists.typed("lags", pairs) == "1" else None,
    )


def _utility(pairs: lists.Pairs, codes: Mapping[str, str]) -> str:
    """Whose subscriptions are listed: the utility that is asked for, or the first one."""
    asked = lists.typed("utility", pairs)
    if asked and asked not in codes:
        raise NotFound(f"No utility is called {asked}.")
    return asked or next(iter(codes), "")


def _list(code: str, found: Rows[Any], paging: Paging, *, filtered: bool) -> Table:
    columns = (
        Column("id", "Subscription", fixed=True, narrow=True),
        Column("state", "State", narrow=True),
        Column("imsi", "IMSI"),
        Column("card", "Card"),
        Column("apn", "APN"),
        Column("address", "IP address"),
        Column("network", "Network", narrow=True),
        Column("attached", "Attached"),
        Column("changed", "Last changed", hidden=True),
        Column("by", "By", hidden=True),
    )
    rows = []
    for row in found.items:
        node = node_of(row)
        cells: dict[str, object] = {
            "id": node.dn.id,
            "state": words.state_badge(node.attributes.get("state")),
            "imsi": words.shown("imsi", node.attributes.get("imsi")),
            "card": words.shown("card", node.attributes.get("card")),
            "apn": node.attributes.get("apn"),
            "address": node.attributes.get("ipAddress"),
            "network": _network(node),
            "attached": _attached(node),
            "changed": Age(node.modified_at),
            "by": words.who(node.modified_by),
        }
        rows.append(Row(node.dn.id, cells, words.object_href(str(node.dn))))
    empty = (
        words.no_match("subscription", f"/objects?utility={quoted(code)}" if code else "/objects")
        if filtered
        else Empty("No subscription yet", "Subscriptions and cards come in bulk, from the systems that order them.")
    )
    return Table("objects", f"Subscriptions of {code}", columns, rows, paging, empty=empty)


def _network(node: Node) -> Badge:
    return Badge("Differs", Tone.WARN) if lags(node) else Badge("As asked", Tone.OK)


def _attached(node: Node) -> object:
    cell = node.observed.get("servingCell") or {}
    if not node.observed.get("attached"):
        return Badge("No", Tone.OFF)
    technology = words.TECHNOLOGIES.get(str(cell.get("ratType")), "attached")
    return Observed(technology, Age(words.moment(cell.get("reportedAt")), "the network"))


@router.get("/objects/{code}/{name:path}")
async def subscription(page: CurrentPage, code: Code, name: Name) -> Response:
    """One subscription."""
    async with page.db.snapshot() as tx:
        consumer = await consumer_named(tx, code)
        node = await _node(tx, consumer, SUBSCRIPTION_CLASS, name)
        history = await reading.changes(tx, reading.LogFilter(dn=str(node.dn)), before=2**63 - 1, limit=_HISTORY)
        session = await _session(page, tx, node)
    devices = _devices(history)
    sheet = Sheet(
        rows=(
            (Block("Which one", _identity(node, code)), Block("Where it is now", _whereabouts(node))),
            (Block("What is asked of it, and what is so", _twins(node)),),
            *(((Block("Its session in the simulated network", session),),) if session else ()),
            (Block("Card over time", devices, state="Which device it is in is told to utilities, and not logged."),),
            (
                Block(
                    "What happened to it",
                    log_table(history),
                    f"/log?dn={quoted(str(node.dn))}",
                    "All of it in the change log",
                ),
            ),
        )
    )
    state = _standing(node)
    head = PageHead(
        name,
        state,
        (HOME, Crumb(code, f"/objects?utility={code}")),
        _actions(page, code, name, simulated=page.simulated),
    )
    return await page.show("templates/page.html", current=_CURRENT, head=head, **sheet.context())


def _standing(node: Node) -> str:
    """Whether the network does what is asked, and what differs."""
    operational = node.observed.get("operational") or {}
    names = [words.attribute(one) for one in DESIRED_NAMES if node.attributes.get(one) != operational.get(one)]
    if not names:
        return "The network does what is asked."
    return f"The network does not do what is asked yet: {listed(names)} {'differs' if len(names) == 1 else 'differ'}."


def _actions(page: StaffPage, code: str, name: str, *, simulated: bool) -> tuple[Action, ...]:
    if not (page.may_operate and simulated):
        return ()
    return (
        Action(
            "Change it by hand (simulation)",
            f"/simulation?utility={code}&subscription={quoted(name)}",
            "pencil",
        ),
    )


async def _node(tx: Tx, consumer: Consumer, class_name: str, name: str) -> Node:
    try:
        dn: Dn = consumer.root.child(class_name, name)
    except DnError as error:
        raise NotFound(f"{consumer.code} has nothing called {name[:80]}.") from error
    found = await load(tx, consumer.id, [dn])
    if not found:
        raise NotFound(f"{consumer.code} has nothing called {name[:80]}.")
    return found[0]


def _identity(node: Node, code: str) -> tuple[tuple[str, object], ...]:
    pairs = [(words.attribute(one), words.shown(one, node.attributes.get(one))) for one in _IDENTITY]
    card = node.attributes.get("card")
    if card:
        pairs = [
            (name, Ident(str(card), IdentKind.ICCID, f"/cards/{code}/{card}") if name == "Card" else value)
            for name, value in pairs
        ]
    return (
        ("Utility", Link(code, f"/utilities/{code}")),
        *pairs,
        ("Version", node.version),
        ("Last changed", Age(node.modified_at)),
        ("By", words.who(node.modified_by)),
        (
            "In the course of",
            Link(words.job_name(node.last_plan), f"/plans/{node.last_plan}") if node.last_plan else None,
        ),
    )


def _whereabouts(node: Node) -> tuple[tuple[str, object], ...]:
    seen = node.observed
    cell = seen.get("servingCell") or {}
    at = words.moment(cell.get("reportedAt"))
    return (
        ("Attached", _attached(node)),
        ("Last seen", Age(words.moment(seen.get("lastSeen")), "the network")),
        ("Serving cell", Observed(str(cell["cellId"]), Age(at, "the network")) if cell.get("cellId") else None),
        ("Band", cell.get("band")),
        ("Network code", cell.get("plmn")),
        ("Device last seen", words.shown("imei", seen.get("imei"))),
        ("5G LAN groups", words.shown("lanGroups", seen.get("lanGroups"))),
    )


def _twins(node: Node) -> Table:
    """Each desired value beside its operational twin."""
    operational = node.observed.get("operational") or {}
    columns = (
        Column("name", "Attribute", fixed=True, narrow=True),
        Column("desired", "Asked for", narrow=True),
        Column("operational", "In the network", narrow=True),
    )
    rows = []
    for name in DESIRED_NAMES:
        wanted, found = node.attributes.get(name), operational.get(name)
        same, told = wanted == found, words.shown(name, found)
        differs = Several((Badge("Differs", Tone.WARN), *(() if told is None else (told,))))
        cells: dict[str, object] = {
            "name": words.attribute(name),
            "desired": words.shown(name, wanted),
            "operational": told if same else differs,
        }
        rows.append(Row(name, cells, tone="" if same else "warn"))
    return Table("twins", "Asked for, and in the network", columns, rows, chooser=False)


async def _session(page: StaffPage, tx: Tx, node: Node) -> tuple[tuple[str, object], ...]:
    """What the simulated network has of its card; nothing where there is none, or the card is in no device."""
    card = node.attributes.get("card")
    if not page.simulated or not card:
        return ()
    row = await radio.one(tx, str(card))
    if row is None:
        return (("Session", Badge("Its card is in no device", Tone.OFF)),)
    attached = Badge("Attached", Tone.OK) if row["attached"] else Badge("No session", Tone.WARN)
    why: tuple[tuple[str, object], ...] = ()
    if not row["attached"]:
        (judged,) = await radio.judged(tx, [row["object_id"]])
        why = (("Why there is none", judged["why"]),)
    return (
        ("Session", attached),
        *why,
        ("Device", Ident(row["imei"], IdentKind.IMEI)),
        ("The device can do", ", ".join(words.TECHNOLOGIES.get(one, one) for one in row["rats"])),
        ("Cell", row["cell_id"]),
        ("APN", row["apn"] or None),
        ("Address", row["address"]),
        ("Fitted", row["fitted_at"]),
    )


def _devices(history: Sequence[Mapping[str, Any]]) -> Table:
    """Which card and device belonged together when, out of the change log."""
    columns = (
        Column("at", "When", fixed=True, narrow=True),
        Column("what", "What", narrow=True),
        Column("before", "Before"),
        Column("after", "After", narrow=True),
    )
    rows = [
        Row(
            f"{row['id']}-{name}",
            {
                "at": row["at"],
                "what": words.attribute(name),
                "before": words.shown(name, (row["before"] or {}).get(name)),
                "after": words.shown(name, (row["after"] or {}).get(name)),
            },
        )
        for row in history
        for name in ("imei", "card")
        if name in (row["after"] or {}) or name in (row["before"] or {})
    ]
    empty = Empty("No change of card", "Another card shows here once it carries the subscription.")
    return Table("devices", "Card and device", columns, rows, empty=empty, chooser=False)


@router.get("/cards/{code}/{name:path}")
async def card(page: CurrentPage, code: Code, name: Name) -> Response:
    """One card."""
    async with page.db.snapshot() as tx:
        consumer = await consumer_named(tx, code)
        node = await _node(tx, consumer, CARD_CLASS, name)
        history = await reading.changes(tx, reading.LogFilter(dn=str(node.dn)), before=2**63 - 1, limit=_HISTORY)
    shown = document(node)
    carries = shown.get("carries")
    pairs = tuple(
        (words.attribute(key), words.shown(key, value)) for key, value in shown.items() if not key.startswith("last")
    )
    facts = (
        ("ICCID", Ident(name, IdentKind.ICCID)),
        ("Carries", Link(str(carries), f"/objects/{code}/{quoted(str(carries))}") if carries else None),
        *(pair for pair in pairs if pair[0] != "carries"),
        ("Last changed", Age(node.modified_at)),
    )
    sheet = Sheet(rows=((Block("Which one", facts),), (Block("What happened to it", log_table(history)),)))
    head = PageHead(f"Card {name}", plural(len(history), "change"), (HOME, Crumb(code, f"/objects?utility={code}")))
    return await page.show("templates/page.html", current=_CURRENT, head=head, **sheet.context())
