"""Groups, static addresses and word of devices over the northbound APIs (TS 29.522, TS 29.122).

Each call may be made again: members are put in and taken out by a merge patch that names only those that differ, a
group that is there is not made anew, and what is made carries an ``Idempotency-Key``. What became of a batch is in its
reference, for these APIs answer at once: ``lan``, followed by the operations that were refused; ``addr-`` and a number.
"""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from tieline.standards.northbound import (
    IMEI_CHANGE,
    AaaUsage,
    AppDescriptor,
    AssociationType,
    EventSubscription,
    GroupChanges,
    GroupParameters,
    GroupPatch,
    Provisioning,
    SessionType,
    Snssai,
    StaticAddress,
    gpsi_of_id,
    ip_addr,
)
from tieline.standards.northbound import Group as WireGroup
from tieline.utility.connectors.errors import Rejected, Unknown
from tieline.utility.connectors.model import (
    Batch,
    Field,
    Group,
    Operation,
    OperationResult,
    Outcome,
    OutcomeState,
    ResultState,
    Slice,
)
from tieline.utility.connectors.providers.mns3gpp.client import Client

MANAGEMENT = "/3gpp-mns"
"""What an operator's management services are below; the northbound APIs stand beside it."""
LAN, ADDRESS = "lan", "addr-"
REFUSED_MOST = 200
"""Members that may be refused singly; where there are more, the whole batch is."""
OPERATING_SYSTEM = str(uuid.uuid5(uuid.NAMESPACE_URL, "urn:tieline:grid-device"))
"""``osId`` of the devices in a group: the standard wants one, and theirs are of no interest here."""
APPLICATION = "grid"

TRIES = 3
"""How often a group is read anew that others change at the same time."""

T = TypeVar("T")
_MERGE = {"Content-Type": "application/merge-patch+json"}


class Exposure:
    """An operator's northbound APIs, for the utility of one code."""

    def __init__(self, client: Client, base_url: str, code: str) -> None:
        root = base_url.rstrip("/").removesuffix(MANAGEMENT)
        self._client = client
        self._code = code
        self._groups = f"{root}/3gpp-5glan-pp/v1/{code}/subscriptions"
        self._addresses = f"{root}/3gpp-addr-pp/v1/pp"
        self._events = f"{root}/3gpp-monitoring-event/v1/{code}/subscriptions"

    # ── 5G LAN groups ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def regroup(self, batch: Batch, key: str) -> str:
        """Put subscriptions into groups and take them out; gives the reference of the batch.

        Raises ``Rejected`` for a batch that is about anything else, too, or does not say what its groups are.
        """
        if any(one.desired.keys() != {Field.LAN_GROUPS} for one in batch.operations):
            raise Rejected("5G LAN groups are changed in batches of their own.")
        if not batch.groups:
            raise Rejected("The group is not known here, only its name at the operator.")
        refused: dict[str, None] = {}
        for group in batch.groups:
            for operation in await self._settle(group, batch.operations, key):
                refused[operation.id] = None
        return ".".join([LAN, *refused])

    async def _settle(self, group: Group, operations: Sequence[Operation], key: str) -> list[Operation]:
        """Bring one group into line; gives the operations whose subscriptions the operator does not know.

        Where these are too many, the batch is refused before anybody is written. An answer names only some of them.

        Other batches may make, change and end the group at the same time: what is refused because the group is not as
        it was read is worked out anew.
        """
        strangers: list[Operation] = []
        tries = 0
        while True:
            present = await self._present(group)
            members = {} if present is None else present.params.gpsis
            known = [one for one in operations if one not in strangers]
            changes = _changes(known, group, members, self._code)
            if not changes:
                return strangers
            try:
                await self._write(group, present, changes, key)
            except Rejected as error:
                unknown = _named(error, known)
                tries += 1
                if not unknown and (tries > TRIES or not _overtaken(error)):
                    raise
                strangers += unknown
                if len(strangers) > REFUSED_MOST:
                    word = f"The operator does not know {len(strangers)} of the subscriptions, or more."
                    raise Rejected(word, error.problems) from error
            else:
                return strangers

    async def _write(
        self,
        group: Group,
        present: WireGroup | None,
        changes: Mapping[str, str | None],
        key: str,
    ) -> None:
        if present is None:
            gpsis = {ref: gpsi for ref, gpsi in changes.items() if gpsi is not None}
            await self._make(group, gpsis, key)
            return
        link = f"{self._groups}/{_last(present.self_link)}"
        stay = any(changes.get(ref, "") is not None for ref in present.params.gpsis)
        if not stay and not any(gpsi is not None for gpsi in changes.values()):
            await self._delete(link)
            return
        body = msgspec.json.encode(GroupPatch(changes=GroupChanges(gpsis=dict(changes))))
        await self._client.request("PATCH", link, content=body, headers=_MERGE)

    async def _make(self, group: Group, gpsis: dict[str, str], key: str) -> None:
        """A new group, of its first members: the standard has no empty one."""
        params = GroupParameters(
            exter_group_id=group.name,
            gpsis=gpsis,
            dnn=group.dnn,
            snssai=_snssai(group.slice),
            session_type=SessionType(group.session_type),
            app_desps={OPERATING_SYSTEM: AppDescriptor(OPERATING_SYSTEM, {"1": APPLICATION})},
            aaa_ipv4_addr=group.aaa_address if group.aaa_address and ":" not in group.aaa_address else None,
            aaa_ipv6_addr=group.aaa_address if group.aaa_address and ":" in group.aaa_address else None,
            aaa_usgs=tuple(AaaUsage(one) for one in group.aaa_usages) or None,
        )
        body = msgspec.json.encode(WireGroup(params=params, supp_feat="0"))
        # Members that were refused change the body, and with it what the key stands for.
        digest = hashlib.sha256(body).hexdigest()[:16]
        headers = {"Idempotency-Key": f"{key[:100]}-{digest}"}
        await self._client.request("POST", self._groups, content=body, headers=headers)

    async def _present(self, group: Group) -> WireGroup | None:
        body, _ = await self._client.request("GET", self._groups)
        found = (one for one in _read(body, list[WireGroup]) if one.params.exter_group_id == group.name)
        present = next(found, None)
        if present is not None and _is_other(present.params, group):
            raise Rejected(f"The operator has a group {group.name} with another data network or slice.")
        return present

    async def _delete(self, link: str) -> None:
        try:
            await self._client.request("DELETE", link)
        except Rejected as error:
            if not any(problem.rule == "404" for problem in error.problems):
                raise

    # ── static addresses ──────────────────────────────────────────────────────────────────────────────────────────────

    async def provision(self, batch: Batch, within: Slice, key: str) -> str:
        """Provision static addresses; gives the reference of the batch."""
        addresses = tuple(
            StaticAddress(
                str(one.desired[Field.APN]),
                _snssai(within),
                gpsi_of_id(one.ref, self._code),
                (ip_addr(str(one.desired[Field.IP_ADDRESS])),),
            )
            for one in batch.operations
        )
        body = msgspec.json.encode(Provisioning(af_id=self._code, addresses=addresses))
        headers = {"Idempotency-Key": key}
        _, told = await self._client.request("POST", self._addresses, content=body, headers=headers)
        return f"{ADDRESS}{_last(told.get('location'))}"

    # ── word of devices ───────────────────────────────────────────────────────────────────────────────────────────────

    async def watch_devices(self, recipient: str, until: datetime) -> str:
        """Subscribe for every SIM of ours; gives the subscription's identifier."""
        wanted = EventSubscription(
            notification_destination=recipient,
            monitoring_type=IMEI_CHANGE,
            association_type=AssociationType.IMEI,
            external_group_id=f"all@{self._code}",
            monitor_expire_time=until,
        )
        headers = {"Idempotency-Key": f"devices-{hashlib.sha256(msgspec.json.encode(wanted)).hexdigest()[:32]}"}
        body = msgspec.json.encode(wanted)
        _, told = await self._client.request("POST", self._events, content=body, headers=headers)
        return _last(told.get("location"))

    async def unwatch_devices(self, watch: str) -> None:
        """Delete a subscription of ours."""
        await self._delete(f"{self._events}/{_last(watch)}")


def outcome_of(reference: str) -> Outcome | None:
    """What became of a batch that went over these APIs; None for any other. They took it, so it is over."""
    if reference.startswith(ADDRESS):
        return Outcome(OutcomeState.FINISHED, unlisted=ResultState.SUCCEEDED)
    name, *refused = reference.split(".")
    if name != LAN:
        return None
    words = "the operator knows no such subscription"
    results = tuple(OperationResult(one, ResultState.FAILED, "USER_NOT_FOUND", words) for one in refused)
    return Outcome(OutcomeState.FINISHED, results, ResultState.SUCCEEDED)


def _changes(
    operations: Sequence[Operation], group: Group, members: Mapping[str, str], code: str
) -> dict[str, str | None]:
    """Who comes, by a name of the subscriber, and who leaves: null. Only those that differ."""
    come = {one.ref: gpsi_of_id(one.ref, code) for one in operations if _is_in(one, group) and one.ref not in members}
    leave = [one.ref for one in operations if not _is_in(one, group) and one.ref in members]
    return {**come, **dict.fromkeys(leave)}


def _overtaken(error: Rejected) -> bool:
    """Whether a refusal may come of a group that was made, emptied or ended since it was read."""
    return any(problem.rule in {"403", "404", "409"} for problem in error.problems)


def _is_in(operation: Operation, group: Group) -> bool:
    return group.name in (operation.desired.get(Field.LAN_GROUPS) or ())


def _is_other(params: GroupParameters, group: Group) -> bool:
    return params.dnn != group.dnn or str(params.snssai) != str(_snssai(group.slice))


def _named(error: Rejected, operations: Sequence[Operation]) -> list[Operation]:
    """The operations whose subscriptions an answer names as unknown."""
    keys = {
        problem.field.rpartition("/gpsis/")[2].replace("~1", "/").replace("~0", "~")
        for problem in error.problems
        if problem.rule == "USER_NOT_FOUND"
    }
    return [one for one in operations if one.ref in keys]


def _snssai(within: Slice) -> Snssai:
    return Snssai(within.sst, within.sd)


def _last(link: str | None) -> str:
    """The identifier at the end of an address that an operator gives: its root stays the one we were told of."""
    last = (link or "").rpartition("/")[2]
    if not last or not all(char.isalnum() or char in "-_" for char in last):
        raise Unknown("The operator does not say under which name it keeps this.")
    return last


def _read(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise Unknown(f"The operator's answer cannot be read: {error}") from error
