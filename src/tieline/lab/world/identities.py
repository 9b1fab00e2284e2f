"""Identity numbers for the simulated world: well formed, with right check digits, and nobody's.

- IMEI: type allocation codes that begin with 00 are for test devices.
- MSISDN: in the real world Ofcom's numbers for drama (07700 900...), lengthened to the fifteen digits of E.164, so
  that no telephone has them; in the invented country the unassigned country code 999.
- IMSI and ICCID: in the operator's own form with generated serials.
- EID: 32 digits, checked modulo 97 (GSMA SGP.29).
"""

from dataclasses import dataclass

from tieline.lab.world.model import Operator
from tieline.platform.errors import Invalid

MOST = 1_000_000
"""So many numbers of each kind there are for an operator."""

_DRAMA = "447700900"
_UNASSIGNED = "999770000"
_TEST_MCC = "001"


@dataclass(frozen=True, slots=True)
class Numbers:
    """The identity of one subscription and its card."""

    ref: str
    iccid: str
    eid: str
    imsi: str
    msisdn: str


class Identities:
    """Hands out numbers of one operator, one after another."""

    def __init__(self, operator: Operator, index: int) -> None:
        self._operator = operator
        self._index = index
        self._serial = 0
        self._test = operator.mcc == _TEST_MCC

    def following(self, *, euicc: bool = False) -> Numbers:
        """The next set of numbers. Raises ``Invalid`` when they have run out."""
        self._serial += 1
        if self._serial >= MOST // 2:
            raise Invalid(f"{self._operator.name} has no more numbers; ask for fewer sites.")
        serial = self._serial
        return Numbers(
            ref=f"{self._operator.code}{serial:07d}",
            iccid=self._iccid(serial),
            eid=eid(self._index, serial) if euicc else "",
            imsi=f"{self._operator.plmn}77{serial:0{13 - len(self._operator.plmn)}d}",
            msisdn=f"{_UNASSIGNED if self._test else _DRAMA}{self._index * MOST // 2 + serial:06d}",
        )

    def _iccid(self, serial: int) -> str:
        """ITU-T E.118: 89, country code, issuer, account, check digit; nineteen digits at A, twenty at B."""
        issuer = f"89{'999' if self._test else '44'}{self._operator.mnc}"
        length = 18 + self._index % 2
        return with_luhn(f"{issuer}{serial:0{length - len(issuer)}d}")


def imei(tac: str, serial: int) -> str:
    """An IMEI (3GPP TS 23.003 clause 6.2.1): TAC, serial number, check digit."""
    return with_luhn(f"{tac}{serial:06d}")


def eid(index: int, serial: int) -> str:
    """An eUICC identifier: 89, a country code that is unassigned, an issuer, serial, two check digits."""
    body = f"89999{index + 1:03d}{serial:022d}"
    return f"{body}{98 - int(body + '00') % 97:02d}"


def with_luhn(digits: str) -> str:
    """The digits with their Luhn check digit (ISO/IEC 7812-1) at the end."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled  # noqa: PLR2004 - two digits of a decimal number
    return f"{digits}{-total % 10}"
