"""Imports: a file is sent, and followed while it is done."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.datastructures import FormData

from tieline.platform.errors import Invalid, Problem, TooLarge
from tieline.platform.scope import Permission, Scope
from tieline.platform.web import MEGABYTE, CurrentRuntime, CurrentScope, fast, files
from tieline.platform.wiring import Runtime
from tieline.utility.inventory.importing.mapping import FileMapping, from_object
from tieline.utility.inventory.importing.suggest import preview as preview_file
from tieline.utility.inventory.jobs import repeat_import, submit_import
from tieline.utility.inventory.model import ImportMode, ImportRun
from tieline.utility.inventory.routes.filters import Cursor, Limit
from tieline.utility.inventory.routes.mappings import kind_of, parse_mapping
from tieline.utility.inventory.schemas import imports as schemas
from tieline.utility.inventory.schemas.common import PageOf
from tieline.utility.inventory.service import export, imports, operators, uploads

router = APIRouter(tags=["imports"])

Identity = Annotated[int, Path(ge=1, le=2**63 - 1)]
_MOST = 4200 * MEGABYTE
"""More than `upload_megabytes` can be: the bound that counts is that setting."""
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "mapping": {"type": "string", "description": "Name of a saved mapping."},
                        "spec": {"type": "string", "description": "A mapping as JSON, instead."},
                        "mode": {"type": "string", "enum": list(ImportMode)},
                        "dry_run": {"type": "string", "enum": ["true", "false"]},
                    },
                    "required": ["file"],
                }
            },
        },
    }
}


@dataclass(frozen=True, slots=True)
class _Sent:
    """A file and the fields that came with it."""

    upload: uploads.Upload
    fields: dict[str, str]


@router.post("/imports", status_code=202, response_model=schemas.ImportOut, max_body_size=_MOST, openapi_extra=_FILE)
async def create(
    *,
    request: Request,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    mapping: Annotated[str | None, Query(max_length=200, description="Name of a saved mapping.")] = None,
    mode: ImportMode = ImportMode.KEEP_GOOD,
    dry_run: Annotated[bool, Query(description="Say what would be; change nothing.")] = False,
    file_name: Annotated[str, Query(max_length=400)] = "upload",
) -> Response:
    """Send a file to be imported: as the body, or as a form with further fields. It is done soon afterwards."""
    scope.require(Permission.INVENTORY_WRITE)
    sent = await _receive(request, runtime, file_name)
    try:
        chosen = _mode(sent.fields.get("mode"), mode)
        trial = dry_run or sent.fields.get("dry_run", "") in {"true", "on", "1"}
        async with runtime.db.transaction() as tx:
            described = await _mapping(tx, scope, sent.fields, mapping)
            identity = await submit_import(tx, scope, sent.upload, described, mode=chosen, dry_run=trial)
            return fast(_shown(await imports.one(tx, scope, identity)), status=202)
    except BaseException:
        await asyncio.to_thread(sent.upload.path.unlink, missing_ok=True)
        raise


@router.post("/imports/preview", response_model=schemas.PreviewOut, max_body_size=_MOST, openapi_extra=_FILE)
async def preview(
    *,
    request: Request,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    kind: str | None = None,
    encoding: Annotated[str | None, Query(max_length=20)] = None,
    file_name: Annotated[str, Query(max_length=400)] = "upload",
) -> Response:
    """Look at a file without keeping it: its header, some rows, and a suggested mapping."""
    scope.require(Permission.INVENTORY_WRITE)
    wanted = kind_of(kind)
    sent = await _receive(request, runtime, file_name)
    try:
        found = await asyncio.to_thread(
            preview_file,
            sent.upload.path,
            sent.upload.name,
            kind=wanted,
            encoding=encoding,
            unpacked_megabytes=runtime.settings.unpacked_megabytes,
        )
    finally:
        await asyncio.to_thread(sent.upload.path.unlink, missing_ok=True)
    return fast(found)


@router.get("/imports", response_model=PageOf[schemas.ImportOut])
async def page(runtime: CurrentRuntime, scope: CurrentScope, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """List the imports, the newest first."""
    async with runtime.db.snapshot() as tx:
        found = await imports.page(tx, scope, cursor=cursor, limit=limit)
    return fast({"items": [_shown(run) for run in found.items], "next": found.next})


@router.get("/imports/{identity}", response_model=schemas.ImportOut)
async def one(runtime: CurrentRuntime, scope: CurrentScope, identity: Identity) -> Response:
    """Get an import: how far it is, and what came of it."""
    async with runtime.db.snapshot() as tx:
        return fast(_shown(await imports.one(tx, scope, identity)))


@router.get("/imports/{identity}/problems", response_model=PageOf[schemas.ImportProblem])
async def problems(
    runtime: CurrentRuntime, scope: CurrentScope, identity: Identity, cursor: Cursor = None, limit: Limit = 100
) -> Response:
    """List what is wrong with the file, line by line."""
    async with runtime.db.snapshot() as tx:
        return fast(await imports.problems(tx, scope, identity, cursor=cursor, limit=limit))


@router.get("/imports/{identity}/report.csv", **files("text/csv"))
async def report(runtime: CurrentRuntime, scope: CurrentScope, identity: Identity) -> StreamingResponse:
    """Get what is wrong with the file as CSV."""
    async with runtime.db.snapshot() as tx:
        await imports.one(tx, scope, identity)

    async def pieces() -> AsyncIterator[bytes]:
        async with runtime.db.snapshot() as tx:
            async for piece in export.report(tx, identity):
                yield piece

    headers = {"Content-Disposition": f'attachment; filename="import-{identity}.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(pieces(), 200, headers, "text/csv; charset=utf-8")


@router.post("/imports/{identity}/repeat", status_code=202, response_model=schemas.ImportOut)
async def repeat(
    runtime: CurrentRuntime, scope: CurrentScope, identity: Identity, mode: ImportMode | None = None
) -> Response:
    """Import the same file with the same mapping for real: what follows a dry run."""
    async with runtime.db.transaction() as tx:
        again = await repeat_import(tx, scope, identity, mode=mode)
        return fast(_shown(await imports.one(tx, scope, again)), status=202)


async def _receive(request: Request, runtime: Runtime, file_name: str) -> _Sent:
    limit = runtime.settings.upload_megabytes
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > (limit + 1) * MEGABYTE:
        raise TooLarge(f"The file is larger than {limit} MB.", advice="Pack it with gzip, or split it.")
    if not request.headers.get("Content-Type", "").startswith("multipart/form-data"):
        return _Sent(await uploads.keep(runtime.settings, file_name, request.stream()), {})
    if not length:
        raise Invalid("A form has to say how long it is (Content-Length).")
    async with request.form(max_files=1, max_fields=20) as form:
        return _Sent(await uploads.keep_sent(runtime.settings, form, file_name), _texts(form))


def _texts(form: FormData) -> dict[str, str]:
    return {name: value for name, value in form.items() if isinstance(value, str)}


async def _mapping(tx: Any, scope: Scope, fields: dict[str, str], name: str | None) -> FileMapping:
    if fields.get("spec"):
        return parse_mapping(fields["spec"].encode(), "application/json")
    chosen = fields.get("mapping") or name
    if not chosen:
        raise Invalid("Which column means what is not said.", [Problem("mapping", "required", "Name a mapping.")])
    return from_object((await operators.mapping(tx, scope, chosen)).spec)


def _mode(sent: str | None, otherwise: ImportMode) -> ImportMode:
    if not sent:
        return otherwise
    try:
        return ImportMode(sent)
    except ValueError as error:
        raise Invalid(
            "There is no such mode.", [Problem("mode", "choice", ", ".join(ImportMode), sent[:40])]
        ) from error


_HIDDEN = ("file_path", "permissions", "regions", "operators", "request_id")


def _shown(run: ImportRun) -> dict[str, Any]:
    shown = {name: getattr(run, name) for name in run.__slots__ if name not in _HIDDEN}
    return {**shown, "can_repeat": bool(run.file_path)}
