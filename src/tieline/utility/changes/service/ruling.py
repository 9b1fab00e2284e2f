"""Policies of standard changes, approved beforehand."""

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg.rows import DictRow

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict
from tieline.platform.scope import Permission, Scope
from tieline.utility.changes.kinds import KINDS
from tieline.utility.changes.model import Recurring
from tieline.utility.changes.policy.approval import Person, check_decider
from tieline.utility.changes.service import timing
from tieline.utility.changes.store import extras, templates


async def policies(tx: Tx, scope: Scope) -> list[DictRow]:
    """Every policy of standard changes."""
    scope.require(Permission.CHANGE_READ)
    return await extras.policies(tx)


async def make_policy(
    tx: Tx,
    scope: Scope,
    *,
    name: str,
    kind: str,
    max_items: int,
    critical_sites: bool,
    rules: Sequence[Recurring] = (),
    template_version_id: int | None = None,
) -> DictRow:
    """Propose a policy; it is in force once somebody else has approved it.

    ``rules`` are windows that bound every change under it, beside each one's own. With an approved version of a
    template behind it, changes under it do what that says, and nothing else.
    """
    scope.require(Permission.CHANGE_PLAN)
    KINDS.get(kind)
    timing.check(rules)
    values: dict[str, Any] = {"name": name, "kind": kind, "max_items": max_items, "critical_sites": critical_sites}
    values["windows"] = msgspec.to_builtins(tuple(rules))
    values["template_version_id"] = template_version_id
    if template_version_id is not None:
        await _check_template(tx, kind, template_version_id)
    made = await extras.add_policy(tx, scope, values)
    if made is None:
        raise Conflict(f"There is a policy called {name} already.")
    await audit.append(tx, scope, audit.Entry("policy.proposed", f"policy:{made}", values))
    return await extras.policy(tx, made)


async def _check_template(tx: Tx, kind: str, version_id: int) -> None:
    """Raise ``Conflict`` unless a policy may stand on a version of a template."""
    row = await templates.by_version_id(tx, version_id)
    if row is None or row["approved_at"] is None:
        raise Conflict("A policy stands on an approved version of a template.", advice="Have the template approved.")
    if row["body"]["kind"] != kind:
        raise Conflict(f"The template is for {row['body']['kind']}, the policy for {kind}.")


async def approve_policy(tx: Tx, scope: Scope, clock: Clock, policy_id: int) -> DictRow:
    """Put a policy of somebody else in force."""
    scope.require(Permission.CHANGE_APPROVE)
    row = await extras.policy(tx, policy_id, lock=True)
    check_decider(Person(scope.actor, scope.user_id), (Person(row["created_by"], row["created_by_user"]),))
    if row["approved_at"] is not None or row["retired_at"] is not None:
        raise Conflict(f"The policy {row['name']} has been decided on.")
    await extras.approve_policy(tx, scope, policy_id, clock.now())
    await audit.append(tx, scope, audit.Entry("policy.approved", f"policy:{policy_id}", {"name": row["name"]}))
    return await extras.policy(tx, policy_id)


async def agree_policy(
    tx: Tx, scope: Scope, clock: Clock, author: Person, *, name: str, kind: str, max_items: int, origin: str
) -> int:
    """Put a policy in force that an author proposed with something greater, which the asker approves: a programme.

    Only changes made for ``origin`` may be under it; critical sites may be among theirs. Raises ``Forbidden`` when the
    asker is the author.
    """
    scope.require(Permission.CHANGE_APPROVE)
    check_decider(Person(scope.actor, scope.user_id), (author,))
    values: dict[str, Any] = {"name": name, "kind": kind, "max_items": max_items, "critical_sites": True}
    by = {"actor": author.actor, "user_id": author.user_id}
    made = await extras.add_policy(tx, scope, {**values, "origin": origin, **by})
    if made is None:
        raise Conflict(
            f"There is a policy called {name} already.",
            advice="Somebody made it by hand: have the programme opened anew, under that.",
        )
    await extras.approve_policy(tx, scope, made, clock.now())
    await audit.append(tx, scope, audit.Entry("policy.approved", f"policy:{made}", {**values, "origin": origin}))
    return made


async def retire_policy(tx: Tx, scope: Scope, clock: Clock, policy_id: int) -> DictRow:
    """Take a policy out of force; whoever may approve one may."""
    scope.require(Permission.CHANGE_APPROVE)
    row = await extras.policy(tx, policy_id, lock=True)
    if row["retired_at"] is not None:
        raise Conflict(f"The policy {row['name']} is out of force already.")
    await extras.retire_policy(tx, policy_id, clock.now())
    await audit.append(tx, scope, audit.Entry("policy.retired", f"policy:{policy_id}", {"name": row["name"]}))
    return await extras.policy(tx, policy_id)
