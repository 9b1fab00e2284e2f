"""Usage records: what is written can be read, and what cannot be is told."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.standards.tmf.errors import TmfError
from tieline.standards.tmf.usage import (
    MOST_OCTETS,
    Specification,
    Stretch,
    Volume,
    read_stretches,
    specification_of,
    usage_of,
)

ROOT = "https://operator.example/tmf-api/usageManagement/v4"
AT = datetime(2026, 11, 1, 0, 5, tzinfo=UTC)
volumes = st.builds(Volume, st.integers(0, MOST_OCTETS), st.integers(0, MOST_OCTETS), st.integers(0, 10**6))
names = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=30)


def days_of(month: date) -> int:
    return ((month + timedelta(days=31)).replace(day=1) - month).days


months = st.dates(date(1970, 2, 1), date(2199, 11, 1)).map(lambda day: day.replace(day=1))


def written(stretch: Stretch, specification: Specification) -> bytes:
    made = usage_of(stretch, specification, party="DSO", root=ROOT, description="Simulated.")
    return msgspec.json.encode([made])


@given(names, st.dates(date(1970, 1, 1), date(2199, 12, 31)), volumes)
def test_days_survive_the_wire(name: str, day: date, volume: Volume) -> None:
    stretch = Stretch(name, day, (volume,), AT)
    assert read_stretches(written(stretch, Specification.DAY)) == ([stretch], [])


@given(names, months, st.data())
def test_months_survive_the_wire(name: str, month: date, data: st.DataObject) -> None:
    count = days_of(month)
    days = data.draw(st.lists(st.none() | volumes, min_size=count, max_size=count))
    stretch = Stretch(name, month, tuple(days), AT)
    assert read_stretches(written(stretch, Specification.MONTH)) == ([stretch], [])


def record(**more: Any) -> dict[str, Any]:
    stretch = Stretch("S1", date(2026, 10, 7), (Volume(1, 2, 3),), AT)
    made = usage_of(stretch, Specification.DAY, party="DSO", root=ROOT, description="")
    return {**msgspec.to_builtins(made), **more}


def characteristics(**values: Any) -> list[dict[str, Any]]:
    kept = {"subscription": "S1", "octetsUp": 1, "octetsDown": 2, "sessions": 3, **values}
    return [{"name": name, "value": value} for name, value in kept.items() if value is not None]


@pytest.mark.parametrize(
    "wrong",
    [
        {"usageCharacteristic": characteristics(octetsUp=-1)},
        {"usageCharacteristic": characteristics(octetsUp=MOST_OCTETS + 1)},
        {"usageCharacteristic": characteristics(octetsUp=1.5)},
        {"usageCharacteristic": characteristics(octetsDown=None)},
        {"usageCharacteristic": characteristics(sessions=10**7)},
        {"usageCharacteristic": characteristics(subscription="")},
        {"usageCharacteristic": characteristics(subscription="S" * 500)},
        {"usageCharacteristic": "none"},
        {"usageSpecification": {"id": "voice"}},
        {"usageSpecification": {"id": "data-month"}},
        {"usageSpecification": {"id": "data-month"}, "usageCharacteristic": characteristics(days=[[1, 2, 3]] * 26)},
        {"usageSpecification": {"id": "data-month"}, "usageCharacteristic": characteristics(days=[[1]])},
        {"usageDate": "2026-10-07"},
        {"usageDate": "1969-10-07T00:00:00Z"},
        {"id": ""},
    ],
)
def test_what_cannot_be_is_told_and_leaves_the_rest(wrong: dict[str, Any]) -> None:
    found, told = read_stretches(msgspec.json.encode([record(**wrong), record()]))
    assert ([one.subscription for one in found], len(told)) == (["S1"], 1)


def test_a_body_that_is_no_list_is_refused() -> None:
    for body in (b"{}", b"nonsense", b'["\\u0000"]'):
        with pytest.raises(TmfError):
            read_stretches(body)


def test_a_day_of_another_offset_is_the_day_in_utc() -> None:
    found, _ = read_stretches(msgspec.json.encode([record(usageDate="2026-10-08T01:00:00+02:00")]))
    assert found[0].first == date(2026, 10, 7)


def test_specifications_name_what_records_have() -> None:
    for specification in Specification:
        told = {one["name"] for one in specification_of(specification, ROOT)["specCharacteristic"]}
        assert ("days" in told) == (specification is Specification.MONTH)
        assert {"subscription", "octetsUp", "octetsDown", "sessions"} <= told
