"""Steering the simulated radio network: cells, cards in devices, sessions. Served only where there is one."""

import time
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field

from tieline.gateway.backends.simulated import store
from tieline.gateway.backends.simulated.places import read_all, read_cell, read_fitting, read_phase_out
from tieline.gateway.backends.simulated.radio import BATCH, NAMED, Coverage, SimulatedRadio
from tieline.gateway.backoffice.access import CurrentParts, authenticated
from tieline.gateway.backoffice.schemas import Fitted, FittingNow, Session, Switched, Unfitted
from tieline.gateway.backoffice.simulation import only_utility
from tieline.platform.errors import Invalid, NotFound, Problem

BULK = 64 * 1024 * 1024
MOST_ADDRESSES = 5000
MAX_LINE = 65_536

UtilityCode = Annotated[str | None, Query(max_length=64)]
Iccid = Annotated[str, Path(pattern=r"^[0-9]{19,20}$")]

router = APIRouter(prefix="/simulation/v1", tags=["simulation"], dependencies=[Depends(authenticated)])


def radio_of(request: Request) -> SimulatedRadio:
    """The simulated radio network behind the gateway that a request is served by."""
    radio: SimulatedRadio = request.app.state.parts.radio
    return radio


CurrentRadio = Annotated[SimulatedRadio, Depends(radio_of)]


@router.post("/cells", status_code=201, max_body_size=BULK)
async def put_cells_up(request: Request, parts: CurrentParts, radio: CurrentRadio) -> dict[str, int]:
    """Put cells up, or renew them: NDJSON, or a list (docs/reference/world.md has the members)."""
    cells = read_all(_documents(await request.body()), read_cell, "Lines are wrong, so no cell was put up.")
    return {"cells": await Coverage(parts.db, parts.clock, radio).add(cells)}


@router.post("/phase-out")
async def switch_cells(request: Request, parts: CurrentParts, radio: CurrentRadio) -> Switched:
    """Switch cells off, by technology and where; ``"off": false`` switches them on again."""
    wanted = read_phase_out(await request.body())
    cells, subscriptions = await Coverage(parts.db, parts.clock, radio).switch(wanted)
    parts.signals.changed()
    return Switched(cells=cells, lost=subscriptions if wanted.off else 0, gained=0 if wanted.off else subscriptions)


@router.post("/fittings", max_body_size=BULK)
async def fit_cards(request: Request, parts: CurrentParts, radio: CurrentRadio, utility: UtilityCode = None) -> Fitted:
    """Put cards into devices that have power: NDJSON, or a list; some hundreds in each transaction."""
    began = time.perf_counter()
    fittings = read_all(_documents(await request.body()), read_fitting, "Lines are wrong, so no card was fitted.")
    consumer = await only_utility(parts, utility)
    result = Fitted(taken=0, attached=0, waiting={}, unknown=[], seconds=0)
    for start in range(0, len(fittings), BATCH):
        async with parts.db.transaction() as tx:
            found = await radio.fit(tx, consumer, fittings[start : start + BATCH], parts.clock.now())
        result.taken += found.taken
        result.attached += found.attached
        result.waiting = dict(list({**result.waiting, **found.waiting}.items())[:NAMED])
        result.unknown = [*result.unknown, *found.unknown][:NAMED]
    parts.signals.changed()
    return result.model_copy(update={"seconds": round(time.perf_counter() - began, 3)})


@router.post("/fittings/remove", max_body_size=BULK)
async def unfit_cards(
    iccids: Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=100_000)],
    parts: CurrentParts,
    radio: CurrentRadio,
    utility: UtilityCode = None,
) -> Unfitted:
    """Take cards out of their devices, or switch these off."""
    consumer = await only_utility(parts, utility)
    lost = 0
    for start in range(0, len(iccids), BATCH):
        async with parts.db.transaction() as tx:
            lost += await radio.unfit(tx, consumer, iccids[start : start + BATCH], parts.clock.now())
    parts.signals.changed()
    return Unfitted(lost=lost)


@router.get("/fittings/{iccid}")
async def read_fitting_of(iccid: Iccid, parts: CurrentParts) -> FittingNow:
    """In which device a card is, and what the network makes of it."""
    async with parts.db.snapshot() as tx:
        row = await store.one(tx, iccid)
        if row is None:
            raise NotFound("This card is in no device.")
        (judged,) = await store.judged(tx, [row["object_id"]])
    return FittingNow(**{**row, "why": judged["why"]})


@router.delete("/fittings/{iccid}")
async def unfit_card(iccid: Iccid, parts: CurrentParts, radio: CurrentRadio, utility: UtilityCode = None) -> Unfitted:
    """Take a card out of its device."""
    return await unfit_cards([iccid], parts, radio, utility)


@router.get("/sessions/{address}")
async def who_answers(
    address: Annotated[str, Path(max_length=45)],
    parts: CurrentParts,
    apn: Annotated[str | None, Query(max_length=100)] = None,
) -> Session:
    """Who answers at an address now; the first by APN where it is given in several."""
    async with parts.db.snapshot() as tx:
        rows = await store.sessions(tx, [address], apn)
    return Session(attached=True, **rows[0]) if rows else Session(address=address, attached=False)


@router.post("/sessions", max_body_size=BULK)
async def who_answer(
    request: Request, parts: CurrentParts, apn: Annotated[str | None, Query(max_length=100)] = None
) -> list[Session]:
    """Who answers at each of a list of addresses, in its order; one entry for each APN that gives it."""
    try:
        addresses = msgspec.json.decode(await request.body(), type=list[str])
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid("The body is a list of addresses.", [Problem("body", "format", str(error))]) from error
    if len(addresses) > MOST_ADDRESSES or any("\x00" in address for address in addresses):
        raise Invalid("The body is a list of addresses.", [Problem("body", "many", f"at most {MOST_ADDRESSES}")])
    async with parts.db.snapshot() as tx:
        rows = await store.sessions(tx, addresses, apn)
    found: dict[str, list[Session]] = {}
    for row in rows:
        found.setdefault(row["address"], []).append(Session(attached=True, **row))
    return [
        session for address in addresses for session in found.get(address) or [Session(address=address, attached=False)]
    ]


def _documents(body: bytes) -> list[tuple[int, bytes]]:
    """Number the documents of a body: NDJSON by line, a JSON list by item. Raises ``Invalid`` for a line too long."""
    if body.lstrip()[:1] == b"[":
        try:
            items: list[tuple[int, bytes]] = [
                (number, bytes(item))
                for number, item in enumerate(msgspec.json.decode(body, type=list[msgspec.Raw]), 1)
            ]
        except (msgspec.DecodeError, RecursionError) as error:
            raise Invalid("The list cannot be read.", [Problem("body", "json", str(error))]) from error
    else:
        items = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    for number, line in items:
        if len(line) > MAX_LINE:
            raise Invalid("A line is too long.", [Problem("line", "length", f"{MAX_LINE} octets", line=number)])
    return items
