"""Templates: what a change says, kept under a name, in versions; approved ones may stand behind standard policies."""

from collections.abc import Mapping
from typing import Any

import msgspec
from psycopg.rows import DictRow

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem
from tieline.platform.scope import Permission, Scope
from tieline.utility.changes.kinds import KINDS, parse
from tieline.utility.changes.model import ChangeType
from tieline.utility.changes.policy import thresholds as threshold_rules
from tieline.utility.changes.policy import waves as wave_rules
from tieline.utility.changes.policy.approval import Person, check_decider
from tieline.utility.changes.policy.templates import FORMAT, Body, Exported, body_of
from tieline.utility.changes.service import timing
from tieline.utility.changes.service.drafting import RESTORE, Draft
from tieline.utility.changes.store import changes as store
from tieline.utility.changes.store import templates
from tieline.utility.inventory import Selection


async def every(tx: Tx, scope: Scope, *, retired: bool = False) -> list[DictRow]:
    """Templates by name, each with its newest version and the newest that is approved."""
    scope.require(Permission.CHANGE_READ)
    return await templates.every(tx, retired=retired)


async def one(tx: Tx, scope: Scope, template_id: int) -> DictRow:
    """A template with its versions, the newest first; raises ``NotFound``."""
    scope.require(Permission.CHANGE_READ)
    row = await templates.get(tx, template_id)
    return {**row, "versions": await templates.versions(tx, template_id)}


async def save(tx: Tx, scope: Scope, clock: Clock, name: str, body: Body, *, note: str = "") -> DictRow:
    """Keep a template: a new one or, under a name that is there, its next version, which has to be approved anew."""
    scope.require(Permission.CHANGE_PLAN)
    if not name.strip():
        raise Invalid("A template has a name.", [Problem("name", "required", "What people will call it.")])
    long = [field for field, text, most in (("name", name.strip(), 200), ("note", note, 500)) if len(text) > most]
    if long:
        problems = [Problem(field, "length", "At most 200 characters of a name, 500 of a note.") for field in long]
        raise Invalid("The template's name or note is too long.", problems)
    body = _checked(body)
    row = await templates.by_name(tx, name.strip(), lock=True)
    if row is not None and row["retired_at"] is not None:
        raise Conflict(f"The template {name} was retired.", advice="Choose another name.")
    now = clock.now()
    identity = row["id"] if row is not None else await templates.add(tx, scope, name.strip(), now)
    version = await templates.add_version(tx, scope, identity, msgspec.to_builtins(body), note=note, at=now)
    facts = {"name": name.strip(), "version": version, "kind": body.kind, "note": note}
    await audit.append(tx, scope, audit.Entry("template.saved", f"template:{identity}", facts))
    return await one(tx, scope, identity)


def _checked(body: Body) -> Body:
    """The body with its parameters written out; raises ``Invalid`` for one of which no change could be made."""
    if body.kind == RESTORE:
        raise Invalid("An undo is made from its change.", [Problem("kind", "use-undo", "Another kind.", body.kind)])
    kind = KINDS.get(body.kind)
    parameters = msgspec.to_builtins(parse(kind, body.parameters))
    wave_rules.check(body.waves)
    threshold_rules.check(body.thresholds)
    timing.check(body.window.rules)
    if not body.title.strip() or len(body.title) > 200:  # noqa: PLR2004 - as a change keeps it
        raise Invalid("A template has a title.", [Problem("title", "required", "At most 200 characters.")])
    return msgspec.structs.replace(body, parameters=parameters)


async def approve(tx: Tx, scope: Scope, clock: Clock, template_id: int, version: int) -> DictRow:
    """Approve a version of somebody else's template; standard policies may stand on it from then on."""
    scope.require(Permission.CHANGE_APPROVE)
    row = await templates.version(tx, template_id, version, lock=True)
    check_decider(Person(scope.actor, scope.user_id), (Person(row["created_by"], row["created_by_user"]),))
    if row["approved_at"] is not None:
        raise Conflict("This version was approved already.")
    await templates.approve(tx, scope, row["id"], clock.now())
    facts = {"version": version}
    await audit.append(tx, scope, audit.Entry("template.approved", f"template:{template_id}", facts))
    return await one(tx, scope, template_id)


async def retire(tx: Tx, scope: Scope, clock: Clock, template_id: int) -> None:
    """Offer a template no more; its versions stay to be seen."""
    if not scope.may(Permission.CHANGE_APPROVE):
        scope.require(Permission.CHANGE_PLAN)
    row = await templates.get(tx, template_id)
    if row["retired_at"] is not None:
        raise Conflict("This template was retired already.")
    await templates.retire(tx, scope, template_id, clock.now())
    await audit.append(tx, scope, audit.Entry("template.retired", f"template:{template_id}", {"name": row["name"]}))


async def draft(
    tx: Tx,
    scope: Scope,
    template_id: int,
    *,
    version: int | None = None,
    selection: Selection | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Draft:
    """A draft from a template; ``changes`` replace title or reason, and ``policy_id`` makes it a standard change."""
    row = await one(tx, scope, template_id)
    if row["retired_at"] is not None:
        raise Conflict("This template was retired.")
    chosen = next((found for found in row["versions"] if version in {None, found["version"]}), None)
    if chosen is None:
        raise NotFound(f"This template has no version {version}.")
    body = msgspec.convert(chosen["body"], Body)
    where = selection or body.selection
    if where is None:
        problem = Problem("selection", "required", "Which subscriptions; the template leaves that open.")
        raise Invalid("Say which subscriptions.", [problem])
    given = changes or {}
    policy_id = given.get("policy_id")
    return Draft(
        kind=body.kind,
        title=str(given.get("title") or body.title),
        type=ChangeType.STANDARD if policy_id is not None else ChangeType.NORMAL,
        reason=str(given.get("reason") or body.reason),
        selection=where,
        parameters=body.parameters,
        waves=body.waves,
        thresholds=body.thresholds,
        window=body.window,
        policy_id=policy_id,
    )


async def save_from(
    tx: Tx, scope: Scope, clock: Clock, change_id: int, name: str, *, with_selection: bool, note: str = ""
) -> DictRow:
    """Keep what a change says as a template."""
    scope.require(Permission.CHANGE_READ)
    change = await store.get(tx, change_id)
    note = note or f"From change {change_id}."
    return await save(tx, scope, clock, name, body_of(change, with_selection=with_selection), note=note)


async def export(tx: Tx, scope: Scope, template_id: int) -> Exported:
    """The newest version of a template as a file."""
    row = await one(tx, scope, template_id)
    newest = row["versions"][0]
    return Exported(FORMAT, row["name"], msgspec.convert(newest["body"], Body), newest["note"])


async def bring(tx: Tx, scope: Scope, clock: Clock, data: bytes) -> DictRow:
    """Take a template from a file; it has to be approved here."""
    try:
        found = msgspec.json.decode(data, type=Exported)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Invalid("The template cannot be read.", [Problem("file", "schema", str(error)[:300])]) from error
    if found.format != FORMAT:
        raise Invalid("The template is of another format.", [Problem("format", "known", FORMAT, found.format[:60])])
    return await save(tx, scope, clock, found.name, found.body, note=found.note or "Brought in from a file.")
