"""What the routes of usage share."""

from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query

from tieline.platform.errors import Invalid, Problem

Identity = Annotated[int, Path(ge=1, le=2**63 - 1)]
OperatorCode = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
PlanName = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Code = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_-]{1,32}$", description="Of an operator.")]
Plan = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")]
Day = Annotated[date | None, Query(description="A day, like 2026-11-27.")]
Words = Annotated[list[str], Query(max_length=50)]
Cursor = Annotated[str | None, Query(max_length=400)]
Limit = Annotated[int, Query(ge=1, le=1000)]


def checked(day: date | None) -> date | None:
    """A day of the years that are taken. Raises ``Invalid``."""
    if day is not None and not 1970 <= day.year <= 2199:  # noqa: PLR2004 - as everywhere
        raise Invalid("That day is too far off.", [Problem("day", "range", "From 1970 to 2199.")])
    return day


def file_body(**more: Any) -> dict[str, Any]:
    """The description of a body with a file."""
    properties = {"file": {"type": "string", "format": "binary"}, **more}
    schema = {"type": "object", "properties": properties, "required": ["file"]}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
