"""Approving a programme: its cut-overs and retirements are standard changes from then on, approved with it."""

from dataclasses import dataclass

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Forbidden
from tieline.platform.scope import Permission, Scope
from tieline.utility import changes
from tieline.utility.changes import Person
from tieline.utility.programmes.model import Programme, ProgrammeState
from tieline.utility.programmes.service.telling import log
from tieline.utility.programmes.store import links as link_store
from tieline.utility.programmes.store import programmes as store
from tieline.utility.programmes.store import sites

KINDS = {"cutover_policy": "subscription.cutover", "retire_policy": "subscription.configure"}
"""Which term names the policy for which kind of change."""
_WORDS = {"cutover_policy": "cut-overs", "retire_policy": "retirements"}
ITEMS_A_LINK = 2
"""A cut-over has two steps for each link: the old subscription gives its address up, the new one takes it."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Under which policy a change of a programme is made; without one it is asked anew, and ``why`` says why."""

    policy_id: int | None
    why: str


async def approve(tx: Tx, scope: Scope, clock: Clock, programme_id: int) -> Programme:
    """Approve a programme as somebody else than who opened it: what its terms leave to a person each time is agreed.

    For each of them a policy is put in force that is the programme's own: of at most as many steps as it has links
    for, critical sites among them. What is beyond that is asked anew. Raises ``Conflict`` where nothing is left to
    approve, ``Forbidden`` for who opened it.
    """
    scope.require(Permission.CHANGE_APPROVE)
    programme = await store.get(tx, programme_id, lock=True)
    if programme.state is ProgrammeState.CLOSED:
        raise Conflict("This programme is closed.")
    if await sites.any_beyond(tx, scope, programme_id):
        raise Forbidden(
            "This programme has sites outside your regions.", advice="Somebody who sees them all approves it."
        )
    lacking = lacks(programme)
    if not lacking:
        raise Conflict("Cut-overs and retirements of this programme are approved beforehand already.")
    links = await link_store.count(tx, programme_id)
    author = Person(programme.created_by, programme.created_by_user)
    terms: dict[str, int] = {}
    for name in lacking:
        terms[name] = await changes.agree_policy(
            tx,
            scope,
            clock,
            author,
            name=f"Programme {programme_id}: {_WORDS[name]}",
            kind=KINDS[name],
            max_items=links * ITEMS_A_LINK,
            origin=origin(programme_id),
        )
    await store.add_terms(tx, programme_id, terms)
    await log(tx, programme_id, "approved", {"links": links}, actor=scope.actor, at=clock.now())
    await audit.append(tx, scope, audit.Entry("programme.approved", f"programme:{programme_id}", {"links": links}))
    return await store.get(tx, programme_id)


def lacks(programme: Programme) -> list[str]:
    """Which terms leave the approval to a person each time."""
    return [name for name in KINDS if getattr(programme.terms, name) is None]


def may_approve(programme: Programme, scope: Scope) -> bool:
    """Whether somebody could approve a programme as it stands: for buttons."""
    author = Person(programme.created_by, programme.created_by_user)
    return (
        scope.may(Permission.CHANGE_APPROVE)
        and programme.state is not ProgrammeState.CLOSED
        and bool(lacks(programme))
        and not author.same_as(Person(scope.actor, scope.user_id))
    )


def origin(programme_id: int) -> str:
    """As whose a programme's policies, visits and needs are known."""
    return f"programme:{programme_id}"


async def approval_of(tx: Tx, programme: Programme, term: str, *, items: int, critical_sites: int) -> Approval:
    """How a change of a programme is approved: under its policy while it is within that, and by a person otherwise."""
    policy_id: int | None = getattr(programme.terms, term)
    if policy_id is None:
        return Approval(None, "It is approved by itself: the programme was not approved beforehand.")
    why = await changes.outside_policy(tx, policy_id, KINDS[term], items=items, critical_sites=critical_sites)
    if why is not None:
        return Approval(None, f"It is approved by itself: {why[0].lower()}{why[1:]}")
    return Approval(policy_id, "Approved beforehand, with the programme.")


async def withdraw(tx: Tx, scope: Scope, clock: Clock, programme: Programme) -> None:
    """Take the policies that are a programme's own out of force: it is closed. ``scope`` is the system's."""
    mine = {row["id"] for row in await changes.policies(tx, scope) if row["origin"] == origin(programme.id)
            and row["retired_at"] is None}  # fmt: skip
    for policy_id in sorted(mine):
        await changes.retire_policy(tx, scope, clock, policy_id)
