"""REST of the back office."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from tieline.gateway.authorization.clients import staff as staff_scope
from tieline.gateway.backoffice import loading, staff
from tieline.gateway.backoffice.access import Code, CurrentParts, authenticated, consumer_named
from tieline.gateway.backoffice.schemas import (
    Counts,
    Loaded,
    LogEntry,
    LogPage,
    StaffChange,
    Subscription,
    Subscriptions,
    Utility,
    UtilityCounts,
    UtilityTerms,
)
from tieline.gateway.backoffice.store import reading
from tieline.gateway.objects.policy import document, lags
from tieline.gateway.objects.store import log
from tieline.gateway.objects.store.objects import node_of
from tieline.gateway.plans.model import ACTIVATION, number_in, public_id
from tieline.gateway.utilities import store as utilities
from tieline.gateway.utilities.limits import Calls
from tieline.platform import audit
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem
from tieline.standards.mns.errors import MnsError
from tieline.standards.mns.profile import DESIRED_NAMES, SUBSCRIPTION_CLASS, State

BULK = 512 * 1024 * 1024

router = APIRouter(prefix="/backoffice/v1", tags=["backoffice"], dependencies=[Depends(authenticated)])


@router.post("/utilities", status_code=201)
async def register_utility(terms: UtilityTerms, parts: CurrentParts) -> Utility:
    """Take a utility on, or renew its terms; certificates that are not named lose their access within seconds."""
    fingerprints = sorted({fingerprint.lower() for fingerprint in terms.certificates})
    values = {
        "code": terms.code,
        "name": terms.name,
        "hosts": [host.lower() for host in terms.notification_hosts],
        "calls_per_second": terms.calls_per_second or parts.settings.calls_per_second,
        "max_changes": terms.max_changes_per_plan or parts.settings.max_changes_per_plan,
        "token_required": terms.token_required,
    }
    async with parts.db.transaction() as tx:
        consumer = await utilities.register(tx, values, fingerprints, parts.clock.now())
        if await utilities.certificates(tx, consumer.id) != fingerprints:
            raise Conflict("A certificate belongs to another utility already.")
        rows = await utilities.listed(tx)
        entry = audit.Entry("utility.terms-set", f"utility:{terms.code}", terms.model_dump(exclude_none=True))
        await audit.append(tx, staff_scope("back office"), entry)
    row = next(row for row in rows if row["code"] == terms.code)
    return Utility(**row)


@router.get("/utilities")
async def list_utilities(parts: CurrentParts) -> list[Utility]:
    """Every utility with its terms."""
    async with parts.db.snapshot() as tx:
        return [Utility(**row) for row in await utilities.listed(tx)]


@router.post("/utilities/{code}/subscriptions", status_code=201, max_body_size=BULK)
async def load_subscriptions(code: Code, request: Request, parts: CurrentParts) -> Loaded:
    """Load subscriptions and their cards, NDJSON; wholly or not at all (docs/reference/gateway.md has the members)."""
    async with parts.db.transaction() as tx:
        consumer = await consumer_named(tx, code)
        loaded = await loading.load(tx, consumer, request.stream(), parts.clock.now())
    parts.signals.changed()
    return loaded


@router.get("/utilities/{code}/subscriptions")
async def list_subscriptions(
    code: Code,
    parts: CurrentParts,
    after: Annotated[str, Query(max_length=400)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    state: State | None = None,
) -> Subscriptions:
    """Subscriptions by identifier."""
    async with parts.db.snapshot() as tx:
        consumer = await consumer_named(tx, code)
        rows = await reading.children(tx, consumer, SUBSCRIPTION_CLASS, after=after, limit=limit + 1, state=state)
    nodes = [node_of(row) for row in rows[:limit]]
    items = [
        Subscription(id=node.dn.id, version=node.version, lags=lags(node), attributes=document(node)) for node in nodes
    ]
    return Subscriptions(items=items, next=items[-1].id if len(rows) > limit else None)


@router.patch("/utilities/{code}/subscriptions/{subscription}")
async def change_subscription(
    code: Code, subscription: Annotated[str, Path(max_length=400)], wanted: StaffChange, parts: CurrentParts
) -> dict[str, object]:
    """Change a subscription as a member of staff does; the utility is notified."""
    async with parts.db.transaction() as tx:
        consumer = await consumer_named(tx, code)
        try:
            dn = consumer.root.child(SUBSCRIPTION_CLASS, subscription)
            actor = staff.member_of_staff(wanted.by, wanted.reason)
            shown = await staff.change(tx, parts, consumer, dn, wanted.attributes, actor=actor)
        except MnsError as error:
            if error.status == 404:  # noqa: PLR2004 - HTTP
                raise NotFound(error.detail) from error
            raise Invalid(
                error.detail, [Problem("attributes", str(error.reason or error.type), error.detail)]
            ) from error
    parts.signals.changed()
    return shown


@router.get("/change-log")
async def read_change_log(
    parts: CurrentParts,
    *,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
    utility: Annotated[str | None, Query(max_length=64)] = None,
    party: Annotated[str | None, Query(pattern="^(utility|staff|network)$")] = None,
    client: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
    dn: Annotated[str | None, Query(max_length=800)] = None,
    job: Annotated[str | None, Query(max_length=40)] = None,
) -> LogPage:
    """Who changed what, oldest first."""
    job_id = None if job is None else number_in(ACTIVATION, job)
    if job is not None and job_id is None:
        raise NotFound(f"There is no activation job {job}.")
    filters = {"utility": utility, "party": party, "client": client, "dn": dn, "job": job_id}
    async with parts.db.snapshot() as tx:
        rows = await log.page(tx, after=after, limit=limit + 1, filters=filters)
    items = [
        LogEntry(**{**row, "job": None if row["job_id"] is None else public_id(ACTIVATION, row["job_id"])})
        for row in rows[:limit]
    ]
    return LogPage(items=items, next=items[-1].id if len(rows) > limit else None)


@router.get("/counts")
async def count(parts: CurrentParts) -> Counts:
    """What there is, counted from the tables as they are now."""
    found = []
    async with parts.db.snapshot() as tx:
        for row in await utilities.listed(tx):
            consumer = await consumer_named(tx, row["code"])
            calls = parts.limit.calls.get(consumer.id, Calls())
            found.append(
                UtilityCounts(
                    utility=consumer.code,
                    **await reading.counts(tx, consumer.id, DESIRED_NAMES),
                    calls=calls.taken,
                    calls_refused=calls.refused,
                    busiest_second=calls.busiest_second,
                )
            )
    return Counts(operator=parts.settings.code, utilities=found)
