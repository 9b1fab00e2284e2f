"""Plans as staff see them: any utility's jobs, stopped or taken back where the interface permits it."""

from dataclasses import dataclass
from datetime import datetime

from tieline.gateway.backoffice.access import consumer_named
from tieline.gateway.backoffice.store import reading
from tieline.gateway.model import Actor, Consumer, Party
from tieline.gateway.plans import jobs
from tieline.gateway.plans.model import ACTIVATION, FALLBACK, VALIDATION, Job, number_in, public_id
from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, NotFound
from tieline.platform.scope import Permission, Scope
from tieline.standards.mns.errors import PlanError
from tieline.standards.mns.plans import ActivationJobRequest

KINDS = {"activation": ACTIVATION, "validation": VALIDATION}


@dataclass(frozen=True, slots=True)
class Owned:
    """A job, and the utility whose it is."""

    job: Job
    consumer: Consumer


async def one(tx: Tx, scope: Scope, identifier: str) -> Owned:
    """Give a job by its name on the wire. Raises ``NotFound``; needs ``STAFF_READ``."""
    scope.require(Permission.STAFF_READ)
    kind = identifier.partition("-")[0]
    number = number_in(kind, identifier) if kind in {ACTIVATION, VALIDATION} else None
    owner = None if number is None else await reading.job_owner(tx, number)
    if owner is None or KINDS[owner["kind"]] != kind:
        raise NotFound(f"There is no job {identifier[:40]}.")
    consumer = await consumer_named(tx, owner["utility"])
    return Owned(await jobs.find(tx, consumer, kind, identifier), consumer)


async def cancel(tx: Tx, scope: Scope, identifier: str, reason: str, now: datetime) -> bool:
    """Have a job stop; what is done stays done. True if it is over at once. Raises ``Conflict`` when it is over."""
    scope.require(Permission.STAFF_OPERATE)
    found = await one(tx, scope, identifier)
    try:
        at_once = await jobs.cancel(tx, found.consumer, KINDS[found.job.kind], identifier, now)
    except PlanError as error:
        raise Conflict(f"{identifier} is over and can no longer be cancelled.") from error
    detail = {"utility": found.consumer.code, "reason": reason}
    await audit.append(tx, scope, audit.Entry("plan.cancelled", f"plan:{identifier}", detail))
    return at_once


async def take_back(tx: Tx, scope: Scope, identifier: str, *, by: str, reason: str, now: datetime) -> str:
    """Have the effects of an activation taken back; gives the name of the job that does it.

    Objects that somebody changed since are left alone. Raises ``Conflict`` where no way back was kept.
    """
    scope.require(Permission.STAFF_OPERATE)
    found = await one(tx, scope, identifier)
    if found.job.kind != "activation" or found.job.fallback != "kept":
        raise Conflict(f"No way back was kept for {identifier}.", advice="The utility asks for one when it activates.")
    request = ActivationJobRequest(
        name=f"Undo of {identifier} by the operator",
        description=reason or None,
        fallback_config_descr_id=public_id(FALLBACK, found.job.id),
        is_immediate_activation=True,
        is_fallback_enabled=False,
    )
    made = await jobs.activate(tx, found.consumer, request, by=Actor(Party.STAFF, f"staff:{by}"), now=now)
    detail = {"utility": found.consumer.code, "reason": reason, "job": made.public_id}
    await audit.append(tx, scope, audit.Entry("plan.taken-back", f"plan:{identifier}", detail))
    return made.public_id
