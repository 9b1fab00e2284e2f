"""Pages and counts."""

from typing import Generic, TypeVar

from pydantic import BaseModel, Field

T = TypeVar("T")


class PageOf(BaseModel, Generic[T]):
    """A page of a list, and the cursor of the next one when there is one."""

    items: list[T]
    next: str | None = Field(None, description="Send as `cursor` to get what follows; absent at the end.")


class Count(BaseModel):
    """How many there are."""

    count: int
