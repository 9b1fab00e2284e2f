"""The demonstration's phase-out: six months from now, over twelve months, the densest cells first."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tieline.lab.announcing import months_later, phase_out


@pytest.mark.parametrize(
    ("moment", "months", "later"),
    [("2026-11-27", 6, "2027-05-27"), ("2026-08-31", 6, "2027-02-28"), ("2026-12-01", 12, "2027-12-01")],
)
def test_months_are_those_of_the_calendar(moment: str, months: int, later: str) -> None:
    start = datetime.fromisoformat(moment).replace(tzinfo=UTC, hour=13)
    assert months_later(start, months) == datetime.fromisoformat(later).replace(tzinfo=UTC)


def test_the_phases_follow_one_another_and_the_densest_come_first(tmp_path: Path) -> None:
    city = [f"A,c{number},UTRA,B1,1,1,1,51.01,0.01,M,0" for number in range(7)]
    town = [f"A,t{number},UTRA,B1,1,1,1,52.01,0.01,M,0" for number in range(3)]
    rest = [f"A,r{number},UTRA,B1,1,1,1,{53 + number}.01,0.01,M,0" for number in range(10)]
    other = ["A,x,EUTRA,B1,1,1,1,51.01,0.01,M,0", "A,y,UTRA,B1,1,1,1,,,M,0"]
    head = "operator,cell_key,rat,band,arfcn,tac,pci,lat,lon,mast,invented"
    (tmp_path / "cells-a.csv").write_text("\n".join([head, *rest, *other, *town, *city]) + "\n")
    notice = phase_out(tmp_path, "a", datetime(2026, 11, 27, 9, tzinfo=UTC))
    cities, towns, everywhere = notice["phases"]
    assert cities["area"]["cell"] == [f"c{number}" for number in range(7)]
    assert [cell[0] for cell in towns["area"]["cell"]] == ["r"] * 5 + ["t"] * 3
    assert everywhere["area"] == {"@type": "WholeNetwork"}
    edges = [(one["period"]["startDateTime"][:10], one["period"]["endDateTime"][:10]) for one in notice["phases"]]
    assert edges == [("2027-05-27", "2027-09-27"), ("2027-09-27", "2028-01-27"), ("2028-01-27", "2028-05-27")]
