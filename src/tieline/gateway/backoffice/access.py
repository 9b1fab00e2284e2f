"""Who may come into the back office, and whom a call is about."""

import hmac
from typing import Annotated

from fastapi import Depends, Path, Request

from tieline.gateway.model import Consumer
from tieline.gateway.parts import Parts
from tieline.gateway.utilities import store as utilities
from tieline.platform.db import Tx
from tieline.platform.errors import Forbidden, NotFound, Unauthenticated

Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


def parts_of(request: Request) -> Parts:
    """The gateway that a request is served by."""
    parts: Parts = request.app.state.parts
    return parts


CurrentParts = Annotated[Parts, Depends(parts_of)]


def authenticated(request: Request) -> None:
    """Let only callers with the back office's token pass. Raises ``Unauthenticated`` or ``Forbidden``."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise Unauthenticated("The back office wants its bearer token.")
    if not hmac.compare_digest(token.strip().encode(), request.app.state.token.encode()):
        raise Forbidden("This is not the back office's token.")


async def consumer_named(tx: Tx, code: str) -> Consumer:
    """Give a utility by its code. Raises ``NotFound``."""
    consumer = await utilities.by_code(tx, code)
    if consumer is None:
        raise NotFound(f"No utility is called {code}.")
    return consumer
