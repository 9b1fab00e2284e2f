"""What a page of the utility's console starts from: somebody signed in, and the utility's frame around the page."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from tieline.console.components.frame import CalendarNotice, Frame, PageHead, Person, rail
from tieline.console.http import (
    BasePage,
    is_htmx,
    local_path,
    pages,
    redirect,
    renderer_of,
    shelf_of,
    sign_in_href,
    url_of,
)
from tieline.console.visitor import Visitor
from tieline.platform.clock import DeclaredClock
from tieline.platform.web import CurrentRuntime
from tieline.utility import views
from tieline.utility.console import saved
from tieline.utility.console.navigation import PLACES
from tieline.utility.console.status import Status, Watch
from tieline.utility.console.visitor import current_visitor

__all__ = [
    "CurrentPage",
    "Page",
    "current_page",
    "is_htmx",
    "local_path",
    "pages",
    "redirect",
    "renderer_of",
    "shelf_of",
    "sign_in_href",
    "url_of",
    "watch_of",
]


class Page(BasePage):
    """A request of somebody at the utility, and the ways to answer it."""

    async def show(
        self,
        template: str,
        *,
        current: str,
        head: PageHead,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **context: Any,
    ) -> Response:
        """A whole page in its frame, with what the person's saved views make of it."""
        seen = await self._views()
        if seen.go and status == HTTPStatus.OK:
            return self.redirect(seen.go)
        seen, parts = saved.worn(seen, context)
        frame = await self.frame()
        frame = replace(frame, current=current, nav=saved.rail_with(frame.nav, seen.pinned), views=seen.bar)
        return self.fragment(template, status=status, headers=headers, frame=frame, head=head, **parts)

    async def _views(self) -> saved.Look:
        """What the person's saved views make of this page; nothing on the answer to a form."""
        if self.request.method != "GET":
            return saved.Look()
        path = self.request.url.path
        async with self.db.snapshot() as tx:
            found = await views.of_page(tx, self.scope, path)
        return saved.look(path, self.request.url.query, found, self.scope, self.csrf_token)

    @property
    def calendar_now(self) -> datetime:
        """The present moment of what people plan by: days of visits, due times."""
        return self.runtime.calendar.now()

    async def frame(self) -> Frame:
        """The frame with what feeds and changes do."""
        return self._frame(await self.status())

    def bare_frame(self) -> Frame:
        """The frame alone."""
        return self._frame(Status()).unasked()

    async def status(self) -> Status:
        """Feeds and running changes, as far as the person may see them."""
        return await watch_of(self.request).status(self.runtime, self.scope)

    def _frame(self, status: Status) -> Frame:
        calendar, visitor = self.runtime.calendar, self.visitor
        return Frame(
            nav=rail(visitor.scope, PLACES, {"incidents": status.incidents} if status.incidents else {}),
            current="",
            person=Person(visitor.name, visitor.role),
            csrf_token=visitor.csrf_token,
            now=self.now,
            calendar=CalendarNotice(calendar.now(), calendar.speed) if isinstance(calendar, DeclaredClock) else None,
            feeds=status.feeds,
            running=status.running,
            storms=status.storms,
            status_href="/frame/status",
            views_href="/views",
        )


def watch_of(request: Request) -> Watch:
    """The application's watch over feeds and changes."""
    state = request.app.state
    made: Watch | None = getattr(state, "console_watch", None)
    if made is None:
        made = state.console_watch = Watch()
    return made


async def current_page(
    request: Request,
    runtime: CurrentRuntime,
    visitor: Annotated[Visitor, Depends(current_visitor)],
) -> Page:
    """The page asked for, by somebody signed in; raises ``Unauthenticated`` otherwise."""
    page = Page(request, runtime, visitor)
    request.state.console_page = page  # so that an error later in the handler is drawn in the frame
    return page


CurrentPage = Annotated[Page, Depends(current_page)]
