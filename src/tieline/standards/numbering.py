"""Numbers of the mobile world: check digits, structure, and the identities of cells.

Every ``check_…`` takes text as a person or a file gives it and returns a ``Checked``: the number without spaces and
hyphens, or the rule that it breaks with a sentence about it. Nothing raises on bad input.

| Number | Standard |
|---|---|
| ICCID | ITU-T E.118: 89, then up to 19 digits in all with a Luhn digit; cards with 20 digits are common |
| IMSI | ITU-T E.212, 3GPP TS 23.003 clause 2.2: MCC (3), MNC (2 or 3), at most 15 digits |
| MSISDN | ITU-T E.164: country code first, at most 15 digits |
| IMEI | 3GPP TS 23.003 clause 6.2: TAC (8), serial number (6), Luhn digit |
| EID | GSMA SGP.02 and SGP.29: 89, 32 digits, the whole modulo 97 is 1 |
| ECI, NCI, CGI | 3GPP TS 23.003 clauses 19.6, 19.6A and 4.3.1 |
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

_SEPARATORS = re.compile(r"[ \u00a0\-]")
_ALL_DIGITS = re.compile(r"[0-9]+\Z")
_LUHN_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)

ICCID_LENGTHS = (19, 20)
IMSI_LENGTHS = (6, 15)
"""From the shortest that has a subscriber part to the longest (E.212)."""
MSISDN_LENGTHS = (7, 15)
IMEI_LENGTH = 15
EID_LENGTH = 32

ECI_BITS = 28
NCI_BITS = 36
GNB_ID_BITS = (22, 32)
_ENB_CELL_BITS = 8

MncTable = Mapping[str, frozenset[str]]
"""The mobile network codes in use under each mobile country code, with two or three digits as assigned."""


class Checked(NamedTuple):
    """What came of a check. ``rule`` is empty when the number is good; ``value`` is then without separators."""

    value: str
    rule: str = ""
    message: str = ""

    @property
    def ok(self) -> bool:
        """Whether the number keeps every rule."""
        return not self.rule


class Imsi(NamedTuple):
    """An IMSI taken apart."""

    mcc: str
    mnc: str
    msin: str

    @property
    def plmn(self) -> str:
        """MCC and MNC together, as networks are named."""
        return self.mcc + self.mnc


def luhn_digit(digits: str) -> str:
    """Give the check digit that belongs behind ``digits`` (ISO/IEC 7812-1 annex B)."""
    return str(-_luhn_sum(digits + "0") % 10)


def luhn_ok(digits: str) -> bool:
    """Tell whether the last digit is the check digit of the others."""
    return _luhn_sum(digits) % 10 == 0


def check_iccid(text: str) -> Checked:
    """Check an ICCID of 19 or 20 digits. The filler ``F`` behind 19 digits (as ES2+ sends it) is taken off.

    Rules: ``digits``, ``length``, ``prefix`` (89, telecommunications), ``luhn``.
    """
    value = _bare(text)
    if len(value) == max(ICCID_LENGTHS) and value[-1] in "fF":
        value = value[:-1]
    return _digits("ICCID", value, *ICCID_LENGTHS) or _prefix("ICCID", value) or _luhn("ICCID", value) or Checked(value)


def check_imei(text: str) -> Checked:
    """Check an IMEI of 15 digits. Rules: ``digits``, ``length``, ``luhn``."""
    value = _bare(text)
    return _digits("IMEI", value, IMEI_LENGTH, IMEI_LENGTH) or _luhn("IMEI", value) or Checked(value)


def check_eid(text: str) -> Checked:
    """Check an EID of 32 digits. Rules: ``digits``, ``length``, ``prefix`` (89), ``mod97``."""
    value = _bare(text)
    wrong = _digits("EID", value, EID_LENGTH, EID_LENGTH) or _prefix("EID", value)
    if wrong:
        return wrong
    if int(value) % 97 != 1:
        return Checked(value, "mod97", f"the last two digits of the EID should be {eid_digits(value[:-2])}")
    return Checked(value)


def eid_digits(digits: str) -> str:
    """Give the two check digits that belong behind the first 30 digits of an EID (ISO 7064 MOD 97-10)."""
    return f"{98 - int(digits + '00') % 97:02d}"


def check_msisdn(text: str) -> Checked:
    """Check an MSISDN in international form, with or without ``+``; the value is without.

    Rules: ``digits``, ``length``, ``country`` (no country code begins with 0).
    """
    value = _bare(text).removeprefix("+")
    wrong = _digits("MSISDN", value, *MSISDN_LENGTHS)
    if wrong:
        return wrong
    if value.startswith("0"):
        return Checked(value, "country", "an MSISDN begins with its country code, not with 0 or 00")
    return Checked(value)


def check_imsi(text: str, networks: MncTable | None = None, plmn: str | None = None) -> Checked:
    """Check an IMSI, against the networks in use and against the operator's ``plmn`` (MCC + MNC) where given.

    Rules: ``digits``, ``length``, ``mcc``, ``mnc``, ``operator``.
    """
    value = _bare(text)
    wrong = _digits("IMSI", value, *IMSI_LENGTHS)
    if wrong:
        return wrong
    if networks is not None:
        if value[:3] not in networks:
            return Checked(value, "mcc", f"{value[:3]} is no mobile country code in use")
        if split_imsi(value, networks) is None:
            return Checked(value, "mnc", f"no network with MCC {value[:3]} has a code that {value[3:6]} begins with")
    if plmn is not None and not value.startswith(plmn):
        return Checked(value, "operator", f"the IMSI is not of the operator's network {plmn[:3]}-{plmn[3:]}")
    return Checked(value)


def split_imsi(imsi: str, networks: MncTable) -> Imsi | None:
    """Take an IMSI apart by the codes in use; None if no network fits.

    Three digits are tried first. In the few countries where a two-digit code is the beginning of a three-digit one
    (405, India) an IMSI can be read both ways; the answer is then the longer code.
    """
    codes = networks.get(imsi[:3], frozenset())
    for length in (3, 2):
        if imsi[3 : 3 + length] in codes:
            return Imsi(imsi[:3], imsi[3 : 3 + length], imsi[3 + length :])
    return None


def eci(enb_id: int, cell: int) -> int:
    """Give the E-UTRAN cell identity: a macro eNodeB's 20 bits, then the cell's 8. Raises ``ValueError`` if too big."""
    return (_within(enb_id, ECI_BITS - _ENB_CELL_BITS) << _ENB_CELL_BITS) | _within(cell, _ENB_CELL_BITS)


def nci(gnb_id: int, gnb_bits: int, cell: int) -> int:
    """Give the NR cell identity: the gNodeB's 22 to 32 bits, then the cell's. Raises ``ValueError`` if too big."""
    least, most = GNB_ID_BITS
    if not least <= gnb_bits <= most:
        raise ValueError(f"a gNodeB identifier has {least} to {most} bits, not {gnb_bits}")
    cell_bits = NCI_BITS - gnb_bits
    return (_within(gnb_id, gnb_bits) << cell_bits) | _within(cell, cell_bits)


def eci_text(identity: int) -> str:
    """Write an E-UTRAN cell identity as TS 28.623 ``EutraCellId`` does: seven hexadecimal digits."""
    return f"{_within(identity, ECI_BITS):07X}"


def nci_text(identity: int) -> str:
    """Write an NR cell identity as TS 28.623 ``NrCellId`` does: nine hexadecimal digits."""
    return f"{_within(identity, NCI_BITS):09X}"


def ecgi_text(mcc: str, mnc: str, identity: int) -> str:
    """Write an E-UTRAN cell global identity, ``234-10-00A1B2C``. The hyphens are ours: no standard text form exists."""
    return f"{mcc}-{mnc}-{eci_text(identity)}"


def ncgi_text(mcc: str, mnc: str, identity: int) -> str:
    """Write an NR cell global identity, ``234-10-00000A001``."""
    return f"{mcc}-{mnc}-{nci_text(identity)}"


def cgi_text(mcc: str, mnc: str, lac: int, ci: int) -> str:
    """Write a GERAN or UTRAN cell global identity, ``234-10-53AC-2712``: 16-bit location area and cell, hexadecimal."""
    return f"{mcc}-{mnc}-{_within(lac, 16):04X}-{_within(ci, 16):04X}"


def _luhn_sum(digits: str) -> int:
    numbers = [ord(digit) - 48 for digit in reversed(digits)]
    return sum(numbers[::2]) + sum(_LUHN_DOUBLED[number] for number in numbers[1::2])


def _bare(text: str) -> str:
    return _SEPARATORS.sub("", text.strip())


def _digits(what: str, value: str, least: int, most: int) -> Checked | None:
    if not _ALL_DIGITS.match(value):
        return Checked(value, "digits", f"an {what} has digits only")
    if not least <= len(value) <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        return Checked(value, "length", f"an {what} has {wanted} digits, not {len(value)}")
    return None


def _prefix(what: str, value: str) -> Checked | None:
    return None if value.startswith("89") else Checked(value, "prefix", f"an {what} begins with 89")


def _luhn(what: str, value: str) -> Checked | None:
    if luhn_ok(value):
        return None
    return Checked(value, "luhn", f"the last digit of the {what} should be {luhn_digit(value[:-1])}")


def _within(value: int, bits: int) -> int:
    if not 0 <= value < 1 << bits:
        raise ValueError(f"{value} does not fit into {bits} bits")
    return value
