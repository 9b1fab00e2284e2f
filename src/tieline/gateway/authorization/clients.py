"""What the operator's staff do with a utility's API clients; each act stands in the gateway's audit trail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tieline.gateway.authorization import store
from tieline.gateway.authorization.model import ApiClient
from tieline.gateway.authorization.policy import write_scopes
from tieline.gateway.model import Consumer, TokenScope
from tieline.gateway.utilities import store as utilities
from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem
from tieline.platform.scope import Permission, Scope

MOST_CLIENTS = 50
MOST_CERTIFICATES = 8


@dataclass(frozen=True, slots=True)
class ClientTerms:
    """What a client is called, may do, and comes in with: certificates by fingerprint, or a subject, or both."""

    name: str
    scopes: frozenset[TokenScope]
    certificates: tuple[str, ...]
    subject: str | None


def staff(name: str) -> Scope:
    """A member of the operator's staff as the one who acts. The back office's token lets them in; it names nobody."""
    return Scope(f"staff:{name}", frozenset({Permission.STAFF_READ, Permission.STAFF_OPERATE}))


async def create(tx: Tx, scope: Scope, clock: Clock, consumer: Consumer, terms: ClientTerms) -> ApiClient:
    """Make a client of a utility; its id is the utility's code, a dot, and its name."""
    scope.require(Permission.STAFF_OPERATE)
    _check(terms)
    client_id = f"{consumer.code}.{terms.name}"
    if sum(one.revoked_at is None for one in await store.clients(tx, consumer.code)) >= MOST_CLIENTS:
        raise Conflict(f"{consumer.code} has {MOST_CLIENTS} clients.", advice="Revoke those that are no longer used.")
    values = {**_values(terms), "client_id": client_id, "now": clock.now(), "by": scope.actor}
    if not await store.insert(tx, consumer.id, values):
        raise Conflict(f"There is, or was, a client {client_id}, or another one has this subject.")
    await _set_certificates(tx, client_id, terms.certificates)
    made = await client(tx, client_id)
    await _log(tx, scope, "client.made", client_id, _shown(made))
    return made


async def client(tx: Tx, client_id: str, *, lock: bool = False) -> ApiClient:
    """One client; raises ``NotFound``."""
    found = await store.client(tx, client_id, lock=lock)
    if found is None:
        raise NotFound(f"There is no API client {client_id}.")
    return found


async def renew(tx: Tx, scope: Scope, client_id: str, terms: ClientTerms) -> ApiClient:
    """Set what a client may do and comes in with. Certificates that are not named lose their access within seconds."""
    scope.require(Permission.STAFF_OPERATE)
    _check(terms)
    before = await _alive(tx, client_id)
    if terms.subject and await store.subject_taken(tx, client_id, terms.subject):
        raise Conflict("Another client has this subject.")
    await store.update(tx, client_id, _values(terms))
    await _set_certificates(tx, client_id, terms.certificates)
    after = await client(tx, client_id)
    await _log(tx, scope, "client.renewed", client_id, {"before": _shown(before), "after": _shown(after)})
    return after


async def add_certificate(tx: Tx, scope: Scope, client_id: str, fingerprint: str) -> ApiClient:
    """Have one more certificate count beside those that do, so that the client can go over to it when it likes."""
    scope.require(Permission.STAFF_OPERATE)
    before = await _alive(tx, client_id)
    wanted = tuple(dict.fromkeys((*before.certificates, fingerprint)))
    if len(wanted) > MOST_CERTIFICATES:
        raise Conflict(f"A client has at most {MOST_CERTIFICATES} certificates.", advice="Take an old one away first.")
    await _set_certificates(tx, client_id, wanted)
    await _log(tx, scope, "client.certificate-added", client_id, {"certificate": fingerprint})
    return await client(tx, client_id)


async def remove_certificate(tx: Tx, scope: Scope, client_id: str, fingerprint: str) -> ApiClient:
    """Have a certificate count no longer, nor tokens that are bound to it; within seconds."""
    scope.require(Permission.STAFF_OPERATE)
    before = await _alive(tx, client_id)
    if fingerprint not in before.certificates:
        raise NotFound(f"The client {client_id} has no such certificate.")
    await _set_certificates(tx, client_id, [one for one in before.certificates if one != fingerprint])
    await _log(tx, scope, "client.certificate-removed", client_id, {"certificate": fingerprint})
    return await client(tx, client_id)


async def revoke(tx: Tx, scope: Scope, clock: Clock, client_id: str, reason: str | None) -> ApiClient:
    """End a client for good: its certificates and tokens stop counting within seconds."""
    scope.require(Permission.STAFF_OPERATE)
    before = await _alive(tx, client_id)
    await store.revoke(tx, client_id, clock.now())
    await _log(tx, scope, "client.revoked", client_id, {"before": _shown(before), "reason": reason})
    return await client(tx, client_id)


async def add_own_certificate(tx: Tx, scope: Scope, consumer: Consumer, fingerprint: str) -> list[str]:
    """Have one more certificate of the utility itself count beside those that do."""
    scope.require(Permission.STAFF_OPERATE)
    if len(await utilities.certificates(tx, consumer.id)) >= MOST_CERTIFICATES:
        raise Conflict(f"A utility has at most {MOST_CERTIFICATES} certificates.", advice="Take an old one away first.")
    if not await utilities.add_certificate(tx, consumer.id, fingerprint):
        raise Conflict("This certificate belongs to another utility, or to an API client.")
    await _log(tx, scope, "utility.certificate-added", consumer.code, {"certificate": fingerprint}, kind="utility")
    return await utilities.certificates(tx, consumer.id)


async def remove_own_certificate(tx: Tx, scope: Scope, consumer: Consumer, fingerprint: str) -> list[str]:
    """Have a certificate of the utility itself count no longer; within seconds."""
    scope.require(Permission.STAFF_OPERATE)
    if not await utilities.remove_certificate(tx, consumer.id, fingerprint):
        raise NotFound(f"{consumer.code} has no such certificate of its own.")
    await _log(tx, scope, "utility.certificate-removed", consumer.code, {"certificate": fingerprint}, kind="utility")
    return await utilities.certificates(tx, consumer.id)


async def _alive(tx: Tx, client_id: str) -> ApiClient:
    found = await client(tx, client_id, lock=True)
    if found.revoked_at is not None:
        raise Conflict(f"The client {client_id} was revoked.", advice="Make another one.")
    return found


async def _set_certificates(tx: Tx, client_id: str, fingerprints: Sequence[str]) -> None:
    if not await store.set_certificates(tx, client_id, fingerprints):
        raise Conflict("A certificate belongs to another client, or to a utility itself.")


def _check(terms: ClientTerms) -> None:
    if not terms.certificates and not terms.subject:
        problem = Problem("certificates", "missing", "Name a certificate, or a subject, or both.")
        raise Invalid("Nobody could come in as this client.", [problem])


def _values(terms: ClientTerms) -> dict[str, Any]:
    return {
        "name": terms.name,
        "scopes": [scope.value for scope in TokenScope if scope in terms.scopes],
        "subject": terms.subject,
    }


def _shown(one: ApiClient) -> dict[str, Any]:
    return {
        "name": one.name,
        "scopes": write_scopes(one.scopes),
        "subject": one.subject,
        "certificates": list(one.certificates),
    }


async def _log(
    tx: Tx, scope: Scope, action: str, subject: str, detail: Mapping[str, Any], *, kind: str = "client"
) -> None:
    await audit.append(tx, scope, audit.Entry(action, f"{kind}:{subject}", detail))
