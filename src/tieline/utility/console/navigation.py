"""The rail: which parts the console has, and what one must be allowed to see each."""

from tieline.console.components.frame import Place
from tieline.platform.scope import Permission

PLACES = (
    Place("overview", "Overview", "/", "layout-dashboard", Permission.INVENTORY_READ, go="o"),
    Place("map", "Map", "/map", "map", Permission.INVENTORY_READ, go="m"),
    Place("sites", "Sites", "/sites", "building-2", Permission.INVENTORY_READ, "Network", go="s"),
    Place("sims", "SIMs", "/subscriptions", "credit-card", Permission.INVENTORY_READ, "Network", go="u"),
    Place("cards", "Cards", "/cards", "id-card", Permission.INVENTORY_READ, "Network", go="k"),
    Place("devices", "Devices", "/devices", "cpu", Permission.INVENTORY_READ, "Network", go="d"),
    Place("cells", "Cells and masts", "/cells", "radio-tower", Permission.INVENTORY_READ, "Network", go="e"),
    Place("groups", "5G LAN groups", "/groups", "layers", Permission.INVENTORY_READ, "Network", go="l"),
    Place("probes", "Probes", "/probes", "plug-zap", Permission.INVENTORY_READ, "Network", go="b"),
    Place("incidents", "Incidents", "/incidents", "bell-ring", Permission.INCIDENT_READ, "Work", go="i"),
    Place("changes", "Changes", "/changes", "git-pull-request-arrow", Permission.CHANGE_READ, "Work", go="c"),
    Place("notices", "Notices", "/notices", "calendar-clock", Permission.NOTICE_READ, "Work", go="n"),
    Place("usage", "Usage and cost", "/usage", "chart-column", Permission.USAGE_READ, "Work", go="q"),
    Place("programmes", "Programmes", "/programmes", "list-checks", Permission.PROGRAMME_READ, "Work", go="p"),
    Place("stock", "Stock and logistics", "/stock", "package", Permission.INVENTORY_READ, "Work", go="t"),
    Place("fieldwork", "Field work", "/fieldwork", "truck", Permission.FIELD_READ, "Work", go="f"),
    Place("imports", "Imports", "/imports", "file-up", Permission.INVENTORY_WRITE, "Work", go="y"),
    Place("operators", "Operators", "/operators", "network", Permission.INVENTORY_READ, "Administration", go="r"),
    Place("audit", "Audit trail", "/audit", "scroll-text", Permission.AUDIT_READ, "Administration", go="a"),
    Place("users", "Users and tokens", "/users", "users", Permission.USER_WRITE, "Administration", go="w"),
)
