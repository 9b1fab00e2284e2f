"""Applications in process, over databases in which something of everything has happened, and who asks them."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp
from tests.integration.rest.asking import Asker

SECONDS = 30


@contextmanager
def asking(opened: AbstractAsyncContextManager[tuple[FastAPI, ASGIApp]], **headers: str) -> Iterator[Asker]:
    """Ask an application for as long as the block lasts; ``opened`` gives it, and how it is reached."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        app, reached = runner.run(stack.enter_async_context(opened))
        transport = httpx.ASGITransport(reached, raise_app_exceptions=False)
        client = runner.run(
            stack.enter_async_context(httpx.AsyncClient(transport=transport, timeout=SECONDS, headers=headers))
        )
        try:
            yield Asker(app, client, lambda awaited: runner.run(_in_time(awaited)))
        finally:
            app.dependency_overrides.clear()
            runner.run(stack.aclose())


async def _in_time(awaited: Awaitable[Any]) -> Any:
    async with asyncio.timeout(SECONDS):
        return await awaited
