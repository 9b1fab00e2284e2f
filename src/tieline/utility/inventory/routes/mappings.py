"""Saved mappings, and help with making them."""

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Request, Response

from tieline.platform.errors import Invalid
from tieline.platform.scope import Permission
from tieline.platform.web import CurrentRuntime, CurrentScope, fast
from tieline.utility.inventory.importing.kinds import KINDS
from tieline.utility.inventory.importing.mapping import ENCODINGS, FileMapping, from_object, from_toml
from tieline.utility.inventory.importing.suggest import suggest as suggest_mapping
from tieline.utility.inventory.importing.transforms import TRANSFORMS
from tieline.utility.inventory.model import Kind
from tieline.utility.inventory.schemas import imports as schemas
from tieline.utility.inventory.service import operators as service

router = APIRouter(tags=["imports"])

Name = Annotated[str, Path(min_length=1, max_length=200)]
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "application/toml": {"schema": {"type": "string"}},
        },
    }
}


@router.get("/import-kinds", response_model=schemas.ImportKinds)
async def import_kinds(scope: CurrentScope) -> Response:
    """List what can be imported, with its fields, and what a mapping may do to values."""
    scope.require(Permission.INVENTORY_READ)
    kinds = {
        kind: [{"name": spec.name, "meaning": spec.meaning, "required": spec.required} for spec in specs]
        for kind, specs in KINDS.items()
    }
    return fast({"kinds": kinds, "transforms": list(TRANSFORMS), "encodings": ENCODINGS})


@router.get("/mappings", response_model=schemas.Mappings)
async def mappings(runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """List the saved mappings."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await service.mappings(tx, scope)})


@router.post("/mappings/suggest", response_model=schemas.SuggestOut)
async def suggest(scope: CurrentScope, wanted: schemas.SuggestIn) -> Response:
    """Suggest a mapping for a header."""
    scope.require(Permission.INVENTORY_READ)
    # In a thread: likening two thousand names to all fields takes half a second, which others would wait for.
    return fast(await asyncio.to_thread(suggest_mapping, wanted.header, kind_of(wanted.kind)))


@router.get("/mappings/{name}", response_model=schemas.MappingOut)
async def mapping(runtime: CurrentRuntime, scope: CurrentScope, name: Name) -> Response:
    """Get a saved mapping."""
    async with runtime.db.snapshot() as tx:
        return fast(await service.mapping(tx, scope, name))


@router.put("/mappings/{name}", response_model=schemas.MappingOut, openapi_extra=_BODY)
async def put_mapping(request: Request, runtime: CurrentRuntime, scope: CurrentScope, name: Name) -> Response:
    """Save a mapping under a name: JSON, or the TOML of a mapping file with `Content-Type: application/toml`."""
    described = parse_mapping(await request.body(), request.headers.get("Content-Type", ""))
    async with runtime.db.transaction() as tx:
        return fast(await service.put_mapping(tx, scope, name, described))


@router.delete("/mappings/{name}", status_code=204)
async def delete_mapping(runtime: CurrentRuntime, scope: CurrentScope, name: Name) -> None:
    """Delete a saved mapping."""
    async with runtime.db.transaction() as tx:
        await service.delete_mapping(tx, scope, name)


def parse_mapping(body: bytes, content_type: str) -> FileMapping:
    """A mapping as it was sent. Raises ``Invalid``."""
    try:
        if "toml" in content_type:
            return from_toml(body.decode())
        return from_object(msgspec.json.decode(body))
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
        raise Invalid(f"The mapping cannot be read: {error}.") from error


def kind_of(word: str | None) -> Kind | None:
    """A kind that can be imported. Raises ``Invalid`` for another word."""
    if word is None or word == "":
        return None
    if word not in KINDS:
        raise Invalid(f"{word[:40]} cannot be imported.", advice=f"What can: {', '.join(KINDS)}.")
    return Kind(word)
