"""Cards: list, stock, page, CSV."""

from typing import Any

from fastapi import Response

from tieline.console.components.formats import plural
from tieline.console.components.frame import Action, PageHead, Tab
from tieline.console.components.tables import Empty
from tieline.platform.db import Tx
from tieline.platform.scope import Permission
from tieline.utility import inventory, logistics
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.cards import views
from tieline.utility.console.pages.parts import listing, things
from tieline.utility.inventory import Kind
from tieline.utility.logistics import Goods

router = pages()
CARDS = listing.Listing(
    Kind.CARD,
    "/cards",
    "cards",
    "Cards",
    "card",
    views.COLUMNS,
    views.rows,
    views.FILTERS,
    views.PINNED,
    "Cards come with what each operator delivers of its subscriptions.",
    "subscription",
    {"iccid": "iccid", "stock": "stock_state"},
)
_HOW = "Cards that an operator delivered and that are fitted nowhere are counted here, once its file is imported."


@router.get("/cards")
async def cards(page: CurrentPage) -> Response:
    """The list."""
    return await listing.show(page, CARDS, tabs=_tabs("list"))


@router.get("/cards/stock")
async def stock(page: CurrentPage) -> Response:
    """What lies in stock."""

    async def count(tx: Tx) -> list[dict[str, Any]]:
        return await inventory.card_stock(tx, page.scope)

    counts = (await page.always("stock", count, fresh=listing.FRESH)).value
    total = sum(int(one["cards"]) for one in counts)
    head = PageHead(
        "Cards", f"{plural(total, 'card')} fitted nowhere, by what the inventory says of them.", tabs=_tabs("stock")
    )
    return await page.show(
        "pages/cards/templates/stock.html",
        current="cards",
        head=head,
        table=views.stock(counts),
        empty=Empty("No card in stock", _HOW, _import(page)),
    )


def _import(page: Page) -> tuple[Action, ...]:
    action = Action("Import cards", "/imports/new?kind=subscription", "file-up", "primary")
    return (action,) if page.scope.may(Permission.INVENTORY_WRITE) else ()


@router.get("/cards.csv")
async def cards_csv(page: CurrentPage) -> Response:
    """The whole list as a file."""
    return listing.csv(page, CARDS)


@router.get("/cards/{card_id}")
async def card(page: CurrentPage, card_id: int) -> Response:
    """One card."""
    one, events = await things.read(page, Kind.CARD, card_id)
    async with page.db.snapshot() as tx:
        item = await logistics.item_of_thing(tx, page.scope, Goods.CARD, card_id)
    return await things.show(page, one, events, views.view(one, things.ledger_link(item)))


def _tabs(current: str) -> tuple[Tab, ...]:
    return (
        Tab("All cards", "/cards", current=current == "list"),
        Tab("Fitted nowhere", "/cards/stock", current=current == "stock"),
        Tab("Where each lies", "/stock"),
    )
