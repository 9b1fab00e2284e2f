"""The desk of an operator that speaks TMF655 v4 on the host of its management services."""

from tieline.utility.notices.providers.tmf655.decoding import read_notice_event
from tieline.utility.notices.providers.tmf655.desk import Tmf655Desk

__all__ = ["Tmf655Desk", "read_notice_event"]
