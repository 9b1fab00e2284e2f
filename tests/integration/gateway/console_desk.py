"""The operator's console over the rig: somebody who looks at it, and a utility with some subscriptions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI
from tests.integration.gateway.conftest import Rig, client_for, ndjson

from tieline.console.visitor import Visitor, current_visitor
from tieline.gateway.application import northbound
from tieline.platform.errors import Unauthenticated
from tieline.platform.scope import Permission, Role, Scope


@dataclass
class Desk:
    """A console at which somebody sits, or nobody."""

    rig: Rig
    app: FastAPI
    client: httpx.AsyncClient
    visitor: Visitor | None = None
    utilities: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    def sign_in(self, *roles: Role) -> None:
        """From now on Olga of the operator's staff looks at it, with the authority of these roles."""
        permissions: frozenset[Permission] = frozenset().union(*(role.permissions for role in roles))
        self.visitor = Visitor(Scope("user:olga", permissions), "Olga", "Operator", "token-of-olga")

    def as_themselves(self) -> None:
        """From now on people are who their session says."""
        self.app.dependency_overrides.clear()

    def current(self) -> Visitor:
        if self.visitor is None:
            raise Unauthenticated("Sign in to see this page.")
        return self.visitor

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=headers)

    async def text(self, path: str) -> str:
        answer = await self.client.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:400]}"
        return answer.text

    async def post(self, path: str, data: Mapping[str, Any] | None = None) -> httpx.Response:
        return await self.client.post(path, data=dict(data or {}))


async def opened(rig: Rig, client: httpx.AsyncClient, app: FastAPI) -> Desk:
    """A console, and a utility whose name is hostile."""
    made = Desk(rig, app, client)
    app.dependency_overrides[current_visitor] = made.current
    made.utilities["U"] = await rig.utility("U", name="Grid <b>&</b> Co")
    lines = [
        {
            "id": f"S{number:05}",
            "state": "ACTIVE" if number % 2 else "INVENTORY",
            "apn": "old.example",
            "imsi": f"23415{number:010}",
            "ipAddress": f"10.0.{number // 250}.{number % 250 + 1}",
        }
        for number in range(250)
    ]
    loaded = await rig.office.post("/backoffice/v1/utilities/U/subscriptions", content=ndjson(lines))
    assert loaded.status_code == 201, loaded.text
    return made


def calls_as(desk: Desk, fingerprint: str) -> httpx.AsyncClient:
    """A client that comes in with a certificate, to a listener that remembers nobody."""
    return client_for(northbound(desk.rig.parts), fingerprint)
