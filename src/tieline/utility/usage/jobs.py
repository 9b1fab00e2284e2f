"""Work of usage that is done apart from requests: plans are rated, bills are checked."""

from typing import Any

import msgspec

from tieline.platform.db import Tx
from tieline.platform.jobs import job
from tieline.platform.wiring import Runtime

LANE = "housekeeping.usage"


class Rate(msgspec.Struct):
    """Which operator's plans to rate; every one's without a name."""

    operator: str = ""


class Check(msgspec.Struct):
    """Which bill to check."""

    bill_id: int


@job("usage.rate", lane=LANE, cron="40 3 * * *")
async def rate(runtime: Runtime, payload: Rate) -> None:
    """Rate what changed since it was rated last, and look for what stands out."""
    from tieline.utility.usage.service import rating  # noqa: PLC0415 - use cases ask for jobs

    await rating.rate_operators(runtime.db, runtime.clock, payload.operator)


@job("usage.check", lane=LANE)
async def check(runtime: Runtime, payload: Check) -> None:
    """Hold a bill against what is due."""
    from tieline.utility.usage.service import checking  # noqa: PLC0415 - use cases ask for jobs

    await checking.check(runtime.db, runtime.clock, payload.bill_id)


async def defer_rating(tx: Tx, operator: str) -> None:
    """Have an operator's plans rated."""
    await rate.defer(tx, Rate(operator), once=f"usage-rate-{operator}")


async def defer_check(tx: Tx, bill_id: int) -> None:
    """Have a bill checked."""
    await check.defer(tx, Check(bill_id), once=f"usage-check-{bill_id}")


JOBS: tuple[Any, ...] = (rate, check)
