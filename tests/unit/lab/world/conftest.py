"""Worlds that the tests look at: an invented one, and one of public data when TIELINE_DATA names its folder."""

import os
from pathlib import Path

import pytest

from tieline.lab.world import World, WorldSpec, build_world, write_world


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of public data; tests that need it are skipped without."""
    folder = os.environ.get("TIELINE_DATA", "")
    if not folder or not Path(folder, "substations").is_dir():
        pytest.skip("TIELINE_DATA names no folder of public data")
    return Path(folder)


@pytest.fixture(scope="session")
def invented() -> World:
    """A small invented world with every oddity in it."""
    return build_world(WorldSpec(sites=1_500, seed=7))


@pytest.fixture(scope="session")
def folder(invented: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the invented world."""
    target = tmp_path_factory.mktemp("world")
    write_world(invented, target)
    return target


@pytest.fixture(scope="session")
def real(data: Path) -> World:
    """A world of public data, cut within the second region."""
    return build_world(WorldSpec(sites=6_500, seed=7, data=data))
