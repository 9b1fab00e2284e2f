"""What crews fit and bring back: judged in memory against books that were read once, and written at the end.

A list of reports from the field moves many items. They are locked before the first is judged, each booking is judged
on what those before it have moved, and :meth:`Carrying.write` enters all of them at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, NotFound
from tieline.platform.scope import Scope
from tieline.utility import inventory
from tieline.utility.inventory import CardFacts, StockState
from tieline.utility.logistics import policy
from tieline.utility.logistics.model import Goods, Item, Move, Moved, Place, PlaceKind, Why
from tieline.utility.logistics.service import moving
from tieline.utility.logistics.service.authority import keeping, require_hands
from tieline.utility.logistics.service.moving import Order, Work
from tieline.utility.logistics.store import ledger, places

Thing = tuple[Goods, str]


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking that was judged: what would come of it. It is made once :meth:`Carrying.keep` has it."""

    order: Order
    moved: Moved
    work: Work | None
    """None: it was made before, under the same key."""


@dataclass(slots=True)
class Carrying:
    """The bookings of crews in one transaction; made by :func:`carry`."""

    tx: Tx
    scope: Scope
    now: datetime
    items: dict[Thing, Item]
    cards: dict[str, CardFacts]
    sites: Mapping[int, Place]
    crews: Mapping[int, Place]
    made: Mapping[str, ledger.Made]
    _kept: list[Booking] = field(default_factory=list)
    _told: list[audit.Entry] = field(default_factory=list)

    def fit(
        self,
        *,
        site_id: int,
        crew_id: int,
        goods: Sequence[Thing],
        key: str,
        force: bool = False,
        reference: str = "",
    ) -> Booking:
        """A crew fitted items at a site. ``force``: it did, whatever the ledger thought; what was irregular is kept.

        Without it, an item that the crew was not issued is refused. A card that is lost or blocked is refused always.
        """
        site, crew = self._places(site_id, crew_id)

        def judge(item: Item, to: Place, _move: Move) -> tuple[Why | None, str]:
            """The crew's own goods may be fitted; others only if they are all the same."""
            if item.place.id == crew.id:
                return None, ""
            if item.place.kind in {PlaceKind.LOST, PlaceKind.SCRAP}:
                return policy.way_refused(item.place, to), ""
            said = f"fitted by {crew.name} without having been issued to it: it was in {item.place.name}"
            return (None, said) if force else (Why("not-issued", f"It was {said.removeprefix('fitted by ')}."), said)

        moves = [Move(kind, serial, site.id) for kind, serial in goods]
        return self._judged(Order(moves, key, "fitted", "", reference), judge, site)

    def bring_back(
        self, *, site_id: int, crew_id: int, goods: Sequence[Thing], key: str, reference: str = ""
    ) -> Booking:
        """A crew took items away from a site."""
        site, crew = self._places(site_id, crew_id)
        moves = [Move(kind, serial, crew.id, from_place=site.id) for kind, serial in goods]
        return self._judged(Order(moves, key, "brought back", "", reference), moving.regular, crew)

    def _places(self, site_id: int, crew_id: int) -> tuple[Place, Place]:
        if site_id not in self.sites:
            raise NotFound(f"There is no site {site_id}, or none that you may see.")
        if crew_id not in self.crews:
            raise NotFound(f"Crew {crew_id} has no place for goods yet, or none that you may see.")
        return self.sites[site_id], self.crews[crew_id]

    def _judged(self, order: Order, judge: moving.Judge, to: Place) -> Booking:
        moving.check(order)
        if order.key in self.made:
            return Booking(order, moving.again(order, self.made[order.key]), None)
        work = Work(order, {to.id: to}, self.items, self.cards)
        moving.judge_all(work, judge)
        return Booking(order, Moved(len(work.steps), work.already, tuple(work.refused)), work)

    async def keep(self, booking: Booking) -> None:
        """Make a booking; those after it find the items where it took them."""
        if booking.work is None:
            return
        moved = {step.item_id for one in self._kept if one.work for step in one.work.steps}
        if any(step.item_id in moved for step in booking.work.steps):
            self._told += await self._enter()  # an item that is moved twice has two movements, one after the other
        self._kept.append(booking)
        there = {item.id: thing for thing, item in self.items.items()}
        for step in booking.work.steps:
            thing = there[step.item_id]
            to = booking.work.places[step.to_place]
            self.items[thing] = replace(self.items[thing], place=to, since=self.now, used=step.used)
            if step.after and thing[1] in self.cards:
                self.cards[thing[1]] = replace(self.cards[thing[1]], stock_state=StockState(step.after))

    async def write(self) -> list[audit.Entry]:
        """Enter what was kept; returns what the audit trail is to be told of it.

        Raises ``Conflict`` when a key came into use meanwhile.
        """
        told, self._told = [*self._told, *await self._enter()], []
        return told

    async def _enter(self) -> list[audit.Entry]:
        kept, self._kept = self._kept, []
        works = [(one, one.work) for one in kept if one.work is not None]
        ids = await ledger.record(self.tx, self.scope, [moving.record_of(work) for _, work in works])
        if len(ids) != len(works):
            raise Conflict("These goods are being booked already.", advice="Send it again in a moment.")
        steps = [(ids[work.order.key], step) for _, work in works for step in work.steps]
        await moving.enter(self.tx, steps)
        by_act: dict[str, list[Work]] = defaultdict(list)
        for _, work in works:
            by_act[work.order.act].append(work)
        for act, found in by_act.items():
            await moving.follow(self.tx, self.scope, act, found)
        return [moving.told(work, ids[work.order.key]) for _, work in works]


async def carry(
    tx: Tx,
    scope: Scope,
    *,
    goods: Iterable[tuple[Goods, str, int | None]],
    site_ids: Iterable[int],
    crew_ids: Iterable[int],
    keys: Iterable[str],
) -> Carrying:
    """Read and lock all that crews carry in this transaction: each thing with the site it is taken from, if it is.

    What the ledger never heard of is taken up where the inventory has it, and else at that site.
    """
    require_hands(scope)
    own = keeping(scope)
    at = await places.put_sites(tx, list((await inventory.site_facts(tx, own, sorted(set(site_ids)))).values()))
    wanted: dict[Thing, int | None] = {}
    for kind, serial, site in goods:
        # What is fitted first and taken away again was not at the site before.
        wanted.setdefault((kind, serial), at[site].id if site in at else None)
    items, cards = await moving.locked(tx, scope, wanted)
    crews = await places.crews(tx, scope, sorted(set(crew_ids)))
    made = await ledger.batches_by_keys(tx, sorted(set(keys)))
    return Carrying(tx, scope, await ledger.now(tx), items, cards, at, crews, made)


async def fit(
    tx: Tx,
    scope: Scope,
    *,
    site_id: int,
    crew_id: int,
    goods: Sequence[Thing],
    key: str,
    force: bool = False,
    reference: str = "",
) -> Moved:
    """A crew fitted items at a site: as :meth:`Carrying.fit`, made at once."""
    things = [(kind, serial, None) for kind, serial in goods]
    carrying = await carry(tx, scope, goods=things, site_ids=[site_id], crew_ids=[crew_id], keys=[key])
    booking = carrying.fit(site_id=site_id, crew_id=crew_id, goods=goods, key=key, force=force, reference=reference)
    return await _made(carrying, booking)


async def bring_back(
    tx: Tx, scope: Scope, *, site_id: int, crew_id: int, goods: Sequence[Thing], key: str, reference: str = ""
) -> Moved:
    """A crew took items away from a site: as :meth:`Carrying.bring_back`, made at once."""
    things = [(kind, serial, site_id) for kind, serial in goods]
    carrying = await carry(tx, scope, goods=things, site_ids=[site_id], crew_ids=[crew_id], keys=[key])
    booking = carrying.bring_back(site_id=site_id, crew_id=crew_id, goods=goods, key=key, reference=reference)
    return await _made(carrying, booking)


async def _made(carrying: Carrying, booking: Booking) -> Moved:
    await carrying.keep(booking)
    entries = await carrying.write()
    await audit.append(carrying.tx, carrying.scope, *entries)
    made = await ledger.batches_by_keys(carrying.tx, [booking.order.key])
    return replace(booking.moved, batch_id=made[booking.order.key].id)
