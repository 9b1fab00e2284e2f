from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tieline.console import gallery
from tieline.console.components import samples
from tieline.console.render import Renderer


class Reader(HTMLParser):
    """Collects what a page's elements say of one another."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.wanted: set[str] = set()
        self.tags: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            if name == "id" and value:
                self.ids[value] += 1
            if name in {"for", "aria-describedby", "aria-labelledby", "aria-controls", "data-dialog-open"} and value:
                self.wanted |= set(value.split())


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, built: Path) -> list[Path]:
    return gallery.write(tmp_path_factory.mktemp("gallery"), built)


def test_every_page_is_written(pages: list[Path]) -> None:
    assert {path.stem for path in pages} == {key for key, *_ in gallery.PAGES} | {"sign-in", "detail", "suggest"}
    assert all(path.stat().st_size > 200 for path in pages)


def test_ids_are_unique_and_whatever_is_referred_to_exists(pages: list[Path]) -> None:
    for path in pages:
        reader = Reader()
        reader.feed(path.read_text("utf-8"))
        if path.stem != "tables":  # the same list is shown there twice, full and empty
            assert [name for name, times in reader.ids.items() if times > 1] == [], path.stem
        assert reader.wanted - set(reader.ids) == set(), path.stem
        assert reader.tags["form"] < 60


def test_every_component_is_shown(pages: list[Path], renderer: Renderer) -> None:
    shown = "".join(path.read_text("utf-8") for path in (Path(gallery.__file__).parent / "components").rglob("*.html"))
    shown += "".join(path.read_text("utf-8") for path in (Path(gallery.__file__).parent / "layout").rglob("*.html"))
    assert pages
    unused = {name for name in renderer.ui.names() if f"ui.{name}(" not in shown}
    assert unused == set()


def test_the_gallery_is_the_same_every_time() -> None:
    assert samples.fleet(100) == samples.fleet(100)
    assert samples.spread(3, 1) == samples.spread(3, 1)
