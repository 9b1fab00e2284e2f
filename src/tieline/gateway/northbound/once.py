"""Calls that carry an ``Idempotency-Key`` are carried out once: a repetition gets the first one's answer.

The key is taken in the transaction of the work, so that two calls at once cannot both do it, and a call that failed
leaves the key free.
"""

import hashlib
import zlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from tieline.gateway.model import Consumer
from tieline.gateway.northbound import store
from tieline.platform.db import Tx
from tieline.standards.mns.errors import ErrorType, MnsError

HEADER = "idempotency-key"
MAX_KEY = 128
KEPT = timedelta(days=7)


def key_of(request: Request) -> str | None:
    """Give the key of a call, if it has one.

    Raises:
        MnsError: for a key that is empty, too long, or not printable.

    """
    key = request.headers.get(HEADER)
    if key is not None and not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise MnsError(f"An Idempotency-Key has 1 to {MAX_KEY} printable characters.", status=400)
    return key


async def once(
    tx: Tx,
    consumer: Consumer,
    request: Request,
    body: bytes,
    *,
    now: datetime,
    work: Callable[[], Awaitable[Response]],
) -> Response:
    """Do the work of a call, or answer as the first call with its key was answered.

    Raises:
        MnsError: 422 when the key was used for another call.

    """
    key = key_of(request)
    if key is None:
        return await work()
    path = request.scope.get("raw_path") or request.url.path.encode()
    digest = hashlib.sha256(b"\n".join((request.method.encode(), path, body))).digest()
    known = await store.take(tx, consumer.id, key, digest, now)
    if known is None:
        response = await work()
        headers = {name: value for name, value in response.headers.items() if name in {"location", "content-type"}}
        kept = store.Kept(response.status_code, headers, zlib.compress(bytes(response.body), 1))
        await store.keep(tx, consumer.id, key, kept)
        return response
    if bytes(known["digest"]) != digest:
        raise MnsError("This Idempotency-Key was used for another call.", type=ErrorType.OTHER, status=422)
    headers = {**known["headers"], "Idempotent-Replayed": "true"}
    return Response(zlib.decompress(known["body"]), known["status"], headers)
