"""A crew's hands: cards into devices, and out of them, in the operators' simulated networks."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from tieline.lab.crews.deciding import Fit
from tieline.lab.sites.networks import Office
from tieline.platform.errors import Unavailable

TIMEOUT_S = 60.0


class Hands:
    """All operators' simulated networks, by operator code."""

    def __init__(self, offices: Mapping[str, Office], transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._clients = {
            code: httpx.AsyncClient(
                base_url=office.url,
                headers={"Authorization": f"Bearer {office.token}"},
                timeout=TIMEOUT_S,
                transport=transport,
                trust_env=False,
            )
            for code, office in offices.items()
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            await client.aclose()

    async def fit(self, fits: Iterable[Fit]) -> int:
        """Put cards into devices that have power; gives how many were taken by a network."""
        of_operator: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for one in fits:
            router = one.router
            what = {"iccid": one.iccid, "imei": router.imei, "generations": router.generations, "bands": router.bands}
            where: dict[str, Any] = (
                {"cells": []} if one.lat is None or one.lon is None else {"lat": one.lat, "lon": one.lon}
            )
            of_operator[one.operator].append({**what, **where})
        return sum([(await self._post(code, "", rows))["taken"] for code, rows in of_operator.items()])

    async def take_out(self, cards: Iterable[tuple[str, str]]) -> int:
        """Take cards (operator, ICCID) out of their devices; gives how many lost a session."""
        of_operator: dict[str, list[str]] = defaultdict(list)
        for operator, iccid in cards:
            of_operator[operator].append(iccid)
        return sum([(await self._post(code, "/remove", rows))["lost"] for code, rows in of_operator.items()])

    async def _post(self, operator: str, path: str, rows: list[Any]) -> Any:
        client = self._clients.get(operator)
        if client is None:
            raise Unavailable(f"No simulated network of operator {operator} is known.")
        answer = await client.post(f"/simulation/v1/fittings{path}", json=rows)
        if not answer.is_success:
            raise Unavailable(f"Fitting cards was answered {answer.status_code}: {answer.text[:400]}")
        return answer.json()
