"""Serves the built files. Their names carry a hash of what is in them, so a browser keeps them for ever."""

import gzip
import mimetypes
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from tieline.console.render import BUILT
from tieline.platform.errors import NotFound

router = APIRouter(include_in_schema=False)
_FOR_EVER = "public, max-age=31536000, immutable"
_PACKED = {".js", ".css", ".json", ".svg", ".txt"}
_TYPES = {".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml", ".map": "application/json"}


@router.get("/assets/{name}")
def asset(name: str, request: Request) -> Response:
    """One built file; packed for those who can unpack it."""
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    path = BUILT / name
    if path.parent != BUILT or path.suffix not in _types() or not path.is_file():
        raise NotFound(f"There is no file {name}.")
    body, encoded = _body(path, path.stat().st_mtime_ns, packed=packed and path.suffix in _PACKED)
    headers = {"Cache-Control": _FOR_EVER, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    if encoded:
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=_types()[path.suffix], headers=headers)


@lru_cache(maxsize=128)
def _body(path: Path, changed: int, *, packed: bool) -> tuple[bytes, bool]:
    """The octets of a file as it was at ``changed``, packed once for all who ask."""
    del changed
    content = path.read_bytes()
    return (gzip.compress(content, 9, mtime=0), True) if packed else (content, False)


@lru_cache(maxsize=1)
def _types() -> dict[str, str]:
    known = {
        ending: mimetypes.types_map.get(ending, "application/octet-stream") for ending in (".css", ".json", ".txt")
    }
    return {**known, **_TYPES}
