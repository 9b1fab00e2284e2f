"""The connector to 3GPP management services."""

import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import anyio
import msgspec

from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import DnError, ErrorDetail, PlanError, RepresentationError
from tieline.standards.mns.plans import (
    ActivationJobRequest,
    ActivationMode,
    ContentType,
    ExecutionDetails,
    JobListEntry,
    JobState,
    ModifyOperator,
    OperationState,
    PlanDescriptorRequest,
    Result,
    ValidationJobRequest,
    decode_activation_status,
    decode_details,
    decode_validation_status,
    make_change,
)
from tieline.standards.mns.profile import SUBSCRIPTION_CLASS, SubscriptionReport, decode_subscriptions
from tieline.standards.mns.scope import FLAT, Scope, ScopeType
from tieline.standards.mns.subscriptions import NtfSubscriptionAttributes, subscription_body
from tieline.utility.connectors.capabilities import Capabilities
from tieline.utility.connectors.errors import Rejected, Unknown
from tieline.utility.connectors.model import (
    Batch,
    Field,
    OperationResult,
    Outcome,
    OutcomeState,
    Report,
    ResultState,
    Verdict,
)
from tieline.utility.connectors.port import Feed, Turn
from tieline.utility.connectors.providers.mns3gpp.arrays import NotAnArray, items
from tieline.utility.connectors.providers.mns3gpp.client import Client
from tieline.utility.connectors.providers.mns3gpp.exposure import Exposure, outcome_of
from tieline.utility.connectors.providers.mns3gpp.mapping import attributes_of, report_of
from tieline.utility.connectors.registry import Connection

PLANS = "/plan-management/v1"
OBJECTS = "/ProvMnS/v1"
FEED = "tieline"
PAGE = 1000
FEW = 100
CAPABILITIES = Capabilities(
    max_batch=1000,
    in_flight=3,
    batch_calls=5,
    validates=True,
    undoes=True,
    notifies=True,
    cancels=True,
    apply_seconds=(0.2, 10.0),
    writable=frozenset(Field),
    lan_group_members=10_000,
    static_addresses=True,
    tells_devices=True,
)
_STATES = {
    JobState.NOT_STARTED: OutcomeState.WAITING,
    JobState.QUEUED: OutcomeState.WAITING,
    JobState.RUNNING: OutcomeState.RUNNING,
    JobState.CANCELLING: OutcomeState.RUNNING,
    JobState.CANCELLED: OutcomeState.CANCELLED,
    JobState.COMPLETED: OutcomeState.FINISHED,
    JobState.FAILED: OutcomeState.FAILED,
}
_NOTIFICATIONS = ["notifyMOICreation", "notifyMOIDeletion", "notifyMOIChanges", "notifyHeartbeat",
                  "notifyDataNodeTreeSyncRecommended"]  # fmt: skip
T = TypeVar("T")
_entries = msgspec.json.Decoder(list[JobListEntry])


class Mns3gppConnector:
    """An operator's 3GPP management services."""

    def __init__(self, connection: Connection) -> None:
        try:
            self._base = Dn.parse(connection.dn)
        except DnError as error:
            raise Rejected(f"The connection's DN is none: {error}") from error
        self._client = Client(connection)
        self._exposure = Exposure(self._client, connection.base_url, self._base[0].id)
        self._poll = (0.05, 1.0)

    @property
    def capabilities(self) -> Capabilities:
        """What the operator profile gives."""
        return CAPABILITIES

    def paced(self, turn: Turn) -> None:
        """Await ``turn`` before each HTTP request."""
        self._client.turn = turn

    async def validate(self, batch: Batch) -> Sequence[Verdict]:
        """A validation job, waited for; for groups there is none."""
        if _regroups(batch):
            return [Verdict(one.id, accepted=True) for one in batch.operations]
        request = ValidationJobRequest(name=f"tieline-check-{uuid.uuid4().hex}", plan_config_descr=self._plan(batch))
        body = msgspec.json.encode(request)
        answer, _ = await self._client.request("POST", f"{PLANS}/plan-validation-jobs", content=body)
        job = f"{PLANS}/plan-validation-jobs/{_id_in(answer)}"
        pause, longest = self._poll
        while True:
            status = _read(decode_validation_status, (await self._client.request("GET", f"{job}/status"))[0])
            if _STATES[status.job_state].over:
                break
            await anyio.sleep(pause)
            pause = min(pause * 1.5, longest)
        details = _read(decode_details, (await self._client.request("GET", f"{job}/validation-details"))[0])
        outcome = _outcome(OutcomeState.FINISHED, details)
        found = outcome.by_id([operation.id for operation in batch.operations])
        return [Verdict(one.id, one.state is ResultState.SUCCEEDED, one.code, one.message) for one in found.values()]

    async def submit(self, batch: Batch, key: str) -> str:
        """An activation job named by the key; groups and static addresses have ways of their own."""
        if _regroups(batch):
            return await self._exposure.regroup(batch, key)
        if batch.addresses is not None:
            return await self._exposure.provision(batch, batch.addresses, key)
        plan = self._plan(batch)
        request = ActivationJobRequest(name=key, description=batch.title[:200], plan_config_descr=plan)
        body = msgspec.json.encode(request)
        headers = {"Idempotency-Key": key}
        answer, _ = await self._client.request("POST", f"{PLANS}/plan-activation-jobs", content=body, headers=headers)
        return _id_in(answer)

    async def find(self, key: str) -> str | None:
        """The activation job of that name; the list is filtered by us too, in case the operator does not."""
        answer, _ = await self._client.request("GET", f"{PLANS}/plan-activation-jobs", params={"name": key})
        return next((entry.id for entry in _read(_entries.decode, answer) if entry.name == key), None)

    async def outcome(self, reference: str) -> Outcome:
        """The job's status and, once it is over, its details."""
        told = outcome_of(reference)
        if told is not None:
            return told
        job = f"{PLANS}/plan-activation-jobs/{_segment(reference)}"
        status = _read(decode_activation_status, (await self._client.request("GET", f"{job}/status"))[0])
        state = _STATES[status.job_state]
        if not state.over:
            return Outcome(state)
        details = _read(decode_details, (await self._client.request("GET", f"{job}/activation-details"))[0])
        if details.summary.not_finished:
            # What was done before a job was cancelled matters one by one; the profile lists it on request.
            everything = await self._client.request("GET", f"{job}/activation-details", params={"expand": "all"})
            details = _read(decode_details, everything[0])
        return _outcome(state, details)

    async def read_back(self, reference: str, refs: Sequence[str]) -> Sequence[Report]:
        """What the plan touched and, where something else touched it since, those by their ids."""
        if not refs:
            return []
        reports: dict[str, Report] = {}
        if reference and len(refs) > FEW and outcome_of(reference) is None:
            found = await self._read(f"attributes/lastPlan = {_quoted(reference)}")
            reports = {report.ref: report for report in found}
        left = [ref for ref in refs if ref not in reports]
        for start in range(0, len(left), FEW):
            some = left[start : start + FEW]
            found = await self._read(" or ".join(f"id = {_quoted(ref)}" for ref in some))
            reports |= {report.ref: report for report in found}
        return [reports[ref] for ref in refs if ref in reports]

    async def read_all(self) -> AsyncIterator[Sequence[Report]]:
        """Every subscription, page by page as the answer comes in."""
        page: list[Report] = []
        async with self._client.stream(
            "GET", self._address, params=self._query(SUBSCRIPTION_CLASS), headers={"Accept": FLAT}
        ) as response:
            try:
                async for item in items(response.aiter_text()):
                    read = msgspec.convert(item, SubscriptionReport)
                    page.append(report_of(read, datetime.now(UTC)))
                    if len(page) >= PAGE:
                        yield page
                        page = []
            except (NotAnArray, msgspec.ValidationError) as error:
                raise Unknown(f"The operator's list of subscriptions cannot be read: {error}") from error
        if page:
            yield page

    async def cancel(self, reference: str) -> None:
        """Ask for the job to be cancelled; a job that is over stays what it is."""
        if outcome_of(reference) is not None:
            return
        body = b'{"cancelRequest":true}'
        try:
            await self._client.request("PATCH", f"{PLANS}/plan-activation-jobs/{_segment(reference)}", content=body)
        except Rejected:
            if not (await self.outcome(reference)).state.over:
                raise

    async def subscribe(self, recipient: str, *, heartbeat_seconds: int) -> Feed:
        """Put our ``NtfSubscriptionControl``, with a heartbeat, in the place of an earlier one."""
        await self.unsubscribe(FEED)
        attributes = NtfSubscriptionAttributes(
            notification_recipient_address=recipient,
            notification_types=_NOTIFICATIONS,
            scope=Scope(ScopeType.BASE_ALL),
        )
        body = msgspec.json.encode(subscription_body(FEED, attributes, heartbeat_period=heartbeat_seconds))
        await self._client.request("PUT", self._feed(FEED), content=body)
        return Feed(FEED, recipient, heartbeat_seconds)

    async def unsubscribe(self, feed: str) -> None:
        """Delete our ``NtfSubscriptionControl``."""
        try:
            await self._client.request("DELETE", self._feed(feed))
        except Rejected as error:
            if not any(problem.rule == "404" for problem in error.problems):
                raise

    async def watch_devices(self, recipient: str, *, until: datetime) -> str:
        """An event subscription for all our SIMs (TS 29.122)."""
        return await self._exposure.watch_devices(recipient, until)

    async def unwatch_devices(self, watch: str) -> None:
        """Delete an event subscription."""
        await self._exposure.unwatch_devices(watch)

    async def close(self) -> None:
        """Give up connections."""
        await self._client.close()

    @property
    def _address(self) -> str:
        return f"{OBJECTS}{self._base.uri}"

    def _feed(self, name: str) -> str:
        return f"{OBJECTS}{self._base.child('NtfSubscriptionControl', name).uri}"

    def _plan(self, batch: Batch) -> PlanDescriptorRequest:
        changes = [
            make_change(
                ModifyOperator.MERGE,
                self._base.child(SUBSCRIPTION_CLASS, operation.ref),
                attributes_of(operation.desired),
                operation.id,
            )
            for operation in batch.operations
        ]
        return PlanDescriptorRequest(
            name=batch.title[:200],
            config_changes_content_type=ContentType.OPENAPI_BASED,
            activation_mode=ActivationMode.BEST_EFFORT,
            config_changes=changes,
        )

    def _query(self, condition: str) -> dict[str, str]:
        return {"scope": '{"scopeType":"BASE_NTH_LEVEL","scopeLevel":1}', "filter": condition}

    async def _read(self, condition: str) -> Iterable[Report]:
        body, _ = await self._client.request(
            "GET", self._address, params=self._query(condition), headers={"Accept": FLAT}
        )
        observed_at = datetime.now(UTC)
        try:
            reports, unreadable = decode_subscriptions(body)
        except RepresentationError as error:
            raise Unknown(f"The operator's answer cannot be read: {error}") from error
        if unreadable and not reports:
            raise Unknown(f"The operator's subscriptions cannot be read: {unreadable[0].reason}")
        return [report_of(one, observed_at) for one in reports]


def _regroups(batch: Batch) -> bool:
    """Whether a batch is about 5G LAN groups."""
    return any(Field.LAN_GROUPS in one.desired for one in batch.operations)


def _outcome(state: OutcomeState, details: ExecutionDetails) -> Outcome:
    """What a job's details say. Operations that are not listed succeeded when the summary leaves no other room."""
    results = tuple(_result(result) for result in details.results)
    failed = sum(1 for result in results if result.state is ResultState.FAILED)
    all_told = details.summary.failed == failed and details.summary.not_finished == 0
    unlisted = ResultState.SUCCEEDED if all_told and details.summary.succeeded else ResultState.PENDING
    return Outcome(state, results, unlisted)


def _result(result: Result) -> OperationResult:
    name = result.change_id or ""
    if result.state is OperationState.SUCCEEDED:
        return OperationResult(name, ResultState.SUCCEEDED)
    if result.state is not OperationState.FAILED:
        return OperationResult(name, ResultState.PENDING)
    first: ErrorDetail | None = next(iter(result.errors or []), None)
    if first is None:
        return OperationResult(name, ResultState.FAILED, "FAILED", "no reason was given")
    code = str(first.reason or first.type)
    return OperationResult(name, ResultState.FAILED, code, first.detail or first.title or code)


class _Made(msgspec.Struct):
    id: str


def _id_in(answer: bytes) -> str:
    return _read(msgspec.json.Decoder(_Made).decode, answer).id


def _read(decode: Callable[[bytes], T], answer: bytes) -> T:
    """Read an answer; one that cannot be read leaves unknown what was done."""
    try:
        return decode(answer)
    except (msgspec.DecodeError, PlanError) as error:
        raise Unknown(f"The operator's answer cannot be read: {error}") from error


def _segment(reference: str) -> str:
    if not reference or not all(char.isalnum() or char in "-_." for char in reference):
        raise Rejected(f"{reference[:80]!r} is no reference of a job.")
    return reference


def _quoted(text: str) -> str:
    """A string literal of a Jex condition."""
    return json.dumps(text)


async def open_connector(connection: Connection) -> Mns3gppConnector:
    """Open a connector; nothing is called yet."""
    return Mns3gppConnector(connection)
