"""What a page of the operator's console starts from: a member of staff who is signed in, and the frame around it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Request

from tieline.console.components.frame import Feed, Frame, Person, Running
from tieline.console.components.values import Tone
from tieline.console.http import BasePage, is_htmx, local_path, pages, redirect, url_of
from tieline.console.visitor import Visitor, current_visitor
from tieline.gateway.backoffice.store import reading
from tieline.gateway.console.navigation import places
from tieline.gateway.console.words import job_name
from tieline.gateway.parts import Parts
from tieline.gateway.plans.model import ACTIVATION, VALIDATION, public_id
from tieline.platform.db import Tx
from tieline.platform.scope import Permission
from tieline.platform.web import CurrentRuntime

__all__ = [
    "CurrentPage",
    "CurrentPerson",
    "StaffPage",
    "current_page",
    "is_htmx",
    "local_path",
    "pages",
    "redirect",
    "url_of",
]

_FRESH = timedelta(seconds=3)
_LATE = timedelta(minutes=2)
"""A recipient that was told nothing for so long, while something waits, is behind."""


@dataclass(frozen=True, slots=True)
class StaffFrame(Frame):
    """The frame of the operator's console: its feeds are the utilities that are told."""

    def unasked(self) -> "StaffFrame":
        """The frame of a page that did not ask whom notifications reach."""
        return replace(self, no_feeds="This page did not ask whom notifications reach.", no_feeds_word="Who is told")

    @property
    def feeds_word(self) -> str:
        """What the dot says in words."""
        lost, behind = (sum(feed.tone is tone for feed in self.feeds) for tone in (Tone.BAD, Tone.BUSY))
        if not self.feeds:
            return self.no_feeds_word
        if lost:
            return f"{lost} of {len(self.feeds)} not reached"
        return f"{behind} of {len(self.feeds)} being told" if behind else "Everybody is told"


@dataclass(frozen=True, slots=True)
class _Moving:
    """How each utility is reached, the plans that run, and how many are to be carried out, those included."""

    feeds: tuple[Feed, ...] = ()
    running: tuple[Running, ...] = ()
    plans: int = 0


class StaffPage(BasePage):
    """A request of a member of the operator's staff, and the ways to answer it."""

    @property
    def parts(self) -> Parts:
        """The gateway that serves this console."""
        parts: Parts = self.request.app.state.parts
        return parts

    @property
    def simulated(self) -> bool:
        """Whether the network behind the gateway is the simulated one."""
        return self.request.app.state.network is not None

    @property
    def account(self) -> str:
        """The name that the person signs in with: what the change log says who it was."""
        return self.scope.actor.partition(":")[2]

    @property
    def may_operate(self) -> bool:
        """Whether the person may change anything."""
        return self.scope.may(Permission.STAFF_OPERATE)

    async def frame(self) -> Frame:
        """The frame with whom notifications reach, and which plans run."""
        known = await self.always("frame", _moving, fresh=_FRESH)
        return self._frame(known.value)

    def bare_frame(self) -> Frame:
        """The frame alone."""
        return self._frame(_Moving()).unasked()

    def _frame(self, moving: _Moving) -> StaffFrame:
        visitor = self.visitor
        return StaffFrame(
            nav=places(visitor.scope, simulated=self.simulated, counts={"plans": moving.plans} if moving.plans else {}),
            current="",
            person=Person(visitor.name, visitor.role, href_label="My account"),
            csrf_token=visitor.csrf_token,
            now=self.now,
            feeds=moving.feeds,
            running=moving.running,
            search_href="/objects",
            search_hint="Search subscription, ICCID, IMSI, address",
            no_feeds="No utility has named an address to be told at yet.",
            no_feeds_word="Nobody to tell yet",
            status_href="/frame/status",
            product=self.parts.settings.name,
        )


async def _moving(tx: Tx) -> _Moving:
    """How each utility is reached, and what becomes of plans."""
    feeds: dict[str, Feed] = {}
    for row in await reading.recipients(tx):
        tone, word = Tone.OK, "is told"
        if row["last_error"]:
            tone, word = Tone.BAD, "not reached"
        elif row["waiting"]:
            tone, word = Tone.BUSY, f"{row['waiting']} wait"
        had = feeds.get(row["utility"])
        if had is None or had.tone.rank < tone.rank:
            stale = _LATE if row["waiting"] else None
            feeds[row["utility"]] = Feed(
                row["utility"], tone, word, row["delivered_at"], stale, f"/utilities/{row['utility']}"
            )
    plans = await reading.open_jobs(tx)
    running = tuple(_running(row) for row in plans if row["state"] != "QUEUED")
    return _Moving(tuple(feeds.values()), running, len(plans))


def _running(row: Mapping[str, Any]) -> Running:
    name = public_id(ACTIVATION if row["kind"] == "activation" else VALIDATION, row["id"])
    return Running(row["name"] or job_name(name), f"/plans/{name}", row["position"], row["total"])


async def current_person(
    request: Request, runtime: CurrentRuntime, visitor: Annotated[Visitor, Depends(current_visitor)]
) -> StaffPage:
    """The page asked for, by somebody signed in, whatever they may; raises ``Unauthenticated`` otherwise."""
    page = StaffPage(request, runtime, visitor)
    request.state.console_page = page  # so that an error later in the handler is drawn in the frame
    return page


async def current_page(page: Annotated[StaffPage, Depends(current_person)]) -> StaffPage:
    """The page asked for, by a member of staff who may see utilities; raises ``Forbidden`` otherwise."""
    page.scope.require(Permission.STAFF_READ)
    return page


CurrentPerson = Annotated[StaffPage, Depends(current_person)]
CurrentPage = Annotated[StaffPage, Depends(current_page)]
