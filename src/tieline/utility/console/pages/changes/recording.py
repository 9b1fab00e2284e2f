"""The record of a change, as a page that prints."""

from fastapi import Response

from tieline.utility import changes
from tieline.utility.console.http import CurrentPage, pages
from tieline.utility.console.pages.changes import source
from tieline.utility.console.pages.changes.views import contract, receipt, record
from tieline.utility.console.pages.changes.views.tally import Tally

router = pages()
ITEMS = 200
"""Items that stand in a record; the complete list is a CSV file."""


@router.get("/changes/{change_id}/record")
async def change_record(page: CurrentPage, change_id: int) -> Response:
    """All that is known of a change in one piece."""
    async with page.db.snapshot() as tx:
        found = await changes.record(tx, page.scope, page.runtime.clock, change_id, items=ITEMS)
    change, zone = found.detail.change, page.renderer.zone
    kind = source.KINDS.get(change.kind)
    return await page.show(
        "pages/changes/templates/record.html",
        current="changes",
        head=record.head(change),
        change=change,
        at=found.at,
        printed_by=page.visitor.name,
        zone=page.renderer.zone_name(),
        what=record.what(found, kind.title),
        sentences=contract.sentences(change, kind.sentence, zone),
        people=record.people(found),
        approvals=record.approvals(found),
        plan=record.plan(found),
        outcome=record.outcome(found),
        reviews=record.reviews(found, zone),
        items=record.item_table(found),
        shown=record.shown_of(found, Tally.of(found.progress).total),
        undo=record.undo(found.detail.undone_by),
        log=receipt.log(found.events),
        more_events=found.more_events,
        entries=None if found.entries is None else record.entries(found.entries),
        more_entries=found.more_entries,
    )
