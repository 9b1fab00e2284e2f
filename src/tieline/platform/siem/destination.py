"""Where messages go, from settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from tieline.platform.errors import Invalid, Problem
from tieline.platform.siem.model import Form

_PORTS = {"tls": 6514, "tcp": 601, "udp": 514}


class SiemSettings(Protocol):
    """The settings that matter here; the platform and a gateway have them alike."""

    @property
    def siem_url(self) -> str:
        """Where to."""
        ...

    @property
    def siem_form(self) -> str:
        """In which form."""
        ...

    @property
    def siem_framing(self) -> str:
        """How messages are set apart on TCP."""
        ...

    @property
    def siem_ca(self) -> Path | None:
        """Whom to believe about the receiver."""
        ...

    @property
    def siem_certificate(self) -> Path | None:
        """What we show it."""
        ...

    @property
    def siem_key(self) -> Path | None:
        """Its key."""
        ...

    @property
    def siem_longest(self) -> int:
        """Octets of a message."""
        ...

    @property
    def siem_enterprise(self) -> int:
        """Whose structured data."""
        ...


@dataclass(frozen=True, slots=True)
class Destination:
    """A receiver of syslog. ``framing`` is ``octets`` or ``newline``; TLS always counts octets."""

    transport: str
    host: str
    port: int
    form: Form
    framing: str = "octets"
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    longest: int = 8192
    enterprise: int = 32473

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport}://{host}:{self.port}"


def destination_of(settings: SiemSettings) -> Destination | None:
    """The receiver that the settings name; None where they name none. Raises ``Invalid`` for one that is none."""
    if not settings.siem_url:
        return None
    parts = urlsplit(settings.siem_url)
    try:
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        port = 0
    if parts.scheme not in _PORTS or not parts.hostname or not port or parts.path.strip("/") or parts.query:
        problem = Problem("siem_url", "receiver", "Write tls://HOST:6514, tcp://HOST:601 or udp://HOST:514.")
        raise Invalid("The address of the SIEM is not one.", [problem])
    return Destination(
        parts.scheme,
        parts.hostname,
        port,
        Form(settings.siem_form),
        settings.siem_framing if parts.scheme == "tcp" else "octets",
        settings.siem_ca,
        settings.siem_certificate,
        settings.siem_key,
        settings.siem_longest,
        settings.siem_enterprise,
    )
