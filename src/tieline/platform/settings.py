"""Settings of a process, read once from ``TIELINE_*`` environment variables.

Secrets come from files under ``home`` or from the environment; none has a default that would work in production.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tieline.platform import receivers
from tieline.platform.clock import SystemClock, declared


class Settings(BaseSettings):
    """Every setting of the utility's platform; the reference page is generated from these fields."""

    model_config = SettingsConfigDict(env_prefix="TIELINE_", frozen=True, extra="ignore")

    home: Path = Field(Path("var"), description="Folder of all state: database, keys, logs, generated worlds.")
    database_url: SecretStr | None = Field(None, description="PostgreSQL ≥ 15. Unset: an embedded server under `home`.")
    database_pool: int = Field(12, ge=2, le=200, description="Connections a process may hold open.")

    host: str = Field("127.0.0.1", description="Address of the console and the REST API.")
    port: int = Field(8400, ge=0, le=65535, description="Port of the console and the REST API.")
    public_url: str = Field("", description="URL people use; empty: made from host and port.")
    operator_host: str = Field("127.0.0.1", description="Address on which operators deliver notifications.")
    operator_port: int = Field(8401, ge=0, le=65535, description="Port for operators' notifications (mutual TLS).")
    tls_certificate: Path | None = Field(None, description="Certificate of the console; unset: plain HTTP.")
    tls_key: Path | None = Field(None, description="Private key of `tls_certificate`.")
    pki: Path | None = Field(
        None, description="Folder of the CA and certificates shared with operators; unset: `home`/pki."
    )

    session_cookie: str = Field(
        "tieline_session",
        pattern=r"^[a-z0-9_]{1,64}$",
        description="Name of the session's cookie; consoles that share a host need different ones.",
    )
    session_hours: float = Field(10, gt=0, le=24 * 30, description="A session ends after so many hours.")
    session_idle_minutes: float = Field(60, gt=0, description="… or after so many minutes without a request.")
    login_attempts: int = Field(5, ge=1, description="Failed sign-ins of an account before it has to wait.")
    token_days: int = Field(90, ge=1, le=3650, description="Longest life of an API token.")
    approval_threshold: int = Field(50, ge=0, description="Changes above so many items need a second person.")

    calendar: str = Field(
        "",
        description="Demonstrations only: a calendar that runs faster, as start@origin*speed; empty: the true time.",
    )

    oidc_issuer: str = Field("", description="OpenID Connect issuer; empty: local users only.")
    oidc_client_id: str = Field("", description="Client id at the issuer.")
    oidc_client_secret: SecretStr | None = Field(None, description="Client secret at the issuer.")
    oidc_roles_claim: str = Field("roles", description="Claim that carries the person's Tieline roles.")

    secrets_key_file: Path | None = Field(
        None,
        description="Keys of secrets at rest, brought from outside; unset: `home`/keys/secrets.keys, made if absent.",
    )
    audit_witness: Path | None = Field(
        None, description="Second place for signed audit heads; unset: `home`/audit-witness.log."
    )
    siem_url: str = Field(
        "", description="Where the audit trail is exported to: `tls://host:6514`, `tcp://host:601`, `udp://host:514`."
    )
    siem_form: Literal["cef", "json", "structured"] = Field("cef", description="How its messages are written.")
    siem_framing: Literal["octets", "newline"] = Field("octets", description="What sets messages apart on plain TCP.")
    siem_ca: Path | None = Field(None, description="Authority of the receiver's certificate; unset: the machine's.")
    siem_certificate: Path | None = Field(None, description="Client certificate shown to the receiver.")
    siem_key: Path | None = Field(None, description="Private key of `siem_certificate`.")
    siem_longest: int = Field(
        8192, ge=480, le=65_000, description="Octets of a message; longer ones lose their detail."
    )
    siem_enterprise: int = Field(
        32473, ge=1, description="Private enterprise number that owns our structured data; this one is for examples."
    )
    upload_megabytes: int = Field(100, ge=1, le=4096, description="Largest file taken by an import.")
    unpacked_megabytes: int = Field(1000, ge=1, description="Largest size of an import once unpacked.")

    probing_proxy: SecretStr | None = Field(
        None, description="SOCKS5 proxy into operators' networks: socks5://user:password@host:port."
    )
    probing_ports: str = Field(
        "",
        pattern=r"^([^=,]+=[0-9]{1,5}(,[^=,]+=[0-9]{1,5})*)?$",
        description="Ports other than 2404, by kind of site or operator's code: `meter=4059,B=2405`.",
    )
    probing_at_once: int = Field(200, ge=1, le=2000, description="Applications asked at the same time by a worker.")
    probing_connect_s: float = Field(8, gt=0, le=120, description="Seconds within which a connection has to be there.")
    probing_answer_s: float = Field(5, gt=0, le=120, description="Seconds within which a test frame is confirmed.")
    probing_attempts: int = Field(3, ge=1, le=20, description="Times an application is asked before it is given up.")
    probing_pause_s: float = Field(3, ge=0, le=300, description="Seconds before the second time; doubled each time.")
    probing_keep_days: int = Field(
        30, ge=1, le=3650, description="Days for which answers are kept; the last one stays."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged.")
    log_format: Literal["json", "text"] = Field("json", description="Form of log lines.")

    @field_validator("calendar")
    @classmethod
    def _calendar_can_be_read(cls, text: str) -> str:
        """A calendar that nobody can read would be found out in the middle of the work."""
        declared(text, SystemClock())
        return text

    _receiver = field_validator("siem_url")(receivers.checked)

    @model_validator(mode="after")
    def _certificate_with_its_key(self) -> Self:
        """One without the other would quietly serve plain HTTP under addresses that say https."""
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("TIELINE_TLS_CERTIFICATE and TIELINE_TLS_KEY are set together, or neither")
        return self

    @property
    def base_url(self) -> str:
        """The URL that people and generated links use."""
        scheme = "https" if self.tls_certificate else "http"
        return self.public_url or f"{scheme}://{self.host}:{self.port}"

    @property
    def pki_folder(self) -> Path:
        """Where certificates and keys shared with operators lie."""
        return self.pki or self.home / "pki"

    @property
    def witness_file(self) -> Path:
        """Where signed heads of the audit chain are written besides the database."""
        return self.audit_witness or self.home / "audit-witness.log"


def load() -> Settings:
    """Read the settings of this process from its environment.

    Raises pydantic's ``ValidationError``, which names each variable that is wrong.
    """
    return Settings()
