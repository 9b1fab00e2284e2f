"""Bodies of the REST interface of incidents."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tieline.platform.web import Moment

Text = Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")]
Word = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
Number = Annotated[int, Field(ge=1, le=2**63 - 1)]


class Body(BaseModel):
    """What every body is: nothing unknown in it."""

    model_config = ConfigDict(extra="forbid")


class WhyBody(Body):
    """Why."""

    why: Text


class CommentBody(Body):
    """What is said."""

    text: Text


class AssignBody(Body):
    """Who looks after it; empty: nobody."""

    assignee: Word = ""


class ActBody(Body):
    """The same for several incidents. ``text``: the assignee, the comment, or why it is resolved."""

    ids: list[Number] = Field(min_length=1, max_length=1000)
    act: Literal["acknowledge", "assign", "resolve", "comment"]
    text: Text = ""


class RevertBody(Body):
    """How the change that puts it right is agreed."""

    type: Literal["normal", "emergency"] = "normal"
    reason: Text = ""


class ExpectationBody(Body):
    """What is expected to deviate, until when, and why."""

    why: Word
    starts_at: Moment | None = None
    ends_at: Moment
    site_ids: list[Number] = Field(default=[], max_length=100_000)
    subscription_ids: list[Number] = Field(default=[], max_length=100_000)
    operator: Word | None = None
    region: Word | None = None
    fields: list[Word] | None = Field(default=None, max_length=20)
