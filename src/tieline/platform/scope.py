"""Authority as a value: who asks, what they may do, and in which regions and at which operators.

A ``Scope`` goes into every use case and is applied in the store's WHERE clause, so that forgetting it is an error
of a missing argument and not a leak.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from tieline.platform.errors import Forbidden


class Permission(StrEnum):
    """What a person or a token may be allowed to do."""

    INVENTORY_READ = "inventory.read"
    INVENTORY_WRITE = "inventory.write"
    CHANGE_READ = "change.read"
    CHANGE_PLAN = "change.plan"
    CHANGE_APPROVE = "change.approve"
    CHANGE_RUN = "change.run"
    CHANGE_EMERGENCY = "change.emergency"
    CHANGE_VETO = "change.veto"
    INCIDENT_READ = "incident.read"
    INCIDENT_WRITE = "incident.write"
    NOTICE_READ = "notice.read"
    NOTICE_WRITE = "notice.write"
    PROGRAMME_READ = "programme.read"
    PROGRAMME_WRITE = "programme.write"
    FIELD_READ = "field.read"
    FIELD_PLAN = "field.plan"
    FIELD_REPORT = "field.report"
    STOCK_WRITE = "stock.write"
    VIEW_SHARE = "view.share"
    USAGE_READ = "usage.read"
    USAGE_WRITE = "usage.write"
    AUDIT_READ = "audit.read"
    OPERATOR_WRITE = "operator.write"
    USER_WRITE = "user.write"
    STAFF_READ = "staff.read"
    STAFF_OPERATE = "staff.operate"
    OPERATIONS = "operations"
    SYSTEM = "system"

    @property
    def sentence(self) -> str:
        """What the permission lets one do, to complete "You may not …"."""
        return _SENTENCES[self]


_SENTENCES: Mapping[Permission, str] = {
    Permission.INVENTORY_READ: "see sites, devices and subscriptions",
    Permission.INVENTORY_WRITE: "import or edit sites, devices and subscriptions",
    Permission.CHANGE_READ: "see changes",
    Permission.CHANGE_PLAN: "plan changes",
    Permission.CHANGE_APPROVE: "approve changes",
    Permission.CHANGE_RUN: "start, pause, stop or undo changes",
    Permission.CHANGE_EMERGENCY: "run an emergency change",
    Permission.CHANGE_VETO: "hold changes back from the control room",
    Permission.INCIDENT_READ: "see incidents",
    Permission.INCIDENT_WRITE: "work on incidents",
    Permission.NOTICE_READ: "see operators' notices",
    Permission.NOTICE_WRITE: "answer operators' notices",
    Permission.PROGRAMME_READ: "see programmes",
    Permission.PROGRAMME_WRITE: "plan and run programmes",
    Permission.FIELD_READ: "see work orders and visits",
    Permission.FIELD_PLAN: "plan work orders and visits",
    Permission.FIELD_REPORT: "report from a visit",
    Permission.STOCK_WRITE: "move cards and routers between warehouse, crews and sites",
    Permission.VIEW_SHARE: "share saved views with the team",
    Permission.USAGE_READ: "see usage and what it costs",
    Permission.USAGE_WRITE: "check bills and see to what stands out of usage",
    Permission.AUDIT_READ: "read the audit trail",
    Permission.OPERATOR_WRITE: "edit operators and their contracts",
    Permission.USER_WRITE: "manage users and tokens",
    Permission.STAFF_READ: "see the utilities that this gateway serves",
    Permission.STAFF_OPERATE: "change what utilities have and may do here",
    Permission.OPERATIONS: "watch and mend the system's own jobs and events",
    Permission.SYSTEM: "act as the system itself",
}


class Role(StrEnum):
    """What a person is here; each role is a fixed set of permissions.

    ``READER`` and ``OPERATOR`` are the staff of an operator's gateway; the others are people of a utility. An
    administrator manages the people of either.
    """

    VIEWER = "viewer"
    CREW = "crew"
    STOREKEEPER = "storekeeper"
    CONTROLLER = "controller"
    TECHNICIAN = "technician"
    APPROVER = "approver"
    ADMINISTRATOR = "administrator"
    READER = "reader"
    OPERATOR = "operator"

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the role may do."""
        return _ROLES[self]


_VIEW = frozenset(
    {
        Permission.INVENTORY_READ,
        Permission.CHANGE_READ,
        Permission.INCIDENT_READ,
        Permission.NOTICE_READ,
        Permission.PROGRAMME_READ,
        Permission.FIELD_READ,
        Permission.USAGE_READ,
    }
)
_STAFF = frozenset({Permission.STAFF_READ, Permission.STAFF_OPERATE})
_ROLES: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEW,
    Role.CREW: frozenset({Permission.FIELD_REPORT}),
    Role.STOREKEEPER: _VIEW | {Permission.STOCK_WRITE, Permission.VIEW_SHARE},
    Role.CONTROLLER: _VIEW | {Permission.CHANGE_VETO, Permission.INCIDENT_WRITE, Permission.VIEW_SHARE},
    Role.TECHNICIAN: _VIEW
    | {
        Permission.INVENTORY_WRITE,
        Permission.CHANGE_PLAN,
        Permission.CHANGE_RUN,
        Permission.CHANGE_EMERGENCY,
        Permission.INCIDENT_WRITE,
        Permission.NOTICE_WRITE,
        Permission.PROGRAMME_WRITE,
        Permission.FIELD_PLAN,
        Permission.FIELD_REPORT,
        Permission.STOCK_WRITE,
        Permission.VIEW_SHARE,
        Permission.USAGE_WRITE,
    },
    Role.APPROVER: _VIEW
    | {Permission.CHANGE_APPROVE, Permission.CHANGE_RUN, Permission.AUDIT_READ, Permission.VIEW_SHARE},
    Role.ADMINISTRATOR: frozenset(Permission) - {Permission.SYSTEM, Permission.CHANGE_APPROVE} - _STAFF,
    Role.READER: frozenset({Permission.STAFF_READ}),
    Role.OPERATOR: _STAFF,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Who asks and what for.

    ``regions`` and ``operators`` (operator codes) bound what is seen and touched; ``None`` means all.
    ``actor`` is what the audit trail names: ``user:fred``, ``user:fred/token:12`` (a program with a token of Fred's),
    ``system:changes``.
    """

    actor: str
    permissions: frozenset[Permission]
    regions: frozenset[str] | None = None
    operators: frozenset[str] | None = None
    request_id: str = ""
    user_id: int | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the permission is held."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raise ``Forbidden`` unless the permission is held."""
        if permission not in self.permissions:
            raise Forbidden(
                f"You may not {permission.sentence}.",
                advice="Ask an administrator for a role that allows it.",
            )

    def params(self) -> dict[str, list[str] | None]:
        """Bind values for the predicates of :func:`within`."""
        return {
            "scope_regions": None if self.regions is None else sorted(self.regions),
            "scope_operators": None if self.operators is None else sorted(self.operators),
        }

    def narrowed(
        self,
        *,
        permissions: Collection[Permission] | None = None,
        regions: Collection[str] | None = None,
        operators: Collection[str] | None = None,
    ) -> "Scope":
        """The same asker with less: each given bound is intersected, never widened."""
        return replace(
            self,
            permissions=self.permissions if permissions is None else self.permissions & frozenset(permissions),
            regions=_intersect(self.regions, regions),
            operators=_intersect(self.operators, operators),
        )


def _intersect(have: frozenset[str] | None, want: Collection[str] | None) -> frozenset[str] | None:
    if want is None:
        return have
    return frozenset(want) if have is None else have & frozenset(want)


def named(actor: str | None) -> str:
    """Who acted, in words: "fred", "fred (by token 12)", "the system (changes)"; "nobody" where nobody did.

    Members of an operator's staff and utilities are called by their name alone, as people are.
    """
    who, _, means = (actor or "").partition("/")
    kind, _, name = who.partition(":")
    plain = name if kind in {"user", "staff", "utility"} else who
    shown = f"the system ({name})" if kind == "system" else plain or "nobody"
    return f"{shown} (by {means.replace(':', ' ')})" if means else shown


def within(region: str | None = None, operator: str | None = None) -> str:
    """SQL predicate that keeps a query within the scope; bind it with ``scope.params()``.

    ``region`` and ``operator`` are column expressions (a region's name, an operator's code) written in the store.
    A row whose region is NULL is seen only by those who may see all regions.
    """
    parts = []
    if region is not None:
        parts.append(f"(%(scope_regions)s::text[] IS NULL OR {region} = ANY(%(scope_regions)s::text[]))")
    if operator is not None:
        parts.append(f"(%(scope_operators)s::text[] IS NULL OR {operator} = ANY(%(scope_operators)s::text[]))")
    return " AND ".join(parts) or "TRUE"


def system(part: str) -> Scope:
    """The scope of the system's own work, named in the audit trail as ``system:<part>``."""
    return Scope(actor=f"system:{part}", permissions=frozenset(Permission))
