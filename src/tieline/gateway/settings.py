"""Settings of a gateway process, from ``TIELINE_GATEWAY_*`` environment variables."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tieline.platform import receivers


class GatewaySettings(BaseSettings):
    """Every setting of an operator's gateway; the reference page is generated from these fields."""

    model_config = SettingsConfigDict(env_prefix="TIELINE_GATEWAY_", frozen=True, extra="ignore")

    code: str = Field("A", pattern=r"^[A-Za-z0-9_-]{1,32}$", description="Short name of the operator.")
    name: str = Field("Operator A", max_length=200, description="Name of the operator as people read it.")
    database_url: SecretStr = Field(description="PostgreSQL ≥ 15: this gateway's own database.")
    database_pool: int = Field(10, ge=4, le=100, description="Connections the process may hold open.")

    host: str = Field("127.0.0.1", description="Address of the standard interfaces (mutual TLS).")
    port: int = Field(8410, ge=0, le=65535, description="Port of the standard interfaces; 0: any free one.")
    public_url: str = Field(
        "", description="URL of the standard interfaces as utilities see it; empty: from host, port."
    )
    backoffice_host: str = Field("127.0.0.1", description="Address of the back office; keep it on loopback.")
    backoffice_port: int = Field(8411, ge=0, le=65535, description="Port of the back office; 0: any free one.")
    backoffice_token_file: Path = Field(
        Path("var/gateway-a/backoffice-token"), description="File with the back office's bearer token; made if absent."
    )
    backoffice_url: str = Field(
        "", description="URL that staff use for the console, if it is another one than that of host and port."
    )
    session_hours: float = Field(10, gt=0, le=24 * 30, description="A session of staff ends after so many hours.")
    session_idle_minutes: float = Field(60, gt=0, description="… or after so many minutes without a request.")
    pki: Path = Field(Path("var/pki"), description="Folder of the CA and of the gateway's certificate and key.")

    secrets_key_file: Path | None = Field(
        None, description="Keys of secrets at rest, brought from outside; unset: beside the back office's token."
    )
    token_minutes: int = Field(10, ge=1, le=60, description="Minutes for which an access token counts.")
    siem_url: str = Field(
        "",
        description="Where change log and audit trail are exported to: `tls://host:6514`, `tcp://host:601`, `udp://…`.",
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

    faults: Path | None = Field(None, description="File of faults for the simulated network (docs/reference/world.md).")
    apply_latency_s: float = Field(0.3, ge=0, le=3600, description="Time the simulated network takes for a change.")
    seed: int = Field(1, description="Seed of the simulated network's jitter.")

    calls_per_second: float = Field(50, gt=0, description="Rate a new utility may call at, unless its contract says.")
    max_changes_per_plan: int = Field(5000, ge=1, le=100_000, description="Changes one plan may hold.")
    body_megabytes: float = Field(16, gt=0, le=512, description="Largest body of a request.")
    chunk: int = Field(200, ge=1, le=5000, description="Changes of a plan made in one transaction.")

    lan_groups: bool = Field(default=True, description="Whether the network has a 5G core that serves 5G LAN groups.")
    group_members: int = Field(20_000, ge=1, le=100_000, description="Members that one 5G LAN group may have.")

    keep_jobs_days: int = Field(
        30, ge=7, le=3650, description="Days for which jobs that are over, and triggers that have fired, are kept."
    )
    keep_plans_days: int = Field(
        90, ge=7, le=3650, description="Days for which a plan is kept that nobody changes and no job uses."
    )
    keep_fallbacks_days: int = Field(
        180, ge=1, le=3650, description="Days for which an activation can be taken back; its job is kept as long."
    )
    keep_log_days: int = Field(
        400, ge=1, le=3650, description="Days for which the change log is kept; no fewer than for fallbacks."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged.")

    _receiver = field_validator("siem_url")(receivers.checked)

    @model_validator(mode="after")
    def _log_outlives_fallbacks(self) -> Self:
        """Refuse to forget log rows that a fallback is still read out of."""
        if self.keep_log_days < self.keep_fallbacks_days:
            raise ValueError("keep_log_days must be at least keep_fallbacks_days")
        return self

    @property
    def base_url(self) -> str:
        """Where utilities find the standard interfaces; ``localhost`` for an address that only this machine has."""
        host = "localhost" if self.host in {"127.0.0.1", "::1"} else self.host
        return self.public_url.rstrip("/") or f"https://{host}:{self.port}"

    @property
    def folder(self) -> Path:
        """Where the gateway keeps what is its own: keys, tokens, the witness of its audit trail."""
        return self.backoffice_token_file.parent

    @property
    def console_url(self) -> str:
        """Where staff find the console."""
        return self.backoffice_url.rstrip("/") or f"http://{self.backoffice_host}:{self.backoffice_port}"

    @property
    def first_administrator(self) -> Path:
        """Name and password of the first of the staff, to be changed at the first sign-in."""
        return self.folder / "first-administrator.txt"

    @property
    def body_bytes(self) -> int:
        """Largest body of a request, in octets."""
        return int(self.body_megabytes * 1_000_000)


def load() -> GatewaySettings:
    """Read the settings of this process from its environment.

    Raises pydantic's ``ValidationError``, which names each variable that is wrong.
    """
    return GatewaySettings()
