"""Bodies of the back office about API clients."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tieline.gateway.authorization.clients import MOST_CERTIFICATES, ClientTerms
from tieline.gateway.authorization.entrance import normal_subject
from tieline.gateway.authorization.model import ApiClient
from tieline.gateway.model import TokenScope

Fingerprint = Annotated[
    str,
    Field(pattern=r"^[0-9a-fA-F]{64}$", description="SHA-256 of the certificate, hex."),
    AfterValidator(str.lower),
]
By = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$", description="Who does it.")]
Subject = Annotated[
    str,
    Field(max_length=500, examples=["CN=utility-client,O=Grid"]),
    AfterValidator(normal_subject),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ClientBody(_Strict):
    """A client that is made or renewed."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="Short name within the utility.")
    scopes: list[TokenScope] = Field(min_length=1, max_length=len(TokenScope))
    certificates: list[Fingerprint] = Field(default=[], max_length=MOST_CERTIFICATES)
    subject: Subject | None = Field(
        None, description="Any certificate of the authority with this subject counts as well (RFC 4514)."
    )
    by: By

    def terms(self) -> ClientTerms:
        """As the use case takes them."""
        return ClientTerms(self.name, frozenset(self.scopes), tuple(dict.fromkeys(self.certificates)), self.subject)


class CertificateBody(_Strict):
    """A certificate that is added."""

    certificate: Fingerprint
    by: By


class Act(_Strict):
    """Who does it, and why."""

    by: By
    reason: str | None = Field(None, max_length=400, pattern=r"^[^\x00-\x1f\x7f]*$")


class ClientView(BaseModel):
    """An API client of a utility."""

    client_id: str
    utility: str
    name: str
    scopes: list[TokenScope]
    subject: str | None
    certificates: list[str]
    created_at: datetime
    created_by: str
    token_at: datetime | None = Field(description="When it was given its last token.")
    revoked_at: datetime | None


class Certificates(BaseModel):
    """The certificates of a utility itself."""

    certificates: list[str]


class AuditEntry(BaseModel):
    """An entry of the gateway's audit trail."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    hash: str


class AuditPage(BaseModel):
    """Entries, the latest first; ``next`` goes into ``cursor``."""

    items: list[AuditEntry]
    next: str | None


def shown(one: ApiClient) -> ClientView:
    """A client as REST gives it."""
    return ClientView(
        client_id=one.client_id,
        utility=one.utility,
        name=one.name,
        scopes=[scope for scope in TokenScope if scope in one.scopes],
        subject=one.subject,
        certificates=list(one.certificates),
        created_at=one.created_at,
        created_by=one.created_by,
        token_at=one.token_at,
        revoked_at=one.revoked_at,
    )
