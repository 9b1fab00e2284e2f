"""Event subscriptions over HTTP."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tieline.gateway.exposure.http import Endpoints, created, number_of
from tieline.gateway.exposure.monitoring import service, store
from tieline.gateway.northbound.answers import EVENTS, answer, consumer_of
from tieline.gateway.parts import Parts
from tieline.platform.db import Tx
from tieline.standards.northbound import EventSubscription, read_event_subscription


class Events(Endpoints):
    """The interface; one instance a gateway."""

    base = EVENTS

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.routes = [
            self.route("/{caller}/subscriptions", GET=self.list_all, POST=self.create),
            self.route("/{caller}/subscriptions/{id}", GET=self.show, PUT=self.replace, DELETE=self.delete),
        ]

    async def list_all(self, request: Request) -> Response:
        """``GET /{scsAsId}/subscriptions``."""
        async with self._parts.db.snapshot() as tx:
            rows = await store.listed(tx, consumer_of(request).id, self._parts.clock.now())
        return answer([self._shown(request, row["id"], row["document"]) for row in rows])

    async def create(self, request: Request) -> Response:
        """``POST /{scsAsId}/subscriptions``.

        201 with the subscription; 200 with the report alone where one immediate report is all that is wanted.
        """
        body = await self.body(request)
        wanted = read_event_subscription(body)

        async def work(tx: Tx) -> Response:
            consumer, now = consumer_of(request), self._parts.clock.now()
            number, document = await service.create(tx, consumer, wanted, now)
            if "monitoringEventReport" in document and _is_one_time(wanted):
                await store.delete(tx, number)
                return answer(document["monitoringEventReport"])
            return created(self._shown(request, number, document), self._link(request, number))

        response = await self.once(request, body, work)
        self._parts.signals.events.set()
        return response

    async def show(self, request: Request) -> Response:
        """``GET /{scsAsId}/subscriptions/{subscriptionId}``."""
        number, now = number_of(request), self._parts.clock.now()
        async with self._parts.db.transaction() as tx:
            row = await service.show(tx, consumer_of(request), number, now)
        return answer(self._shown(request, number, row["document"]))

    async def replace(self, request: Request) -> Response:
        """``PUT /{scsAsId}/subscriptions/{subscriptionId}``."""
        wanted = read_event_subscription(await self.body(request))
        number, now = number_of(request), self._parts.clock.now()
        async with self._parts.db.transaction() as tx:
            document = await service.replace(tx, consumer_of(request), number, wanted, now)
        return answer(self._shown(request, number, document))

    async def delete(self, request: Request) -> Response:
        """``DELETE /{scsAsId}/subscriptions/{subscriptionId}``."""
        async with self._parts.db.transaction() as tx:
            await service.delete(tx, consumer_of(request), number_of(request), self._parts.clock.now())
        return Response(status_code=204)

    def _shown(self, request: Request, number: int, document: dict[str, Any]) -> dict[str, Any]:
        return {"self": self._link(request, number), **document}

    def _link(self, request: Request, number: int) -> str:
        return self.link(consumer_of(request).code, "subscriptions", number)


def _is_one_time(wanted: EventSubscription) -> bool:
    return wanted.maximum_number_of_reports == 1 and wanted.monitor_expire_time is None
