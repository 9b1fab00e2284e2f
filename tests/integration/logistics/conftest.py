"""A small world of goods in a real database: two operators, sites with old links, cards that are to be delivered."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Fresh
from tests.integration.changes.conftest import World, person, world

from tieline.platform.db import Database, execute, fetch_all, fetch_value
from tieline.platform.scope import Role, Scope
from tieline.platform.settings import Settings
from tieline.standards.numbering import luhn_digit
from tieline.utility import inventory, logistics
from tieline.utility.application import registry
from tieline.utility.logistics import Goods, Moved, NewOrder, Place

KEEPER = person("kim", 7, Role.STOREKEEPER)
CREW = person("cleo", 8, Role.CREW)

__all__ = ["world"]


def iccid(number: int, issuer: str = "894410") -> str:
    """A valid ICCID of 19 digits (ITU-T E.118)."""
    body = f"{issuer}{number:012d}"
    return body + luhn_digit(body)


def imei(number: int, tac: str = "35123456") -> str:
    """A valid IMEI (3GPP TS 23.003)."""
    body = f"{tac}{number:06d}"
    return body + luhn_digit(body)


@pytest.fixture
async def db(fresh: Fresh) -> AsyncIterator[Database]:
    async with fresh(registry().folders, size=10) as database:
        yield database


@dataclass
class Store:
    """The store as its keeper works in it."""

    world: World
    settings: Settings
    folder: Path
    main: Place
    keeper: Scope = KEEPER
    crew: Scope = CREW
    told: int = 0

    @property
    def db(self) -> Database:
        return self.world.db

    async def rows(self, text: str, **bound: Any) -> list[dict[str, Any]]:
        async with self.db.transaction() as tx:
            return await fetch_all(tx, text, bound)

    async def value(self, text: str, **bound: Any) -> Any:
        async with self.db.transaction() as tx:
            return await fetch_value(tx, text, bound)

    async def run_sql(self, text: str, **bound: Any) -> None:
        async with self.db.transaction() as tx:
            await execute(tx, text, bound)

    async def cards(self, operator: str, numbers: Sequence[int], *, state: str = "INVENTORY") -> list[str]:
        """Cards that the operator has told of, with a 4G line each; none was delivered yet."""
        names = [iccid(number) for number in numbers]
        stock = "in_stock" if state == "INVENTORY" else "issued"
        text = """
            WITH o AS (SELECT id FROM operator WHERE code = %(code)s),
            s AS (
                INSERT INTO subscription (operator_id, operator_ref, generation, state)
                SELECT o.id, 'line-' || n, '4G', %(state)s FROM o, unnest(%(iccids)s::text[]) n
                RETURNING id, operator_id, operator_ref
            ), c AS (
                INSERT INTO card (iccid, operator_id, stock_state)
                SELECT substr(operator_ref, 6), operator_id, %(stock)s FROM s RETURNING id, iccid
            )
            INSERT INTO card_subscription (card_id, subscription_id)
            SELECT c.id, s.id FROM c JOIN s ON s.operator_ref = 'line-' || c.iccid"""
        await self.run_sql(text, code=operator, state=state, iccids=names, stock=stock)
        return names

    async def order(self, reference: str, number: int, **more: Any) -> logistics.Order:
        values = {"goods": Goods.CARD, "supplier": "ACME", "operator": "A", "expected_on": "2030-01-01"} | more
        if values["goods"] is Goods.ROUTER:
            values["operator"] = None
        async with self.db.transaction() as tx:
            return await logistics.make_order(tx, self.keeper, NewOrder(reference=reference, number=number, **values))

    async def note(
        self, order: logistics.Order, text: str | bytes, name: str = "note.csv", **more: Any
    ) -> logistics.Delivered:
        """Deliver by a note that holds some text."""

        async def chunks() -> AsyncIterator[bytes]:
            yield text.encode() if isinstance(text, str) else text

        upload = await inventory.keep_upload(self.settings, name, chunks())
        sheet = await logistics.read_note(self.settings, upload, order.goods)
        async with self.db.transaction() as tx:
            return await logistics.deliver(
                tx, self.keeper, order.id, upload, sheet, **{"warehouse_id": self.main.id, **more}
            )

    async def delivered(self, operator: str, numbers: Sequence[int], reference: str = "PO-1") -> list[str]:
        """Cards ordered, told of, and in the main warehouse."""
        names = await self.cards(operator, numbers)
        order = await self.order(reference, len(names), operator=operator)
        outcome = await self.note(order, "iccid\n" + "\n".join(names) + "\n")
        assert outcome.accepted == len(names), outcome
        return names

    async def crew_place(self, crew_id: int = 1, name: str = "Crew North 1", region: str | None = None) -> Place:
        async with self.db.transaction() as tx:
            return await logistics.crew_place(tx, self.keeper, crew_id=crew_id, name=name, region=region)

    async def issue(self, place: Place, names: Sequence[str], key: str, **more: Any) -> Moved:
        async with self.db.transaction() as tx:
            return await logistics.issue(
                tx,
                self.keeper,
                [(more.pop("goods", Goods.CARD), name) for name in names],
                warehouse_id=self.main.id,
                to_place=place.id,
                key=key,
                **more,
            )

    async def site(self, number: int = 1) -> int:
        return int(await self.value("SELECT id FROM site WHERE external_id = %(id)s", id=f"S{number}"))

    async def states(self, names: Sequence[str]) -> list[str]:
        rows = await self.rows("SELECT stock_state FROM card WHERE iccid = ANY(%(n)s) ORDER BY iccid", n=list(names))
        return [row["stock_state"] for row in rows]

    async def place_of(self, name: str, goods: Goods = Goods.CARD) -> str | None:
        async with self.db.transaction() as tx:
            found = await logistics.where(tx, self.keeper, goods, [name])
        return found[name].place.code if name in found else None

    async def balance(self) -> logistics.Balance:
        async with self.db.snapshot() as tx:
            return await logistics.balance(tx, self.keeper)


@pytest.fixture
async def store(world: World, tmp_path: Path) -> Store:
    await world.build(4, spare=0)
    async with world.db.transaction() as tx:
        main = await logistics.warehouse(tx, KEEPER, "MAIN")
    return Store(world, Settings(home=tmp_path), tmp_path, main)
