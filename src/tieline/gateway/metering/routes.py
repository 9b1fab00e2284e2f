"""TMF635 over HTTP, as utilities meet it: their own subscriptions' usage, to read.

``GET /usage`` gives days (``usageSpecification.id=data-day``, which it is unless said) or months, as far as their days
are closed (``data-month``); a day that was corrected has the status ``recycled``.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tieline.gateway.metering import store
from tieline.gateway.northbound.answers import answer, consumer_of
from tieline.gateway.parts import Parts
from tieline.standards.tmf.change import FIRST_YEAR, LAST_YEAR, in_utc
from tieline.standards.tmf.errors import TmfError
from tieline.standards.tmf.query import ListQuery, chosen, parse_fields, parse_query
from tieline.standards.tmf.usage import (
    BASE_PATH,
    DATA_USAGE,
    Specification,
    Stretch,
    UsageStatus,
    specification_of,
    usage_of,
    usage_schema,
)

FILTERS = (
    "usageDate",
    "usageDate.gte",
    "usageDate.lt",
    "lastUpdate.gte",
    "status",
    "usageSpecification.id",
    "subscription",
)
"""What a list of usage may be narrowed by."""
_CORRECTED: Mapping[str, bool] = {UsageStatus.GUIDED: False, UsageStatus.RECYCLED: True}
_Endpoint = Callable[[Request], Awaitable[Response]]


class UsageManagement:
    """The interface; one instance a gateway."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._root = f"{parts.base_url}{BASE_PATH}"
        self.routes = [
            Route(f"{BASE_PATH}/usage", self.list, methods=["GET"]),
            Route(f"{BASE_PATH}/usage/{{id}}", self.show, methods=["GET"]),
            Route(f"{BASE_PATH}/usageSpecification", self.specifications, methods=["GET"]),
            Route(f"{BASE_PATH}/usageSpecification/{{id}}", self.specification, methods=["GET"]),
            Route(f"{BASE_PATH}/schema/{DATA_USAGE}.schema.json", self.schema, methods=["GET"]),
        ]

    async def list(self, request: Request) -> Response:
        """``GET /usage`` with fields, offset, limit and the filters."""
        query = parse_query(request.query_params.multi_items(), FILTERS)
        wanted, specification = _wanted(query), _specification(query)
        corrected = _one_of(query, "status", _CORRECTED)
        consumer = consumer_of(request)
        async with self._parts.db.snapshot() as tx:
            if specification is Specification.MONTH:
                total, found = await store.months(tx, consumer.id, wanted, offset=query.offset, limit=query.limit)
            else:
                total, found = await store.days(
                    tx, consumer.id, wanted, corrected=corrected, offset=query.offset, limit=query.limit
                )
        shown = [self._shown(consumer.code, one, specification, corrected=c) for one, c in found]
        kept = shown if query.fields is None else [chosen(msgspec.to_builtins(one), query.fields) for one in shown]
        return answer(kept, headers={"X-Total-Count": str(total), "X-Result-Count": str(len(kept))})

    def _shown(self, party: str, one: Stretch, specification: Specification, *, corrected: bool) -> msgspec.Struct:
        made = usage_of(one, specification, party=party, root=self._root, description=self._parts.meter.origin)
        return msgspec.structs.replace(made, status=UsageStatus.RECYCLED) if corrected else made

    async def show(self, request: Request) -> Response:
        """``GET /usage/{id}``: a day or a month of a subscription."""
        subscription, _, name = request.path_params["id"].rpartition(".")
        fields = parse_fields(request.query_params.get("fields"))
        consumer = consumer_of(request)
        found: list[tuple[Stretch, bool]] = []
        day, specification = _named(name)
        if day is not None and subscription and "\x00" not in subscription:
            later = day + timedelta(days=1)
            wanted = {"since": day, "before": later, "updated": None, "subscription": subscription}
            async with self._parts.db.snapshot() as tx:
                if specification is Specification.MONTH:
                    _, found = await store.months(tx, consumer.id, wanted, offset=0, limit=1)
                else:
                    _, found = await store.days(tx, consumer.id, wanted, corrected=None, offset=0, limit=1)
        if not found:
            raise TmfError("There is no such usage.", code="notFound", status=404)
        (one, corrected), *_ = found
        shown = self._shown(consumer.code, one, specification, corrected=corrected)
        return answer(chosen(msgspec.to_builtins(shown), fields))

    async def specifications(self, request: Request) -> Response:
        """``GET /usageSpecification``."""
        query = parse_query(request.query_params.multi_items(), ("id",))
        known = [one for one in Specification if "id" not in query.where or one.value in query.where["id"]]
        page = known[query.offset : query.offset + query.limit]
        shown = [chosen(specification_of(one, self._root), query.fields) for one in page]
        return answer(shown, headers={"X-Total-Count": str(len(known)), "X-Result-Count": str(len(shown))})

    async def specification(self, request: Request) -> Response:
        """``GET /usageSpecification/{id}``."""
        identifier = request.path_params["id"]
        if identifier not in set(Specification):
            raise TmfError("There is no such usage specification.", code="notFound", status=404)
        return answer(specification_of(Specification(identifier), self._root))

    async def schema(self, request: Request) -> Response:
        """What ``@schemaLocation`` leads to."""
        del request
        return answer(usage_schema())


def _wanted(query: ListQuery) -> dict[str, Any]:
    """What the store binds."""
    since, before = _day(query, "usageDate.gte"), _day(query, "usageDate.lt")
    only = _day(query, "usageDate")
    if only is not None:
        since, before = only, only + timedelta(days=1)
    return {
        "since": since,
        "before": before,
        "updated": _moment(query, "lastUpdate.gte"),
        "subscription": _text(query, "subscription"),
    }


def _specification(query: ListQuery) -> Specification:
    known = {one.value: one for one in Specification}
    return _one_of(query, "usageSpecification.id", known) or Specification.DAY


def _one_of(query: ListQuery, name: str, known: Mapping[str, Any]) -> Any:
    text = _text(query, name)
    if text is None:
        return None
    if text not in known:
        raise TmfError(f"{name} is one of {', '.join(known)}.", code="invalidQuery", field=name)
    return known[text]


def _text(query: ListQuery, name: str) -> str | None:
    values = query.where.get(name)
    if values is None:
        return None
    if len(values) > 1:
        raise TmfError(f"{name} has one value.", code="invalidQuery", field=name)
    return values[0][:200]


def _day(query: ListQuery, name: str) -> date | None:
    """A day, written as one or as a moment."""
    text = _text(query, name)
    if text is None:
        return None
    try:
        found = date.fromisoformat(text[:10])
        if len(text) > len("2026-11-27"):
            datetime.fromisoformat(text)
    except ValueError as error:
        raise TmfError(f"{name} is a day like 2026-11-27.", code="invalidQuery", field=name) from error
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise TmfError(f"{name} lies between the years {FIRST_YEAR} and {LAST_YEAR}.", code="invalidQuery", field=name)
    return found


def _moment(query: ListQuery, name: str) -> datetime | None:
    text = _text(query, name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise TmfError(f"{name} is a moment like 2026-11-27T08:00:00Z.", code="invalidQuery", field=name) from error
    if found.tzinfo is None:
        raise TmfError(f"{name} needs its offset from UTC.", code="invalidQuery", field=name)
    return in_utc(found, name)


def _named(name: str) -> tuple[date | None, Specification]:
    """The day or month that the end of an identifier names."""
    month = len(name) == len("2026-11")
    try:
        day = date.fromisoformat(f"{name}-01" if month else name)
    except ValueError:
        return None, Specification.DAY
    known = FIRST_YEAR <= day.year <= LAST_YEAR
    return day if known else None, Specification.MONTH if month else Specification.DAY
