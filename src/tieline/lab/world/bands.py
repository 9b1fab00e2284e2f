"""Operating bands: which band a channel number belongs to, for the bands in use in Europe.

Downlink ranges from 3GPP TS 45.005 clause 2 (GSM), TS 25.101 table 5.2 (UTRA FDD), TS 36.101 table 5.7.3-1 (E-UTRA) and
TS 38.104 table 5.4.2.3-1 (NR). Bands are written as a router's data sheet writes them: B8, n78.
"""

from tieline.lab.world.model import Rat

_RANGES: dict[Rat, tuple[tuple[int, int, str], ...]] = {
    Rat.GERAN: ((0, 124, "B8"), (975, 1023, "B8"), (512, 885, "B3")),
    Rat.UTRA: ((10562, 10838, "B1"), (2937, 3088, "B8")),
    Rat.EUTRA: (
        (0, 599, "B1"),
        (1200, 1949, "B3"),
        (2750, 3449, "B7"),
        (3450, 3799, "B8"),
        (6150, 6449, "B20"),
        (9210, 9659, "B28"),
        (9920, 10359, "B32"),
        (37750, 38249, "B38"),
        (38650, 39649, "B40"),
    ),
    Rat.NR: (
        (151600, 160600, "n28"),
        (185000, 192000, "n8"),
        (361000, 376000, "n3"),
        (422000, 434000, "n1"),
        (524000, 538000, "n7"),
        (620000, 653333, "n78"),
    ),
}

_COVERAGE = frozenset({"B8", "B20", "B28", "n8", "n28"})


def band_of(rat: Rat, arfcn: str) -> str:
    """The band of a downlink channel number; empty when the number is missing or in none of the bands known here."""
    if not arfcn.isdigit():
        return ""
    number = int(arfcn)
    return next((band for low, high, band in _RANGES[rat] if low <= number <= high), "")


def channel(rat: Rat, band: str, place: float) -> str:
    """A downlink channel number within ``band``, at ``place`` (0 to 1) of its range."""
    low, high = next((low, high) for low, high, name in _RANGES[rat] if name == band)
    return str(low + int(place * (high - low)))


def reaches_far(band: str) -> bool:
    """Whether it is a low band, which covers country; the others carry capacity and serve the near only."""
    return band in _COVERAGE
