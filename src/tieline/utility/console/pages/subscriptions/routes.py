"""Subscriptions: list, page, sheet, and asking the application behind one."""

import uuid
from typing import Any

from fastapi import Response

from tieline.platform.errors import NotFound
from tieline.platform.scope import Permission
from tieline.utility import inventory, probing, usage
from tieline.utility.console.http import CurrentPage, pages
from tieline.utility.console.pages.parts import history, links, listing
from tieline.utility.console.pages.subscriptions import application, used, views
from tieline.utility.inventory import Kind

router = pages()
SUBSCRIPTIONS = listing.Listing(
    Kind.SUBSCRIPTION,
    "/subscriptions",
    "sims",
    "SIMs",
    "subscription",
    views.COLUMNS,
    views.rows,
    views.FILTERS,
    views.PINNED,
    "Bring in what each operator delivers of your subscriptions and cards; serving cells come with their reports.",
    "subscription",
    {"name": "operator_ref", "operator": "operator", "state": "state", "site": "site", "serving": "cell_at"},
    selectable=True,
)


@router.get("/subscriptions")
async def subscriptions(page: CurrentPage) -> Response:
    """The list."""
    return await listing.show(page, SUBSCRIPTIONS)


@router.get("/subscriptions.csv")
async def subscriptions_csv(page: CurrentPage) -> Response:
    """The whole list as a file."""
    return listing.csv(page, SUBSCRIPTIONS)


@router.get("/subscriptions/{subscription_id}")
async def subscription(page: CurrentPage, subscription_id: int) -> Response:
    """One subscription, as a page or beside its list."""
    async with page.db.snapshot() as tx:
        found = await inventory.subscriptions(tx, page.scope, [subscription_id])
        if not found:
            raise NotFound(f"There is no subscription {subscription_id}, or you may not see it.")
        events = await history.events(page, tx, Kind.SUBSCRIPTION, subscription_id)
        answer = (await probing.latest(tx, page.scope, [subscription_id])).get(subscription_id)
        asked = await probing.waiting_since(tx, page.scope, subscription_id)
        may = page.scope.may(Permission.USAGE_READ)
        spent = await usage.of_subscription(tx, page.scope, page.runtime.clock, subscription_id) if may else None
    one = found[0]
    context: dict[str, Any] = {
        "card": links.link_card(one),
        "note": links.note,
        "identity": views.identity(one),
        "network": views.network(one),
        "place": views.place(one),
        "application": application.shown(one, answer, asked),
        "ask": application.button(page, one, asked),
        "usage": used.shown(spent, one.operator_code) if spent else (),
        "days": used.chart(spent) if spent else None,
    }
    head = views.head(page, one)
    if page.is_sheet:
        return page.sheet("pages/subscriptions/templates/sheet.html", title=head.title, state=head.state, **context)
    timeline = history.timeline("What happened to this subscription", page.now, events, [one])
    return await page.show(
        "pages/subscriptions/templates/page.html", current="sims", head=head, timeline=timeline, **context
    )


@router.post("/subscriptions/{subscription_id}/ask")
async def ask(page: CurrentPage, subscription_id: int) -> Response:
    """Have the application at the site asked now."""
    async with page.db.transaction() as tx:
        clock, key = page.runtime.clock, uuid.uuid4().hex
        if not await inventory.reach(tx, page.scope, [subscription_id]):
            raise NotFound(f"There is no subscription {subscription_id}, or you may not see it.")
        if await probing.waiting_since(tx, page.scope, subscription_id) is None:
            await probing.ask_by_hand(tx, page.scope, [subscription_id], key=key, clock=clock)
    return page.redirect(f"/subscriptions/{subscription_id}")
