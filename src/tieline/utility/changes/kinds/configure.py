"""``subscription.configure``: set given fields on the selected subscriptions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from tieline.platform.errors import Invalid, Problem
from tieline.utility.changes.kinds.base import Materials, PlainKind, Text, busy, current, first, key_of, place
from tieline.utility.changes.model import PlannedItem, Reason
from tieline.utility.changes.policy.compatibility import changed, refusals
from tieline.utility.inventory import AddressWant, FleetRow, NoAddress

Rat = Literal["GERAN", "UTRA", "EUTRA", "NR"]


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is set; a field that is left out stays, one that is null is unset.

    ``ip_address``: ``keep`` it, take one from the ``pool`` of the APN, or ``unset`` it. ``imei_lock``: an IMEI, or
    ``device`` for that of the device the subscription is fitted in.
    """

    state: Literal["INVENTORY", "TEST_READY", "ACTIVE", "SUSPENDED", "RETIRED"] | UnsetType = UNSET
    apn: Text | UnsetType | None = UNSET
    subscription_group: Text | UnsetType | None = UNSET
    data_plan: Text | UnsetType | None = UNSET
    rat_restriction: tuple[Rat, ...] | UnsetType = UNSET
    imei_lock: str | UnsetType | None = UNSET
    ip_address: Literal["keep", "pool", "unset"] = "keep"


class Configure(PlainKind):
    """See the module."""

    name = "subscription.configure"
    title = "Configure subscriptions"
    sentence = "Sets state, APN, group, plan, address, technologies or IMEI lock of the selected subscriptions."
    schema: type[msgspec.Struct] = Parameters

    def disruptive(self, _parameters: Parameters) -> bool:
        """A live line may drop while it is configured."""
        return True

    def check(self, parameters: Parameters) -> None:
        """Something has to be set, and an IMEI has to look like one."""
        given = [value for name in parameters.__struct_fields__ if (value := getattr(parameters, name)) is not UNSET]
        if given == ["keep"]:
            raise Invalid("Nothing is set.", [Problem("parameters", "required", "Give at least one field.")])
        lock = parameters.imei_lock
        if isinstance(lock, str) and lock != "device" and not (lock.isascii() and lock.isdigit() and len(lock) == 15):  # noqa: PLR2004 - TS 23.003 clause 6.2.1
            problem = Problem("parameters.imei_lock", "imei", "15 digits, or the word device.", lock[:40])
            raise Invalid("The IMEI lock is no IMEI.", [problem])

    def address_wants(
        self, rows: Sequence[FleetRow], parameters: Parameters, materials: Materials
    ) -> Sequence[AddressWant]:
        """An address of the APN that each will have."""
        if parameters.ip_address != "pool":
            return []
        wants = []
        for row in rows:
            apn = row.apn if parameters.apn is UNSET else parameters.apn
            facts = materials.operators.get(row.operator_id)
            if apn and facts and not first(refusals(row.desired, self._desired(row, parameters), facts)):
                wants.append(AddressWant(key_of(row, materials), row.operator_code, apn, row.subscription_id))
        return wants

    def plan(self, rows: Sequence[FleetRow], parameters: Parameters, materials: Materials) -> Iterator[PlannedItem]:
        """One item for each subscription."""
        for row in rows:
            yield self._item(row, parameters, materials)

    def _item(self, row: FleetRow, parameters: Parameters, materials: Materials) -> PlannedItem:
        present = current(row)
        wanted = self._desired(row, parameters)
        address = materials.addresses.get(key_of(row, materials)) if parameters.ip_address == "pool" else None
        if address and address.address:
            wanted["ip_address"] = address.address
        desired = changed(present, wanted)
        blocked = first(
            chain(
                self._locked(row, parameters),
                _idle(desired, wanted, parameters),
                busy(row.subscription_id, materials),
                refusals(present, desired, materials.operators[row.operator_id]),
                _addressless(row, parameters, address.problem if address else None, wanted),
            )
        )
        return replace(
            PlannedItem(**place(row)),
            subscription_id=row.subscription_id,
            ref=row.operator_ref,
            version=row.version,
            reservation_id=address.reservation_id if address else None,
            before={name: present.get(name) for name in desired},
            desired=desired,
            blocked=blocked,
        )

    def _desired(self, row: FleetRow, parameters: Parameters) -> dict[str, Any]:
        wanted: dict[str, Any] = {}
        for name in ("state", "apn", "subscription_group", "data_plan"):
            value = getattr(parameters, name)
            if value is not UNSET:
                wanted[name] = value
        if parameters.rat_restriction is not UNSET:
            wanted["rat_restriction"] = sorted(set(parameters.rat_restriction))
        if parameters.imei_lock is not UNSET:
            wanted["imei_lock"] = row.imei if parameters.imei_lock == "device" else parameters.imei_lock
        if parameters.ip_address == "unset":
            wanted["ip_address"] = None
        return wanted

    def _locked(self, row: FleetRow, parameters: Parameters) -> Iterator[Reason]:
        if parameters.imei_lock == "device" and row.imei is None:
            yield Reason("no-imei", "The IMEI of the device is not known, so the line cannot be locked to it.")


def _idle(desired: Mapping[str, Any], wanted: Mapping[str, Any], parameters: Parameters) -> Iterator[Reason]:
    awaits_address = parameters.ip_address == "pool" and "ip_address" not in wanted
    if not desired and not awaits_address:
        yield Reason("nothing-to-do", "It is so already.")


def _addressless(
    row: FleetRow, parameters: Parameters, problem: NoAddress | None, wanted: Mapping[str, Any]
) -> Iterator[Reason]:
    if parameters.ip_address != "pool" or "ip_address" in wanted:
        return
    apn = row.apn if parameters.apn is UNSET else parameters.apn
    if problem is NoAddress.EXHAUSTED:
        yield Reason("no-address", f"Every address of {apn} at operator {row.operator_code} is taken.")
    else:
        yield Reason("no-pool", f"There is no address pool for {apn} at operator {row.operator_code}.")
