"""Routes of a new change: which subscriptions, which kind, how; and of taking one back."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import msgspec
from fastapi import Response
from starlette.datastructures import ImmutableMultiDict

from tieline.console.components.frame import Crumb, PageHead
from tieline.console.components.tables import Option
from tieline.console.components.work import Problem as Worded
from tieline.platform.errors import Invalid, Problem
from tieline.platform.scope import Permission
from tieline.utility import inventory
from tieline.utility.console import filters
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.changes import selection, source
from tieline.utility.console.pages.changes.views import draft, receipt
from tieline.utility.console.pages.changes.views.tally import Tally
from tieline.utility.console.pages.parts.facets import facets

_TEMPLATES = "pages/changes/templates"
_HOME = Crumb("Changes", "/changes")
_FILTERS = (
    "operator", "technology", "hanging_on", "state", "region", "band", "role", "criticality", "kind", "generation",
    "apn", "lan_group", "device_can", "stale", "drift", "linked", "shared_mast", "q",
)  # fmt: skip
_PINNED = ("operator", "technology", "hanging_on", "region", "linked")
_LONGEST_QUERY = 20_000

router = pages()


@router.get("/changes/new")
async def new(page: CurrentPage) -> Response:
    """The form of a new change for what the URL selects."""
    page.scope.require(Permission.CHANGE_PLAN)
    typed = page.request.query_params
    return await _form(page, selection.of_query(page.request.url.query), typed, ())


@router.post("/changes/new")
async def chosen(page: CurrentPage) -> Response:
    """What was ticked in a list becomes the selection of a new change."""
    page.scope.require(Permission.CHANGE_PLAN)
    typed = await page.form(fields=selection.MOST_SINGLE + 10)
    picked = selection.of_list(
        [str(one) for one in typed.getlist("id")],
        str(typed.get("query", "")),
        everything=typed.get("all_matching") == "1",
        sites=str(typed.get("of", "")) == "site" or _came_from(page) == "/sites",
    )
    return page.redirect(f"/changes/new?{picked.url_query}")


def _came_from(page: Page) -> str:
    return urlsplit(page.request.headers.get("referer", "")).path


@router.get("/changes/new/selection")
async def counted(page: CurrentPage) -> Response:
    """How much is selected, for a script."""
    picked = selection.of_query(page.request.url.query)
    async with page.db.snapshot() as tx:
        found = await selection.count(tx, page, picked)
    return page.fragment(f"{_TEMPLATES}/selection.html", selected=found)


@router.get("/changes/new/questions")
async def questions(page: CurrentPage) -> Response:
    """The questions of a kind, for a script; what was typed into those that stay is kept."""
    typed = page.request.query_params
    return page.fragment(f"{_TEMPLATES}/questions.html", sections=await _sections(page, typed, ()))


@router.post("/changes")
async def create(page: CurrentPage) -> Response:
    """Make the change, and have it planned."""
    page.scope.require(Permission.CHANGE_PLAN)
    typed = await page.form(fields=400)
    picked = selection.of_query(str(typed.get("query", ""))[:_LONGEST_QUERY])
    try:
        made = _draft(draft.read(typed, page.renderer.zone), picked)
        async with page.db.transaction() as tx:
            change = await source.create(tx, page.scope, made)
            version = await source.request_plan(tx, page.scope, page.runtime.clock, change.id)
            await source.defer_plan(tx, change.id, version)
    except Invalid as error:
        return await _form(page, picked, typed, error.problems, error.detail)
    return page.redirect(f"/changes/{change.id}")


@router.get("/changes/{change_id}/undo")
async def undo_page(page: CurrentPage, change_id: int) -> Response:
    """Which part of a change is to be taken back."""
    page.scope.require(Permission.CHANGE_PLAN)
    async with page.db.snapshot() as tx:
        found = await source.detail(tx, page.scope, change_id)
        tally = Tally.of(await source.progress(tx, page.scope, page.runtime.clock, change_id))
    operators = {code: tally.states(operator=code)["verified"] for code in tally.by_operator}
    head = PageHead(
        f"Undo: {found.change.title}",
        "Wholly, or by region, operator and wave.",
        (_HOME, Crumb(found.change.title, f"/changes/{change_id}")),
    )
    return await page.show(
        f"{_TEMPLATES}/undo.html",
        current="changes",
        head=head,
        form=receipt.undo_form(found.change, operators, page.csrf_token),
        sentences=(
            "A new change is made from the values that stood before. Its plan says for each what would be set back.",
            "Where somebody changed a value since, the plan shows a conflict with both values; that one is left alone.",
            "Nothing is sent before that change is approved and started, like any other.",
            "Cards and addresses that were taken from stock go back once it is done.",
        ),
    )


@router.post("/changes/{change_id}/undo")
async def undo(page: CurrentPage, change_id: int) -> Response:
    """Make the change that takes another one back, and have it planned: its plan is the preview."""
    typed = await page.form()
    part = source.Part(
        regions=tuple(str(one) for one in typed.getlist("region")),
        operators=tuple(str(one) for one in typed.getlist("operator")),
        waves=tuple(int(one) for one in map(str, typed.getlist("wave")) if one.isdecimal() and len(one) < 5),  # noqa: PLR2004 - at most 200 waves
    )
    title, reason = str(typed.get("title", "")).strip()[:200], str(typed.get("reason", "")).strip()[:2000]
    async with page.db.transaction() as tx:
        made = await source.undo(tx, page.scope, change_id, part, title=title, reason=reason)
        version = await source.request_plan(tx, page.scope, page.runtime.clock, made.id)
        await source.defer_plan(tx, made.id, version)
    return page.redirect(f"/changes/{made.id}")


def _draft(read: draft.Draft, picked: selection.Chosen) -> source.Draft:
    problems = list(read.problems)
    if picked.nothing:
        problems.append(Problem("selection", "required", "Choose the subscriptions first: add a filter above."))
    if not read.title or len(read.title) > 200:  # noqa: PLR2004 - as the database keeps it
        problems.append(Problem("title", "required", "Say what people will call it, in at most 200 characters."))
    if read.type not in set(source.ChangeType):
        problems.append(Problem("type", "known", "One of the types above."))
    waves = _convert(read.waves, source.Waves, "waves.by", problems)
    if problems or waves is None:
        raise Invalid("The change cannot be made as it stands here.", problems)
    return source.Draft(
        kind=read.kind,
        title=read.title,
        type=source.ChangeType(read.type),
        reason=read.reason[:2000],
        selection=picked.selection,
        parameters=dict(read.parameters),
        waves=waves,
        thresholds=source.Thresholds(**read.thresholds),
        window=source.Window(**read.window),
    )


def _convert(value: Any, kind: type[source.Waves], field: str, problems: list[Problem]) -> source.Waves | None:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        problems.append(Problem(field, "schema", str(error)))
        return None


async def _sections(
    page: Page, typed: ImmutableMultiDict[Any, Any], problems: Sequence[Problem]
) -> tuple[draft.Section, ...]:
    async with page.db.snapshot() as tx:
        granted = await inventory.contracts(tx, page.scope)
        groups = await inventory.lan_groups(tx, page.scope)
    choices = draft.Choices(
        tuple(sorted({word for one in granted for word in one.apns})),
        tuple(sorted({word for one in granted for word in one.data_plans})),
        tuple(sorted({word for one in granted for word in one.subscription_groups})),
        tuple(sorted({one.name for one in groups})),
    )
    may = page.scope.may(Permission.CHANGE_EMERGENCY)
    return draft.sections(typed, _kind(typed), choices, problems, may_emergency=may)


def _kind(typed: ImmutableMultiDict[Any, Any]) -> str:
    return str(typed.get("change_kind", "")) or draft.PREPROVISION


async def _form(
    page: Page,
    picked: selection.Chosen,
    typed: ImmutableMultiDict[Any, Any],
    problems: Sequence[Problem],
    refused: str = "",
) -> Response:
    async with page.db.snapshot() as tx:
        bar = None
        if not picked.ids:
            url = f"/changes/new?{picked.query}"
            bar = replace(filters.bar(url, _FILTERS, await facets(page, tx), pinned=_PINNED), keep={})
    chosen_kind = _kind(typed)
    kinds = [
        Option(kind.name, kind.title, chosen=kind.name == chosen_kind, hint=kind.sentence)
        for kind in sorted(source.KINDS.all(), key=lambda kind: draft.place(kind.name))
        if kind.name != draft.RESTORE
    ]
    head = PageHead("New change", "Which subscriptions, what is done to them, and how. Nothing is sent yet.", (_HOME,))
    made = await _sections(page, typed, problems)
    rest = tuple(("form", one.field, one.value or "", one.message) for one in draft.untold(made, problems))
    advice = "Correct what is marked below."
    told = Worded(refused, "Nothing was made.", advice, tone="warn", rows=rest) if refused else None
    return await page.show(
        f"{_TEMPLATES}/draft.html",
        current="changes",
        head=head,
        status=422 if refused else 200,
        filters=bar,
        selection=None,
        query=picked.url_query,
        kinds=kinds,
        sections=made,
        problem=told,
    )
