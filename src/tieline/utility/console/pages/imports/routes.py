"""Imports: send a file, match its columns, see what would become of it, take it, and what came of all of them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.datastructures import FormData

from tieline.console.components.figures import Segment
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.work import Problem, count_confirmed
from tieline.console.render import with_query
from tieline.platform.errors import Invalid, TooLarge
from tieline.platform.scope import Permission
from tieline.platform.web import MEGABYTE
from tieline.utility import inventory
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.imports import forms, views
from tieline.utility.console.pages.parts import lists
from tieline.utility.inventory import ImportMode, ImportRun, Kind, Preview, Upload

router = pages()
_MOST = 4200 * MEGABYTE
"""More than the setting ``upload_megabytes`` can be, which is the bound that counts."""


@router.get("/imports")
async def imports(page: CurrentPage) -> Response:
    """The history of imports; the table alone when it renews itself."""
    async with page.db.snapshot() as tx:
        runs = await inventory.list_imports(tx, page.scope, cursor=lists.cursor_of(page.url), limit=lists.ROWS)
    table = views.table(page, runs)
    if page.is_fragment:
        return page.fragment("pages/parts/table.html", table=table)
    actions: tuple[Action, ...] = ()
    if page.scope.may(Permission.INVENTORY_WRITE):
        actions = (Action("Import a file", "/imports/new", "file-up", "primary"),)
    state = "What was brought in, by whom, and what was wrong with it." if runs.items else ""
    head = PageHead("Imports", state, actions=actions)
    return await page.show("pages/imports/templates/list.html", current="imports", head=head, table=table)


@router.get("/imports/new")
async def new(page: CurrentPage, kind: str = "") -> Response:
    """The form for a file."""
    page.scope.require(Permission.INVENTORY_WRITE)
    return await _first_form(page, forms.Chosen(kind if kind in views.KINDS else ""))


@router.post("/imports", max_body_size=_MOST)
async def send(page: CurrentPage) -> Response:
    """Take a file; go on to its columns, or check it at once with a saved mapping."""
    page.scope.require(Permission.INVENTORY_WRITE)
    typed = await page.form(fields=20, files=1)
    chosen = forms.Chosen(_text(typed, "kind"), _text(typed, "mapping"), _text(typed, "mode") or "keep_good")
    try:
        upload = await inventory.keep_sent(page.runtime.settings, typed)
    except (Invalid, TooLarge) as error:
        return await _first_form(page, chosen, error.detail)
    if chosen.mapping:
        async with page.db.transaction() as tx:
            saved = await inventory.mapping(tx, page.scope, chosen.mapping)
            described = inventory.from_object(saved.spec)
            run = await inventory.submit_import(
                tx, page.scope, upload, described, mode=_mode(chosen.mode), dry_run=True
            )
        return page.redirect(f"/imports/{run}")
    try:
        seen = await _look(page, upload, chosen.kind)
    except Invalid as error:
        await asyncio.to_thread(upload.path.unlink, missing_ok=True)
        return await _first_form(page, chosen, f"{error.detail} {error.advice or ''}".strip())
    return await _matching_form(page, upload, seen, chosen.mode)


@router.post("/imports/mapped")
async def mapped(page: CurrentPage) -> Response:
    """Check (or take) a kept file with the columns that were chosen."""
    page.scope.require(Permission.INVENTORY_WRITE)
    typed = await page.form()
    kind = _text(typed, "kind")
    upload = await forms.kept(page.runtime.settings, _text(typed, "upload"), _text(typed, "file_name"))
    columns = {name: _text(typed, f"column_{name}") for name in forms.fields_of(kind)}
    name = _text(typed, "save_as") or f"Columns of {upload.name}"
    try:
        described = forms.mapping_of(kind, name[:200], columns)
    except Invalid:
        seen = await _look(page, upload, kind)
        return await _matching_form(page, upload, seen, _text(typed, "mode"), columns)
    async with page.db.transaction() as tx:
        run = await inventory.submit_import(
            tx, page.scope, upload, described, mode=_mode(_text(typed, "mode")), dry_run=True
        )
        if _text(typed, "save_as"):
            await inventory.save_mapping(tx, page.scope, name[:200], described)
    return page.redirect(f"/imports/{run}")


@router.get("/imports/{import_id}")
async def one(page: CurrentPage, import_id: int) -> Response:
    """An import: how far it is, or what came of it."""
    cursor = lists.cursor_of(page.url)
    async with page.db.snapshot() as tx:
        run = await inventory.one_import(tx, page.scope, import_id)
        found = await inventory.import_problems(tx, page.scope, import_id, cursor=cursor, limit=lists.ROWS)
    context = _context(page, run, found.items, with_query(page.url, after=found.next) if found.next else "")
    head = views.head(page, run)
    if page.is_fragment and views.is_open(run):
        return page.fragment("pages/imports/templates/run-body.html", **context)
    if page.is_fragment:
        return page.redirect(page.url)
    return await page.show("pages/imports/templates/run.html", current="imports", head=head, **context)


@router.get("/imports/{import_id}/report.csv")
async def report(page: CurrentPage, import_id: int) -> Response:
    """The bad rows as a file, to be mended where the file came from."""
    async with page.db.snapshot() as tx:
        await inventory.one_import(tx, page.scope, import_id)

    async def pieces() -> AsyncIterator[bytes]:
        async with page.db.snapshot() as tx:
            async for piece in inventory.import_report(tx, import_id):
                yield piece

    headers = {"Content-Disposition": f'attachment; filename="import-{import_id}.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(pieces(), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/imports/{import_id}/repeat")
async def repeat(page: CurrentPage, import_id: int) -> Response:
    """Take a file that was only checked."""
    typed = await page.form(fields=10)
    async with page.db.transaction() as tx:
        run = await inventory.one_import(tx, page.scope, import_id)
        count = run.rows_created + run.rows_updated
        if not count_confirmed(count, _text(typed, "confirm_count")):
            raise Invalid(f"The number typed is not {count}.", advice="Go back and type the number that is asked for.")
        again = await inventory.repeat_import(tx, page.scope, import_id, mode=ImportMode.KEEP_GOOD)
    return page.redirect(f"/imports/{again}")


async def _first_form(page: Page, chosen: forms.Chosen, error: str = "") -> Response:
    async with page.db.snapshot() as tx:
        saved = await inventory.mappings(tx, page.scope)
    head = PageHead("Import a file", "It is checked first; nothing changes until you take it.", (_BACK,))
    return await page.show(
        "pages/imports/templates/new.html",
        current="imports",
        head=head,
        status=422 if error else 200,
        drop=forms.drop(page.runtime.settings, error),
        fields=forms.first(chosen, saved),
    )


async def _matching_form(
    page: Page, upload: Upload, seen: Preview, mode: str, chosen: Mapping[str, str] | None = None
) -> Response:
    async with page.db.snapshot() as tx:
        operators = await inventory.operators(tx, page.scope)
    kind = seen.suggestion.kind
    missing = len(seen.suggestion.missing)
    state = f"{views.KINDS[kind]}: every needed field has a column. Look, then check the file."
    if missing:
        state = f"{views.KINDS[kind]}: {missing} needed {'field has' if missing == 1 else 'fields have'} no column yet."
    return await page.show(
        "pages/imports/templates/match.html",
        current="imports",
        head=PageHead(upload.name, state, (_BACK,)),
        status=422 if chosen is not None else 200,
        upload=upload.path.name,
        file_name=upload.name,
        kind=kind,
        mode=forms.mode(mode),
        fields=forms.matching(seen, operators, chosen),
        sample=forms.sample_table(seen),
    )


_BACK = Crumb("Imports", "/imports")


def _context(page: Page, run: ImportRun, problems: Sequence[dict[str, Any]], older: str) -> dict[str, Any]:
    failed = run.state in {"refused", "failed"}
    return {
        "run": run,
        "open": views.is_open(run),
        "share": min(1.0, run.bytes_read / run.size_bytes) if run.size_bytes else 0.0,
        "failure": _failure(run) if failed else None,
        "figures": views.figures(run),
        "notes": views.notes(run),
        "rules": [Segment(rule, count, "bad") for rule, count in views.rules(run)],
        "facts": views.facts(run),
        "problems": views.problems_table(page, run, problems, older),
        "take": views.confirm(page, run) if not views.is_open(run) and views.can_repeat(page, run) else None,
    }


def _failure(run: ImportRun) -> Problem:
    tone = "warn" if run.state == "refused" else "bad"
    what = run.message or "The import ended without taking anything."
    return Problem(what, "Nothing of the file was taken.", "Mend the file and send it again.", tone=tone)


async def _look(page: Page, upload: Upload, kind: str) -> Preview:
    limit = page.runtime.settings.unpacked_megabytes
    return await asyncio.to_thread(
        inventory.preview_import,
        upload.path,
        upload.name,
        kind=_kind(kind),
        encoding=None,
        unpacked_megabytes=limit,
    )


def _kind(kind: str) -> Kind | None:
    return Kind(kind) if kind in views.KINDS else None


def _mode(mode: str) -> ImportMode:
    return ImportMode.ALL_OR_NOTHING if mode == ImportMode.ALL_OR_NOTHING else ImportMode.KEEP_GOOD


def _text(typed: FormData, name: str) -> str:
    value = typed.get(name)
    return value.strip() if isinstance(value, str) else ""
