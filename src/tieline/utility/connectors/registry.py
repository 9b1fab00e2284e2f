"""Which providers there are, by name; a connection names the one it uses."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tieline.platform.errors import Invalid, NotFound, Problem
from tieline.utility.connectors.model import DeviceNotice, Notice
from tieline.utility.connectors.port import Connector


@dataclass(frozen=True, slots=True)
class TokenTerms:
    """An operator that wants access tokens: who we are to it, for what, and where they are given out.

    ``url`` empty: it is found in the operator's own description (RFC 8414). ``scope`` empty: all that we may have.
    """

    client_id: str
    url: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """How one operator is reached: a row of ``operator_connection``, with file names resolved.

    ``base_url`` is the root of the operator's services, ``dn`` the name of our part of its network. Limits given here
    (from the contract) narrow those that the provider declares. ``timeout`` is in seconds.
    ``tokens``: requests carry an access token bound to our certificate (RFC 8705); None: the certificate alone does.
    ``secret`` is what the operator gave us to prove who we are, where its platform asks for one.
    """

    operator: str
    provider: str
    base_url: str
    dn: str
    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None
    calls_per_second: float | None = None
    max_batch: int | None = None
    in_flight: int | None = None
    timeout: float = 30.0
    tokens: TokenTerms | None = None
    secret: str | None = field(default=None, repr=False)
    details: Mapping[str, Any] = field(default_factory=dict)


Open = Callable[[Connection], Awaitable[Connector]]
ReadNotices = Callable[[bytes], Sequence[Notice]]
"""Decodes what an operator posted to us; raises ``Rejected`` for what cannot be read."""
ReadDevices = Callable[[bytes], Sequence[DeviceNotice]]
"""The same for word of SIMs that are used with other devices."""


@dataclass(slots=True)
class Providers:
    """Providers by name."""

    _open: dict[str, Open] = field(default_factory=dict)
    _notices: dict[str, ReadNotices] = field(default_factory=dict)
    _devices: dict[str, ReadDevices] = field(default_factory=dict)

    def register(
        self, name: str, opener: Open, notices: ReadNotices | None = None, devices: ReadDevices | None = None
    ) -> None:
        """Add a provider, with the decoders of its notifications if it sends any; its name must be new."""
        if name in self._open:
            raise ValueError(f"two providers are called {name}")
        self._open[name] = opener
        if notices is not None:
            self._notices[name] = notices
        if devices is not None:
            self._devices[name] = devices

    def notices(self, name: str) -> ReadNotices:
        """The decoder of a provider's notifications; raises ``NotFound`` where it sends none."""
        found = self._notices.get(name)
        if found is None:
            raise NotFound(f"The provider {name} sends no notifications.")
        return found

    def devices(self, name: str) -> ReadDevices:
        """The decoder of a provider's word of devices; raises ``NotFound`` where it sends none."""
        found = self._devices.get(name)
        if found is None:
            raise NotFound(f"The provider {name} sends no word of devices.")
        return found

    def names(self) -> tuple[str, ...]:
        """Every provider there is."""
        return tuple(sorted(self._open))

    async def open(self, connection: Connection) -> Connector:
        """Open a connector; raises ``Invalid`` for a provider that nobody registered."""
        opener = self._open.get(connection.provider)
        if opener is None:
            problem = Problem("provider", "known", f"One of {', '.join(self.names())}.", connection.provider)
            raise Invalid(f"There is no provider called {connection.provider}.", [problem])
        return await opener(connection)
