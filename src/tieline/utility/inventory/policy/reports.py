"""How reports of one subscription that arrive together become one."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from tieline.utility.inventory.model import OperatorReport


def merged(reports: Iterable[OperatorReport]) -> list[OperatorReport]:
    """One report for each reference: the newest of every value; of two with the same time the later one's."""
    newest: dict[str, OperatorReport] = {}
    for report in sorted(reports, key=lambda one: one.reported_at):
        earlier = newest.get(report.operator_ref)
        newest[report.operator_ref] = report if earlier is None else _over(earlier, report)
    return list(newest.values())


def _over(earlier: OperatorReport, later: OperatorReport) -> OperatorReport:
    cell = later if _at(later.cell_at) >= _at(earlier.cell_at) else earlier
    return replace(
        later,
        operational={**earlier.operational, **later.operational},
        since=later.since or earlier.since,
        rat=cell.rat,
        band=cell.band,
        cell_key=cell.cell_key,
        cell_at=cell.cell_at,
        imei=later.imei or earlier.imei,
        attached=earlier.attached if later.attached is None else later.attached,
        last_seen=max((seen for seen in (earlier.last_seen, later.last_seen) if seen), default=None),
    )


def _at(moment: datetime | None) -> float:
    return moment.timestamp() if moment else float("-inf")
