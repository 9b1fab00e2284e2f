"""REST of probing: documents."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from tieline.utility.probing.service import LONGEST_KEY

Key = Annotated[str, Field(min_length=1, max_length=LONGEST_KEY, pattern=r"^[\x21-\x7e]+$")]


class AskBody(BaseModel):
    """Which applications to ask; the same ``key`` asks each of them once, however often it is sent."""

    model_config = ConfigDict(extra="forbid")

    subscription_ids: list[Annotated[int, Field(ge=1, le=2**63 - 1)]] = Field(min_length=1, max_length=10_000)
    key: Key | None = None


class Asked(BaseModel):
    """How many are being asked, and the key and origin to find the answers by."""

    asked: int
    origin: str
    key: str
