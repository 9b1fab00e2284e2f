import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from tieline.console.components import samples
from tieline.console.components.frame import Action, PageHead
from tieline.console.components.tables import Column, Row, Table
from tieline.console.components.values import Age, Badge, Count, Ident, Link, Observed, Several, Share, Tone
from tieline.console.components.work import Problem
from tieline.console.render import CONSOLE, ICONS, Assets, AssetsMissing, Renderer

EVIL = '"><script>alert(1)</script>'
ROOT = Path(__file__).parents[3]
TEMPLATES = sorted((ROOT / "src/tieline").rglob("*.html"))


def show(renderer: Renderer, value: object) -> str:
    return renderer.environment.from_string("{{ ui.value(v) }}").render({"v": value}).strip()


@pytest.mark.parametrize(
    "value",
    [
        EVIL,
        Badge(EVIL, Tone.BAD, tip=EVIL),
        Observed(EVIL, Age(samples.NOW, EVIL)),
        Age(None, EVIL),
        Link(EVIL, f"/x?{EVIL}", hint=EVIL),
        Ident(EVIL),
        Count(3, f"/x?{EVIL}", EVIL),
        Several((EVIL, Badge(EVIL))),
    ],
)
def test_nothing_from_outside_becomes_markup(renderer: Renderer, value: object) -> None:
    html = show(renderer, value)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert '"&#34;&gt;' in html or 'x?"' not in html


def test_whole_parts_escape_as_well(renderer: Renderer) -> None:
    table = Table(EVIL, EVIL, (Column("a", EVIL, unit=EVIL),), [Row(EVIL, {"a": EVIL}, f"/{EVIL}")], csv_href=EVIL)
    problem = Problem(EVIL, EVIL, EVIL, EVIL, actions=(Action(EVIL, EVIL),), rows=((EVIL,) * 4,))
    html = renderer.environment.from_string("{{ ui.table(t) }}{{ ui.problem(p) }}").render(t=table, p=problem)
    assert "<script" not in html


def test_what_is_missing_in_a_template_is_an_error(renderer: Renderer) -> None:
    with pytest.raises(UndefinedError):
        renderer.environment.from_string("{{ nobody }}").render()
    with pytest.raises(UndefinedError, match="nothing_like_it"):
        renderer.environment.from_string("{{ ui.nothing_like_it(1) }}").render()


def test_an_age_tells_local_time_utc_and_source(renderer: Renderer) -> None:
    html = show(renderer, Age(samples.NOW, "Operator A"))
    assert 'datetime="2025-11-21T08:31:04Z"' in html
    assert "21 Nov 2025, 09:31:04&#10;2025-11-21 08:31:04 UTC&#10;Source: Operator A" in html
    assert "just now" in html
    assert "stale" not in html


def test_an_old_value_is_marked(renderer: Renderer) -> None:
    html = show(renderer, Observed("3G", Age(samples.NOW - 30 * samples.HOUR, "Operator B", samples.HOUR)))
    assert 'class="observed stale"' in html
    assert "Older than it should be (1\u202fh)" in html


def test_plain_values(renderer: Renderer) -> None:
    assert show(renderer, 1234567) == '<span class="num">1,234,567</span>'
    assert show(renderer, None) == '<span class="quiet" aria-label="none">\u2013</span>'
    assert show(renderer, value=False) == "no"
    assert show(renderer, Markup("<b>x</b>")) == "<b>x</b>"
    assert "99.9\u202f%" in show(renderer, Share(0.9991))


def test_a_page_has_one_of_each_landmark_and_its_token(renderer: Renderer) -> None:
    html = renderer.page("layout/base.html", frame=samples.frame("index", ()), head=PageHead("Sites"))
    for once in ("<h1", "<main", 'class="skip"', 'name="csrf-token" content="example"', 'id="sheet"', 'id="toasts"'):
        assert html.count(once) == 1, once


def test_an_answer_is_kept_by_no_cache(renderer: Renderer) -> None:
    answer = renderer.response("layout/blank.html", status=403, headers={"X-Request-Id": "r"}, title="No")
    assert answer.status_code == 403
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"] == "r"


def test_missing_assets_say_what_to_do(tmp_path: Path, built: Path) -> None:
    with pytest.raises(AssetsMissing, match="npm run build"):
        Assets(tmp_path)
    with pytest.raises(AssetsMissing, match="not among the built files"):
        Assets(built).url("nothing.js")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_obey_the_content_security_policy(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"\sstyle=", text), "styles stand in files"
    assert not re.search(r"\son[a-z]+=", text), "handlers stand in files"
    assert not re.search(r"<script(?![^>]*\ssrc=)", text), "scripts stand in files"
    assert not re.search(r"\bhx-(on|vals|vars)|js:", text), "htmx must not evaluate"
    assert "| safe" not in text
    assert "|safe" not in text


def test_an_icon_that_is_not_in_the_sprite_is_an_error(renderer: Renderer) -> None:
    with pytest.raises(AssetsMissing, match=r"icons\.txt"):
        renderer.icon("skull")


def test_every_icon_that_is_used_is_in_the_sprite() -> None:
    used = {tone.icon for tone in Tone}
    for path in TEMPLATES:
        used |= set(re.findall(r'icon\("([a-z0-9-]+)"', path.read_text("utf-8")))
    for path in (CONSOLE / "ts").rglob("*.ts"):
        used |= set(re.findall(r'icon\("([a-z0-9-]+)"', path.read_text("utf-8")))
    assert used <= ICONS


def test_the_handbook_names_every_component(renderer: Renderer) -> None:
    handbook = (ROOT / "docs/reference/design-system.md").read_text("utf-8")
    inner = {
        "column_label",
        "field_attributes",
        "field_error",
        "field_hint",
        "field_input",
        "filter_chip",
        "filter_fields",
    }
    names = set(renderer.ui.names()) - inner
    assert {name for name in names if f"ui.{name}" not in handbook} == set()
