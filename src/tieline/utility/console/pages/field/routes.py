"""The phone page's shell, its worker and its manifest. They hold no data, so they are given to anybody."""

import hashlib
from functools import lru_cache

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from tieline.console.render import Assets, Renderer
from tieline.platform.web import CurrentRuntime, unchanged, validated
from tieline.utility.console.http import renderer_of

router = APIRouter(include_in_schema=False)
PAGE = "/field/"
_FILES = ("boot.js", "core.css", "field.css", "field.js", "sprite.svg", "mark.svg")
_CAMERA = {"Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"}


@router.get("/field")
async def bare() -> Response:
    """The page's address as people type it."""
    return RedirectResponse(PAGE, status_code=308)


@router.get(PAGE)
async def shell(request: Request, runtime: CurrentRuntime) -> Response:
    """The page."""
    renderer = renderer_of(request, runtime)
    etag = f'W/"{_version(renderer)}"'
    headers = {**_CAMERA, **validated(etag), "Vary": "Accept-Encoding"}
    return unchanged(request, etag) or Response(
        _shell(renderer), headers=headers, media_type="text/html; charset=utf-8"
    )


@router.get("/field/worker.js")
async def worker(request: Request, runtime: CurrentRuntime) -> Response:
    """The worker that keeps the page; it says first which files belong to this version."""
    renderer = renderer_of(request, runtime)
    files = [renderer.assets.url(name) for name in _FILES]
    told = msgspec.json.encode({"version": _version(renderer), "page": PAGE, "files": files}).decode()
    script = f"self.SHELL={told};\n{_script(renderer.assets)}"
    return Response(script, headers={"Cache-Control": "no-cache"}, media_type="text/javascript; charset=utf-8")


@router.get("/field/manifest.webmanifest")
async def manifest(request: Request, runtime: CurrentRuntime) -> Response:
    """What a phone needs to put the page on its home screen (W3C Web Application Manifest)."""
    mark = renderer_of(request, runtime).assets.url("mark.svg")
    told = {
        "id": PAGE,
        "name": "Tieline field work",
        "short_name": "Field work",
        "start_url": PAGE,
        "scope": PAGE,
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#0b56b0",
        "icons": [{"src": mark, "sizes": "any", "type": "image/svg+xml", "purpose": "any"}],
    }
    headers = {"Cache-Control": "no-cache"}
    return Response(msgspec.json.encode(told), headers=headers, media_type="application/manifest+json")


@lru_cache(maxsize=4)
def _shell(renderer: Renderer) -> bytes:
    return renderer.page("pages/field/templates/shell.html").encode()


@lru_cache(maxsize=4)
def _version(renderer: Renderer) -> str:
    """Changes when the page, or anything that belongs to it, does."""
    content = _shell(renderer) + _script(renderer.assets).encode()
    return hashlib.blake2b(content, digest_size=8).hexdigest()


@lru_cache(maxsize=4)
def _script(assets: Assets) -> str:
    name = assets.url("field-worker.js").rpartition("/")[2]
    return (assets.folder / name).read_text("utf-8")
