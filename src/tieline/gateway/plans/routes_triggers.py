"""Trigger descriptors over HTTP (TS 28.572)."""

from starlette.requests import Request
from starlette.responses import Response

from tieline.gateway.northbound.answers import answer, consumer_of
from tieline.gateway.parts import Parts
from tieline.gateway.plans import triggers
from tieline.gateway.plans.http import Endpoints, id_of, name_of, route
from tieline.platform.db import Tx
from tieline.standards.mns.plans import parse_trigger_request


class Triggers(Endpoints):
    """The endpoints of triggers; one instance a gateway."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.routes = [
            route("/trigger-descriptors", POST=self.create, GET=self.list),
            route("/trigger-descriptors/{id}", GET=self.show, PUT=self.replace, DELETE=self.delete),
        ]

    async def create(self, request: Request) -> Response:
        """``POST /trigger-descriptors``."""
        body = await self._body(request)
        trigger = parse_trigger_request(body)

        async def work(tx: Tx) -> Response:
            now = self._parts.clock.now()
            made = await triggers.create(tx, consumer_of(request), trigger, root=self._root, now=now)
            return self._created(triggers.TRIGGERS, made)

        response = await self._once(request, body, work)
        self._parts.signals.triggers.set()
        return response

    async def list(self, request: Request) -> Response:
        """``GET /trigger-descriptors``, of a name with ``?name=``."""
        async with self._parts.db.snapshot() as tx:
            return answer(await triggers.entries(tx, consumer_of(request), name_of(request)))

    async def show(self, request: Request) -> Response:
        """``GET /trigger-descriptors/{id}``."""
        now = self._parts.clock.now()
        async with self._parts.db.snapshot() as tx:
            return answer(await triggers.show(tx, consumer_of(request), id_of(request), root=self._root, now=now))

    async def replace(self, request: Request) -> Response:
        """``PUT /trigger-descriptors/{id}``."""
        trigger = parse_trigger_request(await self._body(request))
        async with self._parts.db.transaction() as tx:
            await triggers.replace(tx, consumer_of(request), id_of(request), trigger, now=self._parts.clock.now())
        self._parts.signals.triggers.set()
        return Response(status_code=204)

    async def delete(self, request: Request) -> Response:
        """``DELETE /trigger-descriptors/{id}``."""
        async with self._parts.db.transaction() as tx:
            await triggers.delete(tx, consumer_of(request), id_of(request))
        return Response(status_code=204)
