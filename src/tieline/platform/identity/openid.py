"""Signing in through an OpenID provider: authorisation code flow with PKCE (OpenID Connect Core 1.0, section 3.1).

The provider says who somebody is and, in one claim, which roles they have here; regions and operators stay ours to
set. An account belongs to one (issuer, subject): a local account is never taken over by a provider's, whatever names
or addresses the provider tells.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tieline.platform.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from tieline.platform.identity.policy import normal_name
from tieline.platform.scope import Role
from tieline.platform.settings import Settings

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_LEEWAY = 60
_SCOPES = "openid profile email"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_TEXT = 200


@dataclass(frozen=True, slots=True)
class Flow:
    """A sign-in under way at the provider: what it will have to answer to."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider vouches for."""

    issuer: str
    subject: str
    name: str
    display_name: str
    email: str
    roles: frozenset[Role]


def new_flow() -> Flow:
    """Fresh secrets for one sign-in."""
    return Flow(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))


class Provider:
    """The configured provider, spoken to over HTTPS (plain HTTP on this machine only)."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient) -> None:
        if not settings.oidc_issuer:
            raise NotFound("No OpenID provider is set up here.", advice="Sign in with name and password.")
        self._settings = settings
        self._client = client
        self._issuer = settings.oidc_issuer

    @property
    def callback(self) -> str:
        """The address that the provider must know as ours."""
        return f"{self._settings.base_url}/api/v1/session/openid/callback"

    async def address(self, flow: Flow) -> str:
        """Where to send the browser."""
        found = await self._discover()
        return str(
            prepare_grant_uri(
                found["authorization_endpoint"],
                self._settings.oidc_client_id,
                "code",
                redirect_uri=self.callback,
                scope=_SCOPES,
                state=flow.state,
                nonce=flow.nonce,
                code_challenge=create_s256_code_challenge(flow.verifier),
                code_challenge_method="S256",
            )
        )

    async def person(self, code: str, flow: Flow, now: datetime) -> Person:
        """Redeem the code, and check every claim of what comes for it.

        Raises ``Unauthenticated`` for an answer that does not hold, ``Forbidden`` for somebody without a role here,
        ``Unavailable`` when the provider does not answer.
        """
        found = await self._discover()
        answer = await self._token(found, code, flow)
        return self._checked(str(answer.get("id_token", "")), await self._keys(found), flow, now)

    async def _keys(self, found: Mapping[str, Any]) -> KeySet:
        published = await self._get(found["jwks_uri"])
        try:
            return KeySet.import_key_set({"keys": list(published["keys"])})
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise Unavailable("The OpenID provider publishes keys that cannot be read.") from error

    async def _discover(self) -> Mapping[str, Any]:
        found = await self._get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self._issuer:
            raise Unavailable("The OpenID provider calls itself something else than it was set up as.")
        for name in _ENDPOINTS:
            _require_safe(str(found.get(name, "")))
        return found

    async def _token(self, found: Mapping[str, Any], code: str, flow: Flow) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback,
            "code_verifier": flow.verifier,
            "client_id": self._settings.oidc_client_id,
        }
        secret = self._settings.oidc_client_secret
        auth = None
        if secret is not None:
            if "client_secret_basic" in found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
                auth = httpx.BasicAuth(self._settings.oidc_client_id, secret.get_secret_value())
            else:
                form["client_secret"] = secret.get_secret_value()
        try:
            answer = await self._client.post(found["token_endpoint"], data=form, auth=auth or httpx.USE_CLIENT_DEFAULT)
        except httpx.HTTPError as error:
            raise Unavailable("The OpenID provider does not answer.") from error
        if answer.is_client_error:
            raise Unauthenticated("The OpenID provider did not accept this sign-in.", advice="Try again.")
        return _object(answer)

    async def _get(self, address: str) -> Mapping[str, Any]:
        _require_safe(address)
        try:
            answer = await self._client.get(address)
        except httpx.HTTPError as error:
            raise Unavailable("The OpenID provider does not answer.") from error
        return _object(answer)

    def _checked(self, id_token: str, keys: KeySet, flow: Flow, now: datetime) -> Person:
        client = self._settings.oidc_client_id
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=_LEEWAY,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": client},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": flow.nonce},
        )
        try:
            claims = jwt.decode(id_token, keys, algorithms=_ALGORITHMS).claims
            registry.validate(claims)
        except (JoseError, ValueError) as error:
            raise Unauthenticated("What the OpenID provider answered does not hold.", advice="Try again.") from error
        if claims.get("azp", client) != client:
            raise Unauthenticated("What the OpenID provider answered was meant for another application.")
        roles = roles_in(claims, self._settings.oidc_roles_claim)
        if not roles:
            raise Forbidden("You have no role in Tieline.", advice="Ask whoever runs your directory for one.")
        subject = str(claims["sub"])
        return Person(
            self._issuer,
            subject,
            normal_name(str(claims.get("preferred_username") or claims.get("email") or subject))[:100],
            str(claims.get("name") or claims.get("preferred_username") or subject)[:_TEXT],
            str(claims.get("email") or "")[:_TEXT],
            roles,
        )


def roles_in(claims: Mapping[str, Any], path: str) -> frozenset[Role]:
    """Our roles in a claim: a list or a word, at a path such as ``realm_access.roles``; others are passed over.

    A role may carry our name in front, as directories that serve many applications write it: ``tieline-viewer``.
    """
    value: Any = claims
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    words = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
    known = {role.value for role in Role}
    named = {str(word).lower().removeprefix("tieline-").removeprefix("tieline:") for word in words}
    return frozenset(Role(word) for word in named & known)


def _require_safe(address: str) -> None:
    parts = urlsplit(address)
    near = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if parts.scheme != "https" and not (parts.scheme == "http" and near):
        raise Unavailable("The OpenID provider is set up without HTTPS.")


def _object(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        value = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise Unavailable("The OpenID provider answers what it should not.") from error
    if not isinstance(value, dict):
        raise Unavailable("The OpenID provider answers what it should not.")
    return value
