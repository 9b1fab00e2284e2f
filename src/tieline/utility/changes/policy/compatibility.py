"""Whether an operator can and may do what is wanted of a subscription, and what has to happen at the site."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tieline.utility.changes.model import Fields, Reason
from tieline.utility.connectors import Capabilities, SimState
from tieline.utility.connectors import Field as ConnectorField

_GENERATIONS = ("2G", "3G", "4G", "5G")


@dataclass(frozen=True, slots=True)
class OperatorFacts:
    """What a plan has to know of an operator: what its platform can do, and what the contracts grant.

    ``capabilities`` is None where no connection is set up. An empty list of a contract grants anything.
    """

    id: int
    code: str
    capabilities: Capabilities | None
    apns: frozenset[str] = field(default_factory=frozenset)
    data_plans: frozenset[str] = field(default_factory=frozenset)
    groups: frozenset[str] = field(default_factory=frozenset)

    def granting_anything(self) -> "OperatorFacts":
        """The same operator without the contract's lists: what stood before may be set again even if it left them."""
        return OperatorFacts(self.id, self.code, self.capabilities)


def at_least(generation: str | None, least: str) -> bool:
    """Whether a subscription's generation is the one wanted or a later one."""
    return generation in _GENERATIONS and _GENERATIONS.index(generation) >= _GENERATIONS.index(least)


def refusals(current: Mapping[Any, Any], desired: Fields, facts: OperatorFacts) -> Iterator[Reason]:
    """Every reason why this operator cannot or may not set ``desired`` on a subscription that stands at ``current``."""
    if facts.capabilities is None:
        yield Reason("no-connection", f"There is no connection to operator {facts.code}.")
        return
    if current.get("state") == SimState.RETIRED and desired:
        yield Reason("retired", "The subscription is retired; nothing can be set on it.")
        return
    barred = facts.capabilities.unwritable(frozenset(map(ConnectorField, desired)))
    if barred:
        yield Reason("not-writable", f"Operator {facts.code} does not let us set {', '.join(sorted(barred))}.")
    yield from _transition(current, desired, facts)
    yield from _contract(desired, facts)


def _transition(current: Mapping[Any, Any], desired: Fields, facts: OperatorFacts) -> Iterator[Reason]:
    if "state" not in desired or facts.capabilities is None:
        return
    before, after = current.get("state") or SimState.INVENTORY, desired["state"]
    if not facts.capabilities.allows(SimState(before), SimState(after)):
        yield Reason(
            "illegal-transition", f"Operator {facts.code} does not take a subscription from {before} to {after}."
        )


def _contract(desired: Fields, facts: OperatorFacts) -> Iterator[Reason]:
    for name, granted, code, word in (
        ("apn", facts.apns, "apn-not-in-contract", "the APN"),
        ("data_plan", facts.data_plans, "plan-not-in-contract", "the data plan"),
        ("subscription_group", facts.groups, "group-not-in-contract", "the group"),
    ):
        value = desired.get(name)
        if value is not None and granted and value not in granted:
            yield Reason(code, f"The contract with operator {facts.code} does not have {word} {value}.")


def visit(device_generations: Collection[str] | None, wanted: str) -> Reason | None:
    """What has to be done at the site before a subscription of a generation can be used there; None: nothing new."""
    if device_generations is None:
        return Reason("device-unknown", f"No device is known there; whether it knows {wanted} is not either.")
    if any(at_least(generation, wanted) for generation in device_generations):
        return None
    known = " and ".join(sorted(device_generations)) or "nothing we know of"
    return Reason("visit-needed", f"The device there knows only {known}: it has to be replaced to use {wanted}.")


def changed(current: Mapping[Any, Any], desired: Fields) -> dict[str, Any]:
    """Those of the wanted values that are not there yet."""
    return {name: value for name, value in desired.items() if _plain(current.get(name)) != _plain(value)}


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list | tuple) else value
