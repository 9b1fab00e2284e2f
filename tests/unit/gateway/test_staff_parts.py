"""What the operator's console rests on: calls by the minute, certificates as brought, forms, how revisions differ."""

from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import ImmutableMultiDict

from tieline.gateway.authorization import certificates
from tieline.gateway.console import words
from tieline.gateway.console.pages import announcements, contracts
from tieline.gateway.desk.comparing import differences
from tieline.gateway.model import EVERY_SCOPE, TokenScope
from tieline.gateway.tally import Tally
from tieline.platform.errors import Invalid
from tieline.platform.pki import Authority

NOW = datetime(2026, 11, 27, 6, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")


def test_calls_are_counted_by_the_minute_and_forgotten_after_an_hour() -> None:
    clock = [0.0]
    tally = Tally(lambda: clock[0])
    for status in (200, 204, 404, 429, 500, 0):
        tally.count("U", status)
    tally.count("V", 200)
    clock[0] = 61.0
    last = tally.last_minute("U")
    assert (last.calls, last.refused, last.errors, last.failed) == (6, 1, 1, 2)
    assert tally.last_minute().calls == 7
    tally.count("U", 400)
    assert (tally.hour("U").wrong, tally.hour("V").wrong, tally.hour().wrong) == (4, 0, 4)
    clock[0] = 61 * 60.0
    assert sum(one.calls for one in tally.of()) == 0
    tally.count("U", 200)
    assert sum(one.calls for one in tally.of("U")) == 1


@given(st.lists(st.sampled_from([*product(range(60), (200, 301, 404, 429, 503))]), max_size=60))
def test_no_call_within_the_hour_is_lost(calls: list[tuple[int, int]]) -> None:
    clock = [0.0]
    tally = Tally(lambda: clock[0])
    for minute, status in sorted(calls):
        clock[0] = minute * 60.0
        tally.count("U", status)
    clock[0] = 59 * 60.0
    assert sum(one.calls for one in tally.of("U")) == len(calls)


def test_a_certificate_is_read_as_it_is_or_by_its_fingerprint(tmp_path: Path) -> None:
    pem, key = Authority(tmp_path).issue("DSO.scada")
    assert not (tmp_path / "DSO.scada.key").exists()
    read = certificates.read(pem.decode(), NOW)
    assert read.subject == "CN=DSO.scada"
    assert read.not_after is not None
    shown = ":".join(read.fingerprint[at : at + 2].upper() for at in range(0, 64, 2))
    assert certificates.read(shown, NOW) == certificates.Given(read.fingerprint)
    for bad in (key.decode(), "nothing of the sort", "", pem.decode()[:100]):
        with pytest.raises(Invalid):
            certificates.read(bad, NOW)
    with pytest.raises(Invalid, match="cannot be used"):
        certificates.read(pem.decode(), read.not_after + timedelta(days=1))


def test_every_kind_of_call_has_words_or_a_form_would_take_it_away() -> None:
    assert set(words.SCOPES) == set(TokenScope)


def test_terms_come_back_from_their_form_as_they_went_in() -> None:
    typed = ImmutableMultiDict(
        [
            ("name", "Grid"),
            ("calls", "12.5"),
            ("changes", "500"),
            ("hosts", "a.example:8401\nb.example"),
            ("scope", "read"),
        ]
    )
    terms = contracts.terms_of(typed)
    assert terms.permitted == {TokenScope.READ}
    assert terms.hosts == ("a.example:8401", "b.example")
    assert contracts.terms_of(contracts.answers_of(terms)) == terms
    assert terms.permitted != EVERY_SCOPE
    for wrong in ({"calls": "nan"}, {"calls": "1e9"}, {"changes": "1.5"}, {"hosts": "a/b"}, {"name": "\x1b[31m"}):
        broken = ImmutableMultiDict({**dict(typed), **wrong})
        with pytest.raises(Invalid):
            contracts.terms_of(broken)


def test_phases_are_read_in_the_zone_of_whoever_writes_them() -> None:
    typed = ImmutableMultiDict(
        [
            ("ref", "N-1"), ("kind", "phase-out"), ("title", "3G ends"), ("technology", "3G"),
            ("phase_id", ""), ("phase_name", "North"), ("phase_kind", "Regions"), ("phase_names", "North, Wales"),
            ("phase_from", "2027-07-01T00:00"), ("phase_to", "2027-12-01T00:00"),
        ]
    )  # fmt: skip
    ref, body = announcements.notice_of(typed, LONDON, "ada", known=None)
    assert ref == "N-1"
    (phase,) = body.phases
    assert phase["period"] == {
        "startDateTime": "2027-06-30T23:00:00+00:00",  # summer time
        "endDateTime": "2027-12-01T00:00:00+00:00",
    }
    assert phase["area"] == {"@type": "Regions", "region": ["North", "Wales"]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"phase_to": "2027-01-01T00:00"},
        {"phase_from": "whenever"},
        {"phase_kind": "Cells", "phase_names": " , "},
        {"phase_kind": "GeoJsonPolygon", "phase_names": "{"},
        {"title": ""},
        {"technology": ""},
        {"ref": "../../etc"},
    ],
)
def test_a_notice_that_cannot_be_meant_is_refused(wrong: dict[str, str]) -> None:
    typed = {
        "ref": "N-1", "kind": "phase-out", "title": "3G ends", "technology": "3G", "phase_id": "p1",
        "phase_name": "All", "phase_kind": "WholeNetwork", "phase_names": "", "phase_from": "2027-07-01T00:00",
        "phase_to": "2027-12-01T00:00",
    }  # fmt: skip
    with pytest.raises(Invalid):
        announcements.notice_of(ImmutableMultiDict({**typed, **wrong}), LONDON, "ada", known=None)


def test_revisions_differ_in_sentences() -> None:
    def phase(key: str, name: str, ends: str, area: str = "WholeNetwork") -> dict[str, object]:
        period = {"startDateTime": "2027-01-01T00:00:00Z", "endDateTime": f"{ends}T00:00:00Z"}
        return {"id": key, "name": name, "period": period, "area": {"@type": area}}

    before = {"title": "3G ends", "phases": [phase("a", "Cities", "2027-06-01"), phase("b", "Towns", "2027-09-01")]}
    after = {
        "title": "3G ends later",
        "phases": [phase("a", "Cities", "2027-08-01"), phase("c", "Rest", "2027-12-01")],
    }
    assert differences(before, before) == []
    assert differences(before, after) == [
        "Title: “3G ends” became “3G ends later”.",
        "Phase “Towns” is gone.",
        "Phase “Rest” is new, from 2027-01-01 to 2027-12-01.",
        "Phase “Cities”: from 2027-01-01 to 2027-06-01, now from 2027-01-01 to 2027-08-01.",
    ]
