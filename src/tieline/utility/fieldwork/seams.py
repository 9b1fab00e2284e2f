"""Where field work touches the contexts below it: goods that are fitted and brought back, alarms while a crew is there.

Each is called in the transaction of the report that caused it, with a key that makes a second call harmless.
"""

from datetime import datetime, timedelta

from tieline.platform.db import Tx
from tieline.platform.scope import Scope
from tieline.utility.fieldwork.model import Goods, Visit

LONGEST_ON_SITE = timedelta(hours=10)
"""After so long a crew that says nothing more is taken to have left, so that alarms come again."""


async def fitted(tx: Tx, scope: Scope, visit: Visit, goods: list[tuple[Goods, str]], key: str) -> None:
    """Card and router went from the crew to the site."""
    del tx, scope, visit, goods, key


async def brought_back(tx: Tx, scope: Scope, visit: Visit, goods: list[tuple[Goods, str]], key: str) -> None:
    """The old router and cards went from the site to the crew."""
    del tx, scope, visit, goods, key


async def crew_arrived(tx: Tx, scope: Scope, visit: Visit, at: datetime) -> None:
    """Links of the site will go down and come up: that is expected while the crew is there."""
    del tx, scope, visit, at


async def crew_gone(tx: Tx, scope: Scope, visit: Visit, at: datetime) -> None:
    """What was expected is over."""
    del tx, scope, visit, at
