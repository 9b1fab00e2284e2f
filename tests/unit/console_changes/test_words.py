"""A change in plain words."""

import pytest

from tieline.utility.changes.kinds import KINDS
from tieline.utility.changes.model import ChangeState, Grade, ItemState, LaneState
from tieline.utility.console.pages.changes.views import words


@pytest.mark.parametrize(
    ("table", "states"),
    [
        (words.STATES, ChangeState),
        (words.ITEM_STATES, ItemState),
        (words.LANE_STATES, LaneState),
        (words.GRADES, [grade.word for grade in Grade]),
    ],
)
def test_every_state_has_a_word(table: dict[str, object], states: list[str]) -> None:
    assert set(table) == {str(state) for state in states}


def test_prepared_subscriptions_take_over_what_is_not_given() -> None:
    told = " ".join(words.what_happens("subscription.preprovision", "", {"generation": "5G", "apn": "grid.new"}))
    assert "a card with a 5G subscription" in told
    assert "becomes test ready and gets the APN grid.new and the group and data plan of the present one" in told
    assert "pool of its APN" in told
    assert "no link is interrupted" in told


def test_prepared_subscriptions_without_addresses_promise_none() -> None:
    told = " ".join(words.what_happens("subscription.preprovision", "", {"fixed_address": False, "card_kind": "euicc"}))
    assert "pool" not in told
    assert "eUICC" in told


def test_configured_fields_are_told_one_by_one() -> None:
    parameters = {
        "state": "SUSPENDED",
        "data_plan": None,
        "rat_restriction": ["GERAN", "UTRA"],
        "ip_address": "pool",
        "imei_lock": "device",
    }
    first, second = words.what_happens("subscription.configure", "", parameters)
    assert "State becomes suspended" in first
    assert "Data plan is unset" in first
    assert "2G and 3G are barred" in first
    assert "locked to the IMEI of its device" in first
    assert "a fixed address from its APN's pool" in first
    assert "both links of a site" in second


def test_an_undo_says_which_part_it_takes_back() -> None:
    parameters = {"change_id": 12, "regions": ["Wales"], "operators": ["A"], "waves": [], "item_ids": []}
    told = " ".join(words.what_happens("subscription.restore", "", parameters))
    assert "What change 12 set, in Wales at operator A, is set back" in told


def test_a_kind_of_another_context_speaks_for_itself() -> None:
    told = words.what_happens("firmware.update", "Updates firmware.", {"image": "7.2"})
    assert told == ("Updates firmware.", "Image: 7.2.")


def test_every_kind_there_is_is_told_in_sentences() -> None:
    for kind in KINDS.all():
        needed = {"subscription.restore": {"change_id": 1}, "address.provision": {}}
        group = {"group": "grid-1", "dnn": "grid.example"} if kind.name.startswith("group.") else {}
        parameters = needed.get(kind.name, group)
        assert all(one.endswith(".") for one in words.what_happens(kind.name, kind.sentence, parameters))
