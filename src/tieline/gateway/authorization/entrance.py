"""What the gate asks at each call: whose it is, and whether it may."""

import hmac
import time
from dataclasses import replace
from datetime import datetime

from cryptography import x509
from starlette.datastructures import Headers
from starlette.types import Scope

from tieline.gateway.authorization import store
from tieline.gateway.authorization.errors import InsufficientScope, InvalidToken, TokenMissing
from tieline.gateway.authorization.model import Claims, Peer
from tieline.gateway.authorization.policy import needed, thumbprint_of
from tieline.gateway.authorization.tokens import Tokens
from tieline.gateway.model import Consumer
from tieline.gateway.utilities import store as utilities
from tieline.platform.clock import Clock
from tieline.platform.db import Database
from tieline.platform.errors import Forbidden, Unauthenticated
from tieline.platform.web.peer import fingerprint_of

REMEMBERED_S = 5.0
"""Seconds for which a certificate's utility is not looked up again: as long as a revocation may take to hold."""
NOTED_EVERY_S = 60.0
"""Seconds between two notes that a certificate is in use."""
_MOST_REMEMBERED = 4096

_Key = tuple[str, str, str]


class Entrance:
    """Knows callers by their certificate, and by a token of it where the contract or the caller wants that."""

    def __init__(self, db: Database, clock: Clock, tokens: Tokens) -> None:
        self._db = db
        self._clock = clock
        self._tokens = tokens
        self._known: dict[_Key, tuple[float, Consumer]] = {}
        self._read: dict[str, Claims] = {}
        self._noted: dict[str, float] = {}

    async def admit(self, scope: Scope) -> Consumer:
        """The utility that calls. Raises ``Unauthenticated``, ``Forbidden``, or one of the challenges of RFC 6750."""
        peer = peer_of(scope)
        if peer is None:
            raise Unauthenticated("A client certificate is needed.")
        token = _bearer(scope)
        if token is None:
            consumer = await self._by_certificate(peer)
            await self._note(scope, peer)
            if consumer.token_required:
                raise TokenMissing
        else:
            consumer = await self._by_token(peer, token)
            await self._note(scope, peer)
        if consumer.suspended:
            raise Forbidden(
                "The operator has suspended this utility's access.", advice="Ask the operator's account manager."
            )
        enough = needed(scope["method"], scope["path"])
        if not consumer.scopes & enough:
            raise InsufficientScope(enough)
        return consumer

    async def _note(self, scope: Scope, peer: Peer) -> None:
        """Write down that the certificate is in use, and until when it lasts; once a minute is enough."""
        now = time.monotonic()
        if now - self._noted.get(peer.fingerprint, float("-inf")) < NOTED_EVERY_S:
            return
        if len(self._noted) >= _MOST_REMEMBERED:
            self._noted.clear()
        self._noted[peer.fingerprint] = now
        until = not_after_of(scope)
        async with self._db.autocommit() as tx:
            await utilities.note_seen(
                tx, peer.fingerprint, subject=peer.subject, not_after=until, now=self._clock.now()
            )

    async def _by_certificate(self, peer: Peer) -> Consumer:
        key = (peer.fingerprint, "", "")
        consumer = self._remembered(key)
        if consumer is None:
            async with self._db.autocommit() as tx:
                consumer = await utilities.by_certificate(tx, peer.fingerprint)
            if consumer is None:
                raise Forbidden("This certificate belongs to no utility that is served here.")
            self._remember(key, consumer)
        return consumer

    async def _by_token(self, peer: Peer, token: str) -> Consumer:
        claims = await self._claims(token)
        if not hmac.compare_digest(claims.thumbprint, thumbprint_of(peer.fingerprint)):
            raise InvalidToken("The token belongs to another certificate.")
        key = (peer.fingerprint, peer.subject, claims.client_id)
        consumer = self._remembered(key)
        if consumer is None:
            consumer = await self._holder(claims.client_id, peer)
            self._remember(key, consumer)
        return replace(consumer, scopes=consumer.scopes & claims.scopes)

    async def _holder(self, client_id: str, peer: Peer) -> Consumer:
        async with self._db.autocommit() as tx:
            row = await store.holder(tx, client_id, peer)
        if row is None:
            raise InvalidToken("The client was revoked, or this certificate is no longer its own.")
        return utilities.consumer_of(row)

    async def _claims(self, token: str) -> Claims:
        """What a token says; a signature that was found good is not computed again while the token lives."""
        known = self._read.get(token)
        if known is not None and known.expires_at > self._clock.now().timestamp():
            return known
        self._read.pop(token, None)
        claims = await self._tokens.read(token)
        if len(self._read) >= _MOST_REMEMBERED:
            self._read.clear()
        self._read[token] = claims
        return claims

    def _remembered(self, key: _Key) -> Consumer | None:
        at, consumer = self._known.get(key, (0.0, None))
        return consumer if time.monotonic() - at <= REMEMBERED_S else None

    def _remember(self, key: _Key, consumer: Consumer) -> None:
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[key] = time.monotonic(), consumer


def peer_of(scope: Scope) -> Peer | None:
    """The certificate at the other end of the connection that a request came by."""
    fingerprint = fingerprint_of(scope)
    if fingerprint is None:
        return None
    return Peer(fingerprint, str(scope["extensions"]["tls"].get("client_cert_name", "")))


def not_after_of(scope: Scope) -> datetime | None:
    """When the certificate at the other end of the connection is over; None where only its fingerprint is known."""
    chain = scope["extensions"]["tls"].get("client_cert_chain") or []
    return x509.load_pem_x509_certificate(str(chain[0]).encode()).not_valid_after_utc if chain else None


def normal_subject(text: str) -> str:
    """A subject as it is compared: RFC 4514, as the library writes it. Raises ``ValueError`` for one that is none."""
    try:
        found = x509.Name.from_rfc4514_string(text)
    except ValueError as error:
        raise ValueError("Write it as RFC 4514 does: CN=scada,O=Grid") from error
    if not found.rdns:
        raise ValueError("An empty subject is that of every certificate without one; name somebody.")
    return found.rfc4514_string()


def _bearer(scope: Scope) -> str | None:
    """The token of a request, or None. RFC 6750 clause 2.1 alone: never from a body or a query."""
    kind, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None
