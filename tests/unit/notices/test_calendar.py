"""Notices in the calendar of changes."""

from dataclasses import replace
from datetime import UTC, datetime

from tieline.utility.inventory import Area, AreaKind
from tieline.utility.notices.calendar import of_notice
from tieline.utility.notices.model import Kind, Notice, Phase

AT = datetime(2027, 5, 1, tzinfo=UTC)
END = datetime(2027, 11, 1, tzinfo=UTC)


def notice(*phases: Phase) -> Notice:
    return Notice(
        id=7, operator="A", operator_name="Operator A", ref="r", kind=Kind.PHASE_OUT, title="3G ends", description="",
        status="announced", status_reason="", technology="3G", revision=1, updated_at=AT, starts_at=AT, ends_at=END,
        phases=phases, asks=False, first_at=AT, seen_at=AT,
    )  # fmt: skip


def test_each_phase_is_an_entry() -> None:
    cities = Phase("cities", "Cities", AT, END, Area(AreaKind.ALL))
    (entry,) = of_notice(notice(cities))
    assert (entry.kind, entry.title, entry.starts_at, entry.ends_at) == ("notice", "3G ends: Cities", AT, END)
    assert (entry.href, entry.operators) == ("/notices/7", ("A",))


def test_a_notice_without_phases_is_one_entry_or_none() -> None:
    (entry,) = of_notice(notice())
    assert (entry.title, entry.starts_at, entry.ends_at) == ("3G ends", AT, END)
    assert list(of_notice(replace(notice(), starts_at=None))) == []
