"""The columns of a bill and of a usage file: what they are called, and what they may hold.

Amounts are decimal numbers with a point, or with a comma where there is no point; blanks and apostrophes between
thousands are left out. Nothing is ever read as a float.
"""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation

from tieline.platform.web.values import FIRST_YEAR, LAST_YEAR
from tieline.standards.tmf.usage import MOST_OCTETS, MOST_SESSIONS
from tieline.utility import inventory
from tieline.utility.inventory import FieldSpec
from tieline.utility.usage.model import Charge

_GAPS = re.compile(r"[\s'\u2019\u202f\u00a0]")
_CHARGES = {
    "fee": Charge.FEE,
    "monthly_fee": Charge.FEE,
    "monthly fee": Charge.FEE,
    "subscription": Charge.FEE,
    "rental": Charge.FEE,
    "mrc": Charge.FEE,
    "overage": Charge.OVERAGE,
    "usage": Charge.OVERAGE,
    "excess": Charge.OVERAGE,
    "pool-overage": Charge.POOL,
    "pool_overage": Charge.POOL,
    "pool overage": Charge.POOL,
    "pool": Charge.POOL,
}


def amount(places: int, most: Decimal) -> Callable[[str], Decimal]:
    """A decimal number with at most so many decimals, whose size is at most ``most``; credits are negative."""

    def convert(raw: str) -> Decimal:
        text = _GAPS.sub("", raw)
        if "," in text and "." not in text and text.count(",") == 1:
            text = text.replace(",", ".")
        try:
            value = Decimal(text) if len(text) <= 40 and "_" not in text else Decimal("nan")  # noqa: PLR2004
        except InvalidOperation:
            value = Decimal("nan")
        if not value.is_finite():
            raise inventory.Bad("format", "a decimal number like 1234.56 is needed")
        if abs(value) > most:
            raise inventory.Bad("range", f"its size is at most {most:,}")
        rounded = round(value, places)
        if rounded != value:
            raise inventory.Bad("decimals", f"it has more than {places} decimals")
        return rounded

    return convert


def charge(raw: str) -> Charge:
    """What a line is for; words that are not known are for something else."""
    return _CHARGES.get(raw.casefold(), Charge.OTHER)


def day(raw: str) -> date:
    """A date of the calendar's years that are taken."""
    found: date = inventory.converters.day(raw)
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise inventory.Bad("range", f"a date from {FIRST_YEAR} to {LAST_YEAR} is needed")
    return found


_code, _text, _integer = inventory.converters.code, inventory.converters.text, inventory.converters.integer
_MONEY, _PRICE = amount(2, Decimal(10**12)), amount(6, Decimal(10**6))


def _field(
    name: str, convert: Callable[[str], object], meaning: str, *, required: bool = False, known_as: str = ""
) -> FieldSpec:
    aliases = tuple(known_as.split(",")) if known_as else ()
    return FieldSpec(name, convert, required=required, known_as=aliases, meaning=meaning)


BILL = (
    _field("invoice", _code(64), "number of the bill", known_as="invoice_number,bill,bill_number,number"),
    _field("period_from", day, "first day that is billed", known_as="from,start,period_start"),
    _field("period_to", day, "last day that is billed", known_as="to,end,period_end"),
    _field(
        "subscription",
        _code(200),
        "the operator's identifier of the subscription",
        known_as="subscription_id,operator_ref,line_id,reference,ref",
    ),
    _field("iccid", _code(32), "ICCID of the card", known_as="sim_number,sim,icc"),
    _field("msisdn", _code(20), "MSISDN", known_as="phone,phone_number"),
    _field("plan", _text(100), "data plan", known_as="data_plan,tariff,rate_plan"),
    _field(
        "charge",
        charge,
        "what the line is for: fee, overage, pool-overage",
        required=True,
        known_as="charge_type,type,item,description",
    ),
    _field("days", _integer(0, 400), "days that are billed"),
    _field("volume_mb", amount(6, Decimal(10**12)), "volume, MB", known_as="volume,quantity,mb,usage_mb"),
    _field("rate", _PRICE, "price of the charge", known_as="unit_price,price"),
    _field(
        "amount", _MONEY, "what is claimed, without tax", required=True, known_as="net,net_amount,total,charge_amount"
    ),
    _field("currency", _code(3), "currency, like GBP"),
)
"""Columns of a bill."""

USAGE = (
    _field(
        "subscription",
        _code(200),
        "the operator's identifier of the subscription",
        required=True,
        known_as="subscription_id,operator_ref,line_id,reference,ref",
    ),
    _field("day", day, "the day, of UTC", required=True, known_as="date,usage_date"),
    _field("up", _integer(0, MOST_OCTETS), "octets sent", required=True, known_as="octets_up,bytes_up,upload,uplink"),
    _field(
        "down",
        _integer(0, MOST_OCTETS),
        "octets received",
        required=True,
        known_as="octets_down,bytes_down,download,downlink",
    ),
    _field("sessions", _integer(0, MOST_SESSIONS), "data sessions", known_as="session_count"),
)
"""Columns of a usage file."""

ASSIGNMENTS = (
    _field("subscription", _code(200), "the operator's identifier of the subscription", required=True,
           known_as="subscription_id,operator_ref,reference,ref"),
    _field("plan", _text(100), "data plan", required=True, known_as="data_plan,tariff,rate_plan"),
    _field("from", day, "first day on it", required=True, known_as="valid_from,since,start"),
    _field("to", day, "the day it was left", known_as="valid_to,until,end"),
)  # fmt: skip
"""Columns of a file that says who was on which plan."""
