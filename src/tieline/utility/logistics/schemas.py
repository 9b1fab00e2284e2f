"""Bodies and answers of the REST interface of logistics."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from tieline.platform.web import Day
from tieline.utility.logistics.model import Goods
from tieline.utility.logistics.service.moving import MAX_MOVES

Serial = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,64}$", description="ICCID of a card, identifier of a router.")]
Number = Annotated[int, Field(ge=1, le=2**63 - 1)]
Words = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
Key = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$", description="Names the act: sent again with it, nothing happens twice.")]  # fmt: skip # noqa: E501


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MoveBody(_Strict):
    """Items that shall be in another place."""

    goods: Goods
    serials: list[Serial] = Field(min_length=1, max_length=MAX_MOVES)
    to_place: Number
    from_place: Number | None = Field(None, description="Where they must be; unset: wherever they are.")
    key: Key
    reason: Words = ""
    reference: Words = Field("", description="For which work order or visit.")


class IssueBody(_Strict):
    """Items that a warehouse hands to a crew."""

    goods: Goods
    serials: list[Serial] = Field(min_length=1, max_length=MAX_MOVES)
    warehouse_id: Number
    to_place: Number
    key: Key
    reason: Words = ""
    reference: Words = ""


class RemovalBody(_Strict):
    """What a crew took away from a site."""

    goods: Goods
    serials: list[Serial] = Field(min_length=1, max_length=100)
    site_id: Number
    crew_id: Number
    key: Key
    reference: Words = ""


class FitBody(RemovalBody):
    """What a crew fitted at a site."""

    force: bool = Field(default=False, description="It is so, whatever the ledger thought; what was irregular is kept.")


class LossBody(_Strict):
    """Items that were lost or stolen."""

    goods: Goods
    serials: list[Serial] = Field(min_length=1, max_length=500)
    why: str = Field(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")
    stolen: bool = False


class WarehouseBody(_Strict):
    """A warehouse."""

    name: Name
    region: Annotated[str | None, Field(max_length=200, pattern=r"^[^\x00]*$")] = None


class CrewBody(_Strict):
    """A crew, for whose goods there is a place."""

    name: Name
    region: Annotated[str | None, Field(max_length=200, pattern=r"^[^\x00]*$")] = None


class OrderBody(_Strict):
    """What is ordered."""

    reference: Name
    goods: Goods
    supplier: Name
    number: int = Field(ge=1, le=1_000_000)
    expected_on: Day
    operator: Annotated[str | None, Field(max_length=32, pattern=r"^[^\x00]*$", description="Of cards.")] = None
    variety: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] = Field(
        "", description="plastic or euicc; make and model of routers."
    )
    generation: str = Field("", pattern="^([2345]G)?$", description="The least that will do.")
    note: Words = ""


class WhyBody(_Strict):
    """Why something is done."""

    why: Words = Field(min_length=1)


class CountBody(_Strict):
    """What was found in a place."""

    place_id: Number
    goods: Goods
    serials: list[Serial] = Field(max_length=MAX_MOVES)


class AdjustBody(_Strict):
    """How the ledger is put right by a stocktake."""

    why: Words = Field(min_length=1)
    lose_missing: bool = Field(default=False, description="Report what is missing as lost, which blocks the cards.")


class TakeInBody(_Strict):
    """Where what is fitted nowhere begins."""

    warehouse_id: Number
    key: Key


class DemandBody(_Strict):
    """So many of a sort are needed on a day."""

    day: Day
    goods: Goods
    number: int = Field(ge=1, le=1_000_000)
    operator: str = Field("", max_length=32, pattern=r"^[^\x00]*$")
    variety: str = Field("", max_length=100, pattern=r"^[^\x00]*$")
    generation: str = Field("", pattern="^([2345]G)?$")


class NeedsBody(_Strict):
    """What an origin needs, instead of what it said before."""

    demands: list[DemandBody] = Field(max_length=20_000)
