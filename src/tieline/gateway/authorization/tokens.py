"""Access tokens: signed JSON web tokens (RFC 9068) bound to a certificate (RFC 8705), and the keys that sign them.

A key signs for thirty days, and is published and believed for a day longer. Every process of a gateway has the same
keys: they stand in the database, sealed.
"""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from tieline.gateway.authorization import store
from tieline.gateway.authorization.errors import InvalidToken
from tieline.gateway.authorization.model import Claims
from tieline.gateway.authorization.policy import read_scopes, write_scopes
from tieline.gateway.model import TokenScope
from tieline.platform.clock import Clock
from tieline.platform.db import Database, Tx
from tieline.platform.secrets import SecretError, Vault

ALGORITHM = "ES256"
TYPE = "at+jwt"
SIGNS_FOR = timedelta(days=30)
BELIEVED_FOR = SIGNS_FOR + timedelta(days=1)
_READ_AGAIN_S = 60.0
_AT_MOST_EVERY_S = 1.0
_LEEWAY_S = 30
_MOST_CHARACTERS = 4096

_log: structlog.stdlib.BoundLogger = structlog.get_logger("tieline.gateway")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token is made for."""

    client_id: str
    scopes: frozenset[TokenScope]
    thumbprint: str


@dataclass(frozen=True, slots=True)
class _Dated:
    key: ECKey
    made_at: datetime


class Tokens:
    """Signs and reads the tokens of one gateway. ``issuer`` is its URL, the audience too; ``life`` is in seconds."""

    def __init__(self, db: Database, clock: Clock, vault: Vault, issuer: str, life: int) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault
        self._issuer = issuer
        self.life = life
        self._keys: tuple[_Dated, ...] = ()
        self._read_at = float("-inf")

    async def sign(self, grant: Grant) -> str:
        """Make a token for a client."""
        key = await self._signing_key()
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": self._issuer,
            "aud": self._issuer,
            "sub": grant.client_id,
            "client_id": grant.client_id,
            "iat": now,
            "exp": now + self.life,
            "jti": uuid.uuid4().hex,
            "scope": write_scopes(grant.scopes),
            "cnf": {"x5t#S256": grant.thumbprint},
        }
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.thumbprint()}
        return jwt.encode(header, claims, key, algorithms=[ALGORITHM])

    async def read(self, token: str) -> Claims:
        """What a token says, once signature, issuer, audience, times and type hold; raises ``InvalidToken``."""
        if len(token) > _MOST_CHARACTERS:
            raise InvalidToken("The token is longer than any that was given out here.")
        known = await self._believed(again=False)
        try:
            return self._checked(token, known)
        except JoseError:
            again = await self._believed(again=True)
            if again == known:
                raise InvalidToken("The token is expired, or was not given out here.") from None
        try:
            return self._checked(token, again)
        except JoseError as error:
            raise InvalidToken("The token is expired, or was not given out here.") from error

    async def published(self) -> Mapping[str, Any]:
        """The public keys (RFC 7517)."""
        await self._signing_key()
        public = [
            {**one.key.as_dict(private=False), "kid": one.key.thumbprint(), "use": "sig", "alg": ALGORITHM}
            for one in await self._believed(again=False)
        ]
        return {"keys": public}

    def _checked(self, token: str, keys: tuple[_Dated, ...]) -> Claims:
        held = KeySet([one.key for one in keys])
        try:
            decoded = jwt.decode(token, held, algorithms=[ALGORITHM])
        except (ValueError, TypeError) as error:  # the library does not look at the types of a header's members first
            raise InvalidToken("The token cannot be read.") from error
        jwt.JWTClaimsRegistry(
            now=int(self._clock.now().timestamp()),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._issuer},
            exp={"essential": True},
            iat={"essential": True},
            client_id={"essential": True},
        ).validate(decoded.claims)
        if str(decoded.header.get("typ", "")).lower().removeprefix("application/") != TYPE:
            raise InvalidToken("The token is not an access token.")
        return _claims(decoded.claims)

    async def _signing_key(self) -> ECKey:
        keys = await self._believed(again=False)
        if not keys or self._clock.now() - keys[0].made_at > SIGNS_FOR:
            async with self._db.transaction() as tx:
                await self._renew(tx)
            keys = await self._believed(again=True, at_once=True)
        return keys[0].key

    async def _renew(self, tx: Tx) -> None:
        """Make a key unless another process just did."""
        now = self._clock.now()
        await store.lock_keys(tx)
        keys = self._opened(await store.token_keys(tx))
        if keys and now - keys[0].made_at <= SIGNS_FOR:
            return
        key = ECKey.generate_key("P-256", private=True)
        kid = key.thumbprint()
        sealed = self._vault.seal(key.as_pem(private=True).decode(), store.key_place(kid))
        await store.add_key(tx, kid, sealed, now)
        await store.forget_keys(tx, now - 2 * BELIEVED_FOR)

    async def _believed(self, *, again: bool, at_once: bool = False) -> tuple[_Dated, ...]:
        """The keys whose tokens count, the newest first, as they were read lately."""
        age = time.monotonic() - self._read_at
        if at_once or age > _READ_AGAIN_S or (again and age > _AT_MOST_EVERY_S):
            async with self._db.snapshot() as tx:
                rows = await store.token_keys(tx)
            self._keys = self._opened(rows)
            self._read_at = time.monotonic()
        return self._keys

    def _opened(self, rows: Sequence[Mapping[str, Any]]) -> tuple[_Dated, ...]:
        """The keys that are still believed. One that does not open is left out: another is made in its place."""
        found = []
        for row in rows:
            if self._clock.now() - row["made_at"] > BELIEVED_FOR:
                continue
            try:
                pem = self._vault.open(row["private_key"], store.key_place(row["kid"]))
            except SecretError as error:
                _log.warning("a signing key does not open", kid=row["kid"], why=str(error))
                continue
            key = ECKey.import_key(pem, parameters={"kid": row["kid"], "use": "sig", "alg": ALGORITHM})
            found.append(_Dated(key, row["made_at"]))
        return tuple(found)


def _claims(claims: Mapping[str, Any]) -> Claims:
    cnf = claims.get("cnf")
    thumbprint = cnf.get("x5t#S256") if isinstance(cnf, Mapping) else None
    scopes = read_scopes(str(claims.get("scope", "")))
    if not isinstance(thumbprint, str) or not scopes:
        raise InvalidToken("The token is bound to no certificate, or for nothing.")
    return Claims(str(claims["client_id"]), scopes, thumbprint, float(claims["exp"]))
