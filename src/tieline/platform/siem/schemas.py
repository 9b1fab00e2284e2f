"""Bodies of REST about the export."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from tieline.platform.siem.model import State


class SourceView(BaseModel):
    """A trail that is exported."""

    source: str
    sent: int = Field(description="The last entry that the receiver's machine has.")
    end: int = Field(description="The last entry there is.")
    waiting: int
    sent_at: datetime | None
    error: str = Field(description="What went wrong last; it may be over.")
    error_at: datetime | None


class StateView(BaseModel):
    """Where trails go, and how far they are."""

    target: str = Field(description="Empty: nowhere.")
    form: str
    sources: list[SourceView]


class ReplayBody(BaseModel):
    """From which entry on to send again."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field("audit", max_length=40)
    first: int = Field(ge=1, le=2**63 - 1)


class Tested(BaseModel):
    """Where a test message went."""

    target: str


def shown(found: State) -> StateView:
    """A state as REST gives it."""
    return StateView(
        target=found.target,
        form=found.form,
        sources=[
            SourceView(
                source=one.cursor.source,
                sent=one.cursor.sent,
                end=one.end,
                waiting=one.waiting,
                sent_at=one.cursor.sent_at,
                error=one.cursor.error,
                error_at=one.cursor.error_at,
            )
            for one in found.sources
        ],
    )
