"""Reports of operators on their way into the inventory."""

from tieline.utility import inventory
from tieline.utility.connectors.model import Desired, Report
from tieline.utility.inventory import FIELDS, OperatorReport, Shown


def as_inventory_report(report: Report) -> OperatorReport:
    """A report in the inventory's words; a serving cell without a time counts as seen when the report was read."""
    cell = report.cell
    return OperatorReport(
        operator_ref=report.ref,
        reported_at=report.observed_at,
        operational=_plain(report.operational),
        since=report.since,
        rat=cell.rat if cell else None,
        band=cell.band or None if cell else None,
        cell_key=cell.cell_key if cell else None,
        cell_at=(cell.at or report.observed_at) if cell else None,
        imei=report.imei,
        attached=report.attached,
        last_seen=report.last_seen,
    )


def as_shown(report: Report) -> Shown:
    """What a report shows besides, for the inventory to compare."""
    return Shown(
        ref=report.ref,
        at=report.observed_at,
        told=_plain(report.desired),
        iccid=report.iccid,
        imsi=report.imsi,
        imei=report.imei,
        last_seen=report.last_seen,
        by=report.modified_by,
        modified_at=report.modified_at,
        plan=report.plan,
    )


def _plain(values: Desired) -> inventory.Desired:
    named = {field.value: value for field, value in values.items()}
    return {name: list(value) if isinstance(value := named[name], tuple) else value for name in FIELDS if name in named}
