"""Change requests, events and queries of TM Forum's interfaces: what is read, and what is refused with which words."""

import json
from contextlib import suppress
from copy import deepcopy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.standards.tmf.announcements import (
    MAX_POINTS,
    Announcement,
    PlannedWork,
    TechnologyPhaseOut,
    read_change,
    read_changes,
)
from tieline.standards.tmf.change import ChangeRequest, EventType, Update, read, wanted_events
from tieline.standards.tmf.errors import TmfError, read_reason
from tieline.standards.tmf.query import chosen, parse_query

GOOD: dict[str, Any] = {
    "id": "3G",
    "@type": "TechnologyPhaseOut",
    "@baseType": "ChangeRequest",
    "name": "The end of 3G",
    "targetEntity": [{"id": "UTRA", "role": "affected", "@referredType": "RadioAccessTechnology"}],
    "status": "scheduled",
    "technology": "3G",
    "revision": 3,
    "phase": [
        {
            "id": "p",
            "name": "All",
            "period": {"startDateTime": "2027-05-01T02:00:00+02:00", "endDateTime": "2027-06-01T00:00:00Z"},
            "area": {"@type": "WholeNetwork"},
        }
    ],
}


def with_(path: str, value: Any) -> bytes:
    """The good one with one member otherwise."""
    found = deepcopy(GOOD)
    place: Any = found
    *way, last = (int(part) if part.isdigit() else part for part in path.split("/"))
    for part in way:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return json.dumps(found).encode()


def test_a_phase_out_is_read_as_one_and_an_unknown_class_as_a_change_request() -> None:
    found = read_change(json.dumps(GOOD).encode())
    assert isinstance(found, TechnologyPhaseOut)
    assert (found.revision, found.technology, found.phase[0].period.start_date_time.isoformat()) == (
        3,
        "3G",
        "2027-05-01T02:00:00+02:00",
    )
    work = read_change(with_("@type", "PlannedWork"))
    assert isinstance(work, PlannedWork)
    other = read_change(with_("@type", "SomethingOfTheirs"))
    assert type(other) is ChangeRequest
    assert type(read_change(with_("@type", ...))) is ChangeRequest


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("revision", 0, "revision"),
        ("revision", "3", "revision"),
        ("revision", ..., ""),
        ("technology", "6G", "technology"),
        ("technology", None, "technology"),
        ("targetEntity", [], "targetEntity"),
        ("status", "someday", "status"),
        ("phase", [], "phase"),
        ("phase/0/period/endDateTime", "2027-05-01T00:00:00Z", "phase[0].period"),
        ("phase/0/period/endDateTime", "2027-06-01T00:00:00", "phase[0].period.endDateTime"),
        ("phase/0/area", {"@type": "Elsewhere"}, "phase[0].area.@type"),
        ("phase/0/area", {"@type": "Regions", "region": []}, "phase[0].area.region"),
        ("phase/0/area", {"@type": "Regions", "region": ["x" * 201]}, "phase[0].area.region[0]"),
        ("phase/0/name", "", "phase[0].name"),
        ("name", "\x00", ""),
        ("phase", [GOOD["phase"][0], GOOD["phase"][0]], "phase[1].id"),
    ],
)
def test_what_is_none_is_refused_and_the_member_named(path: str, value: Any, field: str) -> None:
    with pytest.raises(TmfError) as raised:
        read_change(with_(path, value))
    assert raised.value.field == field
    assert raised.value.status == 400


@pytest.mark.parametrize(
    "ring",
    [
        [],
        [[0, 0], [1, 1], [0, 0]],
        [[0, 0], [1, 0], [1, 1], [0, 1]],
        [[0, 0], [200, 0], [1, 1], [0, 0]],
        [[0, 0], [1, 91], [1, 1], [0, 0]],
        [[-179, 0], [179, 0], [179, 1], [-179, 0]],
        [[0, 0], *([[1, 1]] * MAX_POINTS), [0, 0]],
        [[0], [1, 1], [2, 2], [0]],
    ],
)
def test_a_ring_that_is_none_is_refused(ring: list[list[float]]) -> None:
    area = {"@type": "GeoJsonPolygon", "geoJson": {"type": "Polygon", "coordinates": [ring]}}
    with pytest.raises(TmfError):
        read_change(with_("phase/0/area", area))


def test_a_list_gives_what_can_be_read_and_an_error_for_the_rest() -> None:
    body = b"[" + b",".join([json.dumps(GOOD).encode(), with_("revision", 0), b'{"id": "x"}', b"7"]) + b"]"
    first, *rest = read_changes(body)
    assert isinstance(first, Announcement)
    assert all(isinstance(one, TmfError) for one in rest)
    with pytest.raises(TmfError):
        read_changes(b"{}")


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(body: bytes) -> None:
    for kind in (read_change, read_changes):
        with suppress(TmfError):
            kind(body)
    read_reason(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(GOOD)), inner, max_size=3),
    )
)
def test_no_json_does_more_than_be_refused(found: Any) -> None:
    body = msgspec.json.encode({**GOOD, **found} if isinstance(found, dict) else found)
    with suppress(TmfError):
        read_change(body)


def test_an_update_holds_nothing_else() -> None:
    assert read(b'{"status": "approved"}', Update).status == "approved"
    for body in (b'{"status": "approved", "description": "x"}', b"{}", b'{"status": "approved", "note": [{}, {}]}'):
        with pytest.raises(TmfError):
            read(body, Update)


def test_a_subscription_may_name_some_events_and_nothing_else() -> None:
    assert wanted_events(None) == frozenset(EventType)
    assert wanted_events("eventType=ChangeRequestCreateEvent, ChangeRequestDeleteEvent") == {
        EventType.CREATE,
        EventType.DELETE,
    }
    for query in ("status=x", "eventType=", "eventType=Other", "x"):
        with pytest.raises(TmfError):
            wanted_events(query)


def test_lists_are_asked_by_known_names_only() -> None:
    query = parse_query([("status", "a,b"), ("status", "c"), ("offset", "7"), ("fields", "name, status")], ("status",))
    assert (query.offset, query.limit, query.fields, query.where) == (
        7,
        100,
        ("name", "status"),
        {"status": ("a", "b", "c")},
    )
    shown = chosen({"id": "1", "href": "h", "name": "n", "phase": [], "@type": "T"}, ("name",))
    assert shown == {"id": "1", "href": "h", "name": "n", "@type": "T"}
    for pair in (
        ("limit", "0"),
        ("limit", "1001"),
        ("offset", "-1"),
        ("offset", "²"),
        ("other", "x"),
        ("status", "\x00"),
    ):
        with pytest.raises(TmfError):
            parse_query([pair], ("status",))
