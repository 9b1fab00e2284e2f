"""The gallery: every part of the console in every state, as static pages. A living document and a visual test.

``python -m tieline.console.gallery OUT`` writes it; ``--serve PORT`` then serves it on loopback under the same
content security policy as the console, so that what works here works there.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tieline.console.components import figures, samples, samples_work, values
from tieline.console.components.frame import PageHead
from tieline.console.components.mapping import MapView, pack
from tieline.console.render import BUILT, Assets, Renderer
from tieline.platform.clock import SetClock

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What the console's pages are served under: nothing inline, nothing from elsewhere."""

PAGES = (
    ("index", "Overview", "layout-dashboard"),
    ("values", "Values and states", "circle-check"),
    ("tables", "Tables and filters", "rows-3"),
    ("figures", "Figures and time", "activity"),
    ("map", "Map", "map"),
    ("work", "Plans and progress", "list-checks"),
    ("forms", "Forms", "pencil"),
    ("messages", "Messages", "info"),
)
_HEADS = {
    "index": PageHead("Overview", "12 sites have no link; two changes run; the next switch-off is in 131 days."),
    "values": samples.site_head(),
    "map": PageHead("Map", "50 000 sites, clustered; the ring shows the worst state within."),
}


def write(out: Path, built: Path = BUILT) -> list[Path]:
    """Write the gallery into a folder, with the built assets beside it. Returns the pages."""
    out.mkdir(parents=True, exist_ok=True)
    shutil.copytree(built, out / "assets", dirs_exist_ok=True)
    renderer = Renderer(Assets(built, "assets/"), clock=SetClock(samples.NOW))
    written = [_page(renderer, out, key, title) for key, title, _ in PAGES]
    for name, context in _others().items():
        path = out / f"{name}.html"
        path.write_text(renderer.page(f"components/gallery/{name}.html", **context), "utf-8")
        written.append(path)
    (out / "points.json").write_bytes(pack(samples.fleet()))
    (out / "none.json").write_bytes(pack(samples.fleet(0)))
    (out / "cells.json").write_bytes(pack(samples.cells()))
    return written


def _page(renderer: Renderer, out: Path, key: str, title: str) -> Path:
    context: dict[str, Any] = {
        "frame": samples.frame(key, PAGES),
        "head": _HEADS.get(key, PageHead(title)),
        "s": samples,
        "w": samples_work,
        "v": values,
        "f": figures,
        "map": MapView(
            "fleet", "Sites on the map", "points.json", cells_href="cells.json", thing_href="detail.html?id={id}",
            list_href="tables.html", tall=key == "map",
        ),
        "close_map": MapView(
            "close", "Sites and cells around a town", "points.json", cells_href="cells.json", cells_shown=True,
            thing_href="detail.html?id={id}", bounds=(-0.35, 51.42, 0.05, 51.6),
        ),
        "empty_map": MapView("nowhere", "Map without sites", "none.json"),
    }  # fmt: skip
    path = out / f"{key}.html"
    path.write_text(renderer.page(f"components/gallery/{key}.html", **context), "utf-8")
    return path


def _others() -> dict[str, dict[str, Any]]:
    """Pages without the frame, and the fragments that scripts fetch."""
    return {
        "sign-in": {"title": "Sign in", "w": samples_work},
        "detail": {
            "sheet_title": samples.LONG_NAME, "sheet_state": "One of two links is down since 02:14.",
            "page_href": "values.html", "w": samples_work, "s": samples, "v": values,
        },
        "suggest": {"groups": samples.hits(), "query": "neust"},
    }  # fmt: skip


class Handler(SimpleHTTPRequestHandler):
    """Serves the gallery as the console would be served; quiet."""

    extensions_map = {  # noqa: RUF012 - the base class declares it on the instance
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".woff2": "font/woff2",
    }

    def end_headers(self) -> None:
        """Add the policy to every answer."""
        self.send_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing: the one who looks at a gallery reads no log."""


def server(folder: Path, port: int = 0) -> ThreadingHTTPServer:
    """A server of a written gallery on loopback; port 0 takes any that is free."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, directory=str(folder)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the gallery, and serve it when asked to."""
    parser = argparse.ArgumentParser(prog="python -m tieline.console.gallery", description=__doc__)
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--serve", type=int, metavar="PORT", help="serve it on loopback until interrupted")
    chosen = parser.parse_args(arguments)
    pages = write(chosen.out)
    if chosen.serve is None:
        return
    with server(chosen.out, chosen.serve) as running:
        address = f"http://127.0.0.1:{running.server_port}/{pages[0].name}"
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
