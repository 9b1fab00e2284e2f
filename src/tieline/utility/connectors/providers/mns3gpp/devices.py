"""Word of SIMs that are used with other devices (TS 29.122 ``MonitoringNotification``), decoded."""

from tieline.standards.northbound import IMEI_CHANGE, EventReport, NorthboundError, read_notification
from tieline.utility.connectors.errors import Rejected
from tieline.utility.connectors.model import DeviceNotice


def read_device_notices(body: bytes) -> list[DeviceNotice]:
    """What a notification says; a test, and a report that does not name SIM and device, say nothing.

    Raises ``Rejected`` for what cannot be read.
    """
    try:
        notification = read_notification(body)
    except NorthboundError as error:
        raise Rejected(f"The notification cannot be read: {error.detail}") from error
    return [
        notice
        for report in notification.monitoring_event_reports or ()
        if (notice := _notice(notification.subscription, report)) is not None
    ]


def _notice(subscription: str, report: EventReport) -> DeviceNotice | None:
    imei = _imei(report.pei)
    if report.monitoring_type != IMEI_CHANGE or report.external_id is None or report.event_time is None or not imei:
        return None
    ref, _, _ = report.external_id.rpartition("@")
    return DeviceNotice(subscription, ref, report.event_time, imei, _imei(report.previous_pei))


def _imei(pei: str | None) -> str | None:
    """The IMEI of an equipment identifier; one with a software version (IMEISV) has fourteen of its digits."""
    return pei.removeprefix("imei-") if pei is not None and pei.startswith("imei-") else None
