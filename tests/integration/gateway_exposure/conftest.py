"""The gateway without sockets, as in the gateway's own integration tests, and what the northbound APIs need."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tieline.gateway.exposure.monitoring.sender import EventSender
from tieline.gateway.exposure.worker import ExposureWorker

_PLACE = Path(__file__).parents[1] / "gateway" / "conftest.py"
_spec = importlib.util.spec_from_file_location("gateway_rig", _PLACE)
assert _spec is not None
assert _spec.loader is not None
_rig = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_rig)

gateway_settings = _rig.gateway_settings
rig = _rig.rig

OS = "97a498e3-fc92-5c94-8986-0333d06e4e47"


def lan_group(*members: str, **more: Any) -> dict[str, Any]:
    """The body that makes a group of subscriptions of U1, as TS 29.522 has it."""
    params = {
        "exterGroupId": "north@grid.example",
        "gpsis": {name: f"extid-{name}@U1" for name in members},
        "dnn": "grid.example",
        "snssai": {"sst": 1, "sd": "0a0b0c"},
        "sessionType": "IPV4",
        "appDesps": {OS: {"osId": OS, "appIds": {"1": "scada"}}},
        "aaaIpv4Addr": "198.51.100.7",
        "aaaUsgs": ["AUTH", "IP_ALLOC"],
        **more,
    }
    return {"5gLanParams": params, "suppFeat": "0"}


@pytest.fixture
def group_body() -> Callable[..., dict[str, Any]]:
    return lan_group


class Background:
    """What works in the background, brought to rest."""

    def __init__(self, rig: Any) -> None:
        self._rig = rig
        self.worker = ExposureWorker(rig.parts)
        self.told = _rig.Recipient()
        self.sender = EventSender(rig.parts, httpx.AsyncClient(transport=httpx.MockTransport(self.told)))

    async def rest(self) -> None:
        """Until there is nothing more to do; what waits for the network goes on once that has followed."""
        for _ in range(2):
            while await self.worker.round():
                pass
            await self._rig.work()
        await self.sender.round()


@pytest.fixture
def background(rig: Any) -> Background:
    return Background(rig)
