"""REST of the back office about who may call: API clients, certificates, the audit trail and its export, secrets."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from tieline.gateway import siem
from tieline.gateway.authorization import clients, store
from tieline.gateway.authorization.schemas import (
    Act,
    AuditEntry,
    AuditPage,
    CertificateBody,
    Certificates,
    ClientBody,
    ClientView,
    shown,
)
from tieline.gateway.backoffice.access import Code, CurrentParts, authenticated, consumer_named
from tieline.platform import audit, secrets
from tieline.platform.scope import Permission, Scope
from tieline.platform.secrets.schemas import Forgotten, KeyName, Rewrapped, StatusView
from tieline.platform.secrets.schemas import shown as shown_secrets
from tieline.platform.siem import destination_of, replay, send_test, state
from tieline.platform.siem.schemas import ReplayBody, Tested
from tieline.platform.siem.schemas import StateView as SiemView
from tieline.platform.siem.schemas import shown as shown_siem

router = APIRouter(prefix="/backoffice/v1", tags=["backoffice"], dependencies=[Depends(authenticated)])

ClientId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,110}$")]
FingerprintPath = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
ByQuery = Annotated[str, Query(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
_STAFF = Scope("staff:back office", frozenset({Permission.OPERATIONS, Permission.AUDIT_READ}))


@router.get("/clients")
async def list_clients(
    parts: CurrentParts, utility: Annotated[str | None, Query(max_length=64)] = None
) -> list[ClientView]:
    """API clients of one utility or of all, those that were revoked too."""
    async with parts.db.snapshot() as tx:
        return [shown(one) for one in await store.clients(tx, utility)]


@router.post("/utilities/{code}/clients", status_code=201)
async def make_client(code: Code, body: ClientBody, parts: CurrentParts) -> ClientView:
    """Make an API client of a utility."""
    async with parts.db.transaction() as tx:
        consumer = await consumer_named(tx, code)
        return shown(await clients.create(tx, clients.staff(body.by), parts.clock, consumer, body.terms()))


@router.get("/clients/{client_id}")
async def show_client(client_id: ClientId, parts: CurrentParts) -> ClientView:
    """One API client."""
    async with parts.db.snapshot() as tx:
        return shown(await clients.client(tx, client_id))


@router.put("/clients/{client_id}")
async def renew_client(client_id: ClientId, body: ClientBody, parts: CurrentParts) -> ClientView:
    """Set what a client may do and comes in with; certificates that are not named lose access within seconds."""
    async with parts.db.transaction() as tx:
        return shown(await clients.renew(tx, clients.staff(body.by), client_id, body.terms()))


@router.post("/clients/{client_id}/revoke")
async def revoke_client(client_id: ClientId, body: Act, parts: CurrentParts) -> ClientView:
    """End a client for good; its certificates and tokens stop counting within seconds."""
    async with parts.db.transaction() as tx:
        return shown(await clients.revoke(tx, clients.staff(body.by), parts.clock, client_id, body.reason))


@router.post("/clients/{client_id}/certificates", status_code=201)
async def add_client_certificate(client_id: ClientId, body: CertificateBody, parts: CurrentParts) -> ClientView:
    """Have one more certificate count beside those that do."""
    async with parts.db.transaction() as tx:
        return shown(await clients.add_certificate(tx, clients.staff(body.by), client_id, body.certificate))


@router.delete("/clients/{client_id}/certificates/{fingerprint}")
async def remove_client_certificate(
    client_id: ClientId, fingerprint: FingerprintPath, parts: CurrentParts, by: ByQuery
) -> ClientView:
    """Have a certificate count no longer, nor tokens that are bound to it."""
    async with parts.db.transaction() as tx:
        return shown(await clients.remove_certificate(tx, clients.staff(by), client_id, fingerprint))


@router.post("/utilities/{code}/certificates", status_code=201)
async def add_certificate(code: Code, body: CertificateBody, parts: CurrentParts) -> Certificates:
    """Have one more certificate of the utility itself count beside those that do."""
    async with parts.db.transaction() as tx:
        consumer = await consumer_named(tx, code)
        found = await clients.add_own_certificate(tx, clients.staff(body.by), consumer, body.certificate)
    return Certificates(certificates=found)


@router.delete("/utilities/{code}/certificates/{fingerprint}")
async def remove_certificate(
    code: Code, fingerprint: FingerprintPath, parts: CurrentParts, by: ByQuery
) -> Certificates:
    """Have a certificate of the utility itself count no longer."""
    async with parts.db.transaction() as tx:
        consumer = await consumer_named(tx, code)
        found = await clients.remove_own_certificate(tx, clients.staff(by), consumer, fingerprint)
    return Certificates(certificates=found)


@router.get("/audit")
async def read_audit(
    parts: CurrentParts,
    *,
    action: Annotated[str | None, Query(max_length=200)] = None,
    subject: Annotated[str | None, Query(max_length=200)] = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> AuditPage:
    """What was done about utilities, clients and keys, the latest first; changes of objects are in the change log."""
    async with parts.db.snapshot() as tx:
        wanted = audit.Filter(None, action, subject)
        page = await audit.entries(tx, _STAFF, wanted, cursor=cursor, limit=limit)
    return AuditPage(items=[_entry(record) for record in page.items], next=page.next)


@router.get("/siem")
async def show_siem(parts: CurrentParts) -> SiemView:
    """Say where change log and audit trail go, how far they are, and what went wrong last."""
    async with parts.db.snapshot() as tx:
        return shown_siem(await state(tx, _STAFF, destination_of(parts.settings), siem.sources()))


@router.post("/siem/test")
async def test_siem(parts: CurrentParts) -> Tested:
    """Send one message that says that it is a test."""
    destination, style = await siem.destination_and_style(parts.settings) or (None, None)
    return Tested(target=await send_test(_STAFF, destination, style, parts.clock.now()))


@router.post("/siem/replay")
async def replay_siem(body: ReplayBody, parts: CurrentParts) -> SiemView:
    """Send a trail again from an entry on: `change-log` or `audit`."""
    async with parts.db.transaction() as tx:
        await replay(tx, _STAFF, body.source, body.first)
        return shown_siem(await state(tx, _STAFF, destination_of(parts.settings), siem.sources()))


@router.get("/secrets")
async def check_secrets(request: Request, parts: CurrentParts) -> StatusView:
    """Try every secret of the gateway, and say which keys they are under."""
    async with parts.db.snapshot() as tx:
        return shown_secrets(await secrets.status(tx, _STAFF, _vault(request), store.SECRETS))


@router.post("/secrets/rotate", status_code=201)
async def rotate_secrets_key(request: Request, parts: CurrentParts) -> KeyName:
    """Make a new key; what older ones wrap is wrapped anew within minutes, or at once with `rewrap`."""
    return KeyName(key=await secrets.rotate(parts.db, _STAFF, _vault(request)))


@router.post("/secrets/rewrap")
async def rewrap_secrets(request: Request, parts: CurrentParts) -> Rewrapped:
    """Wrap what older keys wrap with the current one, now."""
    return Rewrapped(values=await secrets.rewrap(parts.db, _STAFF, _vault(request), store.SECRETS))


@router.post("/secrets/forget")
async def forget_secrets_keys(request: Request, parts: CurrentParts) -> Forgotten:
    """Take keys that wrap nothing any more out of the key file."""
    return Forgotten(keys=list(await secrets.forget(parts.db, _STAFF, _vault(request), store.SECRETS)))


def _vault(request: Request) -> secrets.Vault:
    vault: secrets.Vault = request.app.state.vault
    return vault


def _entry(record: audit.Record) -> AuditEntry:
    return AuditEntry(
        seq=record.seq,
        at=record.at,
        actor=record.actor,
        action=record.action,
        subject=record.subject,
        detail=dict(record.detail),
        hash=record.hash,
    )
