"""Where messages go, from settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tieline.platform.receivers import receiver_of
from tieline.platform.siem.model import Form


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
    """The receiver that the settings name; None where they name none. Settings are checked when they are read."""
    if not settings.siem_url:
        return None
    found = receiver_of(settings.siem_url)
    return Destination(
        *found,
        Form(settings.siem_form),
        settings.siem_framing if found.transport == "tcp" else "octets",
        settings.siem_ca,
        settings.siem_certificate,
        settings.siem_key,
        settings.siem_longest,
        settings.siem_enterprise,
    )
