"""Triggers (TS 28.572): what is taken for one, and when one whose condition always holds starts its jobs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tieline.standards.mns import plans
from tieline.standards.mns.errors import PlanError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = "2026-03-01T13:00:00Z"


def body(**members: Any) -> bytes:
    trigger = {"conditionExpression": "true", "evaluationPeriod": 10, "activationJobs": ["aj-1"], **members}
    return msgspec.json.encode({name: value for name, value in trigger.items() if value is not None})


@pytest.mark.parametrize(
    ("members", "fires_after_s"),
    [
        ({}, 0),
        ({"startEvaluationAt": LATER}, 3600),
        ({"startEvaluationAt": "2026-03-01T14:00:00+01:00"}, 3600),
        ({"startEvaluationAt": "2020-01-01T00:00:00Z"}, 0),
        ({"hysteresis": {"numberOfTrueEvaluations": 1}}, 0),
        ({"hysteresis": {"numberOfTrueEvaluations": 4}}, 30),
        ({"hysteresis": {"timeOfTrueEvaluations": 20}}, 20),
        ({"hysteresis": {"numberOfTrueEvaluations": 4, "timeOfTrueEvaluations": 20}}, 20),
        ({"startEvaluationAt": LATER, "hysteresis": {"timeOfTrueEvaluations": 10}}, 3610),
    ],
)
def test_when_it_fires(members: dict[str, Any], fires_after_s: int) -> None:
    times = plans.timing(plans.parse_trigger_request(body(**members)), NOW)
    assert times.fires_at == NOW + timedelta(seconds=fires_after_s)
    assert not times.never_fires


def test_it_holds_from_its_start_to_its_stop() -> None:
    request = plans.parse_trigger_request(body(startEvaluationAt=LATER, stopEvaluationAt="2026-03-01T13:00:30Z"))
    times = plans.timing(request, NOW)
    start = NOW + timedelta(hours=1)
    seconds = (-1, 0, 30, 31)
    assert [times.holds_at(start + timedelta(seconds=s)) for s in seconds] == [False, True, True, False]


def test_a_hysteresis_longer_than_the_evaluation_never_fires() -> None:
    request = plans.parse_trigger_request(
        body(
            startEvaluationAt=LATER,
            stopEvaluationAt="2026-03-01T13:00:30Z",
            hysteresis={"numberOfTrueEvaluations": 5},
        )
    )
    assert plans.timing(request, NOW).never_fires


@pytest.mark.parametrize(
    ("members", "node"),
    [
        ({"conditionExpression": None}, "/"),
        ({"activationJobs": None}, "/"),
        ({"activationJobs": []}, "/activationJobs"),
        ({"activationJobs": ["aj-1"] * 101}, "/activationJobs"),
        ({"activationJobs": ["x" * 65]}, "/activationJobs"),
        ({"conditionExpression": "x" * 4001}, "/conditionExpression"),
        ({"evaluationPeriod": 0}, "/evaluationPeriod"),
        ({"evaluationPeriod": 86_401}, "/evaluationPeriod"),
        ({"evaluationPeriod": True}, "/evaluationPeriod"),
        ({"startEvaluationAt": "2026-03-01T13:00:00"}, "/startEvaluationAt"),
        ({"startEvaluationAt": "tomorrow"}, "/startEvaluationAt"),
        ({"startEvaluationAt": LATER, "stopEvaluationAt": LATER}, "/stopEvaluationAt"),
        ({"hysteresis": {"numberOfTrueEvaluations": 0}}, "/hysteresis/numberOfTrueEvaluations"),
        ({"hysteresis": {"numberOfTrueEvaluations": 1001}}, "/hysteresis/numberOfTrueEvaluations"),
        ({"hysteresis": {"timeOfTrueEvaluations": 15}}, "/hysteresis/timeOfTrueEvaluations"),
        ({"name": "x" * 401}, "/name"),
        ({"description": "x" * 4001}, "/description"),
    ],
)
def test_refuses_what_is_no_trigger(members: dict[str, Any], node: str) -> None:
    with pytest.raises(PlanError) as caught:
        plans.parse_trigger_request(body(**members))
    assert caught.value.status == 400
    assert caught.value.errors[0].bad_data_node == node
