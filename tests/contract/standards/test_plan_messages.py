"""Every plan-management message that we build is valid in ``TS28572_PlanManagement.yaml``."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec
import pytest

from tieline.standards.mns import plans
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import (
    DnError,
    ErrorReason,
    ErrorType,
    JexError,
    PatchError,
    QueryError,
    RepresentationError,
    error_default,
    error_detail,
    error_get,
    error_patch,
)
from tieline.standards.mns.plans import ModifyOperator, OperationState

FILE = "TS28572_PlanManagement.yaml"
COMMON = "TS28623_ComDefs.yaml#/components/schemas/"
NOW = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
ROOT = Dn.parse("SubNetwork=U")
ONE = ROOT.child("UtilitySubscription", "1")
CHANGES = [
    plans.make_change(ModifyOperator.MERGE, ONE, {"state": "TEST_READY", "imeiLock": None}, "c1"),
    plans.make_change(ModifyOperator.CREATE, ROOT.child("OutageAndRecoveryInfo", "o"), {}, "c2"),
    plans.make_change(ModifyOperator.DELETE, ROOT.child("NtfSubscriptionControl", "n"), change_id="c3"),
]
CHANGE = plans.PlannedChange(0, None, ModifyOperator.MERGE, ONE, {})
ERROR = error_detail(DnError("wrong", reason=ErrorReason.NEW_DATA_NODE_NAME_INVALID), bad_data_node=ONE.uri)
DETAILS = plans.ExecutionDetails(
    summary=plans.SummaryStatus(succeeded=1, failed=1),
    results=[
        plans.result_of(CHANGE, OperationState.FAILED, [ERROR], plan="p1"),
        plans.result_of(CHANGE._replace(change_id="c1"), OperationState.SUCCEEDED),
    ],
    member_conflicts=plans.member_conflicts({"p1": [CHANGE], "p2": [CHANGE._replace(operator=ModifyOperator.DELETE)]}),
)


def wire(message: object) -> Any:
    """Give what the other side parses: through bytes, so that dates are what they become."""
    return msgspec.json.decode(msgspec.json.encode(message))


REQUESTS: list[tuple[str, str, str, object]] = [
    (
        "/plan-descriptors",
        "post",
        "application/json",
        plans.PlanDescriptorRequest(
            name="wave 1",
            version="1",
            custom_properties={"change": "C-7"},
            config_changes=CHANGES,
            config_changes_content_type=plans.ContentType.OPENAPI_BASED,
            activation_mode=plans.ActivationMode.BEST_EFFORT,
        ),
    ),
    (
        "/plan-group-descriptors",
        "post",
        "application/json",
        plans.PlanGroupDescriptorRequest(
            members=[plans.Member(plan_config_descr_id="p1"), plans.Member(plan_config_group_descr_id="g1")],
            is_ordered=True,
        ),
    ),
    (
        "/plan-validation-jobs",
        "post",
        "application/json",
        plans.ValidationJobRequest(plan_config_descr_id="p1", mns_consumer_id=["userid:jane"]),
    ),
    (
        "/plan-activation-jobs",
        "post",
        "application/json",
        plans.ActivationJobRequest(
            plan_config_descr_id="p1",
            is_fallback_enabled=True,
            service_impact=plans.ServiceImpact.LEAST_SERVICE_IMPACT,
        ),
    ),
    (
        "/plan-activation-jobs",
        "post",
        "application/json",
        plans.ActivationJobRequest(fallback_config_descr_id="f1"),
    ),
    (
        "/plan-activation-jobs",
        "post",
        "application/json",
        plans.ActivationJobRequest(
            plan_config_descr=plans.PlanDescriptorRequest(
                config_changes=CHANGES, config_changes_content_type=plans.ContentType.OPENAPI_BASED
            )
        ),
    ),
    (
        "/plan-activation-jobs/{id}",
        "patch",
        "application/merge-patch+json",
        plans.CancelRequest(cancel_request=True),
    ),
    ("/plan-validation-jobs/{id}", "patch", "application/json", plans.CancelRequest(cancel_request=True)),
]


@pytest.mark.parametrize(("path", "method", "media_type", "message"), REQUESTS)
def test_requests(official_schemas: Any, path: str, method: str, media_type: str, message: object) -> None:
    reference = official_schemas.request(FILE, path, method, media_type)
    assert official_schemas.errors(reference, wire(message), relaxed=False) == []


def plan() -> plans.PlanDescriptor:
    return plans.PlanDescriptor(
        id="p1",
        name="wave 1",
        config_changes=CHANGES,
        config_changes_content_type=plans.ContentType.OPENAPI_BASED,
        activation_mode=plans.ActivationMode.BEST_EFFORT,
        validation_state=plans.DescriptorValidity.VALID,
        last_modified_at=NOW,
        last_validated_at=NOW,
        links=plans.self_link("plan-descriptors", "p1"),
    )


def group() -> plans.PlanGroupDescriptor:
    return plans.PlanGroupDescriptor(
        id="g1",
        members=[plans.Member(plan_config_descr_id="p1")],
        is_ordered=False,
        is_fail_on_member_conflicts=True,
        activation_mode=plans.ActivationMode.ATOMIC,
        validation_state=plans.GroupValidity.PARTIALLY_VALID,
        last_modified_at=NOW,
        links=plans.self_link("plan-group-descriptors", "g1"),
    )


def fallback() -> plans.FallbackDescriptor:
    return plans.FallbackDescriptor(
        id="f1",
        activation_job="a1",
        config_changes=plans.undo_changes([plans.AppliedChange(CHANGE, {"apn": "old"})]),
        config_changes_content_type=plans.ContentType.OPENAPI_BASED,
        links=plans.self_link("fallback-descriptors", "f1"),
    )


def activation(**reference: Any) -> plans.ActivationJob:
    return plans.ActivationJob(
        **reference,
        id="a1",
        job_state=plans.JobState.COMPLETED,
        activation_state=plans.ActivationState.PARTIALLY_ACTIVATED,
        job_details=plans.JobDetails(message="done", errors=[ERROR]),
        activation_details=DETAILS,
        links=plans.activation_links(plans.ActivationJobRequest(**reference), "a1"),
        started_at=NOW,
        stopped_at=NOW,
        created_fallback_config_descr_id="f1",
    )


def validation() -> plans.ValidationJob:
    return plans.ValidationJob(
        plan_config_descr_id="p1",
        id="v1",
        job_state=plans.JobState.RUNNING,
        validation_state=plans.ValidationState.UNKNOWN,
        validation_mode=plans.ValidationMode.CONTINUE_ON_ERROR,
        job_details=plans.JobDetails(),
        validation_details=plans.ExecutionDetails(),
        cancel_request=False,
        links=plans.validation_links(plans.ValidationJobRequest(plan_config_descr_id="p1"), "v1"),
        current_config_time=NOW,
        started_at=NOW,
    )


RESPONSES: list[tuple[str, str, str, object]] = [
    ("/plan-descriptors", "post", "201", plan()),
    ("/plan-descriptors/{id}", "get", "200", plan()),
    ("/plan-descriptors", "get", "200", [plans.DescriptorListEntry(id="p1", name="wave 1")]),
    ("/plan-group-descriptors", "post", "201", group()),
    ("/plan-group-descriptors/{id}", "put", "200", group()),
    ("/fallback-descriptors/{id}", "get", "200", fallback()),
    ("/plan-activation-jobs", "post", "201", activation(plan_config_descr_id="p1")),
    ("/plan-activation-jobs/{id}", "get", "200", activation(fallback_config_descr_id="f0")),
    ("/plan-activation-jobs/{id}", "get", "200", activation(plan_config_group_descr_id="g1")),
    ("/plan-activation-jobs", "get", "200", [plans.JobListEntry(id="a1", job_state=plans.JobState.QUEUED)]),
    (
        "/plan-activation-jobs/{id}/status",
        "get",
        "200",
        plans.ActivationJobStatus(
            job_state=plans.JobState.RUNNING, activation_state=plans.ActivationState.NOT_STARTED, started_at=NOW
        ),
    ),
    ("/plan-activation-jobs/{id}/activation-details", "get", "200", DETAILS),
    ("/plan-validation-jobs", "post", "201", validation()),
    ("/plan-validation-jobs/{id}", "get", "200", validation()),
    (
        "/plan-validation-jobs/{id}/status",
        "get",
        "200",
        plans.ValidationJobStatus(
            job_state=plans.JobState.COMPLETED, validation_state=plans.ValidationState.VALIDATION_FAILED
        ),
    ),
    ("/plan-validation-jobs/{id}/validation-details", "get", "200", DETAILS),
]


@pytest.mark.parametrize(("path", "method", "status", "message"), RESPONSES)
def test_responses(official_schemas: Any, path: str, method: str, status: str, message: object) -> None:
    reference = official_schemas.response(FILE, path, method, status)
    assert official_schemas.errors(reference, wire(message), relaxed=False) == []


@pytest.mark.parametrize("reason", [None, *ErrorReason])
@pytest.mark.parametrize("kind", ErrorType)
def test_error_details(official_schemas: Any, kind: ErrorType, reason: ErrorReason | None) -> None:
    reference = official_schemas.response(FILE, "/plan-descriptors", "post", "400", "application/problem+json")
    error = RepresentationError("wrong", "apn", type=kind, reason=reason)
    assert official_schemas.errors(reference, wire(error_detail(error)), relaxed=False) == []


def test_every_published_state_is_known(official_schemas: Any) -> None:
    schemas = official_schemas.document(FILE)["components"]["schemas"]
    properties: dict[type[StrEnum], Any] = {
        plans.JobState: schemas["JobState"],
        plans.ActivationState: schemas["ActivationState"],
        plans.ValidationState: schemas["ValidationState"],
        plans.OperationState: schemas["Result"]["properties"]["state"],
        plans.ModifyOperator: schemas["ConfigChange"]["properties"]["modifyOperator"],
        plans.ActivationMode: schemas["PlanConfigurationGroupDescriptor"]["properties"]["activationMode"],
        plans.GroupValidity: schemas["PlanConfigurationGroupDescriptor"]["properties"]["validationState"],
        plans.ContentType: schemas["ConfigChangesContentType"],
        ErrorType: schemas["ErrorDetail"]["properties"]["type"],
        ErrorReason: schemas["ErrorDetail"]["properties"]["reason"],
    }
    for ours, theirs in properties.items():
        assert list(ours) == theirs["enum"], ours


def test_the_published_example_plan_is_read(official_schemas: Any) -> None:
    content = official_schemas.document(FILE)["paths"]["/plan-descriptors"]["post"]["requestBody"]["content"]
    example = content["application/json"]["example"] | {"configChangesContentType": "OPENAPI_BASED"}
    request = plans.parse_plan_request(msgspec.json.encode(example))
    (result,) = plans.read_changes(request.config_changes)
    assert isinstance(result, plans.Result), "YANG-style children are refused one by one, with a reason"
    assert result.change_id == "add-nr-cell-001"


def test_provisioning_errors(official_schemas: Any) -> None:
    sent: dict[str, list[object]] = {
        "ErrorResponseGet": [error_get(QueryError("bad", "filter")), error_get(JexError("bad", 3))],
        "ErrorResponseDefault": [
            error_default(RepresentationError("bad", "apn"), bad_objects=[str(ONE)]),
            error_default(DnError("bad")),
        ],
        "ErrorResponsePatch": [error_patch(PatchError("bad", "/3", status=409)), error_patch(DnError("bad"))],
    }
    for name, bodies in sent.items():
        for body in bodies:
            assert official_schemas.errors(COMMON + name, wire(body), relaxed=False) == []
            assert wire(body)["status"].isdigit()
