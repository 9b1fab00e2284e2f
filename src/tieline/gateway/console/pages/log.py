"""The change log: every change of every object, before and after, by whom, in the course of what; also as a file."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Annotated, Any

import msgspec
from fastapi import Path, Query, Response
from fastapi.responses import StreamingResponse

from tieline.console import lists
from tieline.console.components.frame import Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Filter, FilterBar, FilterKind, Paging, Row, Table
from tieline.console.components.values import Badge, Link, Several, Tone
from tieline.console.components.work import Delta, PlanDiff, Planned
from tieline.gateway.backoffice.store import reading
from tieline.gateway.console import words
from tieline.gateway.console.blocks import Block, Sheet
from tieline.gateway.console.http import CurrentPage, pages
from tieline.gateway.plans.model import ACTIVATION, number_in, public_id
from tieline.gateway.utilities import store as utilities
from tieline.platform.errors import NotFound
from tieline.platform.paging import decode_key, page_of

router = pages()
After = Annotated[str | None, Query(max_length=200)]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
HOME = Crumb("Change log", "/log")
_CURRENT = "log"
_NEWEST = 2**63 - 1
_CSV = 5000
_SHOWN = 3
_LONGEST = 60
_TONES = {"utility": Tone.BUSY, "staff": Tone.HELD, "network": Tone.OFF}
_ICONS = {"utility": "building-2", "staff": "user", "network": "radio-tower"}


@router.get("/log")
async def every(page: CurrentPage, after: After = None) -> Response:
    """The log, the latest first."""
    pairs = lists.pairs_of(page.request.url.query)
    wanted = _wanted(pairs, page.renderer.zone)
    before = decode_key(after, int)[0] if after else _NEWEST
    async with page.db.snapshot() as tx:
        rows = await reading.changes(tx, wanted, before=before, limit=lists.ROWS + 1)
        codes = {row["code"]: row["name"] for row in await utilities.listed(tx)}
    found = page_of(rows, lists.ROWS, lambda row: (row["id"],))
    low, high = lists.typed("at_from", pairs), lists.typed("at_to", pairs)
    bar = FilterBar(
        page.url,
        (
            lists.choice("utility", "Utility", codes, pairs),
            lists.choice("party", "Whose hand", words.PARTIES, pairs),
            lists.choice("operation", "What", words.OPERATIONS, pairs),
            lists.text("by", "By whom", pairs),
            lists.text("client", "API client", pairs, pinned=False),
            Filter("at", "When", FilterKind.DATES, low=low, high=high, pinned=True),
            lists.text("job", "Plan", pairs, pinned=False),
            lists.text("dn", "Object", pairs, pinned=False),
        ),
    )
    query = page.request.url.query
    filtered = any(key != "after" for key, _ in pairs)
    table = log_table(
        found.items,
        lists.paging(page.url, found, "change"),
        csv_href=f"/log.csv?{query}" if query else "/log.csv",
        filtered=filtered,
        with_object=True,
    )
    head = PageHead("Change log", "Every change of what utilities have, whoever made it. Nothing here is ever altered.")
    return await page.show("layout/list.html", current=_CURRENT, head=head, bar=bar, table=table)


def _wanted(pairs: lists.Pairs, zone: tzinfo) -> reading.LogFilter:
    job = lists.typed("job", pairs).strip()
    number = number_in(ACTIVATION, job) if job else None
    if job and number is None:
        raise NotFound(f"There is no activation job {job}.")
    since, until = lists.days(lists.typed("at_from", pairs), lists.typed("at_to", pairs), zone)
    return reading.LogFilter(
        utilities=lists.chosen("utility", pairs),
        parties=lists.chosen("party", pairs),
        operations=lists.chosen("operation", pairs),
        sources=words.sources(by) if (by := lists.typed("by", pairs).strip()) else (),
        client=lists.typed("client", pairs).strip(),
        dn=lists.typed("dn", pairs).strip(),
        job=number,
        since=since,
        until=until,
    )


def log_table(
    rows: Sequence[Mapping[str, Any]],
    paging: Paging | None = None,
    *,
    csv_href: str = "",
    filtered: bool = False,
    with_object: bool = False,
) -> Table:
    """Rows of the log as a list; each opens beside it."""
    columns = (
        Column("what", "What", fixed=True, wrap=True, narrow=True),
        *((Column("object", "Object", narrow=True),) if with_object else ()),
        Column("party", "Whose hand"),
        Column("by", "By"),
        Column("at", "When", narrow=True),
        Column("job", "Plan"),
        Column("reason", "Reason"),
    )
    shown = [Row(str(row["id"]), _row(row), f"/log/{row['id']}", sheet=True) for row in rows]
    empty = (
        words.no_match("change", "/log")
        if filtered
        else Empty("Nothing was changed yet", "Each change of an object stands here from now on.", icon="history")
    )
    return Table("log", "Change log", columns, shown, paging, csv_href=csv_href, empty=empty)


def _row(row: Mapping[str, Any]) -> dict[str, object]:
    job = row["job_id"]
    return {
        "at": row["at"],
        "object": words.object_link(row["dn"]),
        "party": Badge(words.PARTIES[row["party"]], _TONES[row["party"]], _ICONS[row["party"]]),
        "by": _by(row),
        "what": _what(row),
        "job": _plan(job, row["job_name"]) if job else None,
        "reason": row["reason"],
    }


def _plan(job: int, name: str | None) -> Link:
    known = public_id(ACTIVATION, job)
    return Link(name or words.job_name(known), f"/plans/{known}")


def _by(row: Mapping[str, Any]) -> object:
    """Who: of a utility also which of its programs, where it came in as one."""
    client = _client(row)
    source = words.who(row["source"])
    return source if client is None else Several((source, client))


def _client(row: Mapping[str, Any]) -> Link | None:
    name = row["client"]
    return None if name is None else Link(row["client_name"] or name, f"/clients/{name}")


def _what(row: Mapping[str, Any]) -> str:
    """A row in a few words: "APN old.example to new.example"."""
    if row["operation"] != "changed":
        return f"{_kind(row['dn'])} {words.OPERATIONS[row['operation']]}"
    facts = words.became(row["before"] or {}, row["after"] or {})
    said = [f"{one.word} {_short(one.name, one.before)} to {_short(one.name, one.after)}" for one in facts[:_SHOWN]]
    more = f", and {len(facts) - _SHOWN} more" if len(facts) > _SHOWN else ""
    return ", ".join(said) + more or "Nothing differs"


def _kind(dn: str) -> str:
    """What kind of object a name is of."""
    class_name = dn.rpartition(",")[2].partition("=")[0]
    return words.KINDS.get(class_name, class_name)


def _short(name: str, value: Any) -> str:
    text = words.brief(name, value) or "nothing"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


@router.get("/log/{number}")
async def one(page: CurrentPage, number: Number) -> Response:
    """One row, before and after."""
    async with page.db.snapshot() as tx:
        rows = await reading.changes(tx, reading.LogFilter(), before=min(number + 1, _NEWEST), limit=1)
    row = next(iter(rows), None)
    if row is None or row["id"] != number:
        raise NotFound(f"The change log has no row {number}.")
    cells = _row(row)
    facts = (
        ("When", row["at"]),
        ("Object", cells["object"]),
        ("Utility", Link(row["utility"], f"/utilities/{row['utility']}")),
        ("Whose hand", cells["party"]),
        ("By", words.who(row["source"])),
        ("API client", _client(row)),
        ("What", words.OPERATIONS[row["operation"]]),
        ("Version", row["version"]),
        ("Plan", cells["job"]),
        ("Change within the plan", row["change"]),
        ("Reason", row["reason"]),
        ("The utility knows it as", row["dn"].replace(",", ", ")),
    )
    known = tuple(pair for pair in facts if pair[1] is not None)
    diff = Block("Before and after", difference(row))
    title = row["dn"].rpartition("=")[2]
    if page.is_sheet:
        return page.sheet("templates/sheet.html", title=title, state=_what(row), facts=known, blocks=(diff,))
    sheet = Sheet(rows=((Block("The change", known), diff),))
    head = PageHead(title, _what(row), (HOME,))
    return await page.show("templates/page.html", current=_CURRENT, head=head, **sheet.context())


def difference(row: Mapping[str, Any]) -> PlanDiff:
    """Before and after of one row."""
    facts = words.became(row["before"] or {}, row["after"] or {})
    deltas = tuple(
        Delta(one.word, words.shown(one.name, one.before), words.shown(one.name, one.after)) for one in facts
    )
    return PlanDiff("Before and after", (Planned(row["dn"].rpartition("=")[2], deltas),), "object")


@router.get("/log.csv")
async def file(page: CurrentPage) -> Response:
    """The whole list as a file, the latest first."""
    wanted = _wanted(lists.pairs_of(page.request.url.query), page.renderer.zone)

    async def lines() -> AsyncIterator[str]:
        yield lists.csv_line(*_COLUMNS)
        before = _NEWEST
        while True:
            async with page.db.snapshot() as tx:
                rows = await reading.changes(tx, wanted, before=before, limit=_CSV)
            if not rows:
                return
            before = rows[-1]["id"]
            yield "".join(lists.csv_line(*_cells(row)) for row in rows)

    headers = {"Content-Disposition": 'attachment; filename="change-log.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


_COLUMNS = (
    "id",
    "at",
    "utility",
    "party",
    "by",
    "operation",
    "object",
    "version",
    "plan",
    "client",
    "reason",
    "before",
    "after",
)


def _cells(row: Mapping[str, Any]) -> tuple[object, ...]:
    job = row["job_id"]
    return (
        row["id"],
        row["at"].astimezone(UTC).isoformat(),
        row["utility"],
        row["party"],
        row["source"],
        row["operation"],
        row["dn"],
        row["version"],
        public_id(ACTIVATION, job) if job else None,
        row["client"],
        row["reason"],
        _json(row["before"]),
        _json(row["after"]),
    )


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
