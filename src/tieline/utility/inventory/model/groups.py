"""5G LAN groups: devices that an operator lets talk to one another in a network of their own."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LanGroupSpec:
    """What a group is, wherever it is made. None of it changes later.

    ``name`` is its external name, ``local@domain``; ``dnn`` and the slice (``sst``, ``sd``: six hexadecimal digits) say
    where its sessions go. ``aaa_address`` is the utility's server that authenticates devices (``AUTH``) or gives them
    their addresses (``IP_ALLOC``), as ``aaa_usages`` says.
    """

    name: str
    dnn: str
    sst: int = 1
    sd: str | None = None
    session_type: str = "IPV4"
    aaa_address: str | None = None
    aaa_usages: tuple[str, ...] = ()
    title: str = ""

    @property
    def slice(self) -> str:
        """The network slice as TS 29.571 writes it: ``1`` or ``1-0a0b0c``."""
        return f"{self.sst}-{self.sd}" if self.sd else str(self.sst)


@dataclass(frozen=True, slots=True, kw_only=True)
class LanGroup:
    """A group at one operator. ``members`` counts who is in it now, as far as the asker sees them.

    ``settled`` counts those of them that the operator's network has taken in.
    """

    id: int
    operator_id: int
    operator_code: str
    name: str
    title: str
    dnn: str
    sst: int
    sd: str | None
    session_type: str
    aaa_address: str | None
    aaa_usages: list[str]
    change_id: int | None
    created_by: str
    created_at: datetime
    members: int
    settled: int

    @property
    def spec(self) -> LanGroupSpec:
        """What the group is, without where and when."""
        return LanGroupSpec(
            name=self.name,
            dnn=self.dnn,
            sst=self.sst,
            sd=self.sd,
            session_type=self.session_type,
            aaa_address=self.aaa_address,
            aaa_usages=tuple(self.aaa_usages),
            title=self.title,
        )

    @property
    def slice(self) -> str:
        """The network slice; see :class:`LanGroupSpec`."""
        return self.spec.slice


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolUse:
    """How far an address pool of a group's data network is used."""

    id: int
    name: str
    cidr: str
    apn: str
    used: int
    size: int
