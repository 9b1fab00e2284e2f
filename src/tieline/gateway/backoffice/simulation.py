"""Steering the simulated network: what it saw, and what goes wrong. Served only where the network is simulated."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request

from tieline.gateway.backends import store as backend_store
from tieline.gateway.backends.simulated import SimulatedNetwork, read_faults
from tieline.gateway.backoffice import loading
from tieline.gateway.backoffice.access import CurrentParts, authenticated, consumer_named
from tieline.gateway.backoffice.routes import BULK
from tieline.gateway.backoffice.schemas import Observed
from tieline.gateway.model import Consumer
from tieline.gateway.parts import Parts
from tieline.gateway.utilities import store as utilities
from tieline.platform.errors import Conflict


def network_of(request: Request) -> SimulatedNetwork:
    """The simulated network behind the gateway that a request is served by."""
    network: SimulatedNetwork = request.app.state.network
    return network


CurrentNetwork = Annotated[SimulatedNetwork, Depends(network_of)]

router = APIRouter(prefix="/simulation/v1", tags=["simulation"], dependencies=[Depends(authenticated)])


@router.post("/attachments", max_body_size=BULK)
async def report_attachments(
    request: Request, parts: CurrentParts, utility: Annotated[str | None, Query(max_length=64)] = None
) -> Observed:
    """Take down what the network saw, NDJSON as in docs/reference/world.md; the only utility unless one is named."""
    consumer = await only_utility(parts, utility)
    return await loading.attachments(parts, consumer, request.stream())


@router.get("/faults")
async def read_current_faults(network: CurrentNetwork) -> dict[str, Any]:
    """The faults in force, how long ago the first change was taken, and whom counting rules have chosen."""
    return {
        "faults": msgspec.to_builtins(network.faults),
        "elapsed_s": round(network.elapsed, 3),
        "struck": [{"rule": rule, "subscription": subscription} for rule, subscription in sorted(network.strikes)],
    }


@router.put("/faults")
async def set_faults(request: Request, parts: CurrentParts, network: CurrentNetwork) -> dict[str, Any]:
    """Replace the faults, for restarts too; their seconds count from the first change after the gateway started."""
    faults = read_faults(await request.body())
    async with parts.db.transaction() as tx:
        await backend_store.write_faults(tx, msgspec.to_builtins(faults))
    network.install(faults)
    return {"faults": msgspec.to_builtins(faults)}


async def only_utility(parts: Parts, code: str | None) -> Consumer:
    """Give the utility of this code, or the only one there is. Raises ``Conflict``, ``NotFound``."""
    async with parts.db.snapshot() as tx:
        if code is None:
            rows = await utilities.listed(tx)
            if len(rows) != 1:
                raise Conflict("Name the utility: there is not exactly one.")
            code = str(rows[0]["code"])
        return await consumer_named(tx, code)
