"""Bodies of the REST interface of connectors."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from tieline.utility.connectors.capabilities import Extra


class ConnectionBody(BaseModel):
    """How an operator is reached. Files of keys are named, never sent: they lie in the folder of keys."""

    model_config = ConfigDict(extra="forbid")

    provider: str = Field("mns3gpp", max_length=60)
    base_url: str = Field(
        max_length=500, pattern=r"^(https://|memory:)", examples=["https://operator.example/3gpp-mns"]
    )
    dn: str = Field("", max_length=500, examples=["SubNetwork=grid"])
    certificate: str = Field("", max_length=200, description="File of our certificate.")
    private_key: str = Field("", max_length=200, description="File of its key.")
    authority: str = Field("", max_length=200, description="File of the authority that the operator's is checked by.")
    calls_per_second: float | None = Field(None, gt=0, le=100_000)
    max_batch: int | None = Field(None, ge=1, le=50_000)
    in_flight: int | None = Field(None, ge=1, le=64)
    timeout_seconds: float = Field(30, gt=0, le=600)
    notification_fingerprint: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the certificate that the operator notifies with."
    )
    notification_fingerprint_next: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="The one it will notify with once renewed: both count meanwhile."
    )
    notification_url: str = Field("", max_length=500, description="Where it is to notify; empty: it is not asked to.")
    heartbeat_seconds: int = Field(60, ge=0, le=86_400)
    sync_hours: float = Field(24, gt=0, le=8760)
    enabled: bool = True
    uses_tokens: bool = False
    """Requests carry an access token that is bound to our certificate (RFC 8705)."""
    client_id: str = Field("", max_length=200, description="Who we are to the operator's authorisation server.")
    token_url: str = Field(
        "",
        max_length=500,
        pattern=r"^(https://.*)?$",
        description="Where tokens are given out; empty: it is found.",
    )
    token_scope: str = Field("", max_length=400, description="Scopes to ask for; empty: all that we may have.")
    lacks: list[Extra] = Field(
        default=[], max_length=3, description="What this operator does not have, or the contract does not give us."
    )
    secret: SecretStr | None = Field(
        None,
        max_length=4000,
        description="What the operator gave us to prove who we are. Kept encrypted and never shown; left out: stays as "
        "it is; empty: taken away.",
    )

    def values(self) -> dict[str, Any]:
        """The values by name, the secret in the clear: for the use case alone."""
        secret = self.secret
        return {**self.model_dump(exclude={"secret"}), "secret": secret.get_secret_value() if secret else secret}


class SyncBody(BaseModel):
    """Why everything is to be read."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field("Asked for.", max_length=500)
