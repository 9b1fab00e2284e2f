"""The operator's side: the standard interfaces over the operator's own systems, one process and one database each.

A utility comes in with its certificate and finds its own part of the network as a tree of managed objects
(``objects``), changes it in bulk through plans (``plans``) and is told of every change (``notify``). The operator's
staff come in through ``backoffice``; ``backends`` is the network behind it all.
"""

from collections.abc import Sequence
from pathlib import Path

from tieline.gateway.settings import GatewaySettings
from tieline.platform import audit, identity
from tieline.platform import siem as export


async def run(settings: GatewaySettings) -> None:
    """Serve one operator's gateway until cancelled; readiness is at the back office's ``/health/ready``."""
    from tieline.gateway import application  # noqa: PLC0415 - it imports this package

    await application.run(settings)


def migrations() -> Sequence[Path]:
    """Give the folders of the schema of a gateway's database."""
    here = Path(__file__).parent
    own = ("database", "objects", "backends/simulated", "desk", "authorization", "metering")
    platform = (Path(audit.__path__[0]), Path(export.__path__[0]), Path(identity.__path__[0]))
    return tuple(folder / "migrations" for folder in (*(here / place for place in own), *platform))
