"""The rail: which parts the console has, and what one must be allowed to see each."""

from collections.abc import Iterable, Mapping

from tieline.console.components.frame import NavItem, Place, rail
from tieline.platform.scope import Permission, Scope

_READ = Permission.STAFF_READ
_SIMULATION = Place("simulation", "Simulated network", "/simulation", "radio-tower", _READ, "Simulation")
PLACES = (
    Place("overview", "Overview", "/", "layout-dashboard", _READ),
    Place("utilities", "Utilities", "/utilities", "building-2", _READ, "Served"),
    Place("objects", "Subscriptions", "/objects", "credit-card", _READ, "Served"),
    Place("groups", "5G LAN groups", "/groups", "layers", _READ, "Served"),
    Place("plans", "Plans", "/plans", "list-checks", _READ, "Work"),
    Place("log", "Change log", "/log", "history", _READ, "Work"),
    Place("notices", "Notices", "/notices", "calendar-clock", _READ, "Work"),
    Place("clients", "API clients", "/clients", "key-round", _READ, "Access"),
    Place("staff", "Staff", "/staff", "users", Permission.USER_WRITE, "Access"),
    Place("audit", "Audit trail", "/audit", "scroll-text", Permission.AUDIT_READ, "Access"),
)


def places(scope: Scope, *, simulated: bool, counts: Mapping[str, int]) -> tuple[NavItem, ...]:
    """What this person sees in the rail; the simulated network only where there is one."""
    every: Iterable[Place] = (*PLACES, _SIMULATION) if simulated else PLACES
    return rail(scope, every, counts)
