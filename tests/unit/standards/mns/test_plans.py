"""Plan management (TS 28.572): reading plans, applying and undoing changes, states and what they amount to."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.standards.mns import plans
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import ErrorReason, PlanError
from tieline.standards.mns.plans import (
    ActivationMode,
    ActivationState,
    JobState,
    ModifyOperator,
    OperationState,
    PlannedChange,
    SummaryStatus,
    ValidationState,
)

ROOT = Dn.parse("SubNetwork=U")
ONE = ROOT.child("UtilitySubscription", "1")


def body(**members: Any) -> bytes:
    return msgspec.json.encode({"configChangesContentType": "OPENAPI_BASED", **members})


def change(**members: Any) -> dict[str, Any]:
    return {
        "modifyOperator": "merge",
        "target": ONE.uri,
        "value": {"attributes": {"apn": "x"}},
        **members,
    }


def planned(operator: ModifyOperator, attributes: Mapping[str, Any], change_id: str | None = "c1") -> PlannedChange:
    return plans.read_change(plans.make_change(operator, ONE, attributes, change_id), 0)


def test_reads_a_plan() -> None:
    request = plans.parse_plan_request(body(name="p", configChanges=[change(changeId="a"), change(changeId="b")]))
    assert request.activation_mode is ActivationMode.BEST_EFFORT
    first, second = plans.read_changes(request.config_changes)
    assert first == PlannedChange(0, "a", ModifyOperator.MERGE, ONE, {"apn": "x"})
    assert isinstance(second, PlannedChange)
    assert second.position == 1


@pytest.mark.parametrize(
    ("document", "node"),
    [
        (b"", "/"),
        (b"[" * 5000, "/"),
        (b"[]", "/"),
        (body(), "/"),
        (body(configChanges=[change(modifyOperator="replace")]), "/configChanges/0/modifyOperator"),
        (body(configChanges=[change(), {"target": "/A=1"}]), "/configChanges/1"),
        (msgspec.json.encode({"configChanges": [change()]}), "/configChangesContentType"),
        (body(configChanges=[]), "/configChanges"),
        (body(configChanges=[change()] * 4), "/configChanges"),
        (body(configChanges=[change(changeId="a"), change()]), "/configChanges/1/changeId"),
        (body(configChanges=[change(changeId="a"), change(changeId="a")]), "/configChanges/1/changeId"),
        (body(configChanges=[change(changeId="")]), "/configChanges/0/changeId"),
        (body(configChanges=[change(changeId="x" * 200)]), "/configChanges/0/changeId"),
    ],
)
def test_refuses_what_is_no_plan(document: bytes, node: str) -> None:
    with pytest.raises(PlanError) as caught:
        plans.parse_plan_request(document, max_changes=3)
    assert caught.value.errors[0].bad_data_node == node
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"target": "/UtilitySubscription"}, ErrorReason.NEW_DATA_NODE_NAME_INVALID),
        ({"value": None}, ErrorReason.NEW_DATA_NODE_VALUE_INVALID),
        ({"value": {"apn": "bare"}}, ErrorReason.NEW_DATA_NODE_VALUE_INVALID),
        ({"value": {"attributes": []}}, ErrorReason.NEW_DATA_NODE_VALUE_INVALID),
        ({"value": {"objectClass": "UtilityCard"}}, ErrorReason.NEW_DATA_NODE_VALUE_INVALID),
        ({"value": {"X": [{"id": "1"}]}}, ErrorReason.NEW_DATA_NODE_CONTAINMENT_INVALID),
        ({"value": {"id": "2"}}, ErrorReason.TARGET_DATA_NODE_INVARIANT),
    ],
)
def test_a_change_that_cannot_be_read_fails_alone(members: dict[str, Any], reason: ErrorReason) -> None:
    request = plans.parse_plan_request(body(configChanges=[change(), change(**members)]))
    good, bad = plans.read_changes(request.config_changes)
    assert isinstance(good, PlannedChange)
    assert isinstance(bad, plans.Result)
    assert bad.state is OperationState.FAILED
    assert bad.change_index == 1
    assert bad.errors is not None
    assert bad.errors[0].reason is reason


def test_a_value_nested_without_end_fails_alone() -> None:
    deep: Any = "end"
    for _ in range(100):
        deep = {"x": deep}
    request = plans.parse_plan_request(body(configChanges=[change(value={"attributes": deep})]))
    (result,) = plans.read_changes(request.config_changes)
    assert isinstance(result, plans.Result)


def test_flat_classes_are_changed_flat() -> None:
    outage = ROOT.child("OutageAndRecoveryInfo", "o")
    written = plans.make_change(ModifyOperator.MERGE, outage, {"isAffectedAreaPriority": True})
    assert written.value == {"isAffectedAreaPriority": True}
    assert plans.read_change(written, 0).attributes == {"isAffectedAreaPriority": True}


@pytest.mark.parametrize(
    ("parse", "document"),
    [
        (plans.parse_validation_request, {}),
        (plans.parse_activation_request, {}),
        (plans.parse_activation_request, {"planConfigDescrId": "a", "fallbackConfigDescrId": "b"}),
        (plans.parse_activation_request, {"planConfigDescr": {"configChanges": [change()]}}),
        (plans.parse_activation_request, {"planConfigDescrId": "a", "serviceImpact": "NONE"}),
        (plans.parse_activation_request, {"planConfigGroupDescr": {"members": [{}]}}),
        (plans.parse_group_request, {"members": []}),
        (plans.parse_group_request, {"members": [{"planConfigDescrId": "a", "planConfigGroupDescrId": "b"}]}),
        (plans.parse_cancel_request, {"cancelRequest": False}),
        (plans.parse_cancel_request, {"cancelRequest": True, "priority": 1}),
        (plans.parse_cancel_request, {}),
    ],
)
def test_refuses_what_is_no_request(parse: Any, document: object) -> None:
    with pytest.raises(PlanError):
        parse(msgspec.json.encode(document))


def test_reads_requests() -> None:
    activation = plans.parse_activation_request(b'{"planConfigDescrId":"p","isFallbackEnabled":true}')
    assert activation.references == ["planConfigDescrId"]
    assert activation.is_fallback_enabled
    assert activation.is_immediate_activation
    validation = plans.parse_validation_request(b'{"planConfigDescrId":"p"}')
    assert validation.validation_mode is plans.ValidationMode.CONTINUE_ON_ERROR
    plans.parse_cancel_request(b'{"cancelRequest":true}')
    assert plans.parse_group_request(b'{"members":[{"planConfigDescrId":"p"}]}').members[0].plan_config_descr_id


@pytest.mark.parametrize(
    ("operator", "before", "after"),
    [
        (ModifyOperator.CREATE, None, {"apn": "x"}),
        (ModifyOperator.CREATE, {}, ErrorReason.TARGET_DATA_NODE_FOUND),
        (ModifyOperator.MERGE, {"a": 1}, {"a": 1, "apn": "x"}),
        (ModifyOperator.MERGE, None, ErrorReason.TARGET_DATA_NODE_NOT_FOUND),
        (ModifyOperator.MERGE_CREATE, None, {"apn": "x"}),
        (ModifyOperator.MERGE_CREATE, {"a": 1}, {"a": 1, "apn": "x"}),
        (ModifyOperator.DELETE, {"a": 1}, None),
        (ModifyOperator.DELETE, None, ErrorReason.TARGET_DATA_NODE_NOT_FOUND),
    ],
)
def test_what_each_operator_does(operator: ModifyOperator, before: Any, after: Any) -> None:
    if isinstance(after, ErrorReason):
        with pytest.raises(PlanError) as caught:
            plans.apply_change(planned(operator, {"apn": "x"}), before)
        assert caught.value.reason is after
        assert caught.value.status == 409
    else:
        assert plans.apply_change(planned(operator, {"apn": "x"}), before) == after


values = st.sampled_from(["x", "y", 1, True])
attributes = st.dictionaries(st.sampled_from("abc"), values | st.dictionaries(st.sampled_from("de"), values))
merges = st.dictionaries(
    st.sampled_from("abc"), values | st.none() | st.dictionaries(st.sampled_from("de"), values | st.none())
)


@given(st.lists(st.tuples(st.sampled_from(ModifyOperator), merges), max_size=6), st.none() | attributes)
def test_undoing_takes_everything_back(
    steps: list[tuple[ModifyOperator, dict[str, Any]]], start: dict[str, Any] | None
) -> None:
    state: Mapping[str, Any] | None = start
    applied = []
    for operator, patch in steps:
        step = planned(operator, patch)
        try:
            after = plans.apply_change(step, state)
        except PlanError:
            continue
        applied.append(plans.AppliedChange(step, state))
        state = after
    for undo in plans.undo_changes(applied):
        assert undo.change_id == "c1"
        state = plans.apply_change(plans.read_change(undo, 0), state)
    assert state == start


def test_undo_touches_only_what_was_touched() -> None:
    applied = plans.AppliedChange(
        planned(ModifyOperator.MERGE, {"apn": "new", "imeiLock": "1"}), {"apn": "old", "x": 1}
    )
    assert plans.undo_change(applied).value == {"attributes": {"apn": "old", "imeiLock": None}}


def test_members_of_a_group_conflict() -> None:
    same = planned(ModifyOperator.MERGE, {"apn": "x"})
    other = planned(ModifyOperator.MERGE, {"apn": "y"}, None)
    apart = planned(ModifyOperator.MERGE, {"dataPlan": "y"})
    delete = planned(ModifyOperator.DELETE, {})
    assert plans.member_conflicts({"p": [same, other]}) == [], "one member is in order with itself"
    assert plans.member_conflicts({"p": [same], "q": [same, apart]}) == []
    (conflict,) = plans.member_conflicts({"p": [same], "q": [other]})
    assert [op.plan_config_descr_id for op in conflict.member_conflict] == ["p", "q"]
    assert conflict.member_conflict[1].change_index == 0
    assert len(plans.member_conflicts({"p": [delete], "q": [apart]})) == 1


def test_every_job_ends() -> None:
    final = {state for state in JobState if state.is_final}
    assert final == {JobState.CANCELLED, JobState.COMPLETED, JobState.FAILED}
    for state in JobState:
        reached = {state}
        for _ in JobState:
            reached |= {after for before in reached for after in plans.TRANSITIONS[before]}
        assert reached & final
    assert JobState.RUNNING.may_become(JobState.CANCELLING)
    assert not JobState.COMPLETED.may_become(JobState.RUNNING)
    assert not JobState.COMPLETED.is_cancellable
    assert JobState.QUEUED.is_cancellable


@pytest.mark.parametrize(
    ("job", "summary", "state"),
    [
        (JobState.NOT_STARTED, SummaryStatus(not_finished=3), ActivationState.NOT_STARTED),
        (JobState.RUNNING, SummaryStatus(not_finished=2, failed=1), ActivationState.NOT_STARTED),
        (JobState.RUNNING, SummaryStatus(not_finished=2, succeeded=1), ActivationState.PARTIALLY_ACTIVATED),
        (JobState.RUNNING, SummaryStatus(succeeded=3), ActivationState.PARTIALLY_ACTIVATED),
        (JobState.COMPLETED, SummaryStatus(succeeded=3), ActivationState.ACTIVATED),
        (JobState.COMPLETED, SummaryStatus(), ActivationState.ACTIVATED),
        (JobState.COMPLETED, SummaryStatus(succeeded=2, failed=1), ActivationState.PARTIALLY_ACTIVATED),
        (JobState.COMPLETED, SummaryStatus(failed=3), ActivationState.ACTIVATION_FAILED),
        (JobState.COMPLETED, SummaryStatus(failed=1, not_finished=2), ActivationState.ACTIVATION_FAILED),
        (JobState.FAILED, SummaryStatus(not_finished=3), ActivationState.ACTIVATION_FAILED),
        (JobState.CANCELLED, SummaryStatus(not_finished=3), ActivationState.NOT_STARTED),
        (JobState.CANCELLED, SummaryStatus(not_finished=2, succeeded=1), ActivationState.PARTIALLY_ACTIVATED),
        (
            JobState.COMPLETED,
            SummaryStatus(failed=1, rollback_succeeded=2),
            ActivationState.ACTIVATION_FAILED_ROLLED_BACK,
        ),
        (
            JobState.COMPLETED,
            SummaryStatus(failed=1, rollback_succeeded=1, rollback_failed=1),
            ActivationState.ACTIVATION_FAILED_ROLLBACK_FAILED,
        ),
    ],
)
def test_what_an_activation_amounts_to(job: JobState, summary: SummaryStatus, state: ActivationState) -> None:
    assert plans.activation_state(job, summary) is state


@given(
    st.sampled_from(JobState),
    st.builds(SummaryStatus, **{n: st.integers(0, 3) for n in SummaryStatus.__struct_fields__}),
)
def test_activated_means_that_nothing_is_missing(job: JobState, summary: SummaryStatus) -> None:
    state = plans.activation_state(job, summary)
    if state is ActivationState.ACTIVATED:
        assert summary.succeeded + summary.conflicting == summary.total + summary.conflicting
        assert job.is_final
    if summary.rollback_failed:
        assert state is ActivationState.ACTIVATION_FAILED_ROLLBACK_FAILED


@pytest.mark.parametrize(
    ("job", "summary", "state"),
    [
        (JobState.RUNNING, SummaryStatus(succeeded=3), ValidationState.UNKNOWN),
        (JobState.COMPLETED, SummaryStatus(succeeded=3), ValidationState.VALIDATION_SUCCEEDED),
        (JobState.RUNNING, SummaryStatus(failed=1), ValidationState.VALIDATION_FAILED),
        (JobState.CANCELLED, SummaryStatus(not_finished=1), ValidationState.UNKNOWN),
    ],
)
def test_what_a_validation_found(job: JobState, summary: SummaryStatus, state: ValidationState) -> None:
    assert plans.validation_state(job, summary) is state


def test_modes() -> None:
    assert plans.next_step(ActivationMode.BEST_EFFORT, 9) == "continue"
    assert plans.next_step(ActivationMode.ATOMIC, 0) == "continue"
    assert plans.next_step(ActivationMode.ATOMIC, 1) == "roll back"
    assert plans.next_step(ActivationMode.STOP_ON_ERROR, 1) == "stop"
