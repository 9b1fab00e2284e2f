"""What the routes of usage share."""

from typing import Annotated, Any

from fastapi import Path, Query

from tieline.platform.web import Day

Identity = Annotated[int, Path(ge=1, le=2**63 - 1)]
OperatorCode = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
PlanName = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Code = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_-]{1,32}$", description="Of an operator.")]
Plan = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")]
OnDay = Annotated[Day | None, Query(description="A day, like 2026-11-27.")]
Words = Annotated[list[str], Query(max_length=50)]
Cursor = Annotated[str | None, Query(max_length=400)]
Limit = Annotated[int, Query(ge=1, le=1000)]


def file_body(**more: Any) -> dict[str, Any]:
    """The description of a body with a file."""
    properties = {"file": {"type": "string", "format": "binary"}, **more}
    schema = {"type": "object", "properties": properties, "required": ["file"]}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
