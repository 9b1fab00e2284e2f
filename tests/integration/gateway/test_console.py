"""What staff see, page by page."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tests.integration.gateway.console_desk import Desk, opened

from tieline.platform.scope import Role


@pytest.fixture
async def desk(rig: Any) -> AsyncIterator[Desk]:
    transport = rig.office._transport
    assert isinstance(transport, httpx.ASGITransport)
    assert isinstance(transport.app, FastAPI)
    async with httpx.AsyncClient(transport=transport, base_url="http://console.example") as client:
        yield await opened(rig, client, transport.app)


pytestmark = pytest.mark.anyio
PLACES = ("/", "/utilities", "/objects", "/groups", "/plans", "/log", "/clients")


@pytest.mark.parametrize("path", [*PLACES, "/utilities/U", "/objects/U/S00001", "/clients/new", "/utilities/new"])
async def test_a_page_answers_with_what_it_is_about(desk: Desk, path: str) -> None:
    desk.sign_in(Role.OPERATOR)
    page = await desk.text(path)
    assert "<h1>" in page
    assert "<b>&</b>" not in page
