"""Operators, their contracts, and the windows these permit changes in."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from fastapi import Response
from starlette.datastructures import FormData

from tieline.console.components.formats import plural
from tieline.console.components.frame import PageHead
from tieline.platform.db import Tx
from tieline.platform.errors import Invalid, NotFound
from tieline.platform.pki import Expiry, certificates
from tieline.platform.scope import Permission
from tieline.utility import changes, inventory
from tieline.utility.connectors import service as connectors
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.changes.views.holds import Asked
from tieline.utility.console.pages.operators import views
from tieline.utility.console.pages.overview.views import technologies as bars
from tieline.utility.inventory import FleetFilter, Kind

router = pages()
FRESH = timedelta(seconds=30)


@router.get("/operators")
async def operators(page: CurrentPage) -> Response:
    """All operators."""
    async with page.db.snapshot() as tx:
        found = await inventory.operators(tx, page.scope)
        health = {row["operator"]: row for row in await connectors.health(tx, page.scope)}
    fleet = await _fleet(page, ("operator",))
    counts = None if fleet is None else {str(group["operator"]): int(group["subscriptions"]) for group in fleet}
    head = PageHead("Operators", f"{plural(len(found), 'operator')}." if found else "")
    table = views.table(found, counts, health)
    return await page.show("pages/operators/templates/list.html", current="operators", head=head, table=table)


@router.get("/operators/{code}")
async def operator(page: CurrentPage, code: str) -> Response:
    """One operator: how it is doing, what it grants, its addresses."""
    async with page.db.snapshot() as tx:
        found = await inventory.operators(tx, page.scope, code)
        if not found:
            raise NotFound(f"There is no operator {code}, or you may not see it.")
        granted = await inventory.contracts(tx, page.scope, code)
        health = {row["operator"]: row for row in await connectors.health(tx, page.scope)}
        reached = {row["operator"]: row for row in await connectors.connections(tx, page.scope)}
        wanted = FleetFilter(operators=(code,))
        windows = await _windows(tx, page, code)
        pools = await inventory.list_things(tx, page.scope, Kind.ADDRESS_POOL, wanted, limit=200)
    fleet = await _fleet(page, ("operator", "technology"))
    credentials = views.credentials(reached.get(code), await _own(page), page.now)
    groups = None if fleet is None else [group for group in fleet if group["operator"] == code]
    return await page.show(
        "pages/operators/templates/page.html",
        current="operators",
        head=views.head(found[0], page.scope),
        windows=None if windows is None else views.windows(windows, page.now, page.renderer.zone),
        connection=(*views.connection(health.get(code)), *credentials),
        contracts=views.contracts(granted),
        pools=views.pools(pools.items),
        technologies=None if groups is None else bars(groups, {code: found[0].name}),
    )


@router.get("/operators/{code}/windows")
async def windows_page(page: CurrentPage, code: str) -> Response:
    """The form of the windows of an operator's contract."""
    page.scope.require(Permission.OPERATOR_WRITE)
    async with page.db.snapshot() as tx:
        stands = await _windows(tx, page, code) or {}
    typed = FormData({"windows": "\n".join(stands.get("words", ())), "terms": stands.get("terms", "")})
    return await _form(page, code, typed, {})


@router.post("/operators/{code}/windows")
async def set_windows(page: CurrentPage, code: str) -> Response:
    """Set the windows of an operator's contract."""
    typed = await page.form()
    lines = [line.strip() for line in str(typed.get("windows", "")).splitlines() if line.strip()]
    terms = str(typed.get("terms", "")).strip()[:500]
    try:
        rules = changes.read_windows(lines, page.renderer.zone_name())
        async with page.db.transaction() as tx:
            await changes.set_operator_windows(tx, page.scope, page.runtime.clock, code, rules, terms=terms)
    except Invalid as error:
        return await _form(page, code, typed, {"windows": " ".join(one.message for one in error.problems)})
    return page.redirect(f"/operators/{quote(code, safe='')}")


async def _form(page: Page, code: str, typed: FormData, wrong: Mapping[str, str]) -> Response:
    async with page.db.snapshot() as tx:
        found = await inventory.operators(tx, page.scope, code)
    if not found:
        raise NotFound(f"There is no operator {code}, or you may not see it.")
    return await page.show(
        "pages/changes/templates/form.html",
        current="operators",
        head=views.windows_head(found[0]),
        form=views.windows_form(Asked(typed, wrong), code, page.csrf_token),
        status=422 if wrong else 200,
    )


async def _windows(tx: Tx, page: Page, code: str) -> Mapping[str, Any] | None:
    """The windows of an operator's contract, if it has any; None, too, where somebody may not see changes."""
    if not page.scope.may(Permission.CHANGE_READ):
        return None
    return next((one for one in await changes.operator_windows(tx, page.scope) if one["operator"] == code), None)


async def _own(page: Page) -> Mapping[str, Expiry]:
    """The certificates that we come in with, by their file."""
    found = await asyncio.to_thread(certificates, page.runtime.settings.pki_folder)
    return {one.path.name: one for one in found}


async def _fleet(page: Page, by: tuple[str, ...]) -> Sequence[Mapping[str, Any]] | None:
    """Fitted subscriptions by operator, and by what else is asked for; none before the first count ends."""

    async def count(tx: Tx) -> Sequence[Mapping[str, Any]]:
        return (await inventory.fleet_summary(tx, page.scope, page.runtime.clock, FleetFilter(), by=by)).groups

    found = await page.counted(f"fleet by {by}", count, fresh=FRESH)
    return found.value if found else None
