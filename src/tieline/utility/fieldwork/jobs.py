"""Work of field work that is done apart from requests."""

import msgspec

from tieline.platform.jobs import job
from tieline.platform.wiring import Runtime
from tieline.utility.fieldwork.service import pictures


class Nothing(msgspec.Struct):
    """A job that needs to be told nothing."""


@job("fieldwork.forget-photos", lane="housekeeping", cron="37 3 * * *")
async def forget_photos(runtime: Runtime, _payload: Nothing) -> None:
    """Delete what was written of pictures whose process was killed before they were known."""
    await pictures.forget_strays(runtime.db, runtime.settings)
