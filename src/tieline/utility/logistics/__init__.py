"""Logistics: where each card and router is, from the order to the site and back, as a ledger that balances.

What other contexts may call stands here. A use case takes a transaction and the asker's scope:

- :func:`crew_place`, :func:`warehouse`, :func:`list_places`, :func:`place`, :func:`put_warehouse`: places;
- :func:`move`, :func:`issue`, :func:`fit`, :func:`bring_back`: movements, idempotent per key; :func:`where`;
  :func:`carry` books what many crews' reports fit and bring back in one transaction;
- :func:`lose`, :func:`lose_many` report a loss, which a change of kind ``card.block`` makes good at the operator;
- :func:`make_order`; :func:`deliver` with :func:`read_note`, or :func:`take_note` of a form; :func:`list_orders`,
  :func:`list_deliveries` look at them;
- :func:`take_in` opens the books; :func:`balance` proves them; :func:`count_place` and :func:`adjust` put them right;
- :func:`needs` says on which day stock runs out, :func:`put_needs` what is needed; :func:`register_wants` lets the
  forms that issue goods ask what a number (a work order) needs.

Upwards goes the outbox topic :data:`TOPIC` (``stock.lost``).
"""

from tieline.utility.logistics.model import (
    Balance,
    CountVerdict,
    Delivery,
    Demand,
    Difference,
    Goods,
    GoodsTotal,
    Item,
    Lost,
    Move,
    Moved,
    NewOrder,
    Order,
    Place,
    PlaceKind,
    PlaceTotal,
    Shortage,
    Where,
    Why,
)
from tieline.utility.logistics.receiving import take_note
from tieline.utility.logistics.service.balancing import balance, place_totals, take_in
from tieline.utility.logistics.service.carrying import Carrying, bring_back, carry, fit
from tieline.utility.logistics.service.counting import COUNTABLE, adjust
from tieline.utility.logistics.service.counting import count as count_place
from tieline.utility.logistics.service.counting import differences as count_differences
from tieline.utility.logistics.service.counting import one as one_count
from tieline.utility.logistics.service.counting import page as list_counts
from tieline.utility.logistics.service.forecasting import needs
from tieline.utility.logistics.service.forecasting import origins as need_origins
from tieline.utility.logistics.service.forecasting import put as put_needs
from tieline.utility.logistics.service.forecasting import said_by as needs_of
from tieline.utility.logistics.service.looking import count as count_items
from tieline.utility.logistics.service.looking import life
from tieline.utility.logistics.service.looking import of_thing as item_of_thing
from tieline.utility.logistics.service.looking import one as one_item
from tieline.utility.logistics.service.looking import page as list_items
from tieline.utility.logistics.service.looking import recent as recent_acts
from tieline.utility.logistics.service.losing import TOPIC, block_again, lose, lose_many
from tieline.utility.logistics.service.losing import Preview as LossPreview
from tieline.utility.logistics.service.losing import page as list_losses
from tieline.utility.logistics.service.losing import preview as preview_loss
from tieline.utility.logistics.service.moving import issue, move, where
from tieline.utility.logistics.service.ordering import Delivered, deliver, delivery_problems, read_note
from tieline.utility.logistics.service.ordering import close as close_order
from tieline.utility.logistics.service.ordering import deliveries as list_deliveries
from tieline.utility.logistics.service.ordering import delivery as one_delivery
from tieline.utility.logistics.service.ordering import make as make_order
from tieline.utility.logistics.service.ordering import one as one_order
from tieline.utility.logistics.service.ordering import page as list_orders
from tieline.utility.logistics.service.placing import crew_place, put_warehouse, warehouse
from tieline.utility.logistics.service.placing import listed as list_places
from tieline.utility.logistics.service.placing import one as place
from tieline.utility.logistics.store.lists import ItemFilter
from tieline.utility.logistics.wanting import Want, register_wants, wanted, wants

__all__ = [
    "COUNTABLE",
    "TOPIC",
    "Balance",
    "Carrying",
    "CountVerdict",
    "Delivered",
    "Delivery",
    "Demand",
    "Difference",
    "Goods",
    "GoodsTotal",
    "Item",
    "ItemFilter",
    "LossPreview",
    "Lost",
    "Move",
    "Moved",
    "NewOrder",
    "Order",
    "Place",
    "PlaceKind",
    "PlaceTotal",
    "Shortage",
    "Want",
    "Where",
    "Why",
    "adjust",
    "balance",
    "block_again",
    "bring_back",
    "carry",
    "close_order",
    "count_differences",
    "count_items",
    "count_place",
    "crew_place",
    "deliver",
    "delivery_problems",
    "fit",
    "issue",
    "item_of_thing",
    "life",
    "list_counts",
    "list_deliveries",
    "list_items",
    "list_losses",
    "list_orders",
    "list_places",
    "lose",
    "lose_many",
    "make_order",
    "move",
    "need_origins",
    "needs",
    "needs_of",
    "one_count",
    "one_delivery",
    "one_item",
    "one_order",
    "place",
    "place_totals",
    "preview_loss",
    "put_needs",
    "put_warehouse",
    "read_note",
    "recent_acts",
    "register_wants",
    "take_in",
    "take_note",
    "wanted",
    "wants",
    "warehouse",
    "where",
]
