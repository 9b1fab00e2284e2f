"""An operator's back office, as its own staff uses it: from programs of the simulated world."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec

from tieline.lab.reach import STRAIGHT, Reach
from tieline.platform.errors import Unavailable

_PAGE = 5000
_LIST = 1000


@dataclass(frozen=True, slots=True)
class Office:
    """Where one operator's back office answers, and the token that it asks for."""

    code: str
    url: str
    token: str
    reach: Reach = STRAIGHT

    def get(self, path: str, **query: Any) -> Any:
        """Read a resource."""
        return self._send("GET", path, params={name: value for name, value in query.items() if value is not None})

    def post(self, path: str, body: Any) -> Any:
        """Send a document."""
        return self._send("POST", path, json=body)

    def patch(self, path: str, body: Any) -> Any:
        """Change a resource."""
        return self._send("PATCH", path, json=body)

    def counts(self, utility: str) -> dict[str, Any]:
        """What the operator holds for a utility, counted."""
        found = self.get("/backoffice/v1/counts")["utilities"]
        return dict(next(one for one in found if one["utility"] == utility))

    def log(self, utility: str, after: int = 0) -> Iterator[dict[str, Any]]:
        """The change log after an entry, oldest first."""
        position: int | None = after
        while position is not None:
            page = self.get("/backoffice/v1/change-log", utility=utility, after=position, limit=_PAGE)
            yield from page["items"]
            position = page["next"]

    def log_position(self, utility: str) -> int:
        """The number of the last entry of the change log; 0 when it is empty."""
        last = 0
        for entry in self.log(utility):
            last = entry["id"]
        return last

    def subscriptions(self, utility: str) -> Iterator[dict[str, Any]]:
        """Every subscription of a utility."""
        after: str | None = ""
        while after is not None:
            page = self.get(f"/backoffice/v1/utilities/{utility}/subscriptions", after=after, limit=_LIST)
            yield from page["items"]
            after = page["next"]

    def _send(self, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        with httpx.Client(transport=self.reach.people(), timeout=120) as client:
            answer = client.request(method, f"{self.url}{path}", headers=headers, **more)
        if not answer.is_success:
            raise Unavailable(f"{method} {path} was answered {answer.status_code}: {answer.text[:400]}")
        return msgspec.json.decode(answer.content) if answer.content else None
