"""Static addresses over HTTP. The utility is known by its certificate; the path of this API does not name it."""

from starlette.requests import Request
from starlette.responses import Response

from tieline.gateway.exposure.addressing import service, store
from tieline.gateway.exposure.http import Endpoints, created, missing, number_of
from tieline.gateway.northbound.answers import ADDRESSES, answer, consumer_of
from tieline.gateway.parts import Parts
from tieline.platform.db import Tx
from tieline.standards.northbound import (
    Cause,
    NorthboundError,
    Provisioning,
    read_provisioning,
    read_provisioning_patch,
)

LISTED = 100
"""Provisionings that the list shows, the newest."""


class Addresses(Endpoints):
    """The interface; one instance a gateway."""

    base = ADDRESSES

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.routes = [
            self.route("/pp", GET=self.list_all, POST=self.create),
            self.route("/pp/{id}", GET=self.show, PUT=self.replace, PATCH=self.patch, DELETE=self.delete),
        ]

    async def list_all(self, request: Request) -> Response:
        """``GET /pp``."""
        consumer = consumer_of(request)
        async with self._parts.db.snapshot() as tx:
            return answer(await service.shown(tx, consumer, await store.listed(tx, consumer.id, LISTED)))

    async def create(self, request: Request) -> Response:
        """``POST /pp``: taken at once, written to the subscriptions in the background."""
        body = await self.body(request)
        wanted = self._bounded(read_provisioning(body))
        held = self.held(one.gpsi for one in wanted.addresses or ())
        await held.before()

        async def work(tx: Tx) -> Response:
            number = await service.create(tx, consumer_of(request), wanted, self._parts.clock.now())
            return created(wanted, self.link("pp", number))

        response = await self.once(request, body, work)
        self._parts.signals.exposure.set()
        await held.after()
        return response

    async def show(self, request: Request) -> Response:
        """``GET /pp/{ppId}``."""
        consumer, number = consumer_of(request), number_of(request)
        async with self._parts.db.snapshot() as tx:
            row = await store.find(tx, consumer.id, number)
            if row is None:
                raise missing(number)
            return answer((await service.shown(tx, consumer, [row]))[0])

    async def replace(self, request: Request) -> Response:
        """``PUT /pp/{ppId}``."""
        wanted = self._bounded(read_provisioning(await self.body(request)))
        await self._replace(request, wanted)
        return answer(wanted)

    async def patch(self, request: Request) -> Response:
        """``PATCH /pp/{ppId}``: the list of addresses takes the former one's place."""
        change = read_provisioning_patch(await self.body(request))
        if change.addresses is not None:
            wanted = Provisioning(af_id=consumer_of(request).code, addresses=change.addresses)
            await self._replace(request, self._bounded(wanted))
        return Response(status_code=204)

    async def delete(self, request: Request) -> Response:
        """``DELETE /pp/{ppId}``."""
        async with self._parts.db.transaction() as tx:
            await service.delete(tx, consumer_of(request), number_of(request))
        self._parts.signals.exposure.set()
        return Response(status_code=204)

    async def _replace(self, request: Request, wanted: Provisioning) -> None:
        number, now = number_of(request), self._parts.clock.now()
        async with self._parts.db.transaction() as tx:
            await service.replace(tx, consumer_of(request), number, wanted, now)
        self._parts.signals.exposure.set()

    def _bounded(self, wanted: Provisioning) -> Provisioning:
        most = self._parts.settings.max_changes_per_plan
        if len(wanted.addresses or ()) > most:
            raise NorthboundError(
                f"At most {most} addresses go into one provisioning.", status=403, cause=Cause.QUOTA_EXCEEDED
            )
        return wanted
