"""One order, and new ones."""

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import Response

from tieline.console.components.formats import plural
from tieline.console.components.frame import Action, PageHead
from tieline.console.components.tables import Selection
from tieline.platform.errors import Invalid
from tieline.platform.scope import Permission
from tieline.utility import fieldwork
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.fieldwork import forms
from tieline.utility.console.pages.fieldwork.views import details, lists

router = pages()


@router.get("/fieldwork/orders/new")
async def new(page: CurrentPage, region: str = "") -> Response:
    """Asks how the visits that wait are put into orders."""
    page.scope.require(Permission.FIELD_PLAN)
    day = fieldwork.today(page.calendar_now).isoformat()
    return await _form(page, {"region": region, "first_day": day}, {})


@router.post("/fieldwork/orders")
async def make(page: CurrentPage) -> Response:
    """Make orders; back to the list of what was made."""
    page.scope.require(Permission.FIELD_PLAN)
    typed = await page.form()
    plain = {**{key: str(value) for key, value in typed.items()}, "crew_ids": typed.getlist("crew_ids")}
    try:
        working = forms.working_of(typed)
        first_day = forms.day(forms.text(typed, "first_day"))
        async with page.db.transaction() as tx:
            made = await fieldwork.make_orders(
                tx,
                page.scope,
                page.runtime.calendar,
                region=forms.text(typed, "region") or None,
                crew_ids=forms.numbers(typed.getlist("crew_ids")),
                first_day=first_day or fieldwork.today(page.calendar_now),
                working=working,
            )
    except Invalid as error:
        return await _form(page, plain, forms.errors_of(error.problems))
    if not made.order_ids:
        return await _form(page, plain, {"region": "No visit of this region waits for an order."})
    head = PageHead(
        f"{len(made.order_ids)} orders made",
        f"{plural(made.visits, 'visit')}, {made.km:,.0f} km instead of {made.km_given:,.0f} km as they came.",
        (details.HOME,),
    )
    async with page.db.snapshot() as tx:
        found = [await fieldwork.order_visits(tx, page.scope, one) for one in made.order_ids[:200]]
    table = lists.orders([order for order, _ in found], page.calendar_now, None, filtered=False)
    return await page.show("pages/parts/list.html", current="fieldwork", head=head, bar=None, table=table)


async def _form(page: Page, typed: Mapping[str, Any], errors: Mapping[str, str]) -> Response:
    async with page.db.snapshot() as tx:
        tally = await fieldwork.tally(tx, page.scope, page.runtime.calendar)
        crews = await fieldwork.crews(tx, page.scope)
    regions = {row["region"]: row["unassigned"] for row in tally if row["region"] and row["unassigned"]}
    state = "Visits that wait are driven to in the best sequence, those due earlier on earlier days."
    head = PageHead("Make orders", state, (details.HOME,))
    return await page.show(
        "pages/fieldwork/templates/make.html",
        current="fieldwork",
        head=head,
        status=422 if errors else 200,
        form=forms.make_form(typed, crews, regions, page.csrf_token, errors),
        waiting=bool(regions),
        crews=bool([one for one in crews if one.active]),
    )


@router.get("/fieldwork/orders/{order_id}")
async def one(page: CurrentPage, order_id: int) -> Response:
    """One order, as the crew drives it."""
    async with page.db.snapshot() as tx:
        order, visits = await fieldwork.order_visits(tx, page.scope, order_id)
    may = page.scope.may(Permission.FIELD_PLAN) and order.state == "open" and bool(visits)
    move = Action("Move to a crew and day", "/fieldwork/visits/moving", "truck", "primary")
    selection = Selection(len(visits), (move,), "", page.csrf_token, "visit") if may else None
    return await page.show(
        "pages/fieldwork/templates/order.html",
        current="fieldwork",
        head=details.order_head(order, page.scope, page.calendar_now),
        facts=details.order_facts(order, page.calendar_now),
        sketch=details.sketch(visits),
        table=lists.stops(visits, page.calendar_now, selection),
        dialog=details.cancel_order(order, page.csrf_token),
    )


@router.get("/fieldwork/orders/{order_id}/route.csv")
async def as_csv(page: CurrentPage, order_id: int) -> Response:
    """The order for a spreadsheet."""
    async with page.db.snapshot() as tx:
        _, visits = await fieldwork.order_visits(tx, page.scope, order_id)
    return Response(fieldwork.csv_of(visits), headers=_named(order_id, "csv"), media_type="text/csv; charset=utf-8")


@router.get("/fieldwork/orders/{order_id}/route.geojson")
async def as_geojson(page: CurrentPage, order_id: int) -> Response:
    """The order for a map."""
    async with page.db.snapshot() as tx:
        order, visits = await fieldwork.order_visits(tx, page.scope, order_id)
    content = msgspec.json.encode(fieldwork.geojson_of(order, visits, page.now))
    return Response(content, headers=_named(order_id, "geojson"), media_type="application/geo+json")


def _named(order_id: int, ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="order-{order_id}.{ending}"', "Cache-Control": "no-store"}


@router.get("/fieldwork/orders/{order_id}/hand-over")
async def handing(page: CurrentPage, order_id: int) -> Response:
    """Asks to whom and for when."""
    page.scope.require(Permission.FIELD_PLAN)
    return await _handing(page, order_id, None, {})


@router.post("/fieldwork/orders/{order_id}/hand-over")
async def hand_over(page: CurrentPage, order_id: int) -> Response:
    """Give the order to another crew or day."""
    typed = await page.form()
    try:
        target = forms.target_of(typed)
        async with page.db.transaction() as tx:
            await fieldwork.hand_over(
                tx, page.scope, page.runtime.calendar, order_id, crew_id=target.crew_id, day=target.day
            )
    except Invalid as error:
        return await _handing(page, order_id, typed, forms.errors_of(error.problems))
    return page.redirect(f"/fieldwork/orders/{order_id}")


async def _handing(page: Page, order_id: int, typed: Any, errors: Mapping[str, str]) -> Response:
    async with page.db.snapshot() as tx:
        order, _ = await fieldwork.order_visits(tx, page.scope, order_id)
        crews = await fieldwork.crews(tx, page.scope)
    present = {"crew_id": str(order.crew_id), "day": order.day.isoformat()}
    known = present if typed is None else {key: forms.text(typed, key) for key in present}
    back = f"/fieldwork/orders/{order_id}"
    form = forms.move_form(
        f"{back}/hand-over",
        known,
        crews,
        page.csrf_token,
        page.calendar_now,
        errors=errors,
        submit="Hand over",
        cancel=back,
    )
    head = PageHead(f"Hand over order {order_id}", "What the crew has on its phones goes with it.", (details.HOME,))
    return await page.show(
        "pages/fieldwork/templates/form.html",
        current="fieldwork",
        head=head,
        form=form,
        hidden=(),
        status=422 if errors else 200,
    )


@router.post("/fieldwork/orders/{order_id}/cancel")
async def cancel(page: CurrentPage, order_id: int) -> Response:
    """Cancel the order."""
    typed = await page.form(fields=10)
    async with page.db.transaction() as tx:
        await fieldwork.cancel_order(tx, page.scope, order_id, forms.text(typed, "reason"))
    return page.redirect(f"/fieldwork/orders/{order_id}")
