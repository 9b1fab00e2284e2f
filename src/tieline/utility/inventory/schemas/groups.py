"""5G LAN groups."""

from datetime import datetime

from pydantic import BaseModel, Field


class LanGroupOut(BaseModel):
    """A group at one operator."""

    id: int
    operator_id: int
    operator_code: str
    name: str = Field(description="Its external name, local@domain.")
    title: str
    dnn: str
    sst: int
    sd: str | None
    session_type: str
    aaa_address: str | None
    aaa_usages: list[str]
    change_id: int | None = Field(description="The change that made it.")
    created_by: str
    created_at: datetime
    members: int
    settled: int = Field(description="Members that the operator's network has taken in.")


class LanGroups(BaseModel):
    """The groups."""

    items: list[LanGroupOut]


class PoolUseOut(BaseModel):
    """An address pool of a group's data network."""

    id: int
    name: str
    cidr: str
    apn: str
    used: int
    size: int


class LanGroupDetail(BaseModel):
    """A group, and the address pools of its data network."""

    group: LanGroupOut
    pools: list[PoolUseOut]
