"""What every page's handler starts from: who asks, fragments, forms, and errors as pages.

Each console has a page of its own, which knows its frame, and a dependency that makes it of a request; a module of
pages makes its router with :func:`pages`::

    router = pages()

    @router.get("/things")
    async def things(page: CurrentPage) -> Response:
        async with page.db.snapshot() as tx:
            found = await inventory.things(tx, page.scope, ...)
        return await page.show("pages/things/templates/list.html", current="things", head=..., table=...)

Nobody signed in is sent to the sign-in page and comes back afterwards; errors of the tree are drawn by
``console.problems``.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
import structlog
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.routing import APIRoute
from starlette.datastructures import FormData

from tieline.console import problems
from tieline.console.components.frame import Frame, PageHead
from tieline.console.components.work import Problem as WordedProblem
from tieline.console.kept import A_MOMENT, Counted, Shelf, bounds
from tieline.console.render import Assets, Renderer
from tieline.console.visitor import Visitor
from tieline.platform.db import Database, Tx
from tieline.platform.errors import Invalid, NotFound, Problem, TielineError, Unauthenticated
from tieline.platform.scope import Scope
from tieline.platform.web import current_request_id, current_runtime, translate
from tieline.platform.wiring import Runtime

T = TypeVar("T")
_log = structlog.get_logger(__name__)
_LONGEST_NEXT = 2000


class BasePage(ABC):
    """A request of somebody who is signed in, and the ways to answer it."""

    def __init__(self, request: Request, runtime: Runtime, visitor: Visitor) -> None:
        self.request = request
        self.runtime = runtime
        self.visitor = visitor
        self.renderer = renderer_of(request, runtime)

    @property
    def scope(self) -> Scope:
        """Who asks, for every use case."""
        return self.visitor.scope

    @property
    def db(self) -> Database:
        """The database of this process."""
        return self.runtime.db

    @property
    def shelf(self) -> Shelf:
        """Where counts are kept that take long."""
        return shelf_of(self.request, self.runtime)

    async def counted(
        self, name: str, count: Callable[[Tx], Awaitable[T]], *, fresh: timedelta, wait: float | None = A_MOMENT
    ) -> Counted[T] | None:
        """What ``count`` finds within this person's bounds, kept under ``name``; see :meth:`Shelf.get`."""

        async def make() -> T:
            async with self.db.snapshot() as tx:
                return await count(tx)

        return await self.shelf.get((name, bounds(self.scope)), make, fresh=fresh, wait=wait)

    async def always(self, name: str, count: Callable[[Tx], Awaitable[T]], *, fresh: timedelta) -> Counted[T]:
        """As :meth:`counted`, waiting however long the first value takes."""
        found = await self.counted(name, count, fresh=fresh, wait=None)
        if found is None:
            raise LookupError(f"nothing came of counting {name}")
        return found

    @property
    def csrf_token(self) -> str:
        """What each form posts as ``csrf_token``; the parts take it as an argument."""
        return self.visitor.csrf_token

    @property
    def now(self) -> datetime:
        """The present moment."""
        return self.runtime.clock.now()

    @property
    def url(self) -> str:
        """This page's path and query, as filter bars and pages of a list start from it."""
        return url_of(self.request)

    @property
    def is_fragment(self) -> bool:
        """Whether a script asks, for a part of a page."""
        return is_htmx(self.request)

    @property
    def is_sheet(self) -> bool:
        """Whether a link marked ``data-sheet`` was followed: answer with :meth:`sheet`."""
        return self.is_fragment and self.request.headers.get("HX-Target") == "sheet"

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
        """A whole page in its frame. ``current`` is the key of its place in the rail."""
        frame = replace(await self.frame(), current=current)
        return self.fragment(template, status=status, headers=headers, frame=frame, head=head, **context)

    def fragment(
        self, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **context: Any
    ) -> Response:
        """A part of a page. ``page`` is this object in every template."""
        vary = {"Vary": "HX-Request, HX-Target", **(headers or {})}
        return self.renderer.response(template, status=status, headers=vary, **{"page": self, **context})

    def sheet(self, template: str, *, title: str, state: str = "", **context: Any) -> Response:
        """Details beside a list; ``template`` extends ``layout/sheet.html``."""
        return self.fragment(template, sheet_title=title, sheet_state=state, page_href=self.url, **context)

    def redirect(self, href: str) -> Response:
        """Go to another page of the console after something was done."""
        return redirect(self.request, href)

    def told(self, title: str, *, detail: str = "", tone: str = "ok") -> dict[str, str]:
        """Headers that make a fragment's answer say something in a corner of the page, too."""
        notice = {"tieline:toast": {"tone": tone, "title": title, "detail": detail}}
        return {"HX-Trigger": msgspec.json.encode(notice).decode().encode("ascii", "backslashreplace").decode()}

    async def form(self, *, fields: int = 200, files: int = 4) -> FormData:
        """What was posted. The CSRF token was already checked."""
        return await self.request.form(max_fields=fields, max_files=files)

    @abstractmethod
    async def frame(self) -> Frame:
        """The frame for this person, without a current place."""

    @abstractmethod
    def bare_frame(self) -> Frame:
        """The frame with nothing in it that has to be asked for: around an error."""


def shelf_of(request: Request, runtime: Runtime) -> Shelf:
    """The application's shelf of counts."""
    state = request.app.state
    made: Shelf | None = getattr(state, "console_shelf", None)
    if made is None:
        made = state.console_shelf = Shelf(runtime.clock)
    return made


def renderer_of(request: Request, runtime: Runtime) -> Renderer:
    """The application's renderer; made at its first page, with the templates of ``app.state.console_folders``."""
    state = request.app.state
    made = getattr(state, "console_renderer", None)
    if made is None:
        folders: Sequence[Path] = getattr(state, "console_folders", ())
        product: str = getattr(state, "console_product", "Tieline")
        made = state.console_renderer = Renderer(Assets(), clock=runtime.clock, folders=folders, product=product)
    if not isinstance(made, Renderer):
        raise TypeError(f"the application's console_renderer is {made!r}")
    return made


class PageRoute(APIRoute):
    """A route whose errors are answered for a person: drawn as a page, or as a part of one."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler made by FastAPI."""
        handle = super().get_route_handler()

        async def drawn(request: Request) -> Response:
            try:
                return await handle(request)
            except Unauthenticated:
                return redirect(request, sign_in_href(request))
            except TielineError as error:
                return await _draw(request, error)
            except RequestValidationError as error:
                return await _draw(request, _refused(request, error))
            except Exception as error:  # noqa: BLE001 - logged with its trace; the person gets a page, not a trace
                return await _draw(request, _unexpected(request, error))
            finally:
                await request.close()  # what was uploaded lies in temporary files until then

        return drawn


def pages() -> APIRouter:
    """A router for pages: not part of the REST API's description, errors drawn for people."""
    return APIRouter(route_class=PageRoute, default_response_class=HTMLResponse, include_in_schema=False)


async def _draw(request: Request, error: TielineError) -> Response:
    """The error as a page in its frame, without one (before sign-in), or as a fragment."""
    page: BasePage | None = getattr(request.state, "console_page", None)
    runtime = page.runtime if page else current_runtime(request)
    renderer = renderer_of(request, runtime)
    problem = problems.problem(error, current_request_id())
    headers = {"Retry-After": str(round(retry))} if (retry := getattr(error, "retry_after", None)) else {}
    if is_htmx(request):
        return _to_script(renderer, error, problem, headers)
    if page is None:
        return renderer.response(
            problems.BLANK, status=error.status, headers=headers, title=error.title, problem=problem
        )
    frame = page.bare_frame()
    head = PageHead(error.title)
    return renderer.response(
        problems.PAGE, status=error.status, headers=headers, frame=frame, head=head, problem=problem
    )


def _to_script(renderer: Renderer, error: TielineError, problem: WordedProblem, headers: dict[str, str]) -> Response:
    """A refused form gets the problem in its place; anything else is told in a corner and leaves the page as it is."""
    if isinstance(error, Invalid):
        return renderer.response(problems.FRAGMENT, status=error.status, headers=headers, problem=problem)
    body = {"title": error.title, "detail": error.detail, "status": error.status, "instance": problem.reference}
    return JSONResponse(body, error.status, headers, media_type="application/problem+json")


def _unexpected(request: Request, error: Exception) -> TielineError:
    """What the REST API has words for has them here, too; anything else is a fault of ours, kept with its trace."""
    known = translate(error)
    if known is not None:
        return known
    _log.error("a page failed", path=request.url.path, exc_info=error)
    return TielineError("This page could not be made.")


def _refused(request: Request, error: RequestValidationError) -> TielineError:
    """A part of the URL that is no number is a page that does not exist; the rest is a broken rule."""
    places = [one["loc"] for one in error.errors()]
    if any(place[0] == "path" for place in places):
        return NotFound(f"There is no page {request.url.path}.")
    rules = [Problem(str(one["loc"][-1]), str(one["type"]), str(one["msg"])) for one in error.errors()]
    return Invalid("The address or form holds something that cannot be used.", rules)


def is_htmx(request: Request) -> bool:
    """Whether htmx sent the request."""
    return request.headers.get("HX-Request") == "true"


def url_of(request: Request) -> str:
    """Path and query of a request."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def redirect(request: Request, href: str) -> Response:
    """Send the browser to another page; htmx is told to leave the page rather than to swap the other one in."""
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Redirect": href})
    return RedirectResponse(href, status_code=303, headers={"Cache-Control": "no-store"})


def sign_in_href(request: Request) -> str:
    """Where to sign in, with the way back to the page that was asked for (or, for a script, that it stands on)."""
    wanted = url_of(request) if request.method == "GET" else "/"
    if is_htmx(request):
        wanted = request.headers.get("HX-Current-URL", "/")
        wanted = local_path("/" + wanted.partition("://")[2].partition("/")[2])
    return "/sign-in" if wanted == "/" else f"/sign-in?{urlencode({'next': wanted[:_LONGEST_NEXT]})}"


def local_path(wanted: str) -> str:
    """A path within this console, or ``/``: nobody is sent to another site by a crafted link."""
    safe = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted[:_LONGEST_NEXT] if safe else "/"
