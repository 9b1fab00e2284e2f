"""5G LAN groups over HTTP."""

from starlette.requests import Request
from starlette.responses import Response

from tieline.gateway.exposure.groups import service, store
from tieline.gateway.exposure.http import Endpoints, created, number_of
from tieline.gateway.northbound.answers import LAN_GROUPS, answer, consumer_of
from tieline.gateway.parts import Parts
from tieline.platform.db import Tx
from tieline.standards.northbound import read_group, read_group_patch


class LanGroups(Endpoints):
    """The interface; one instance a gateway."""

    base = LAN_GROUPS

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.routes = [
            self.route("/{caller}/subscriptions", GET=self.list_groups, POST=self.create),
            self.route(
                "/{caller}/subscriptions/{id}", GET=self.show, PUT=self.replace, PATCH=self.patch, DELETE=self.delete
            ),
        ]

    async def list_groups(self, request: Request) -> Response:
        """``GET /{afId}/subscriptions``."""
        async with self._parts.db.snapshot() as tx:
            rows = await store.listed(tx, consumer_of(request).id)
        return answer([service.representation(row, self._link(request, row["id"])) for row in rows])

    async def create(self, request: Request) -> Response:
        """``POST /{afId}/subscriptions``: taken at once, spread over the members in the background."""
        body = await self.body(request)
        group = read_group(body)
        held = self.held(group.params.gpsis.values())
        await held.before()

        async def work(tx: Tx) -> Response:
            consumer = consumer_of(request)
            number = await service.create(tx, consumer, group, most=self._most, now=self._parts.clock.now())
            row = await service.show(tx, consumer, number)
            link = self._link(request, number)
            return created(service.representation(row, link), link)

        response = await self.once(request, body, work)
        self._parts.signals.exposure.set()
        await held.after()
        return response

    async def show(self, request: Request) -> Response:
        """``GET /{afId}/subscriptions/{subscriptionId}``."""
        async with self._parts.db.snapshot() as tx:
            row = await service.show(tx, consumer_of(request), number_of(request))
        return answer(service.representation(row, self._link(request, row["id"])))

    async def replace(self, request: Request) -> Response:
        """``PUT /{afId}/subscriptions/{subscriptionId}``."""
        group = read_group(await self.body(request))
        number, now = number_of(request), self._parts.clock.now()
        async with self._parts.db.transaction() as tx:
            row = await service.replace(tx, consumer_of(request), number, group, most=self._most, now=now)
        self._parts.signals.exposure.set()
        return answer(service.representation(row, self._link(request, number)))

    async def patch(self, request: Request) -> Response:
        """``PATCH /{afId}/subscriptions/{subscriptionId}``: 204, since the whole group would come back with a 200."""
        change = read_group_patch(await self.body(request))
        held = self.held(((change.changes and change.changes.gpsis) or {}).values())
        await held.before()
        number, now = number_of(request), self._parts.clock.now()
        async with self._parts.db.transaction() as tx:
            await service.patch(tx, consumer_of(request), number, change, most=self._most, now=now)
        self._parts.signals.exposure.set()
        await held.after()
        return Response(status_code=204)

    async def delete(self, request: Request) -> Response:
        """``DELETE /{afId}/subscriptions/{subscriptionId}``."""
        async with self._parts.db.transaction() as tx:
            await service.delete(tx, consumer_of(request), number_of(request), self._parts.clock.now())
        self._parts.signals.exposure.set()
        return Response(status_code=204)

    @property
    def _most(self) -> int:
        return self._parts.settings.group_members

    def _link(self, request: Request, number: int) -> str:
        return self.link(consumer_of(request).code, "subscriptions", number)
