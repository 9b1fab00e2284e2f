"""TMF655 as a client: the hub, the list of change requests, an answer."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import msgspec

from tieline.standards.tmf.announcements import read_change, read_changes
from tieline.standards.tmf.change import (
    BASE_PATH,
    ChangeRequest,
    Note,
    Status,
    Subscription,
    SubscriptionRequest,
    Update,
    read,
)
from tieline.standards.tmf.errors import TmfError
from tieline.utility.connectors import Channel, Rejected, Unknown
from tieline.utility.notices.model import Told
from tieline.utility.notices.port import Reply
from tieline.utility.notices.providers.tmf655.decoding import readable, told_of

PAGE = 50
MOST = 100_000
_JSON = {"Content-Type": "application/json"}


class Tmf655Desk:
    """An operator's desk."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def subscribe(self, callback: str) -> str:
        """``POST /hub``. An operator that answers 409 has the callback already; its name is then not known to us."""
        body = msgspec.json.encode(SubscriptionRequest(callback=callback))
        try:
            answer, _ = await self._channel.request("POST", f"{BASE_PATH}/hub", content=body, headers=_JSON)
        except Rejected as error:
            if any(problem.rule == "409" for problem in error.problems):
                return ""
            raise
        try:
            made: Subscription = read(answer, Subscription)
        except TmfError as error:
            raise Unknown(f"The operator's hub answers what cannot be read: {error.reason}") from error
        return made.id

    async def unsubscribe(self, subscription: str) -> None:
        """``DELETE /hub/{id}``."""
        try:
            await self._channel.request("DELETE", f"{BASE_PATH}/hub/{_segment(subscription)}")
        except Rejected as error:
            if not any(problem.rule == "404" for problem in error.problems):
                raise

    async def notices(self) -> AsyncIterator[Sequence[Told]]:
        """``GET /changeRequest``, page by page."""
        for offset in range(0, MOST, PAGE):
            params = {"offset": str(offset), "limit": str(PAGE)}
            answer, _ = await self._channel.request("GET", f"{BASE_PATH}/changeRequest", params=params)
            try:
                found = read_changes(answer)
            except TmfError as error:
                raise Unknown(f"The operator's notices cannot be read: {error.reason}") from error
            yield readable(found, datetime.now(UTC))
            if len(found) < PAGE:
                return

    async def knows(self, ref: str) -> bool:
        """``GET /changeRequest/{id}``: 404 and 410 are a no; what is refused for another reason may still be there."""
        try:
            await self._channel.request("GET", f"{BASE_PATH}/changeRequest/{_segment(ref)}")
        except Rejected as error:
            return not any(problem.rule in {"404", "410"} for problem in error.problems)
        return True

    async def reply(self, reply: Reply) -> Told:
        """``PATCH /changeRequest/{id}``, with the ``targetEntity`` that the schema wants repeated."""
        path = f"{BASE_PATH}/changeRequest/{_segment(reply.ref)}"
        kept = await self._one("GET", path, None, {})
        note = [Note(text=reply.words, author=reply.author[:200])] if reply.words else None
        update = Update(
            status=Status(reply.answer.value),
            target_entity=kept.target_entity,
            status_change_reason=reply.words or None,
            note=note,
            revision=reply.revision,
        )
        headers = {**_JSON, "Idempotency-Key": reply.key}
        request = await self._one("PATCH", path, msgspec.json.encode(update), headers)
        return told_of(request, datetime.now(UTC))

    async def _one(self, method: str, path: str, content: bytes | None, headers: dict[str, str]) -> ChangeRequest:
        answer, _ = await self._channel.request(method, path, content=content, headers=headers)
        try:
            return read_change(answer)
        except TmfError as error:
            raise Unknown(f"The operator's notice cannot be read: {error.reason}") from error


def _segment(name: str) -> str:
    """A name as part of a path. Raises ``Rejected`` for one that would lead elsewhere."""
    if (
        not name
        or not all(char.isascii() and (char.isalnum() or char in "-_.~") for char in name)
        or name in {".", ".."}
    ):
        raise Rejected(f"{name[:80]!r} is no reference of a notice.")
    return name
