"""The console's unit tests need no built files: a manifest with every plain name stands in for them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tieline.console.render import Assets, Renderer
from tieline.platform.clock import SetClock

NOW = datetime(2025, 11, 21, 8, 31, 4, tzinfo=UTC)
NAMES = (
    "boot.js", "chart.css", "chart.js", "core.css", "core.js", "gallery.css", "map-worker.js", "map.css", "map.js",
    "mark.svg", "ribbon.js", "sprite.svg", "timeline.js", "world.json",
)  # fmt: skip


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks as if the assets had been built."""
    folder = tmp_path_factory.mktemp("built")
    for name in NAMES:
        (folder / name).write_text("")
    (folder / "manifest.json").write_text(json.dumps({name: name for name in NAMES}))
    return folder


@pytest.fixture(scope="session")
def renderer(built: Path) -> Renderer:
    return Renderer(Assets(built), zone=ZoneInfo("Europe/Berlin"), clock=SetClock(NOW))
