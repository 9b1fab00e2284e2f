"""Work of notices that is done apart from requests: answers are said, an operator is read at once."""

from datetime import timedelta
from typing import Any

import msgspec

from tieline.platform.db import Tx
from tieline.platform.jobs import Retry, job
from tieline.platform.wiring import Runtime
from tieline.utility.notices.desks import desks_of
from tieline.utility.notices.service import answering

LANE = "operator"
PATIENCE = Retry(attempts=1_000_000, first=timedelta(seconds=2), longest=timedelta(minutes=30))
"""An answer is tried until the operator takes or refuses it, or another one is given: none stays on its way unsaid."""


class Say(msgspec.Struct):
    """Which answer to say."""

    notice_id: int
    number: int


@job("notices.answer", lane=LANE, retry=PATIENCE)
async def say(runtime: Runtime, payload: Say) -> None:
    """Say an answer to the operator."""
    await answering.send(runtime.db, desks_of(runtime), runtime.clock, payload.notice_id, payload.number)


async def defer_answer(tx: Tx, operator: str, notice_id: int, number: int) -> None:
    """Have an answer said, in the operator's own lane."""
    await say.defer(tx, Say(notice_id, number), lane=f"{LANE}.{operator}", once=f"notice-{notice_id}-{number}")


JOBS: tuple[Any, ...] = (say,)
