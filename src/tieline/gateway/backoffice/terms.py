"""What staff decide of a utility: its terms, which kinds of call it may make, whether it is let in at all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tieline.gateway.model import EVERY_SCOPE, Consumer, TokenScope
from tieline.gateway.utilities import store
from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem
from tieline.platform.scope import Permission, Scope


@dataclass(frozen=True, slots=True)
class Terms:
    """What a contract says. ``permitted``: kinds of call; all of them where it is every kind."""

    name: str
    hosts: tuple[str, ...]
    calls_per_second: float
    max_changes: int
    token_required: bool
    permitted: frozenset[TokenScope]


def staff(name: str) -> Scope:
    """A member of staff whom the back office's token let in, as a program of the operator says."""
    return Scope(f"staff:{name}", frozenset({Permission.STAFF_READ, Permission.STAFF_OPERATE}))


async def named(tx: Tx, scope: Scope, code: str) -> Mapping[str, Any]:
    """A utility with its terms. Raises ``NotFound``; needs ``STAFF_READ``."""
    scope.require(Permission.STAFF_READ)
    found = next((row for row in await store.listed(tx) if row["code"] == code), None)
    if found is None:
        raise NotFound(f"No utility is called {code[:64]}.")
    return found


async def take_on(tx: Tx, scope: Scope, code: str, terms: Terms, *, fingerprints: list[str], now: datetime) -> Consumer:
    """Take a utility on; its part of the tree is made with it. Raises ``Conflict`` where there is one already."""
    scope.require(Permission.STAFF_OPERATE)
    if await store.by_code(tx, code) is not None:
        raise Conflict(f"There is a utility called {code} already.")
    made = await store.register(tx, {**_values(terms), "code": code}, fingerprints, now)
    if await store.certificates(tx, made.id) != sorted(fingerprints):
        raise Conflict("A certificate belongs to another utility already.")
    await store.permit(tx, made.id, _permitted(terms))
    await audit.append(tx, scope, audit.Entry("utility.taken-on", f"utility:{code}", _shown(terms)))
    return made


async def set_terms(tx: Tx, scope: Scope, consumer: Consumer, terms: Terms) -> None:
    """Write what a contract says now; it holds within seconds."""
    scope.require(Permission.STAFF_OPERATE)
    before = await named(tx, scope, consumer.code)
    await store.set_terms(tx, consumer.id, _values(terms))
    await store.permit(tx, consumer.id, _permitted(terms))
    detail = {"before": _shown(of_row(before)), "after": _shown(terms)}
    await audit.append(tx, scope, audit.Entry("utility.terms-set", f"utility:{consumer.code}", detail))


async def permit(tx: Tx, scope: Scope, consumer: Consumer, permitted: frozenset[TokenScope] | None) -> None:
    """Set which kinds of call a contract allows; None: every kind."""
    before = of_row(await named(tx, scope, consumer.code))
    await set_terms(tx, scope, consumer, replace(before, permitted=permitted or EVERY_SCOPE))


async def suspend(tx: Tx, scope: Scope, consumer: Consumer, reason: str, now: datetime) -> None:
    """Answer no call of a utility from now on, within seconds; what it has running goes on, and it is told as before.

    Raises ``Invalid`` without a reason: the utility's account manager will be asked for it.
    """
    scope.require(Permission.STAFF_OPERATE)
    if not reason.strip():
        raise Invalid("Say why.", [Problem("reason", "missing", "Whoever is asked about it reads this.")])
    if await store.suspend(tx, consumer.id, by=scope.actor, reason=reason.strip(), now=now):
        entry = audit.Entry("utility.suspended", f"utility:{consumer.code}", {"reason": reason.strip()})
        await audit.append(tx, scope, entry)


async def resume(tx: Tx, scope: Scope, consumer: Consumer) -> None:
    """Answer a utility's calls again."""
    scope.require(Permission.STAFF_OPERATE)
    if await store.resume(tx, consumer.id):
        await audit.append(tx, scope, audit.Entry("utility.resumed", f"utility:{consumer.code}", {}))


def of_row(row: Mapping[str, Any]) -> Terms:
    """A utility's terms as a row of the list tells them."""
    permitted = row["permitted"]
    return Terms(
        name=row["name"],
        hosts=tuple(row["notification_hosts"]),
        calls_per_second=row["calls_per_second"],
        max_changes=row["max_changes_per_plan"],
        token_required=row["token_required"],
        permitted=EVERY_SCOPE if permitted is None else frozenset(TokenScope(one) for one in permitted),
    )


def _permitted(terms: Terms) -> list[str] | None:
    return None if terms.permitted == EVERY_SCOPE else [one.value for one in TokenScope if one in terms.permitted]


def _values(terms: Terms) -> dict[str, Any]:
    return {
        "name": terms.name,
        "hosts": [host.lower() for host in terms.hosts],
        "calls_per_second": terms.calls_per_second,
        "max_changes": terms.max_changes,
        "token_required": terms.token_required,
    }


def _shown(terms: Terms) -> dict[str, Any]:
    return {**_values(terms), "permitted": [one.value for one in TokenScope if one in terms.permitted]}
