"""Notices to utilities: what is announced, whom each phase hits, who answered; written, published, withdrawn."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Annotated, Any

from fastapi import Path, Query, Response

from tieline.console import lists
from tieline.console.components.formats import plural
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Paging, Row, Table
from tieline.console.components.values import Age, Badge, Count, Link, Tone
from tieline.console.components.work import Confirm
from tieline.gateway.backoffice import announcing
from tieline.gateway.console import words
from tieline.gateway.console.blocks import Block, Sheet
from tieline.gateway.console.http import CurrentPage, StaffPage, pages
from tieline.gateway.console.pages import announcements as forms
from tieline.gateway.desk import service, store
from tieline.gateway.desk.comparing import differences
from tieline.gateway.desk.model import Kind, Notice, State
from tieline.gateway.utilities import store as utilities
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem
from tieline.platform.paging import decode_key, page_of
from tieline.platform.scope import Permission
from tieline.standards.tmf.announcements import Phase

router = pages()
Ref = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
After = Annotated[str | None, Query(max_length=200)]
Number = Annotated[int | None, Query(ge=1, le=1_000_000)]
HOME = Crumb("Notices", "/notices")
_CURRENT = "notices"
_KINDS = {Kind.PHASE_OUT: Badge("Phase-out", Tone.WARN, "zap-off"), Kind.PLANNED_WORK: Badge("Planned work", Tone.BUSY)}
_STATES = {
    State.DRAFT: Badge("Draft", Tone.OFF, "pencil"),
    State.PUBLISHED: Badge("Published", Tone.OK),
    State.WITHDRAWN: Badge("Withdrawn", Tone.OFF, "ban"),
}
_ANSWERS = {"approved": Badge("Accepted", Tone.OK), "rejected": Badge("Declined", Tone.BAD)}


@router.get("/notices")
async def every(page: CurrentPage, after: After = None) -> Response:
    """What is announced, and what is being written."""
    begin = decode_key(after, str)[0] if after else ""
    async with page.db.snapshot() as tx:
        rows = await store.listed(tx, after=begin, limit=lists.ROWS + 1)
    found = page_of(rows, lists.ROWS, lambda one: (one.ref,))
    head = PageHead(
        "Notices",
        "What utilities are told beforehand: technologies that end, planned work.",
        actions=(Action("Write a notice", "/notices/new", "plus", "primary"),) if page.may_operate else (),
    )
    table = _list(found.items, lists.paging(page.url, found, "notice"), page.renderer.zone)
    return await page.show("layout/list.html", current=_CURRENT, head=head, bar=None, table=table)


def _list(rows: Sequence[Notice], paging: Paging, zone: tzinfo) -> Table:
    columns = (
        Column("title", "Notice", fixed=True, narrow=True, wrap=True),
        Column("ref", "Reference", hidden=True),
        Column("state", "State", narrow=True),
        Column("kind", "Kind"),
        Column("technology", "Technology"),
        Column("begins", "Begins"),
        Column("ends", "Over by"),
        Column("phases", "Phases", numeric=True, hidden=True),
        Column("revision", "Revision", numeric=True, hidden=True),
        Column("by", "By", hidden=True),
        Column("at", "Last published", hidden=True),
    )
    shown = []
    for one in rows:
        said = one.draft or one.content or {}
        phases = [phase.period for phase in forms.read(said)]
        state = Badge("Published, and being revised", Tone.BUSY, "pencil") if one.draft and one.revision else None
        cells: dict[str, object] = {
            "title": said.get("title"),
            "ref": one.ref,
            "state": state or _STATES[one.state],
            "kind": _KINDS[one.kind],
            "technology": said.get("technology"),
            "begins": words.day(min(phase.start_date_time for phase in phases), zone) if phases else None,
            "ends": words.day(max(phase.end_date_time for phase in phases), zone) if phases else None,
            "phases": len(phases),
            "revision": one.revision or None,
            "by": words.who(one.updated_by),
            "at": Age(one.updated_at) if one.revision else None,
        }
        shown.append(Row(one.ref, cells, f"/notices/{one.ref}", muted=one.state is State.WITHDRAWN))
    empty = Empty("No notice yet", "Write the first one: utilities see it once it is published.", icon="calendar-clock")
    return Table("notices", "Notices", columns, shown, paging, empty=empty)


@router.get("/notices/new")
async def new(page: CurrentPage) -> Response:
    """The form of a new notice."""
    page.scope.require(Permission.STAFF_OPERATE)
    return await _form(page, forms.usual(page.now), (), known=None)


@router.post("/notices")
async def write(page: CurrentPage) -> Response:
    """Keep what was written; nobody outside sees it."""
    return await _write(page, None)


@router.get("/notices/{ref}/edit")
async def edit(page: CurrentPage, ref: Ref) -> Response:
    """The form of a notice's next revision."""
    page.scope.require(Permission.STAFF_OPERATE)
    async with page.db.snapshot() as tx:
        found = await service.one(tx, ref)
    return await _form(page, forms.answers_of(found, page.renderer.zone), (), known=found)


@router.post("/notices/{ref}/edit")
async def revise(page: CurrentPage, ref: Ref) -> Response:
    """Keep what the next revision is to be."""
    async with page.db.snapshot() as tx:
        found = await service.one(tx, ref)
    return await _write(page, found)


async def _write(page: StaffPage, known: Notice | None) -> Response:
    page.scope.require(Permission.STAFF_OPERATE)
    typed = await page.form(fields=1000)
    if typed.get("more"):
        return await _form(page, typed, (), known=known, more=True)
    try:
        ref, body = forms.notice_of(typed, page.renderer.zone, page.account, known=known)
        async with page.db.transaction() as tx:
            if known is None:
                await _check_free(tx, ref)
            await announcing.write(tx, page.scope, ref, body, page.now)
    except Invalid as error:
        return await _form(page, typed, error.problems, known=known)
    except Conflict as error:
        return await _form(page, typed, (Problem("title", "fixed", error.detail),), known=known)
    return page.redirect(f"/notices/{ref}")


async def _check_free(tx: Tx, ref: str) -> None:
    if await store.one(tx, ref) is not None:
        raise Invalid("Taken.", [Problem("ref", "taken", "There is a notice of this reference already.")])


async def _form(
    page: StaffPage, typed: Any, problems: Sequence[Problem], *, known: Notice | None, more: bool = False
) -> Response:
    async with page.db.snapshot() as tx:
        codes = {row["code"]: row["name"] for row in await utilities.listed(tx)}
    form = forms.form(typed, codes, page.csrf_token, problems, known=known)
    rows = forms.phase_rows(typed, problems, more=more)
    published = known is not None and known.revision > 0
    title = "Write a notice" if known is None else f"Next revision of {known.ref}" if published else f"Edit {known.ref}"
    crumbs = (HOME,) if known is None else (HOME, Crumb(known.ref, f"/notices/{known.ref}"))
    head = PageHead(title, "Nobody outside sees it until it is published.", crumbs)
    return await page.show(
        "templates/notice-form.html",
        current=_CURRENT,
        head=head,
        status=422 if problems else 200,
        form=form,
        phases=rows,
        areas=forms.AREAS,
        zone=page.renderer.zone_name(),
    )


@router.get("/notices/{ref}")
async def one(page: CurrentPage, ref: Ref, earlier: Number = None, later: Number = None) -> Response:
    """One notice: what it says, whom it hits, what was answered, how its revisions differ."""
    async with page.db.snapshot() as tx:
        found = await service.one(tx, ref)
        answers = await store.answers(tx, found.id)
        revisions = await store.revisions(tx, found.id)
        codes = [row["code"] for row in await utilities.listed(tx)]
        said = found.draft or found.content or {}
        hits = await announcing.hits(tx, page.parts.radio, said)
    audience = codes if found.audience is None else list(found.audience)
    rows: list[tuple[Block, ...]] = [
        (Block(_hit_title(found), _phases(said, hits, audience, page.renderer.zone)),),
        (
            Block("What it says", _facts(found, said)),
            Block("What utilities answered", _answers(found, answers, audience)),
        ),
    ]
    compared = _compared(found, revisions, earlier, later)
    if compared:
        rows.append((Block(compared[0], compared[1]),))
    if revisions:
        rows.append((Block("Revisions", _revisions(found, revisions)),))
    sheet = Sheet(rows=tuple(rows), dialogs=_dialogs(page, found, said, audience))
    head = PageHead(str(said.get("title") or ref), _state(found), (HOME,), _actions(page, found))
    return await page.show("templates/page.html", current=_CURRENT, head=head, **sheet.context())


def _hit_title(found: Notice) -> str:
    return "Phases, and whom each hits" + (" (as drafted)" if found.draft and found.revision else "")


def _state(found: Notice) -> str:
    if found.state is State.WITHDRAWN:
        return f"Withdrawn: {found.reason}" if found.reason else "Withdrawn."
    if found.state is State.DRAFT:
        return "A draft: nobody outside sees it."
    return f"Revision {found.revision} is published" + (", and the next one is being written." if found.draft else ".")


def _actions(page: StaffPage, found: Notice) -> tuple[Action, ...]:
    if not page.may_operate or found.state is State.WITHDRAWN:
        return ()
    actions = [Action("Revise" if found.revision else "Edit", f"/notices/{found.ref}/edit", "pencil")]
    if found.draft is not None:
        actions.append(Action("Drop the draft", icon="trash-2", dialog="discard"))
        actions.append(Action("Publish", icon="bell-ring", kind="primary", dialog="publish"))
    if found.revision:
        actions.append(Action("Withdraw", icon="ban", kind="danger", dialog="withdraw"))
    return tuple(actions)


def _dialogs(page: StaffPage, found: Notice, said: Mapping[str, Any], audience: Sequence[str]) -> tuple[Confirm, ...]:
    place, csrf = f"/notices/{found.ref}", page.csrf_token
    told = (("Told to", ", ".join(audience) or "nobody yet"), ("Phases", len(said.get("phases", ()))))
    answer = " They are asked to accept it." if found.approval else ""
    wanted = {action.dialog for action in _actions(page, found)}
    every = (
        Confirm(
            "publish",
            f"Publish revision {found.revision + 1}",
            f"{plural(len(audience), 'utility', 'utilities')} will be told within seconds.{answer}",
            f"{place}/publish",
            "Publish",
            csrf,
            facts=told,
            undo="Publish another revision, or withdraw the notice; what was read cannot be taken back.",
            reason_label="What is new, for utilities to read" if found.revision else "Why, for utilities to read",
        ),
        Confirm(
            "withdraw",
            "Withdraw the notice",
            "Utilities are told that it no longer holds. It cannot be published again.",
            f"{place}/withdraw",
            "Withdraw",
            csrf,
            undo="Write another notice.",
            danger=True,
            reason_label="Why, for utilities to read",
        ),
        Confirm(
            "discard",
            "Drop the draft",
            "What was written since the last revision is lost." if found.revision else "The notice goes as a whole.",
            f"{place}/discard",
            "Drop it",
            csrf,
            danger=True,
        ),
    )
    return tuple(one for one in every if one.id in wanted)


def _phases(
    said: Mapping[str, Any], hits: Sequence[Mapping[str, int] | None], audience: Sequence[str], zone: tzinfo
) -> Table:
    columns = (
        Column("name", "Phase", fixed=True, narrow=True, wrap=True),
        Column("starts", "Begins", narrow=True),
        Column("ends", "Over by", narrow=True),
        Column("area", "Where", wrap=True),
        Column("hits", "Served there now", unit="subscriptions", numeric=True),
        Column("whose", "Of", wrap=len(audience) > 1),
    )
    rows = []
    for phase, hit in zip(forms.read(said), hits, strict=True):
        mine = None if hit is None else {code: count for code, count in hit.items() if code in audience}
        rows.append(Row(phase.id, _phase(phase, mine, zone)))
    empty = Empty("No phase yet", "A notice has one phase at least.")
    return Table("phases", "Phases", columns, rows, empty=empty, chooser=False)


def _phase(phase: Phase, hit: Mapping[str, int] | None, zone: tzinfo) -> dict[str, object]:
    whose = ", ".join(f"{code} {count:,}" for code, count in sorted((hit or {}).items()))
    return {
        "name": phase.name,
        "starts": words.day(phase.period.start_date_time, zone),
        "ends": words.day(phase.period.end_date_time, zone),
        "area": forms.area_words(phase.area),
        "hits": None if hit is None else Count(sum(hit.values())),
        "whose": "the network cannot tell for this area" if hit is None else whose or None,
    }


def _facts(found: Notice, said: Mapping[str, Any]) -> tuple[tuple[str, object], ...]:
    return (
        ("Reference", found.ref),
        ("State", _STATES[found.state]),
        ("Kind", _KINDS[found.kind]),
        ("Technology", said.get("technology") or "all"),
        ("Words", said.get("description") or None),
        ("Priority", said.get("priority")),
        ("For", ", ".join(found.audience) if found.audience is not None else "every utility"),
        ("Asks for an answer", found.approval),
        ("First published", found.published_at),
        ("Last published", Age(found.updated_at) if found.revision else None),
        ("By", words.who(found.updated_by)),
        ("Reason", found.reason or None),
    )


def _answers(found: Notice, answers: Sequence[Mapping[str, Any]], audience: Sequence[str]) -> Table:
    columns = (
        Column("utility", "Utility", fixed=True, narrow=True),
        Column("answer", "Answer", narrow=True),
        Column("reason", "Words", wrap=True, narrow=True),
        Column("at", "When"),
    )
    known = {row["utility"]: row for row in answers}
    rows = []
    for code in audience if found.revision else ():
        row = known.get(code)
        stands = row is not None and row["revision"] == found.revision
        waiting = Badge("Asked", Tone.HELD, "hourglass") if found.approval else Badge("Not asked", Tone.OFF)
        cells: dict[str, object] = {
            "utility": Link(code, f"/utilities/{code}"),
            "answer": _ANSWERS[row["status"]] if row is not None and stands else waiting,
            "reason": _words(row, stands=stands) if row else None,
            "at": Age(row["at"]) if row else None,
        }
        rows.append(Row(code, cells))
    empty = Empty("No answer yet", "Utilities answer once the notice is published and asks for it.", icon="inbox")
    return Table("answers", "Answers", columns, rows, empty=empty, chooser=False)


def _words(row: Mapping[str, Any], *, stands: bool) -> str | None:
    """What was said with an answer; to which revision, where that is not the present one."""
    earlier = "" if stands else f"To revision {row['revision']}: {_ANSWERS[row['status']].word.lower()}."
    return f"{earlier} {row['reason'] or ''}".strip() or None


def _revisions(found: Notice, revisions: Sequence[Mapping[str, Any]]) -> Table:
    columns = (
        Column("revision", "Revision", fixed=True, narrow=True),
        Column("at", "Published", narrow=True),
        Column("by", "By"),
        Column("reason", "Reason", wrap=True),
        Column("compare", "Compare", narrow=True),
    )
    rows = [
        Row(
            str(row["revision"]),
            {
                "revision": f"Revision {row['revision']}",
                "at": Age(row["at"]),
                "by": words.who(row["by"]),
                "reason": row["reason"] or None,
                "compare": "the newest"
                if row["revision"] == found.revision
                else Link(
                    f"with {found.revision}",
                    f"/notices/{found.ref}?earlier={row['revision']}&later={found.revision}",
                ),
            },
        )
        for row in revisions
    ]
    return Table("revisions", "Revisions", columns, rows, chooser=False)


def _compared(
    found: Notice, revisions: Sequence[Mapping[str, Any]], earlier: int | None, later: int | None
) -> tuple[str, str] | None:
    """How two revisions differ: those asked for; else the draft and what is published; else the newest two."""
    known = {row["revision"]: row["content"] for row in revisions}
    if earlier is not None and later is not None:
        if earlier not in known or later not in known:
            raise NotFound("One of these revisions was never published.")
        title, pair = f"Revision {later} against revision {earlier}", (known[earlier], known[later])
    elif found.draft is not None and found.content is not None:
        title, pair = "What the draft changes", (found.content, found.draft)
    elif len(known) > 1:
        before, newest = sorted(known)[-2:]
        title, pair = f"Revision {newest} against revision {before}", (known[before], known[newest])
    else:
        return None
    return title, "\n".join(differences(*pair)) or "They say the same."


@router.post("/notices/{ref}/publish")
async def publish(page: CurrentPage, ref: Ref) -> Response:
    """Make what is written the next revision, and tell utilities."""
    reason = _reason(await page.form())
    async with page.db.transaction() as tx:
        await announcing.publish(tx, page.scope, page.parts, ref, reason)
    page.parts.signals.hub.set()
    return page.redirect(f"/notices/{ref}")


@router.post("/notices/{ref}/withdraw")
async def withdraw(page: CurrentPage, ref: Ref) -> Response:
    """Take a notice back, and tell utilities."""
    reason = _reason(await page.form())
    async with page.db.transaction() as tx:
        await announcing.withdraw(tx, page.scope, page.parts, ref, reason)
    page.parts.signals.hub.set()
    return page.redirect(f"/notices/{ref}")


@router.post("/notices/{ref}/discard")
async def discard(page: CurrentPage, ref: Ref) -> Response:
    """Drop what was written and not published."""
    async with page.db.transaction() as tx:
        await announcing.discard(tx, page.scope, ref)
        left = await store.one(tx, ref)
    return page.redirect(f"/notices/{ref}" if left else "/notices")


def _reason(typed: Mapping[str, Any]) -> str:
    return str(typed.get("reason", ""))[:400].replace("\0", "").strip()
