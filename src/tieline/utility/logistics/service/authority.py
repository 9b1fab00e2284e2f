"""Who may do what with goods, and with which authority the inventory and the change engine are asked for it."""

from dataclasses import replace

from tieline.platform.scope import Permission, Scope

BLOCKING = frozenset(
    {
        Permission.INVENTORY_READ,
        Permission.STOCK_WRITE,
        Permission.CHANGE_READ,
        Permission.CHANGE_PLAN,
        Permission.CHANGE_RUN,
        Permission.CHANGE_EMERGENCY,
    }
)


def require_hands(scope: Scope) -> None:
    """Raise ``Forbidden`` unless somebody may move goods: a storekeeper, or a crew that reports from a visit."""
    if not scope.may(Permission.FIELD_REPORT):
        scope.require(Permission.STOCK_WRITE)


def require_sight(scope: Scope) -> None:
    """Raise ``Forbidden`` unless somebody may see where goods are."""
    if not scope.may(Permission.FIELD_REPORT):
        scope.require(Permission.INVENTORY_READ)


def keeping(scope: Scope) -> Scope:
    """Whoever may move an item may have the inventory's state of it kept in step."""
    wider = frozenset({Permission.INVENTORY_READ, Permission.STOCK_WRITE})
    return replace(scope, permissions=scope.permissions | wider)


def blocking(scope: Scope) -> Scope:
    """Whoever may report a loss may have the cards blocked, wherever they were fitted: nothing else is done with it."""
    return replace(scope, permissions=scope.permissions | BLOCKING, regions=None)
