"""Turns templates and parts into pages. Knows nothing of routes; one thin helper wraps a page as an HTTP answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import msgspec
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes
from markupsafe import Markup

from tieline.console.components import formats
from tieline.console.components.figures import Mark, Spark, Timeline
from tieline.console.components.values import Ident, Tone
from tieline.platform.clock import Clock, SystemClock

CONSOLE = Path(__file__).parent
BUILT = CONSOLE / "assets" / "built"
ICONS = frozenset(
    line for line in (CONSOLE / "assets" / "icons.txt").read_text("utf-8").splitlines() if not line.startswith("#")
)
"""Names of the icons that the sprite holds."""


class AssetsMissing(RuntimeError):
    """The console's scripts and styles were not built, or one that a template names is not among them."""


class Assets:
    """The built files and where a browser finds them. ``base`` is the path they are served under."""

    def __init__(self, folder: Path = BUILT, base: str = "/assets/") -> None:
        self.folder = folder
        self.base = base
        try:
            self._files = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=dict[str, str])
        except FileNotFoundError as error:
            raise AssetsMissing(
                f"{folder} holds no manifest.json: run `npm ci && npm run build` in the project's folder"
            ) from error

    def url(self, name: str) -> str:
        """The hashed URL of a file by its plain name ("core.css"); it may be cached for ever."""
        if name not in self._files:
            raise AssetsMissing(f"{name!r} is not among the built files: {', '.join(sorted(self._files))}")
        return self.base + self._files[name]


class Components:
    """All macros of ``components/*.html`` by name, so that any template may write ``ui.table(…)`` without an import."""

    def __init__(self, environment: Environment, folder: Path = CONSOLE / "components") -> None:
        self._environment = environment
        self._where = {
            name: f"components/{path.name}"
            for path in sorted(folder.glob("*.html"))
            for name in _macros(environment, path)
        }

    def __getattr__(self, name: str) -> Any:
        if name not in self._where:
            raise AttributeError(f"no component is called {name!r}")
        macro = getattr(self._environment.get_template(self._where[name]).module, name)
        setattr(self, name, macro)  # a page of a hundred rows asks for thousands of them
        return macro

    def names(self) -> Sequence[str]:
        """Every component there is."""
        return sorted(name for name in self._where if not name.startswith("_"))


def _macros(environment: Environment, path: Path) -> list[str]:
    """Names of the macros that a template defines, read from its syntax tree (running it would need the others)."""
    tree = environment.parse(path.read_text("utf-8"))
    return [macro.name for macro in tree.find_all(nodes.Macro)]


class Renderer:
    """Renders the console's templates.

    ``zone`` is the utility's own time zone, in which times are shown (UTC stands behind each). ``folders`` are searched
    for templates before the console's own; ``product`` is what pages without a frame are headed with. Undefined names
    in templates are errors; everything is escaped.
    """

    def __init__(
        self,
        assets: Assets | None = None,
        *,
        zone: tzinfo | None = None,
        clock: Clock | None = None,
        folders: Sequence[Path] = (),
        product: str = "Tieline",
    ) -> None:
        self.assets = assets or Assets()
        self.zone = zone or ZoneInfo("Europe/London")
        self.clock = clock or SystemClock()
        self.product = product
        self.environment = Environment(
            loader=FileSystemLoader([*folders, CONSOLE]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
        )
        self._add_filters()
        self._add_globals()

    def page(self, template: str, **context: Any) -> str:
        """Render a whole page or a fragment of one."""
        return self.environment.get_template(template).render(context)

    def response(
        self, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **context: Any
    ) -> HTMLResponse:
        """Render as an HTTP answer that no cache keeps: what is shown is the state of this moment."""
        kept = {"Cache-Control": "no-store", **(headers or {})}
        return HTMLResponse(self.page(template, **context), status_code=status, headers=kept)

    def _add_filters(self) -> None:
        self.environment.filters.update(
            number=formats.number,
            percent=formats.percent,
            pace=formats.pace,
            data_size=formats.data_size,
            duration=formats.duration,
            plural=formats.plural,
            ident=formats.ident,
            to_json=to_json,
            iso=formats.iso,
            utc=formats.utc_time,
            age=lambda at: formats.age(at, self.clock.now()),
            local=lambda at, **options: formats.local_time(at, self.zone, **options),
            local_date=lambda at: formats.local_date(at, self.zone),
        )
        self.environment.tests["stale"] = lambda at, after: formats.is_stale(at, after, self.clock.now())

    def _add_globals(self) -> None:
        self.environment.globals.update(
            asset=self.assets.url,
            icon=self.icon,
            csrf_field=csrf_field,
            duration_range=formats.duration_range,
            with_query=with_query,
            kind_of=kind_of,
            spark=Spark,
            timeline_json=timeline_json,
            frame_zone=self.zone_name,
            product=self.product,
            Tone=Tone,
            Ident=Ident,
            NOTHING=formats.NOTHING,
        )
        self.ui = Components(self.environment)
        self.environment.globals["ui"] = self.ui

    def zone_name(self) -> str:
        """The IANA name of the time zone, for the browser's clock; UTC when it has none."""
        return getattr(self.zone, "key", "UTC")

    def icon(self, name: str, label: str = "", extra: str = "") -> Markup:
        """Draw an icon of the sprite. Without ``label`` it is hidden from screen readers: a word stands beside it."""
        if name not in ICONS:
            raise AssetsMissing(f"icon {name!r} is not in assets/icons.txt: add its line there and build again")
        sprite = self.assets.url("sprite.svg")
        aria = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
        shape = Markup('<svg class="icon{}" {}><use href="{}#{}"></use></svg>')
        return shape.format(f" {extra}" if extra else "", aria, sprite, name)


def csrf_field(token: str) -> Markup:
    """The hidden field that a form posts its CSRF token in."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(token)


def to_json(value: object) -> str:
    """JSON for a data attribute; the template escapes it like any text."""
    return msgspec.json.encode(value).decode()


def timeline_json(it: Timeline) -> str:
    """A timeline as its script reads it: times in milliseconds since 1970."""

    def stamp(at: datetime) -> int:
        return round(at.timestamp() * 1000)

    def mark(one: Mark) -> dict[str, object]:
        until = it.now if one.open else one.until
        return {
            "at": stamp(one.at),
            "until": stamp(until) if until else None,
            "open": one.open,
            "text": one.text,
            "detail": one.detail,
            "tone": one.tone,
            "href": one.href,
        }

    lanes = [{"label": lane.label, "icon": lane.icon, "marks": [mark(one) for one in lane.marks]} for lane in it.lanes]
    return to_json({"start": stamp(it.start), "end": stamp(it.end), "now": stamp(it.now), "lanes": lanes})


def with_query(url: str, **changes: Any) -> str:
    """The URL with some of its query's fields set, or left out when None; lists repeat the field.

    The page's cursor (``after``, ``before``) goes away unless it is set: another filter starts at the first page.
    """
    parts = urlsplit(url)
    dropped = {*changes, "after", "before"}
    kept = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key not in dropped]
    for key, value in changes.items():
        values = value if isinstance(value, list | tuple) else [value]
        kept += [(key, str(one)) for one in values if one is not None]
    return urlunsplit(parts._replace(query=urlencode(kept)))


def kind_of(value: object) -> str:
    """What ``ui.value`` is to show: a part's name, or the plain type of the value."""
    if value is None or value == "":
        return "none"
    if isinstance(value, Markup):
        return "markup"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, datetime):
        return "moment"
    return str(getattr(value, "part", "text"))
