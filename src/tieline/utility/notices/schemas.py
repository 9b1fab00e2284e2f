"""Bodies of the REST interface of notices."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class AnswerBody(BaseModel):
    """What is said to a notice. ``revision`` is the one that was read; a newer one is then not answered unread."""

    model_config = ConfigDict(extra="forbid")

    answer: Literal["accept", "decline"]
    words: str = Field("", max_length=2000, pattern=r"^[^\x00]*$", description="For the operator; needed to decline.")
    revision: int | None = Field(None, ge=1, le=1_000_000)
