"""Bands of channel numbers, against the public file's own derivation and the standards' examples."""

from pathlib import Path

import pytest

from tieline.lab.world import Rat
from tieline.lab.world.bands import band_of, channel, reaches_far
from tieline.lab.world.public_data import read


@pytest.mark.parametrize(
    ("rat", "arfcn", "band"),
    [
        (Rat.UTRA, "10562", "B1"),
        (Rat.UTRA, "3088", "B8"),
        (Rat.UTRA, "5000", ""),
        (Rat.EUTRA, "6300", "B20"),
        (Rat.NR, "152690", "n28"),
        (Rat.NR, "643968", "n78"),
        (Rat.GERAN, "62", "B8"),
        (Rat.GERAN, "700", "B3"),
        (Rat.GERAN, "", ""),
        (Rat.GERAN, "x1", ""),
    ],
)
def test_band_of_a_channel(rat: Rat, arfcn: str, band: str) -> None:
    assert band_of(rat, arfcn) == band


def test_lte_bands_agree_with_the_public_file(data: Path) -> None:
    rows = [row for row in read(data).cells if row["radio"] == "4G" and row["lte_band"] and row["arfcn"]]
    assert len(rows) > 10_000
    assert {
        (row["arfcn"], row["lte_band"]) for row in rows if band_of(Rat.EUTRA, row["arfcn"]) != f"B{row['lte_band']}"
    } == set()


@pytest.mark.parametrize(("rat", "band"), [(Rat.UTRA, "B1"), (Rat.UTRA, "B8"), (Rat.EUTRA, "B7"), (Rat.NR, "n78")])
@pytest.mark.parametrize("place", [0, 0.5, 0.999])
def test_a_channel_lies_in_its_band(rat: Rat, band: str, place: float) -> None:
    assert band_of(rat, channel(rat, band, place)) == band


def test_low_bands_reach_far() -> None:
    assert {band for band in ("B1", "B3", "B7", "B8", "B20", "n28", "n78") if reaches_far(band)} == {"B8", "B20", "n28"}
