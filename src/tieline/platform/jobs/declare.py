"""How a job is declared."""

import inspect
from collections.abc import Awaitable, Callable
from typing import cast, get_type_hints

import msgspec

from tieline.platform.jobs.model import Job, Lane, P, Retry
from tieline.platform.wiring import Runtime


def job(
    name: str, *, lane: Lane, retry: Retry | None = None, cron: str | None = None
) -> Callable[[Callable[[Runtime, P], Awaitable[None]]], Job[P]]:
    """Make a job of ``async def run(runtime: Runtime, payload: SomeStruct) -> None``.

    With ``cron`` (five fields, UTC, or six with seconds last) it also runs by the clock, with the payload's defaults.
    Raises ``TypeError`` when the function is not of this form.
    """

    def declare(run: Callable[[Runtime, P], Awaitable[None]]) -> Job[P]:
        parameters = list(inspect.signature(run).parameters)
        payload = get_type_hints(run).get(parameters[1]) if len(parameters) == 2 else None  # noqa: PLR2004 - runtime, payload
        if not (isinstance(payload, type) and issubclass(payload, msgspec.Struct)):
            raise TypeError(f"job {name}: its function must take (runtime, payload: a msgspec.Struct)")
        if cron is not None:
            msgspec.convert({}, payload)  # raises now rather than at night
        return Job(name, lane, run, cast("type[P]", payload), retry or Retry(), cron)

    return declare
