"""A delivery note that comes with a form: kept, read apart from any transaction, taken in, and deleted."""

import asyncio

from starlette.datastructures import FormData

from tieline.platform.errors import Invalid, Problem
from tieline.platform.scope import Scope
from tieline.platform.wiring import Runtime
from tieline.utility import inventory
from tieline.utility.logistics.model import Goods
from tieline.utility.logistics.service import ordering
from tieline.utility.logistics.service.ordering import Delivered

_DIGITS = 18
_LONGEST_NOTE = 200


async def take_note(
    runtime: Runtime, scope: Scope, order_id: int, goods: Goods, form: FormData, *, dry_run: bool
) -> Delivered:
    """Take a note in, or only look at it. The form has ``file``, ``warehouse_id`` and ``note``.

    Raises ``Invalid`` for a form without a file or warehouse, ``FileRefused`` for a file that is no table.
    """
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    note = fields.get("note", "").replace("\0", "")[:_LONGEST_NOTE]
    upload = await inventory.keep_sent(runtime.settings, form)
    try:
        warehouse_id = _whole(fields.get("warehouse_id", ""))
        sheet = await ordering.read_note(runtime.settings, upload, goods)
        async with runtime.db.transaction() as tx:
            return await ordering.deliver(
                tx, scope, order_id, upload, sheet, warehouse_id=warehouse_id, note=note, dry_run=dry_run
            )
    finally:
        await asyncio.to_thread(upload.path.unlink, missing_ok=True)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise Invalid("Say into which warehouse.", [Problem("warehouse_id", "required", "The number of a warehouse.")])
    return int(text)
