"""The form of a new change."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from tieline.platform.errors import Problem
from tieline.utility.changes.kinds import KINDS, parse
from tieline.utility.changes.model import Thresholds, Waves, Window
from tieline.utility.console import filters
from tieline.utility.console.pages.changes.views import draft

BERLIN = ZoneInfo("Europe/Berlin")


def read(*pairs: tuple[str, str]) -> draft.Draft:
    return draft.read(FormData(list(pairs)), BERLIN)


def test_an_untouched_form_is_a_sound_preprovisioning() -> None:
    """What the form sends as it first stands has to be what the kind takes."""
    questions = draft.sections(FormData([]), draft.PREPROVISION, draft.Choices())
    sent = [("change_kind", draft.PREPROVISION)]
    for one in (field for section in questions for field in section.fields):
        chosen = next((option.value for option in one.options), "") if one.kind == "select" else one.value
        sent.append((one.name, chosen))
    found = read(*sent)
    assert found.problems == ()
    assert parse(KINDS.get(found.kind), found.parameters).fixed_address
    assert msgspec.convert(found.waves, Waves) == Waves()
    assert msgspec.convert(found.thresholds, Thresholds) == Thresholds()
    assert msgspec.convert(found.window, Window) == Window()


def test_configured_fields_are_set_left_or_unset() -> None:
    found = read(
        ("change_kind", draft.CONFIGURE), ("set.state", ""), ("set.apn", "grid.new"), ("set.data_plan", "x"),
        ("set.unset", "data_plan"), ("set.barring", "set"), ("set.rat", "UTRA"), ("set.rat", "GERAN"),
        ("set.imei_lock", "lift"), ("set.ip_address", "pool"),
    )  # fmt: skip
    assert found.parameters == {
        "apn": "grid.new",
        "data_plan": None,
        "rat_restriction": ["GERAN", "UTRA"],
        "imei_lock": None,
        "ip_address": "pool",
    }


def test_technologies_are_left_unless_asked_for() -> None:
    assert "rat_restriction" not in read(("change_kind", draft.CONFIGURE), ("set.rat", "UTRA")).parameters


def test_times_are_those_of_the_utility() -> None:
    found = read(("opens", "2025-07-01T22:00"))
    assert found.window == {"opens": datetime(2025, 7, 1, 20, 0, tzinfo=UTC)}


def test_shares_are_percentages_on_the_page() -> None:
    assert read(("success", "95 %"), ("error", "2,5")).thresholds == {"success": 0.95, "error": pytest.approx(0.025)}


def test_steps_are_read_with_commas_between() -> None:
    assert read(("waves_by", "percent"), ("steps", "5, 25;70%")).waves == {
        "by": "percent",
        "canary": 0,
        "steps": [5, 25, 70],
    }


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("steps", "five", "waves.steps"),
        ("canary", "-1", "waves.canary"),
        ("success", "most", "thresholds.success"),
        ("opens", "tomorrow", "window.opens"),
    ],
)
def test_what_cannot_be_read_is_told_at_its_field(name: str, value: str, field: str) -> None:
    typed = FormData([("waves_by", "size"), (name, value)])
    found = draft.read(typed, BERLIN)
    assert [one.field for one in found.problems] == [field]
    fields = [
        one
        for section in draft.sections(typed, draft.PREPROVISION, draft.Choices(), found.problems)
        for one in section.fields
    ]
    assert {one.name for one in fields if one.error} == {name}


def test_a_refusal_of_the_changes_context_is_told_at_its_field() -> None:
    problems = (Problem("title", "required", "Say what it is called."), Problem("waves.by", "known", "One of …"))
    fields = [
        one
        for section in draft.sections(FormData([]), draft.CONFIGURE, draft.Choices(), problems)
        for one in section.fields
    ]
    assert {one.name: one.error for one in fields if one.error} == {
        "title": "Say what it is called.",
        "waves_by": "One of …",
    }


def test_what_contracts_grant_is_chosen_and_what_was_typed_is_kept() -> None:
    typed = FormData([("set.apn", "grid.old")])
    fields = {
        one.name: one
        for section in draft.sections(typed, draft.CONFIGURE, draft.Choices(apns=("grid.a",)))
        for one in section.fields
    }
    assert fields["set.apn"].kind == "select"
    assert [one.value for one in fields["set.apn"].options] == ["", "grid.a", "grid.old"]
    assert fields["set.data_plan"].kind == "text"


def test_an_emergency_is_offered_to_those_who_may() -> None:
    def types(*, may: bool) -> list[str]:
        sections = draft.sections(FormData([]), draft.CONFIGURE, draft.Choices(), may_emergency=may)
        return [
            option.value
            for section in sections
            for one in section.fields
            if one.name == "type"
            for option in one.options
        ]

    assert types(may=True) == ["normal", "emergency"]
    assert types(may=False) == ["normal"]


NAMES = st.sampled_from(
    [
        "change_kind",
        "waves_by",
        "steps",
        "canary",
        "success",
        "error",
        "opens",
        "closes",
        "set.rat",
        "new.state",
        "set.unset",
    ]
)


@given(st.lists(st.tuples(NAMES, st.text(max_size=40)), max_size=20))
def test_no_form_whatever_breaks_the_reading(pairs: list[tuple[str, str]]) -> None:
    typed = FormData([*pairs])
    found = draft.read(typed, BERLIN)
    assert draft.sections(typed, found.kind, draft.Choices(), found.problems)


def test_an_answer_to_one_kind_is_never_taken_for_one_to_another() -> None:
    """Somebody looked at the one kind first: nothing chosen there may slip into the other."""
    typed = FormData(
        [("change_kind", draft.CONFIGURE), ("new.state", "ACTIVE"), ("new.apn", "x"), ("state", "RETIRED")]
    )
    assert draft.read(typed, BERLIN).parameters == {}
    for section in draft.sections(typed, draft.CONFIGURE, draft.Choices()):
        assert not any(
            option.chosen and option.value
            for one in section.fields
            for option in one.options
            if one.name.startswith("set.")
        )


def test_no_question_is_called_as_a_filter_is() -> None:
    """The form without a script goes through the URL, where filters of the selection stand."""
    for kind in (draft.PREPROVISION, draft.CONFIGURE):
        for section in draft.sections(FormData([]), kind, draft.Choices(), may_emergency=True):
            assert not {one.name for one in section.fields} & set(filters.KEYS)
