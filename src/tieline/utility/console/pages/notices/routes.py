"""Routes of notices: the list, one of them, the sites behind its numbers, an answer."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated

from fastapi import Query, Response
from fastapi.responses import StreamingResponse

from tieline.console.components.formats import number, plural
from tieline.console.components.frame import Crumb, PageHead
from tieline.console.components.tables import Filter, FilterBar, FilterKind, Option, Paging
from tieline.console.render import with_query
from tieline.platform.db import Tx
from tieline.platform.errors import NotFound
from tieline.utility import inventory, notices, programmes
from tieline.utility.console.filters import pairs_of
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.notices import listing, views
from tieline.utility.console.pages.parts import lists
from tieline.utility.notices import Answer, Kind, Notice, Part, PhaseCount, Revision

router = pages()
FRESH = timedelta(seconds=30)
_TEMPLATES = "pages/notices/templates"
_ROWS, _CSV = 100, 5000
_CURRENT = "notices"
_Number = Annotated[int | None, Query(ge=1, le=1_000_000)]


@router.get("/notices")
async def every(page: CurrentPage) -> Response:
    """The list, the latest to come in first."""
    wanted = listing.wanted(page.request.url.query)
    async with page.db.snapshot() as tx:
        clock = page.runtime.clock
        found = await notices.notice_page(tx, page.scope, clock, wanted, cursor=lists.cursor_of(page.url), limit=_ROWS)
        desks = await notices.desk_states(tx, page.scope)
        operators = {one.code: one.name for one in await inventory.operators(tx, page.scope)}
    filtered = any(key in listing.KEYS for key, _ in pairs_of(page.request.url.query))
    paging = lists.paging(page.url, found, "notice")
    table = listing.table(found.items, paging, page.now, filtered=filtered)
    return await page.show(
        "pages/parts/list.html",
        current=_CURRENT,
        head=listing.head(desks),
        bar=listing.filters(page.url, operators),
        table=table,
    )


@router.get("/notices/{notice_id}")
async def one(page: CurrentPage, notice_id: int, earlier: _Number = None, later: _Number = None) -> Response:
    """A notice: what it means, its phases, and how its revisions differ."""
    async with page.db.snapshot() as tx:
        notice = await notices.one(tx, page.scope, notice_id)
        revisions = await notices.revisions(tx, page.scope, notice_id)
        together = await _together(page, tx, notice)
        going = await programmes.of_notice(tx, page.scope, notice_id)
    counts = await _counts(page, notice)
    compared = _compared(revisions, earlier, later)
    return await page.show(
        f"{_TEMPLATES}/page.html",
        current=_CURRENT,
        head=views.head(notice, counts, page.scope, page.now, together, begun=bool(going)),
        notice=notice,
        programmes=going,
        figures=views.figures(notice, counts) if notice.phases and not notice.over else (),
        timeline=views.timeline(notice, page.now),
        phases=views.phases(notice, counts),
        facts=views.facts(notice, page.now),
        answered=views.answered(notice),
        revisions=views.revisions(notice, revisions),
        compared=compared,
        differences=notices.compare(compared[0].content, compared[1].content) if compared else (),
        dialogs=views.questions(notice, page.csrf_token),
    )


async def _counts(page: Page, notice: Notice) -> list[PhaseCount]:
    """What each phase strikes; counted anew after half a minute."""

    async def count(tx: Tx) -> list[PhaseCount]:
        return await notices.phase_counts(tx, page.scope, notice)

    name = f"notice {notice.id}, revision {notice.revision} as of {notice.updated_at.isoformat()}"
    return (await page.always(name, count, fresh=FRESH)).value


async def _together(page: Page, tx: Tx, notice: Notice) -> list[int]:
    """This notice, and the other operators' of the same technology: one visit serves them all."""
    if notice.kind is not Kind.PHASE_OUT or notice.technology is None:
        return [notice.id]
    wanted = notices.Filter(kinds=(Kind.PHASE_OUT.value,), technologies=(notice.technology,), is_open=True)
    found = await notices.notice_page(tx, page.scope, page.runtime.clock, wanted, limit=20)
    others = {one.operator: one.id for one in found.items if one.operator != notice.operator}
    return [notice.id, *sorted(others.values())]


def _compared(found: list[Revision], earlier: int | None, later: int | None) -> tuple[Revision, Revision] | None:
    """The two revisions that are asked for, or the newest and the one before it; None where there is but one."""
    by_number = {one.revision: one for one in reversed(found)}
    if earlier is not None and later is not None:
        missing = [one for one in (earlier, later) if one not in by_number]
        if missing:
            raise NotFound(f"Revision {missing[0]} of this notice was never received.")
        return by_number[earlier], by_number[later]
    numbers = sorted(by_number)
    return (by_number[numbers[-2]], by_number[numbers[-1]]) if len(numbers) > 1 else None


@router.get("/notices/{notice_id}/sites")
async def sites(page: CurrentPage, notice_id: int) -> Response:
    """The sites behind a notice's numbers."""
    query = dict(pairs_of(page.request.url.query))
    part = _part(query)
    after = _whole(lists.cursor_of(page.url))
    async with page.db.snapshot() as tx:
        notice = await notices.one(tx, page.scope, notice_id)
        rows = await notices.affected(tx, page.scope, [notice_id], part=part, after=after, limit=_ROWS + 1)
    more = len(rows) > _ROWS
    shown = rows[:_ROWS]
    total = _total(await _counts(page, notice), part)
    paging = Paging(
        newer=with_query(page.url, after=None) if after else "",
        older=with_query(page.url, after=str(shown[-1].site_id)) if more else "",
        shown=_shown(len(shown), total, whole=not (more or after)),
        newer_label="First page",
        older_label="Next",
    )
    csv_href = f"/notices/{notice_id}/sites.csv?{page.request.url.query}" if shown else ""
    head = PageHead(
        "Sites that the notice strikes",
        "Each stands under the first phase that it lies in: by the end of that one it has to be ready.",
        (views.HOME, Crumb(notice.title, f"/notices/{notice_id}")),
    )
    return await page.show(
        "pages/parts/list.html",
        current=_CURRENT,
        head=head,
        bar=_bar(page.url, notice, part),
        table=views.sites(notice, shown, paging, csv_href),
    )


def _shown(count: int, total: int | None, *, whole: bool) -> str:
    if not count:
        return ""
    if whole:
        return plural(count, "site")
    return f"{number(count)} of {plural(total, 'site')}" if total else f"{plural(count, 'site')} of many"


def _total(counts: list[PhaseCount], part: Part) -> int | None:
    """How many sites there are in a part; None where that is not counted."""
    if part.alone and part.critical:
        return None
    chosen = [one for one in counts if part.phase_id in {None, one.phase.id}]
    return sum(one.alone if part.alone else one.critical if part.critical else one.sites for one in chosen)


def _bar(url: str, notice: Notice, part: Part) -> FilterBar:
    options = tuple(Option(one.id, one.title, chosen=one.id == part.phase_id) for one in notice.by_end())
    return FilterBar(
        url,
        (
            Filter("phase", "Phase", FilterKind.CHOICE, options, pinned=True),
            Filter("alone", "Have nothing else", FilterKind.FLAG, value="1" if part.alone else "", pinned=True),
            Filter("critical", "High importance", FilterKind.FLAG, value="1" if part.critical else "", pinned=True),
        ),
    )


def _part(query: dict[str, str]) -> Part:
    return Part(query.get("phase") or None, query.get("alone") == "1", query.get("critical") == "1")


def _whole(text: str | None) -> int:
    """A site's number out of the URL; 0 for what is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0  # noqa: PLR2004 - a bigint


@router.get("/notices/{notice_id}/sites.csv")
async def sites_csv(page: CurrentPage, notice_id: int) -> Response:
    """The whole list as a file."""
    part = _part(dict(pairs_of(page.request.url.query)))
    async with page.db.snapshot() as tx:
        await notices.one(tx, page.scope, notice_id)

    async def lines() -> AsyncIterator[str]:
        yield _line("site", "name", "region", "postcode", "importance", "phase", "ready_by", "links", "nothing_else")
        after = 0
        while True:
            async with page.db.snapshot() as tx:
                rows = await notices.affected(tx, page.scope, [notice_id], part=part, after=after, limit=_CSV)
            if not rows:
                return
            after = rows[-1].site_id
            for one in rows:
                yield _line(
                    one.external_id,
                    one.name,
                    one.region,
                    one.postcode,
                    one.criticality,
                    one.phase_title,
                    one.due_at.date().isoformat(),
                    str(one.links),
                    "yes" if one.alone else "no",
                )

    headers = {
        "Content-Disposition": f'attachment; filename="notice-{notice_id}-sites.csv"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


def _line(*cells: str | None) -> str:
    """A line of the file; what a spreadsheet would take for a formula is text."""
    safe = [f"'{cell}" if cell and cell[0] in "=+-@\t\r" else cell for cell in cells]
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(safe)
    return line.getvalue()


@router.post("/notices/{notice_id}/accept")
async def accept(page: CurrentPage, notice_id: int) -> Response:
    """Say yes to the revision that was read."""
    return await _answer(page, notice_id, Answer.APPROVED)


@router.post("/notices/{notice_id}/decline")
async def decline(page: CurrentPage, notice_id: int) -> Response:
    """Say no to the revision that was read, and why."""
    return await _answer(page, notice_id, Answer.REJECTED)


async def _answer(page: Page, notice_id: int, given: Answer) -> Response:
    typed = await page.form()
    revision = _whole(str(typed.get("revision", ""))) or None
    words = str(typed.get("reason", ""))
    async with page.db.transaction() as tx:
        which = await notices.answer(
            tx, page.scope, page.runtime.clock, notice_id, given, words=words, revision=revision
        )
        notice = await notices.one(tx, page.scope, notice_id)
        await notices.defer_answer(tx, notice.operator, notice_id, which)
    return page.redirect(f"/notices/{notice_id}")
