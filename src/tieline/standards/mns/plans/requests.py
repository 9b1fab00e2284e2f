"""Reading what a consumer posts to plan management, and what a producer answers, in bulk and within bounds."""

from typing import TypeVar

import msgspec

from tieline.standards.mns.errors import ErrorDetail, ErrorReason, ErrorType, PlanError
from tieline.standards.mns.plans.model import (
    ActivationJob,
    ActivationJobRequest,
    ActivationJobStatus,
    CancelRequest,
    ConfigChange,
    ContentType,
    ExecutionDetails,
    FallbackDescriptor,
    PlanDescriptor,
    PlanDescriptorRequest,
    PlanGroupDescriptorRequest,
    ValidationJob,
    ValidationJobRequest,
    ValidationJobStatus,
)
from tieline.standards.mns.plans.triggers import Hysteresis, TriggerDescriptorRequest

MAX_CHANGES = 50_000
MAX_MEMBERS = 1_000
MAX_CHANGE_ID = 128
MAX_NAME = 400
MAX_TEXT = 4_000
MAX_TRIGGERED = 100
"""Jobs that one trigger starts."""
LONGEST_PERIOD = 86_400
"""Seconds between two evaluations of a condition."""
MOST_EVALUATIONS = 1_000
MAX_REFERENCE = 64

_T = TypeVar("_T")
_Named = (
    PlanDescriptorRequest
    | PlanGroupDescriptorRequest
    | ValidationJobRequest
    | ActivationJobRequest
    | TriggerDescriptorRequest
)

_plan_request = msgspec.json.Decoder(PlanDescriptorRequest)
_group_request = msgspec.json.Decoder(PlanGroupDescriptorRequest)
_validation_request = msgspec.json.Decoder(ValidationJobRequest)
_activation_request = msgspec.json.Decoder(ActivationJobRequest)
_trigger_request = msgspec.json.Decoder(TriggerDescriptorRequest)
_cancel_request = msgspec.json.Decoder(CancelRequest)
_plan = msgspec.json.Decoder(PlanDescriptor)
_fallback = msgspec.json.Decoder(FallbackDescriptor)
_activation_job = msgspec.json.Decoder(ActivationJob)
_activation_status = msgspec.json.Decoder(ActivationJobStatus)
_validation_job = msgspec.json.Decoder(ValidationJob)
_validation_status = msgspec.json.Decoder(ValidationJobStatus)
_details = msgspec.json.Decoder(ExecutionDetails)
_error = msgspec.json.Decoder(ErrorDetail)


def parse_plan_request(body: bytes, *, max_changes: int = MAX_CHANGES) -> PlanDescriptorRequest:
    """Read ``POST /plan-descriptors``.

    The changes themselves are read one by one with ``read_changes``, so that a validation can report on each.

    Raises:
        PlanError: for a body that is no plan, is not OPENAPI_BASED, has more than ``max_changes`` changes, or
            whose change ids are not on all changes and unique.

    """
    request = _read(_plan_request, body)
    _check_plan(request, max_changes)
    return request


def parse_group_request(body: bytes) -> PlanGroupDescriptorRequest:
    """Read ``POST /plan-group-descriptors``.

    Raises:
        PlanError: for a body that is no group, or a member that names not exactly one plan or group.

    """
    request = _read(_group_request, body)
    _check_group(request)
    return request


def parse_validation_request(body: bytes, *, max_changes: int = MAX_CHANGES) -> ValidationJobRequest:
    """Read ``POST /plan-validation-jobs``.

    Raises:
        PlanError: for a body that is no job or refers not to exactly one plan.

    """
    request = _read(_validation_request, body)
    _check_job(request, max_changes)
    return request


def parse_activation_request(body: bytes, *, max_changes: int = MAX_CHANGES) -> ActivationJobRequest:
    """Read ``POST /plan-activation-jobs``.

    Raises:
        PlanError: for a body that is no job or refers not to exactly one plan.

    """
    request = _read(_activation_request, body)
    _check_job(request, max_changes)
    return request


def parse_trigger_request(body: bytes) -> TriggerDescriptorRequest:
    """Read ``POST /trigger-descriptors``. Whether the condition is one that is understood is the producer's to say.

    Raises:
        PlanError: for a body that is no trigger, times without an offset or in the wrong order, or a number out of
            bounds.

    """
    request = _read(_trigger_request, body)
    _check_texts(request)
    if len(request.condition_expression) > MAX_TEXT:
        raise _fault(f"a condition has at most {MAX_TEXT} characters", "/conditionExpression")
    if not 0 < len(request.activation_jobs) <= MAX_TRIGGERED:
        raise _fault(f"a trigger starts between 1 and {MAX_TRIGGERED} jobs", "/activationJobs")
    if any(len(job) > MAX_REFERENCE for job in request.activation_jobs):
        raise _fault(f"the identifier of a job has at most {MAX_REFERENCE} characters", "/activationJobs")
    if not 0 < request.evaluation_period <= LONGEST_PERIOD:
        raise _fault(f"evaluationPeriod is between 1 and {LONGEST_PERIOD} seconds", "/evaluationPeriod")
    start, stop = request.start_evaluation_at, request.stop_evaluation_at
    if start is not None and stop is not None and stop <= start:
        raise _fault("the evaluation stops before it starts", "/stopEvaluationAt")
    if request.hysteresis is not None:
        _check_hysteresis(request.hysteresis, request.evaluation_period)
    return request


def parse_cancel_request(body: bytes) -> None:
    """Read the PATCH that cancels a job.

    Raises:
        PlanError: for anything but ``{"cancelRequest": true}``.

    """
    if not _read(_cancel_request, body).cancel_request:
        raise _fault("cancelRequest can only be true", "/cancelRequest")


def decode_plan(body: bytes) -> PlanDescriptor:
    """Read a producer's plan descriptor. Raises ``PlanError`` for a body that is none."""
    return _read(_plan, body)


def decode_fallback(body: bytes) -> FallbackDescriptor:
    """Read a producer's fallback descriptor of type UNDO. Raises ``PlanError`` for a body that is none."""
    return _read(_fallback, body)


def decode_activation_job(body: bytes) -> ActivationJob:
    """Read a producer's activation job. Raises ``PlanError`` for a body that is none."""
    return _read(_activation_job, body)


def decode_activation_status(body: bytes) -> ActivationJobStatus:
    """Read the status of an activation job. Raises ``PlanError`` for a body that is none."""
    return _read(_activation_status, body)


def decode_validation_job(body: bytes) -> ValidationJob:
    """Read a producer's validation job. Raises ``PlanError`` for a body that is none."""
    return _read(_validation_job, body)


def decode_validation_status(body: bytes) -> ValidationJobStatus:
    """Read the status of a validation job. Raises ``PlanError`` for a body that is none."""
    return _read(_validation_status, body)


def decode_details(body: bytes) -> ExecutionDetails:
    """Read the details of a job, operation by operation. Raises ``PlanError`` for a body that is none."""
    return _read(_details, body)


def decode_error(body: bytes) -> ErrorDetail:
    """Read a producer's error. Raises ``PlanError`` for a body that is none."""
    return _read(_error, body)


def _read(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _fault(f"the body cannot be read: {error}", _node_in(str(error))) from error


def _check_texts(request: _Named) -> None:
    """Keep what people write within what a list can show and an index can hold."""
    for name, most in (("name", MAX_NAME), ("version", MAX_NAME), ("description", MAX_TEXT)):
        text = getattr(request, name, None)
        if text is not None and len(text) > most:
            raise _fault(f"{name} has at most {most} characters", f"/{name}")


def _check_hysteresis(hysteresis: Hysteresis, period: int) -> None:
    number, time = hysteresis.number_of_true_evaluations, hysteresis.time_of_true_evaluations
    if number is not None and not 1 <= number <= MOST_EVALUATIONS:
        raise _fault(f"between 1 and {MOST_EVALUATIONS} evaluations", "/hysteresis/numberOfTrueEvaluations")
    if time is not None and (not 1 <= time <= period * MOST_EVALUATIONS or time % period):
        raise _fault(
            f"a multiple of evaluationPeriod, {MOST_EVALUATIONS} times it at most", "/hysteresis/timeOfTrueEvaluations"
        )


def _check_plan(request: PlanDescriptorRequest, max_changes: int) -> None:
    _check_texts(request)
    if request.config_changes_content_type is not ContentType.OPENAPI_BASED:
        raise _fault(
            "configChangesContentType must be OPENAPI_BASED; where it is left out it is YANG_BASED",
            "/configChangesContentType",
        )
    if not 0 < len(request.config_changes) <= max_changes:
        raise _fault(f"a plan has between 1 and {max_changes} changes", "/configChanges")
    _check_ids(request.config_changes)


def _check_ids(changes: list[ConfigChange]) -> None:
    given = [change.change_id for change in changes if change.change_id is not None]
    if given and len(given) != len(changes):
        bare = next(index for index, change in enumerate(changes) if change.change_id is None)
        raise _fault("changeId is on some changes and not on this one", f"/configChanges/{bare}/changeId")
    if len(set(given)) == len(given) and all(_is_change_id(change_id) for change_id in given):
        return
    seen: set[str] = set()
    for index, change_id in enumerate(given):
        if change_id in seen:
            raise _fault("changeId is used twice", f"/configChanges/{index}/changeId")
        if not _is_change_id(change_id):
            detail = f"changeId has 1 to {MAX_CHANGE_ID} characters, none of them U+0000"
            raise _fault(detail, f"/configChanges/{index}/changeId")
        seen.add(change_id)


def _is_change_id(text: str) -> bool:
    return 0 < len(text) <= MAX_CHANGE_ID and "\x00" not in text


def _check_group(request: PlanGroupDescriptorRequest) -> None:
    _check_texts(request)
    if not 0 < len(request.members) <= MAX_MEMBERS:
        raise _fault(f"a plan group has between 1 and {MAX_MEMBERS} members", "/members")
    for index, member in enumerate(request.members):
        if (member.plan_config_descr_id is None) == (member.plan_config_group_descr_id is None):
            raise _fault("a member is a planConfigDescrId or a planConfigGroupDescrId", f"/members/{index}")


def _check_job(request: ValidationJobRequest | ActivationJobRequest, max_changes: int) -> None:
    _check_texts(request)
    if len(request.references) != 1:
        given = ", ".join(request.references) or "none"
        raise _fault(f"a job refers to exactly one plan, plan group or fallback; given: {given}", "/")
    if request.plan_config_descr is not None:
        _check_plan(request.plan_config_descr, max_changes)
    if request.plan_config_group_descr is not None:
        _check_group(request.plan_config_group_descr)


def _fault(detail: str, node: str) -> PlanError:
    return PlanError(
        [
            ErrorDetail(
                type=ErrorType.SCHEMA_VALIDATION_ERROR,
                reason=ErrorReason.OTHER,
                title="The request cannot be read",
                detail=detail,
                bad_data_node=node,
            )
        ]
    )


def _node_in(message: str) -> str:
    """Give as a JSON Pointer the place that msgspec complains of (``… - at `$.configChanges[3].target` ``)."""
    _, found, rest = message.partition("`$")
    place = rest.rpartition("`")[0]
    return place.replace("[", "/").replace("]", "").replace(".", "/") or "/" if found else "/"
