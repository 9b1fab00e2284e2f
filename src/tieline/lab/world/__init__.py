"""A simulated world: who hangs where, and the files that a utility and its two operators would hand over.

``build_world`` makes it in memory, ``write_world`` puts it into a folder; ``python -m tieline.lab.world`` does both.
The files are described in ``docs/reference/world.md``.
"""

from tieline.lab.world.build import STAGES, build_world
from tieline.lab.world.files import write_world
from tieline.lab.world.model import (
    Attachment,
    Cell,
    Device,
    Link,
    OddityShares,
    Operator,
    Origin,
    Pool,
    Rat,
    Site,
    Subscription,
    World,
    WorldSpec,
)

__all__ = [
    "STAGES",
    "Attachment",
    "Cell",
    "Device",
    "Link",
    "OddityShares",
    "Operator",
    "Origin",
    "Pool",
    "Rat",
    "Site",
    "Subscription",
    "World",
    "WorldSpec",
    "build_world",
    "write_world",
]
