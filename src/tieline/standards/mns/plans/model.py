"""The resources of plan management as they stand on the wire (``TS28572_PlanManagement.yaml`` 19.2.0).

Traps of that file, and what we do:

- The default of ``configChangesContentType`` is YANG_BASED: a consumer that means OPENAPI_BASED must say so.
- ``Result`` and ``MemberOp`` are a oneOf of ``changeId`` and ``changeIndex``: giving both is invalid.
- ``LinkObject.templated`` defaults to true: links that are no templates say ``false``. Titles are enumerated.
- A job repeats exactly one of the five references it was made with, or it matches none of the oneOf.
- ``activationDetails`` is required in a job: we give the summary there and the results at their own address.
- The examples use ``VALIDATION_ERROR``, ``VALUE_INVALID`` and ``path``, which ``ErrorDetail`` does not know.
- A descriptor's validity and a validation job's verdict have different vocabularies.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from tieline.standards.mns.errors import ErrorDetail
from tieline.standards.mns.plans.states import (
    ActivationMode,
    ActivationState,
    DescriptorValidity,
    GroupValidity,
    JobState,
    OperationState,
    SummaryStatus,
    ValidationMode,
    ValidationState,
)

ROOT = "/plan-management/v1"
"""The path of the interface below the server's root (``{MnSRoot}/plan-management/{MnSVersion}``)."""


class ContentType(StrEnum):
    """How the changes of a plan are written."""

    YANG_BASED = "YANG_BASED"
    OPENAPI_BASED = "OPENAPI_BASED"


class ModifyOperator(StrEnum):
    """What a change does with its target."""

    CREATE = "create"
    MERGE = "merge"
    MERGE_CREATE = "merge-create"
    DELETE = "delete"


class ServiceImpact(StrEnum):
    """What an activation should spare."""

    LEAST_SERVICE_IMPACT = "LEAST_SERVICE_IMPACT"
    SHORTEST_TIME = "SHORTEST_TIME"


class _Wire(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What every resource here has in common: camel case, and absent instead of null."""


class ConfigChange(_Wire, frozen=True, kw_only=True):
    """One change of a plan. ``target`` is a resource path (``/SubNetwork=U/UtilitySubscription=7``)."""

    modify_operator: ModifyOperator
    target: str
    change_id: str | None = None
    description: str | None = None
    value: dict[str, Any] | None = None


class Link(_Wire, frozen=True, kw_only=True):
    """``LinkObject``: where a related resource is."""

    href: str
    title: str | None = None
    type: str | None = None
    method: str | None = None
    templated: bool = True


class _Named(_Wire, frozen=True, kw_only=True):
    name: str | None = None
    version: str | None = None
    description: str | None = None
    custom_properties: dict[str, Any] | None = None


class PlanDescriptorRequest(_Named, frozen=True, kw_only=True):
    """``PlanConfigurationDescriptorRequest``: what a consumer posts."""

    config_changes: list[ConfigChange]
    config_changes_content_type: ContentType = ContentType.YANG_BASED
    activation_mode: ActivationMode = ActivationMode.BEST_EFFORT


class PlanDescriptor(_Named, frozen=True, kw_only=True):
    """``PlanConfigurationDescriptorResponse``: a plan as the producer keeps it."""

    id: str
    config_changes: list[ConfigChange]
    config_changes_content_type: ContentType
    activation_mode: ActivationMode
    validation_state: DescriptorValidity
    last_modified_at: datetime
    last_validated_at: datetime | None = None
    links: dict[str, Link] | None = msgspec.field(name="_links", default=None)


class Member(_Wire, frozen=True, kw_only=True):
    """A member of a plan group: a plan or another group, never both."""

    plan_config_descr_id: str | None = None
    plan_config_group_descr_id: str | None = None


class PlanGroupDescriptorRequest(_Named, frozen=True, kw_only=True):
    """``PlanConfigurationGroupDescriptor`` as a consumer posts it."""

    members: list[Member]
    is_ordered: bool = False
    is_fail_on_member_conflicts: bool = False
    activation_mode: ActivationMode = ActivationMode.BEST_EFFORT


class PlanGroupDescriptor(_Named, frozen=True, kw_only=True):
    """``PlanConfigurationGroupDescriptorResponse``: a plan group as the producer keeps it."""

    id: str
    members: list[Member]
    is_ordered: bool
    is_fail_on_member_conflicts: bool
    activation_mode: ActivationMode
    validation_state: GroupValidity
    last_modified_at: datetime | None = None
    last_validated_at: datetime | None = None
    links: dict[str, Link] | None = msgspec.field(name="_links", default=None)


class FallbackDescriptor(_Named, frozen=True, kw_only=True):
    """``FallbackConfigurationDescriptorResponse`` of type UNDO: the changes that take an activation back."""

    id: str
    activation_job: str
    config_changes: list[ConfigChange]
    config_changes_content_type: ContentType
    links: dict[str, Link] | None = msgspec.field(name="_links", default=None)


class DescriptorListEntry(_Wire, frozen=True, kw_only=True):
    """A descriptor in a list."""

    id: str
    name: str | None = None
    version: str | None = None
    description: str | None = None


class JobListEntry(_Wire, frozen=True, kw_only=True):
    """A job in a list."""

    id: str
    job_state: JobState
    name: str | None = None
    description: str | None = None


class _Job(_Wire, frozen=True, kw_only=True):
    """What every job is made from; exactly one of the five references is given."""

    name: str | None = None
    description: str | None = None
    mns_consumer_id: list[str] | None = None
    plan_config_descr_id: str | None = None
    plan_config_group_descr_id: str | None = None
    fallback_config_descr_id: str | None = None
    plan_config_descr: PlanDescriptorRequest | None = None
    plan_config_group_descr: PlanGroupDescriptorRequest | None = None

    @property
    def references(self) -> list[str]:
        """The names, as on the wire, of the references that are given."""
        return [name for name, attribute in _REFERENCES.items() if getattr(self, attribute) is not None]


_REFERENCES = {
    "planConfigDescrId": "plan_config_descr_id",
    "planConfigGroupDescrId": "plan_config_group_descr_id",
    "fallbackConfigDescrId": "fallback_config_descr_id",
    "planConfigDescr": "plan_config_descr",
    "planConfigGroupDescr": "plan_config_group_descr",
}


class ValidationJobRequest(_Job, frozen=True, kw_only=True):
    """``ValidationJobRequest``: the dry run of a plan."""

    validation_mode: ValidationMode = ValidationMode.CONTINUE_ON_ERROR


class ActivationJobRequest(_Job, frozen=True, kw_only=True):
    """``ActivationJobWritableProperties``: a plan, or the undoing of one, put into effect."""

    is_fallback_enabled: bool = False
    service_impact: ServiceImpact = ServiceImpact.SHORTEST_TIME
    is_immediate_activation: bool = True


class Result(_Wire, frozen=True, kw_only=True):
    """What came of one operation. Give ``change_id`` or ``change_index``, never both."""

    target: str
    state: OperationState
    change_id: str | None = None
    change_index: int | None = None
    plan_config_descr_id: str | None = None
    errors: list[ErrorDetail] | None = None


class MemberOp(_Wire, frozen=True, kw_only=True):
    """An operation of a group's member that conflicts with another's."""

    plan_config_descr_id: str
    target: str
    change_id: str | None = None
    change_index: int | None = None


class MemberConflict(_Wire, frozen=True, kw_only=True):
    """Two or more operations of different members that conflict."""

    member_conflict: list[MemberOp]


class ExecutionDetails(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The results of a job, operation by operation."""

    summary: SummaryStatus = SummaryStatus()
    results: list[Result] = []
    member_conflicts: list[MemberConflict] = []


class JobDetails(_Wire, frozen=True, kw_only=True):
    """What is to be said of a job as a whole."""

    message: str | None = None
    errors: list[ErrorDetail] | None = None


class ActivationJobStatus(_Wire, frozen=True, kw_only=True):
    """``ActivationJobStatus``: the short answer for polling."""

    job_state: JobState
    activation_state: ActivationState
    started_at: datetime | None = None
    stopped_at: datetime | None = None


class ValidationJobStatus(_Wire, frozen=True, kw_only=True):
    """``ValidationJobStatus``: the short answer for polling."""

    job_state: JobState
    validation_state: ValidationState
    started_at: datetime | None = None
    stopped_at: datetime | None = None


class ActivationJob(ActivationJobRequest, frozen=True, kw_only=True):
    """``ActivationJob``: an activation as the producer keeps it."""

    id: str
    job_state: JobState
    activation_state: ActivationState
    job_details: JobDetails
    activation_details: ExecutionDetails
    links: dict[str, Link] = msgspec.field(name="_links")
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    cancel_request: bool = False
    created_fallback_config_descr_id: str | None = None


class ValidationJob(_Job, frozen=True, kw_only=True):
    """``ValidationJob``: a dry run as the producer keeps it."""

    id: str
    job_state: JobState
    validation_state: ValidationState
    validation_mode: ValidationMode
    job_details: JobDetails
    validation_details: ExecutionDetails
    cancel_request: bool
    links: dict[str, Link] = msgspec.field(name="_links")
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    current_config_time: datetime | None = None


class CancelRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """``CancelRequest``: nothing but ``cancelRequest: true``."""

    cancel_request: bool


_DESCRIPTOR_COLLECTIONS = {
    "plan_config_descr_id": "plan-descriptors",
    "plan_config_group_descr_id": "plan-group-descriptors",
    "fallback_config_descr_id": "fallback-descriptors",
}


def self_link(collection: str, identifier: str, root: str = ROOT) -> dict[str, Link]:
    """Give the ``_links`` of a descriptor."""
    return {"self": _link(f"{root}/{collection}/{identifier}", None, "GET")}


def activation_links(request: ActivationJobRequest, job_id: str, root: str = ROOT) -> dict[str, Link]:
    """Give the ``_links`` of an activation job, with the enumerated titles."""
    return _job_links(request, f"{root}/plan-activation-jobs/{job_id}", "activation", root)


def validation_links(request: ValidationJobRequest, job_id: str, root: str = ROOT) -> dict[str, Link]:
    """Give the ``_links`` of a validation job, with the enumerated titles."""
    return _job_links(request, f"{root}/plan-validation-jobs/{job_id}", "validation", root)


def _job_links(request: _Job, job: str, kind: str, root: str) -> dict[str, Link]:
    return {
        "self": _link(job, f"Link to the plan {kind} job", "GET"),
        "descriptor": _link(
            _descriptor(request, root) or job, "Link to the plan (or plan group) configuration descriptor", "GET"
        ),
        "status": _link(f"{job}/status", "Link to GET the job status", "GET"),
        "validationDetails": _link(f"{job}/{kind}-details", "Link to GET the job details", "GET"),
        "cancel": _link(job, "Link to cancel the job", "PATCH"),
    }


def _descriptor(request: _Job, root: str) -> str | None:
    """Give the descriptor's address; None for one embedded in the job, whose address is then the job's."""
    for attribute, collection in _DESCRIPTOR_COLLECTIONS.items():
        identifier = getattr(request, attribute)
        if identifier is not None:
            return f"{root}/{collection}/{identifier}"
    return None


def _link(href: str, title: str | None, method: str) -> Link:
    return Link(href=href, title=title, type="application/json", method=method, templated=False)
