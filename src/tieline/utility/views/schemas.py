"""REST of saved views: documents."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from tieline.utility.views.model import (
    LONGEST_COLUMN,
    LONGEST_NAME,
    LONGEST_PATH,
    LONGEST_QUERY,
    MOST_COLUMNS,
    MOST_OWN,
    MOST_SHARED,
    Pin,
)

Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
Query = Annotated[str, Field(max_length=LONGEST_QUERY)]
Column = Annotated[str, Field(min_length=1, max_length=LONGEST_COLUMN)]
Hidden = Annotated[list[Column], Field(max_length=MOST_COLUMNS)]


class ViewBody(BaseModel):
    """A view to keep: the console path of a list, and its query string. ``hidden``: columns that are not shown."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(min_length=1, max_length=LONGEST_PATH)
    name: Name
    query: Query = ""
    hidden: Hidden | None = None
    shared: bool = False


class ViewEditBody(BaseModel):
    """What is altered; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    query: Query | None = None
    hidden: Hidden | None = None
    shared: bool | None = None


class ChoiceBody(BaseModel):
    """What you yourself want of a view; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    is_default: bool | None = None
    pin: Pin | None = None


class OrderBody(BaseModel):
    """Your views in your order; those not named come after."""

    model_config = ConfigDict(extra="forbid")

    ids: list[Annotated[int, Field(ge=1, le=2**63 - 1)]] = Field(max_length=MOST_OWN + MOST_SHARED)
